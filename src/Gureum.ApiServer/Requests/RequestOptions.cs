using System.Globalization;
using System.Text.Json.Nodes;
using Gureum.ApiServer.Errors;

namespace Gureum.ApiServer.Requests;

/// <summary>The options that a write carries in its query (CreateOptions, UpdateOptions, PatchOptions), judged all together before its body is read.</summary>
internal static class RequestOptions
{
    private const int MostManagerBytes = 128;

    /// <exception cref="ApiError">422: an option has a value that it cannot have, or does not belong to this request.</exception>
    internal static void Check(ApiCall call, string verb)
    {
        var errors = new FieldErrors();
        var manager = call.Parameter("fieldManager") ?? "";
        if (verb == "patch")
        {
            var applies = RequestBody.MediaType(call.ContentType) == "application/apply-patch+yaml";
            if (applies && manager.Length == 0) errors.Required("fieldManager", "is required for apply patch");
            if (!applies && call.Parameter("force") is not null) errors.Forbidden("force", "may not be specified for non-apply patch");
        }
        CheckManager(manager, errors);
        CheckDryRun(call.Query.GetValueOrDefault("dryRun", []), errors);
        if (call.Parameter("fieldValidation") is { } validation && validation is not ("" or "Ignore" or "Strict" or "Warn")) errors.Unsupported("fieldValidation", validation, ["", "Ignore", "Strict", "Warn"]);
        if (errors.Any) throw ApiError.InvalidOptions(verb switch { "create" => "CreateOptions", "update" => "UpdateOptions", _ => "PatchOptions" }, errors);
    }

    internal static void CheckDryRun(IEnumerable<string> values, FieldErrors errors)
    {
        var all = values.ToList();
        if (all.Any(v => v != "All")) errors.Unsupported("dryRun", new JsonArray([.. all.Select(v => (JsonNode)JsonValue.Create(v))]), ["All"]);
    }

    private static void CheckManager(string manager, FieldErrors errors)
    {
        if (System.Text.Encoding.UTF8.GetByteCount(manager) > MostManagerBytes) errors.TooLong("fieldManager", MostManagerBytes);
        for (var i = 0; i < manager.Length; i++)
            if (!IsPrintable(manager[i])) errors.Invalid("fieldManager", manager, $"invalid character U+{(int)manager[i]:X4} (at position {i})");
    }

    /// <summary>Whether people can see the character: letters, marks, numbers, punctuation, signs and the plain space.</summary>
    internal static bool IsPrintable(char c) => c == ' ' || char.GetUnicodeCategory(c) is not (UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.OtherNotAssigned or UnicodeCategory.PrivateUse
        or UnicodeCategory.SpaceSeparator or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator);
}
