using System.Text.RegularExpressions;

namespace Gureum.Objects;

/// <summary>
/// The rules for names (https://kubernetes.io/docs/concepts/overview/working-with-objects/names/). Each member gives the
/// reason why a text is refused, worded as clients know it, or null when it is fine.
/// </summary>
public static partial class Names
{
    [GeneratedRegex("^[a-z0-9]([-a-z0-9]*[a-z0-9])?$")] private static partial Regex Label();
    [GeneratedRegex("^[a-z]([-a-z0-9]*[a-z0-9])?$")] private static partial Regex Label1035();
    [GeneratedRegex("^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$")] private static partial Regex Subdomain();
    [GeneratedRegex("^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$")] private static partial Regex Qualified();
    [GeneratedRegex("^[-._a-zA-Z0-9]+$")] private static partial Regex ConfigKey();

    public static string? DnsLabelError(string name) =>
        name.Length > 63 ? "must be no more than 63 characters"
        : Label().IsMatch(name) ? null
        : "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";

    public static string? Dns1035LabelError(string name) =>
        name.Length > 63 ? "must be no more than 63 characters"
        : Label1035().IsMatch(name) ? null
        : "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')";

    public static string? DnsSubdomainError(string name) =>
        name.Length > 253 ? "must be no more than 253 characters"
        : Subdomain().IsMatch(name) ? null
        : "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";

    /// <summary>A label key, annotation key or finalizer: an optional DNS prefix, a slash, and a name.</summary>
    public static string? QualifiedNameError(string name)
    {
        var slash = name.IndexOf('/');
        if (slash == 0) return "prefix part must be non-empty";
        if (slash > 0 && DnsSubdomainError(name[..slash]) is { } prefix) return "prefix part " + prefix;
        var rest = name[(slash + 1)..];
        if (rest.Length == 0) return "name part must be non-empty";
        if (rest.Length > 63) return "name part must be no more than 63 characters";
        return Qualified().IsMatch(rest) ? null
            : "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
    }

    public static string? LabelValueError(string value) =>
        value.Length > 63 ? "must be no more than 63 characters"
        : value.Length == 0 || Qualified().IsMatch(value) ? null
        : "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";

    /// <summary>A name that is one segment of a path, as RBAC objects have.</summary>
    public static string? PathSegmentError(string name) =>
        name is "." or ".." ? $"may not be '{name}'" : name.Contains('/') ? "may not contain '/'" : name.Contains('%') ? "may not contain '%'" : null;

    public static string? ConfigKeyError(string key) =>
        key.Length > 253 ? "must be no more than 253 characters"
        : key is "." or ".." || key.StartsWith("..", StringComparison.Ordinal) ? $"must not be '{key}'"
        : ConfigKey().IsMatch(key) ? null
        : "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')";
}
