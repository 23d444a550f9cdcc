using System.Text.Json.Nodes;
using Gureum.ApiServer.Errors;
using Gureum.ApiServer.Strategies.Pods;
using Gureum.Objects;
using Gureum.Objects.Json;

namespace Gureum.ApiServer.Strategies;

internal sealed class NodeStrategy : SimpleStrategy
{
    private static readonly IReadOnlyDictionary<string, string[]> Fields = new Dictionary<string, string[]> { ["spec.unschedulable"] = ["spec", "unschedulable"] };

    public override bool SelectsNamespace => false;

    public override IReadOnlyDictionary<string, string[]> SelectableFields => Fields;
    public override string MissingField(string field, State.StoredObject stored) => field == "spec.unschedulable" ? "false" : "";

    public override bool DemandsSchema => false;

    public override void PrepareForCreate(JsonObject value) { }

    // The first range has two names, and the older one wins; a node offers all that it has unless it says otherwise.
    public override void Default(JsonObject value)
    {
        if (value.Child("status") is { } status && status.Child("capacity") is { } capacity && !status.ContainsKey("allocatable")) status["allocatable"] = capacity.DeepClone();
        if (value.Child("spec") is not { } spec) return;
        var (one, first) = (spec.Text("podCIDR"), spec.Texts("podCIDRs").FirstOrDefault());
        if (one is { Length: > 0 } && one != first) spec["podCIDRs"] = new JsonArray(one);
        else if (one is not { Length: > 0 } && first is not null) spec["podCIDR"] = first;
    }

    public override void Validate(JsonObject value, FieldErrors errors)
    {
        var spec = value.Child("spec") ?? [];
        Taints(spec, "metadata.taints", errors);
        foreach (var (list, amounts) in (ReadOnlySpan<(string, JsonObject?)>)[("capacity", value.Child("status")?.Child("capacity")), ("allocatable", value.Child("status")?.Child("allocatable"))])
            foreach (var (name, amount) in amounts ?? []) ResourceRules.Amount(name, amount?.GetValue<string>() ?? "0", $"status.{list}.{name}", errors);
        Ranges(spec, "spec.podCIDRs", errors);
    }

    public override void ValidateUpdate(JsonObject value, JsonObject old, FieldErrors errors)
    {
        var (spec, before) = (value.Child("spec") ?? [], old.Child("spec") ?? []);
        var (now, then) = (spec.Texts("podCIDRs").ToList(), before.Texts("podCIDRs").ToList());
        if (then.Count > 0 && !now.SequenceEqual(then)) errors.Forbidden("spec.podCIDRs", "node updates may not change podCIDR except from \"\" to valid");
        if (before.Text("providerID") is { Length: > 0 } provider && provider != spec.Text("providerID")) errors.Forbidden("spec.providerID", "node updates may not change providerID except from \"\" to valid");
        // Upstream looks at them twice, and tells both times.
        Taints(spec, "metadata.taints", errors);
    }

    private static void Taints(JsonObject spec, string path, FieldErrors errors)
    {
        var seen = new HashSet<(string, string)>();
        foreach (var (i, taint) in spec.Objects("taints").Index())
        {
            var (place, key, value, effect) = ($"{path}[{i}]", taint.Text("key") ?? "", taint.Text("value") ?? "", taint.Text("effect") ?? "");
            errors.InvalidEach(place + ".key", key, Names.QualifiedNameErrors(key));
            if (Names.LabelValueErrors(value) is { Count: > 0 } wrong) errors.Invalid(place + ".value", value, string.Join(";", wrong));
            ContainerRules.RequiredChoice(effect, ["NoSchedule", "PreferNoSchedule", "NoExecute"], place + ".effect", errors);
            if (!seen.Add((key, effect))) errors.Duplicate(place, GoText.Of(taint, "core.v1.Taint"), "taints must be unique by key and effect pair");
        }
    }

    private static void Ranges(JsonObject spec, string path, FieldErrors errors)
    {
        var all = spec.Texts("podCIDRs").ToList();
        foreach (var (i, range) in all.Index())
            AddressRules.Range(range, $"{path}[{i}]", errors);
        if (all.Count > 2 || (all.Count == 2 && all[0].Contains(':') == all[1].Contains(':'))) errors.Invalid(path, spec["podCIDRs"], "may specify no more than one CIDR for each IP family");
    }
}
