using System.Text.Json.Nodes;
using Gureum.ApiServer.Errors;
using Gureum.Cel.Evaluation;
using Gureum.Cel.Kubernetes;
using Gureum.Cel.Values;

namespace Gureum.ApiServer.Definitions.Rules;

/// <summary>Judges one object by the rules of its definition, within one budget. What an update left as it was is not judged again, but by transition rules.</summary>
internal sealed class RuleEvaluation(FieldErrors errors)
{
    private ulong budget = KubernetesCel.CostOfObject;
    private bool spent;

    internal void Validate(RuleTree tree, JsonNode? value, JsonNode? old, string path)
    {
        if (value is null || spent) return;
        var unchanged = old is not null && JsonNode.DeepEquals(value, old);
        if (tree.Rules.Length > 0)
        {
            var self = JsonValues.Of(value, tree.Schema);
            var before = old is null ? null : JsonValues.Of(old, tree.Schema);
            foreach (var rule in tree.Rules)
            {
                if (spent) return;
                if (rule.UsesOld ? before is null && !rule.OptionalOld : unchanged) continue;
                Judge(rule, tree.Schema.Type, self, before, path);
            }
        }
        switch (value)
        {
            case JsonObject map:
                foreach (var (name, child) in map)
                {
                    var next = tree.Properties.GetValueOrDefault(name) is { } property ? (property, Place: path.Length == 0 ? name : path + "." + name) : tree.Elements is { } element && tree.Schema.Properties is null ? (element, Place: $"{path}[{name}]") : default;
                    if (next.Item1 is not null) Validate(next.Item1, child, (old as JsonObject)?[name], next.Place);
                }
                break;
            case JsonArray list when tree.Elements is { } items:
                for (var i = 0; i < list.Count; i++) Validate(items, list[i], ListCorrelation.Find(old as JsonArray, list[i], tree.Schema.ListType, tree.Schema.ListKeys), $"{path}[{i}]");
                break;
        }
    }

    private void Judge(ValidationRule rule, string type, CelValue self, CelValue? old, string path)
    {
        if (rule.Program is null) { errors.Invalid(path, type, "rule compile error: " + rule.Problem); return; }
        var variables = new Dictionary<string, CelValue> { ["self"] = self };
        if (rule.OptionalOld) variables["oldSelf"] = old is null ? CelOptional.None : CelOptional.Of(old);
        else if (old is not null) variables["oldSelf"] = old;
        var activation = new CelVariables(variables);
        var result = Evaluate(rule.Program, activation);
        // Even one that held: what comes after it was not looked at.
        if (spent) { RanOut(path); return; }
        switch (result)
        {
            case CelBool { Value: true }: return;
            case CelError error when error.Message.Contains("actual cost limit exceeded", StringComparison.Ordinal):
                errors.Invalid(path, type, $"call cost exceeds limit for rule: {rule.Text}");
                spent = true;
                return;
            case CelError error when error.Message.Contains("no such overload", StringComparison.Ordinal):
                errors.Invalid(path, type, $"call arguments did not match a supported operator, function or macro signature for rule: {rule.Text}");
                return;
            case CelError error: errors.Invalid(path, type, $"{error.Message} evaluating rule: {rule.DefaultMessage}"); return;
            case CelBool: break;
            default: errors.Invalid(path, type, $"rule did not evaluate to a bool: {rule.Text}"); return;
        }
        var message = rule.MessageExpression?.Program is { } program && Evaluate(program, activation) is CelString { Value: var made } && made.Trim().Length > 0 && made.Length <= MostMessage && !made.Contains('\n') ? made.Trim() : rule.DefaultMessage;
        errors.Refuse(rule.FieldPath is { IsEmpty: false } names ? names.Aggregate(path, static (at, name) => at.Length == 0 ? name : at + "." + name) : path, rule.Cause, type, message);
    }

    private const int MostMessage = 5 * 1024;

    private CelValue Evaluate(CelProgram program, CelVariables activation)
    {
        var (value, cost) = program.Evaluate(activation, KubernetesCel.CostOfCall);
        if (cost > budget) spent = true;
        budget -= Math.Min(cost, budget);
        return value;
    }

    private void RanOut(string path) => errors.Invalid(path, "", "validation failed due to running out of cost budget, no further validation rules will be run");
}

/// <summary>Finds what an item of a list was before: only lists that are maps say which item is which.</summary>
internal static class ListCorrelation
{
    internal static JsonNode? Find(JsonArray? old, JsonNode? item, string listType, IReadOnlyList<string> keys)
    {
        if (old is null || listType != "map" || keys.Count == 0 || item is not JsonObject wanted) return null;
        foreach (var candidate in old)
            if (candidate is JsonObject map && keys.All(k => JsonNode.DeepEquals(map[k], wanted[k]))) return map;
        return null;
    }
}
