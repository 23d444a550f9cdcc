using System.Text.RegularExpressions;

namespace Gureum.Objects;

/// <summary>
/// The rules for names (https://kubernetes.io/docs/concepts/overview/working-with-objects/names/). Members that end in Errors give
/// every reason why a text is refused, worded as clients know it, and none when it is fine; those that end in Error give the first, or null.
/// </summary>
public static partial class Names
{
    private const string LabelForm = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
    private const string QualifiedForm = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]";

    [GeneratedRegex("^[a-z0-9]([-a-z0-9]*[a-z0-9])?$")] private static partial Regex Label();
    [GeneratedRegex("^[a-z]([-a-z0-9]*[a-z0-9])?$")] private static partial Regex Label1035();
    [GeneratedRegex("^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$")] private static partial Regex Subdomain();
    [GeneratedRegex("^_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?(\\._?[a-z0-9]([-_a-z0-9]*[a-z0-9])?)*$")] private static partial Regex UnderscoredSubdomain();
    [GeneratedRegex("^\\*\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$")] private static partial Regex Wildcard();
    [GeneratedRegex("^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$")] private static partial Regex Qualified();
    [GeneratedRegex("^[-._a-zA-Z0-9]+$")] private static partial Regex ConfigKey();
    [GeneratedRegex("^[-a-z0-9]+$")] private static partial Regex PortName();
    [GeneratedRegex("^[A-Za-z_][A-Za-z0-9_]*$")] private static partial Regex Identifier();
    [GeneratedRegex("^[-A-Za-z0-9]+$")] private static partial Regex HeaderName();
    [GeneratedRegex("^[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+$")] private static partial Regex UrlPath();

    public static string? DnsLabelError(string name) => First(DnsLabelErrors(name));
    public static string? Dns1035LabelError(string name) => First(Dns1035LabelErrors(name));
    public static string? DnsSubdomainError(string name) => First(DnsSubdomainErrors(name));

    /// <summary>A label key, annotation key or finalizer: an optional DNS prefix, a slash, and a name.</summary>
    public static string? QualifiedNameError(string name) => First(QualifiedNameErrors(name));

    public static string? LabelValueError(string value) => First(LabelValueErrors(value));

    /// <summary>A name that is one segment of a path, as RBAC objects have.</summary>
    public static string? PathSegmentError(string name) => First(PathSegmentErrors(name));

    public static string? ConfigKeyError(string key) => First(ConfigKeyErrors(key));

    public static IReadOnlyList<string> DnsLabelErrors(string name) =>
    [
        .. Longer(name, 63),
        .. Unless(Label().IsMatch(name), Subdomain().IsMatch(name) ? "must not contain dots"
            : $"a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '{LabelForm}')"),
    ];

    public static IReadOnlyList<string> Dns1035LabelErrors(string name) =>
    [
        .. Longer(name, 63),
        .. Unless(Label1035().IsMatch(name), "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')"),
    ];

    public static IReadOnlyList<string> DnsSubdomainErrors(string name) =>
    [
        .. Longer(name, 253),
        .. Unless(Subdomain().IsMatch(name), $"a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '{LabelForm}(\\.{LabelForm})*')"),
    ];

    /// <summary>A search domain of DNS, which may have underscores.</summary>
    public static IReadOnlyList<string> UnderscoredSubdomainErrors(string name) =>
    [
        .. Longer(name, 253),
        .. Unless(UnderscoredSubdomain().IsMatch(name), "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '_', '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?(\\._?[a-z0-9]([-_a-z0-9]*[a-z0-9])?)*')"),
    ];

    /// <summary>A host name whose first label is *.</summary>
    public static IReadOnlyList<string> WildcardErrors(string name) =>
    [
        .. Longer(name, 253),
        .. Unless(Wildcard().IsMatch(name), $"a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character (e.g. '*.example.com', regex used for validation is '\\*\\.{LabelForm}(\\.{LabelForm})*')"),
    ];

    public static IReadOnlyList<string> QualifiedNameErrors(string name)
    {
        const string form = $"must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '{QualifiedForm}')";
        var parts = name.Split('/');
        if (parts.Length > 2) return ["a valid label key " + form + " with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"];
        var errors = new List<string>();
        if (parts.Length == 2) errors.AddRange(parts[0].Length == 0 ? ["prefix part must be non-empty"] : DnsSubdomainErrors(parts[0]).Select(e => "prefix part " + e.Replace("more than 253 characters", "more than 253 bytes")));
        var rest = parts[^1];
        if (rest.Length == 0) errors.Add("name part must be non-empty");
        else if (rest.Length > 63) errors.Add("name part must be no more than 63 bytes");
        if (!Qualified().IsMatch(rest)) errors.Add("name part " + form);
        return errors;
    }

    public static IReadOnlyList<string> LabelValueErrors(string value) =>
    [
        .. Unless(System.Text.Encoding.UTF8.GetByteCount(value) <= 63, "must be no more than 63 bytes"),
        .. Unless(value.Length == 0 || Qualified().IsMatch(value), $"a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '({QualifiedForm})?')"),
    ];

    public static IReadOnlyList<string> PathSegmentErrors(string name) =>
        name is "." or ".." ? [$"may not be '{name}'"] : [.. Unless(!name.Contains('/'), "may not contain '/'"), .. Unless(!name.Contains('%'), "may not contain '%'")];

    public static IReadOnlyList<string> ConfigKeyErrors(string key) =>
    [
        .. Longer(key, 253),
        .. Unless(ConfigKey().IsMatch(key), "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')"),
        .. Unless(key is not ("." or ".."), $"must not be '{key}'"),
        .. Unless(key == ".." || !key.StartsWith("..", StringComparison.Ordinal), "must not start with '..'"),
    ];

    /// <summary>The name of a port (RFC 6335).</summary>
    public static IReadOnlyList<string> PortNameErrors(string name) =>
    [
        .. Longer(name, 15),
        .. Unless(PortName().IsMatch(name), "must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)"),
        .. Unless(name.Any(char.IsAsciiLetterLower), "must contain at least one letter (a-z)"),
        .. Unless(!name.Contains("--", StringComparison.Ordinal), "must not contain consecutive hyphens"),
        .. Unless(!name.StartsWith('-') && !name.EndsWith('-'), "must not begin or end with a hyphen"),
    ];

    /// <summary>The name of a variable of a container's environment: printable ASCII without =.</summary>
    public static IReadOnlyList<string> VariableErrors(string name) =>
    [
        .. Unless(name.Length > 0, "environment variable name must be non-empty"),
        .. Unless(name.All(c => c is >= ' ' and < '\x7f' and not '='), "a valid environment variable name must consist only of printable ASCII characters other than '='"),
    ];

    /// <summary>An identifier of C.</summary>
    public static IReadOnlyList<string> IdentifierErrors(string name) =>
        [.. Unless(Identifier().IsMatch(name), "a valid C identifier must start with alphabetic character or '_', followed by a string of alphanumeric characters or '_' (e.g. 'my_name',  or 'MY_NAME',  or 'MyName', regex used for validation is '[A-Za-z_][A-Za-z0-9_]*')")];

    public static IReadOnlyList<string> HeaderNameErrors(string name) =>
        [.. Unless(HeaderName().IsMatch(name), "a valid HTTP header must consist of alphanumeric characters or '-' (e.g. 'X-Header-Name', regex used for validation is '[-A-Za-z0-9]+')")];

    /// <summary>The characters that a path of a URL may have.</summary>
    public static bool IsUrlPath(string path) => UrlPath().IsMatch(path);

    private static string[] Longer(string text, int most) => Unless(System.Text.Encoding.UTF8.GetByteCount(text) <= most, $"must be no more than {most} characters");
    private static string[] Unless(bool fine, string reason) => fine ? [] : [reason];
    private static string? First(IReadOnlyList<string> errors) => errors.Count > 0 ? errors[0] : null;
}
