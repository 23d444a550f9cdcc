using System.Text.Json.Nodes;
using Gureum.ApiServer.Errors;
using Gureum.ApiServer.Strategies.Pods;
using Gureum.Objects.Json;

namespace Gureum.ApiServer.Strategies;

/// <summary>How many pods of a workload may be missing on purpose.</summary>
internal sealed class DisruptionBudgetStrategy : Strategy
{
    public override bool DemandsSchema => false;

    public override void Validate(JsonObject value, FieldErrors errors)
    {
        var spec = value.Child("spec") ?? [];
        if (spec.ContainsKey("minAvailable") && spec.ContainsKey("maxUnavailable")) errors.Invalid("spec", GoText.Of(spec, "policy.v1.PodDisruptionBudgetSpec"), "minAvailable and maxUnavailable cannot be both set");
        foreach (var field in (ReadOnlySpan<string>)["minAvailable", "maxUnavailable"])
        {
            NumberRules.CountOrPercent(spec[field], "spec." + field, errors);
            NumberRules.AtMostAll(spec[field], "spec." + field, errors);
        }
        LabelRules.Selector(spec.Child("selector"), "spec.selector", errors);
        SecurityRules.Choice(spec, "unhealthyPodEvictionPolicy", ["AlwaysAllow", "IfHealthyBudget"], "spec", errors);
    }
}
