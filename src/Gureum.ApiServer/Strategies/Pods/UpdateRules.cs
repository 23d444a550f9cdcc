using System.Text.Json.Nodes;
using Gureum.ApiServer.Errors;
using Gureum.Objects.Json;

namespace Gureum.ApiServer.Strategies.Pods;

/// <summary>What an update of a pod may change: images, deadline, more tolerations, and where it may go while it is gated.</summary>
internal static class UpdateRules
{
    private const string Changeable = "`spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)";

    internal static void Validate(JsonObject spec, JsonObject before, FieldErrors errors)
    {
        foreach (var list in (ReadOnlySpan<string>)["containers", "initContainers"])
        {
            if (spec.Objects(list).Count() != before.Objects(list).Count()) { errors.Forbidden("spec." + list, "pod updates may not add or remove containers"); return; }
            foreach (var (i, container) in spec.Objects(list).Index())
                if (container.Text("image") is not { Length: > 0 } image) errors.Required($"spec.{list}[{i}].image");
                else if (image.Trim().Length != image.Length) errors.Invalid($"spec.{list}[{i}].image", image, "must not have leading or trailing whitespace");
        }
        if (!Deadline(spec.Number("activeDeadlineSeconds"), before.Number("activeDeadlineSeconds"), errors)) return;
        Tolerations(spec, before, errors);
        Gates(spec, before, errors);
        var rest = Unchangeable(spec, before, errors);
        if (!JsonNode.DeepEquals(rest, before)) errors.Forbidden("spec", $"pod updates may not change fields other than {Changeable}\n{GoText.Diff(before, rest, "core.v1.PodSpec")}");
    }

    // False when nothing more is to be said.
    private static bool Deadline(long? now, long? before, FieldErrors errors)
    {
        const string path = "spec.activeDeadlineSeconds";
        if (now is < 0 or > int.MaxValue) errors.Invalid(path, now, "must be between 0 and 2147483647, inclusive");
        else if (now > before) errors.Invalid(path, now, "must be less than or equal to previous value");
        else
        {
            if (now is null && before is not null) errors.Invalid(path, null, "must not update from a positive integer to nil value");
            return true;
        }
        return false;
    }

    private static void Tolerations(JsonObject spec, JsonObject before, FieldErrors errors)
    {
        var now = spec.Objects("tolerations").ToList();
        if (before.Objects("tolerations").Any(kept => !now.Exists(t => JsonNode.DeepEquals(Lasting(t), Lasting(kept)))))
            errors.Forbidden("spec.tolerations", "existing toleration can not be modified except its tolerationSeconds");
    }

    // A toleration without how long it holds, which may change.
    private static JsonObject Lasting(JsonObject toleration)
    {
        var lasting = toleration.DeepClone().AsObject();
        lasting.Remove("tolerationSeconds");
        return lasting;
    }

    private static void Gates(JsonObject spec, JsonObject before, FieldErrors errors)
    {
        var known = before.Objects("schedulingGates").Select(g => g.Text("name")).ToHashSet();
        foreach (var (i, gate) in spec.Objects("schedulingGates").Index())
            if (!known.Contains(gate.Text("name"))) errors.Forbidden($"spec.schedulingGates[{i}].name", $"only deletion is allowed, but found new scheduling gate '{gate.Text("name")}'");
    }

    // The spec with all that may change as it was.
    private static JsonObject Unchangeable(JsonObject spec, JsonObject before, FieldErrors errors)
    {
        var rest = spec.DeepClone().AsObject();
        foreach (var list in (ReadOnlySpan<string>)["containers", "initContainers"])
            foreach (var (now, was) in rest.Objects(list).Zip(before.Objects(list))) Take(was, now, "image");
        foreach (var field in (ReadOnlySpan<string>)["activeDeadlineSeconds", "schedulingGates", "tolerations"]) Take(before, rest, field);
        if (before.Number("terminationGracePeriodSeconds") < 0 && rest.Number("terminationGracePeriodSeconds") == 1) Take(before, rest, "terminationGracePeriodSeconds");
        if (before.Items("schedulingGates") is not { Count: > 0 }) return rest;
        Selector(spec, before, errors);
        Take(before, rest, "nodeSelector");
        Affinity(spec.Child("affinity")?.Child("nodeAffinity"), before.Child("affinity")?.Child("nodeAffinity"), errors);
        var affinity = rest.Need("affinity");
        Take(before.Child("affinity") ?? [], affinity, "nodeAffinity");
        if (affinity.Count == 0 && !before.ContainsKey("affinity")) rest.Remove("affinity");
        return rest;
    }

    private static void Selector(JsonObject spec, JsonObject before, FieldErrors errors)
    {
        var now = spec.Map("nodeSelector").ToDictionary(p => p.Key, p => p.Value);
        if (before.Map("nodeSelector").Any(p => !now.TryGetValue(p.Key, out var value) || value != p.Value))
            errors.Invalid("spec.nodeSelector", spec["nodeSelector"], "only additions to spec.nodeSelector are allowed (no mutations or deletions)");
    }

    // Terms that are there may ask for more, and no more of them may come.
    private static void Affinity(JsonObject? now, JsonObject? before, FieldErrors errors)
    {
        const string required = "requiredDuringSchedulingIgnoredDuringExecution", path = $"spec.affinity.nodeAffinity.{required}.nodeSelectorTerms";
        var (terms, kept) = (now?.Child(required)?.Objects("nodeSelectorTerms").ToList() ?? [], before?.Child(required)?.Objects("nodeSelectorTerms").ToList() ?? []);
        if (kept.Count == 0) return;
        if (terms.Count != kept.Count)
        {
            errors.Invalid(path, new JsonArray([.. terms.Select(Shown)]), "no additions/deletions to non-empty NodeSelectorTerms list are allowed");
            return;
        }
        foreach (var (i, (term, was)) in terms.Zip(kept).Index())
            if (!OnlyAdds(term, was)) errors.Invalid($"{path}[{i}]", Shown(term), "only additions are allowed (no mutations or deletions)");
    }

    private static JsonObject Shown(JsonObject term) => GoText.Of(term, "core.v1.NodeSelectorTerm");

    private static bool OnlyAdds(JsonObject term, JsonObject was)
    {
        string[] lists = ["matchExpressions", "matchFields"];
        if (lists.All(l => !was.Objects(l).Any())) return lists.All(l => !term.Objects(l).Any());
        return lists.All(l => term.Objects(l).Count() >= was.Objects(l).Count() && was.Objects(l).Zip(term.Objects(l)).All(p => JsonNode.DeepEquals(p.First, p.Second)));
    }

    private static void Take(JsonObject from, JsonObject to, string field)
    {
        to.Remove(field);
        if (from[field] is { } taken) to[field] = taken.DeepClone();
    }
}
