using System.Globalization;
using System.Text.Json.Nodes;
using Gureum.ApiServer.Errors;
using Gureum.Cel.Costs;
using Gureum.Cel.Kubernetes;
using Gureum.Objects.Json;

namespace Gureum.ApiServer.Definitions.Rules;

/// <summary>Refuses rules that do not compile, or that could cost too much for some object that the schema allows.</summary>
internal sealed class RuleDefinition(FieldErrors errors)
{
    private readonly List<(string Path, ulong Cost)> costs = [];
    private ulong total;

    /// <param name="path">Of the schema in the definition.</param>
    internal static void Validate(JsonObject schema, string path, FieldErrors errors)
    {
        if (RuleTree.Compile(schema) is not { } tree) return;
        var check = new RuleDefinition(errors);
        check.Walk(tree, schema, path, 1, null);
        if (check.total <= KubernetesCel.EstimateOfDefinition) return;
        foreach (var (place, cost) in check.costs.OrderByDescending(c => c.Cost).Take(4))
            if (cost > KubernetesCel.EstimateOfDefinition / 100) errors.Forbidden(place, "contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema");
        errors.Forbidden(path, TooDear("x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema", check.total, KubernetesCel.EstimateOfDefinition));
    }

    private void Walk(RuleTree tree, JsonObject schema, string path, ulong times, string? uncorrelated)
    {
        var own = schema.Objects("x-kubernetes-validations").ToList();
        for (var i = 0; i < tree.Rules.Length; i++) Check(tree.Rules[i], own[i], tree, $"{path}.x-kubernetes-validations[{i}]", times, uncorrelated);
        foreach (var (name, below) in tree.Properties.OrderBy(p => p.Key, StringComparer.Ordinal)) Walk(below, schema.Child("properties")!.Child(name)!, $"{path}.properties[{name}]", times, uncorrelated);
        if (tree.Elements is not { } elements) return;
        var isList = schema.Child("items") is not null;
        var many = Product(times, tree.MostElements);
        Walk(elements, (schema.Child("items") ?? schema.Child("additionalProperties"))!, path + (isList ? ".items" : ".additionalProperties"), many,
            uncorrelated ?? (isList && tree.Schema.ListType != "map" ? path : null));
    }

    private void Check(ValidationRule rule, JsonObject source, RuleTree tree, string path, ulong times, string? uncorrelated)
    {
        if (rule.Text.Trim().Length == 0) { errors.Required(path + ".rule", "rule is not specified"); return; }
        errors.InvalidIf(path + ".rule", source, rule.Problem);
        if (rule.Message is { } message && (message.Contains('\n') || message.Trim().Length == 0)) errors.Invalid(path + ".message", message, "message must not contain line breaks, and must not be empty if it is given");
        if (rule.Message is null && rule.Text.Contains('\n') && rule.MessageExpression is null) errors.Required(path + ".message", "message must be specified if rule contains line breaks");
        if (!ValidationRule.Causes.Contains(rule.Cause)) errors.Unsupported(path + ".reason", rule.Cause, ValidationRule.Causes);
        if (rule.FieldPath is { IsEmpty: true }) errors.Invalid(path + ".fieldPath", source.Text("fieldPath"), "fieldPath must be a valid path such as .a.b or .a['b']");
        if (rule.UsesOld && uncorrelated is not null) errors.Invalid(path + ".rule", source, $"oldSelf cannot be used on the uncorrelatable portion of the schema within {uncorrelated}");
        if (source.ContainsKey("optionalOldSelf") && rule.Program is not null && !rule.UsesOld) errors.Invalid(path + ".optionalOldSelf", source["optionalOldSelf"], "option may not be set if `oldSelf` is not used in rule");
        if (rule.MessageExpression is { } made) errors.InvalidIf(path + ".messageExpression", source, made.Problem);
        Weigh(rule.Program, "estimated rule cost", path + ".rule", tree, times);
        Weigh(rule.MessageExpression?.Program, "estimated messageExpression cost", path + ".messageExpression", tree, times);
    }

    private void Weigh(Cel.Evaluation.CelProgram? program, string what, string path, RuleTree tree, ulong times)
    {
        if (program is null) return;
        var cost = Product(CostEstimator.Estimate(program.Expression!, tree.Types).Max, times);
        costs.Add((path, cost));
        total = total > ulong.MaxValue - cost ? ulong.MaxValue : total + cost;
        if (cost > KubernetesCel.EstimateOfRule) errors.Forbidden(path, TooDear(what, cost, KubernetesCel.EstimateOfRule));
    }

    private static string TooDear(string what, ulong cost, ulong limit)
    {
        var factor = (double)cost / limit;
        var text = factor > 100 ? "more than 100x" : factor < 1.5 ? factor.ToString("F6", CultureInfo.InvariantCulture) + "x" : factor.ToString("F1", CultureInfo.InvariantCulture) + "x";
        return $"{what} exceeds budget by factor of {text} (try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)";
    }

    private static ulong Product(ulong a, ulong b) => b != 0 && a > ulong.MaxValue / b ? ulong.MaxValue : a * b;
}
