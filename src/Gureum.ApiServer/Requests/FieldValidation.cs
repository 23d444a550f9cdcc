using System.Text.Json.Nodes;
using Gureum.ApiServer.Errors;

namespace Gureum.ApiServer.Requests;

/// <summary>
/// What becomes of fields that nobody knows and of fields that stand twice: refused, told as warnings, or passed over, as
/// the request wishes (https://kubernetes.io/docs/reference/using-api/api-concepts/#setting-the-field-validation-level).
/// </summary>
internal static class FieldValidation
{
    /// <summary>Where YAML readers say that a name stands twice.</summary>
    private const string YamlErrors = "yaml: unmarshal errors:\n  ";

    internal static bool IsStrict(ApiCall call) => call.Parameter("fieldValidation") == "Strict";
    internal static bool IsIgnored(ApiCall call) => call.Parameter("fieldValidation") == "Ignore";

    /// <summary>Duplicates of a YAML body, each "line N: key "K" already set in map", as the one issue that a reader of YAML makes of them.</summary>
    internal static IEnumerable<string> OfYaml(IReadOnlyList<string> duplicates) => duplicates.Count == 0 ? [] : [YamlErrors + string.Join("\n  ", duplicates)];

    /// <summary>Adds the issues of a body to the warnings.</summary>
    /// <exception cref="ApiError">400: they are to be refused.</exception>
    internal static void ReportBody(ApiCall call, IReadOnlyList<string> issues, string apiVersion, string kind, List<string> warnings) =>
        Report(call, issues, warnings, text => ApiError.BadRequest($"{kind} in version \"{apiVersion[(apiVersion.IndexOf('/') + 1)..]}\" cannot be handled as a {kind}: {text}"));

    /// <summary>Adds the issues of a patch and of what it left to the warnings.</summary>
    /// <param name="shown">The patch, or what it left, as the refusal shows it.</param>
    /// <exception cref="ApiError">422: they are to be refused.</exception>
    internal static void ReportPatch(ApiCall call, IReadOnlyList<string> issues, Func<string> shown, List<string> warnings) => Report(call, issues, warnings, text => ApiError.InvalidPatch(shown(), text));

    private static void Report(ApiCall call, IReadOnlyList<string> issues, List<string> warnings, Func<string, ApiError> refusal)
    {
        if (issues.Count == 0 || IsIgnored(call)) return;
        if (IsStrict(call)) throw refusal("strict decoding error: " + string.Join(", ", issues));
        warnings.AddRange(issues.SelectMany(i => i.StartsWith(YamlErrors, StringComparison.Ordinal) ? i[YamlErrors.Length..].Split("\n  ") : [i]));
    }

    /// <summary>A tree as Go prints maps: map[a:1 b:[x y]].</summary>
    internal static string GoText(JsonNode? node) => node switch
    {
        null => "<nil>",
        JsonObject map => "map[" + string.Join(' ', map.OrderBy(p => p.Key, StringComparer.Ordinal).Select(p => p.Key + ":" + GoText(p.Value))) + "]",
        JsonArray list => "[" + string.Join(' ', list.Select(GoText)) + "]",
        JsonValue value when value.TryGetValue<string>(out var text) => text,
        _ => node.ToJsonString(),
    };
}
