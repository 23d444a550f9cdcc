using System.Text.Json.Nodes;
using Gureum.ApiServer.Errors;
using Gureum.Objects;
using Gureum.Objects.Json;

namespace Gureum.ApiServer.Strategies;

/// <summary>Labels, and the selectors that look for them.</summary>
internal static class LabelRules
{
    /// <param name="path">Where errors are reported; labels have no places of their own.</param>
    internal static void Labels(JsonObject holder, string field, string path, FieldErrors errors)
    {
        foreach (var (key, text) in holder.Map(field))
        {
            errors.InvalidEach(path, key, Names.QualifiedNameErrors(key));
            errors.InvalidEach(path, text, Names.LabelValueErrors(text));
        }
    }

    /// <summary>A selector with matchLabels and matchExpressions; null is fine.</summary>
    internal static void Selector(JsonObject? selector, string path, FieldErrors errors)
    {
        if (selector is null) return;
        Labels(selector, "matchLabels", path + ".matchLabels", errors);
        foreach (var (expression, i) in selector.Objects("matchExpressions").Select((e, i) => (e, i))) Requirement(expression, $"{path}.matchExpressions[{i}]", errors);
    }

    private static void Requirement(JsonObject expression, string path, FieldErrors errors)
    {
        switch (expression.Text("operator"))
        {
            case "In" or "NotIn" when expression.IsEmptyList("values"): errors.Required(path + ".values", "must be specified when `operator` is 'In' or 'NotIn'"); break;
            case "Exists" or "DoesNotExist" when !expression.IsEmptyList("values"): errors.Forbidden(path + ".values", "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"); break;
            case "In" or "NotIn" or "Exists" or "DoesNotExist": break;
            case var other: errors.Invalid(path + ".operator", other ?? "", "not a valid selector operator"); break;
        }
        errors.InvalidEach(path + ".key", expression.Text("key") ?? "", Names.QualifiedNameErrors(expression.Text("key") ?? ""));
        foreach (var (value, i) in expression.Texts("values").Select((v, i) => (v, i))) errors.InvalidEach($"{path}.values[{i}]", value, Names.LabelValueErrors(value));
    }

    /// <summary>Whether a selector chooses nothing in particular: none, or one without conditions.</summary>
    internal static bool IsEmpty(JsonObject? selector) => selector is null || (selector.Child("matchLabels") is null or { Count: 0 } && selector.IsEmptyList("matchExpressions"));
}
