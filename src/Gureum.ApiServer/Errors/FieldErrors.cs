namespace Gureum.ApiServer.Errors;

/// <summary>One thing wrong with one field, worded as clients know it.</summary>
/// <param name="Cause">The machine-readable cause: FieldValueInvalid, FieldValueRequired …</param>
public sealed record FieldError(string Path, string Cause, string Message)
{
    public override string ToString() => $"{Path}: {Message}";
}

/// <summary>Everything wrong with an object: all of it is told at once.</summary>
public sealed class FieldErrors
{
    private readonly List<FieldError> list = [];

    public IReadOnlyList<FieldError> List => list;
    public bool Any => list.Count > 0;

    public void Required(string path, string detail = "") => Add(path, "FieldValueRequired", "Required value" + (detail.Length > 0 ? ": " + detail : ""));
    public void Invalid(string path, object? value, string detail) => Add(path, "FieldValueInvalid", $"Invalid value: {Show(value)}: {detail}");
    public void Unsupported(string path, object? value, IEnumerable<string> supported) =>
        Add(path, "FieldValueNotSupported", $"Unsupported value: {Show(value)}: supported values: {string.Join(", ", supported.Select(s => $"\"{s}\""))}");
    public void Duplicate(string path, object? value, string detail = "") => Add(path, "FieldValueDuplicate", $"Duplicate value: {Show(value)}" + (detail.Length > 0 ? ": " + detail : ""));
    public void Forbidden(string path, string detail) => Add(path, "FieldValueForbidden", "Forbidden: " + detail);
    public void NotFound(string path, object? value, string detail = "") => Add(path, "FieldValueNotFound", "Not found: " + Show(value) + (detail.Length > 0 ? ": " + detail : ""));
    public void TooFew(string path, long count, long least) => Add(path, "FieldValueTooFew", $"Too few: {count}: must have at least {least} {(least == 1 ? "item" : "items")}");
    public void TooLongCharacters(string path, int most) => Add(path, "FieldValueTooLong", $"Too long: may not be more than {most} characters");
    public void TooLong(string path, int most) => Add(path, "FieldValueTooLong", $"Too long: may not be more than {most} bytes");
    public void TooMany(string path, long count, long most) => Add(path, "FieldValueTooMany", $"Too many: {count}: must have at most {most} {(most == 1 ? "item" : "items")}");
    public void TypeInvalid(string path, object? value, string detail) => Add(path, "FieldValueTypeInvalid", $"Invalid value: {Show(value)}: {detail}");

    /// <summary>A refusal whose cause the author of a rule chose: FieldValueInvalid, FieldValueForbidden, FieldValueRequired or FieldValueDuplicate.</summary>
    public void Refuse(string path, string cause, object? value, string detail)
    {
        switch (cause)
        {
            case "FieldValueForbidden": Forbidden(path, detail); break;
            case "FieldValueRequired": Required(path, detail); break;
            case "FieldValueDuplicate": Duplicate(path, value); break;
            default: Invalid(path, value, detail); break;
        }
    }

    /// <summary>Adds the error of a rule that gives a reason, or nothing when the reason is null.</summary>
    public void InvalidIf(string path, object? value, string? reason)
    {
        if (reason is not null) Invalid(path, value, reason);
    }

    /// <summary>A value that is wrong, and too large to be told.</summary>
    public void InvalidUnshown(string path, string detail) => Add(path, "FieldValueInvalid", "Invalid value: " + detail);

    /// <summary>Adds one error for each reason that a rule gives.</summary>
    public void InvalidEach(string path, object? value, IReadOnlyList<string> reasons)
    {
        foreach (var reason in reasons) Invalid(path, value, reason);
    }

    /// <summary>Requires a text, and then that a rule finds nothing wrong with it.</summary>
    public void RequiredText(string path, string? text, Func<string, IReadOnlyList<string>>? rule = null, string detail = "")
    {
        if (text is not { Length: > 0 }) Required(path, detail);
        else if (rule is not null) InvalidEach(path, text, rule(text));
    }

    /// <summary>Takes over what another list holds.</summary>
    public void AddAll(FieldErrors others) => list.AddRange(others.list);

    private void Add(string path, string cause, string message) => list.Add(new FieldError(path, cause, message));

    private static string Show(object? value) => value switch
    {
        null => "null",
        string text => Quote(text),
        bool flag => flag ? "true" : "false",
        System.Text.Json.Nodes.JsonValue json when json.TryGetValue<string>(out var text) => Quote(text),
        System.Text.Json.Nodes.JsonNode json => GoJson.Text(json),
        _ => Convert.ToString(value, System.Globalization.CultureInfo.InvariantCulture) ?? "",
    };

    /// <summary>Text as Go quotes it: what cannot be seen is written out.</summary>
    internal static string Quote(string text)
    {
        var quoted = new System.Text.StringBuilder("\"");
        foreach (var c in text)
            quoted.Append(c switch
            {
                '"' => "\\\"", '\\' => "\\\\", '\a' => "\\a", '\b' => "\\b", '\f' => "\\f", '\n' => "\\n", '\r' => "\\r", '\t' => "\\t", '\v' => "\\v",
                < ' ' or '\x7f' => $"\\x{(int)c:x2}",
                _ => c.ToString(),
            });
        return quoted.Append('"').ToString();
    }
}
