using System.Text.Json.Nodes;
using Gureum.ApiServer.Errors;
using Gureum.ApiServer.Strategies.Pods;
using Gureum.Objects;
using Gureum.Objects.Json;

namespace Gureum.ApiServer.Strategies;

/// <summary>What runs a pod, and what that costs.</summary>
internal sealed class RuntimeClassStrategy : SimpleStrategy
{
    public override bool DemandsSchema => false;

    public override void Validate(JsonObject value, FieldErrors errors)
    {
        errors.RequiredText("handler", value.Text("handler"), Names.DnsLabelErrors);
        if (value.Child("overhead") is { } overhead) ResourceRules.Validate(new JsonObject { ["limits"] = overhead["podFixed"]?.DeepClone() }, new HashSet<string>(), "overhead", pod: false, errors);
        if (value.Child("scheduling") is not { } scheduling) return;
        LabelRules.Labels(scheduling, "nodeSelector", "scheduling.nodeSelector", errors);
        PlacementRules.Tolerations(scheduling, "scheduling", errors);
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (i, toleration) in scheduling.Objects("tolerations").Index())
            if (!seen.Add($"{toleration.Text("key")}|{toleration.Text("operator")}|{toleration.Text("value")}|{toleration.Text("effect")}")) errors.Duplicate($"scheduling.tolerations[{i}]", GoText.Of(toleration, "core.v1.Toleration"));
    }

    public override void ValidateUpdate(JsonObject value, JsonObject old, FieldErrors errors) => Immutable(value, old, errors, "handler");
}
