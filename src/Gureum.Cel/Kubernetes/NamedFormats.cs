using Gureum.Cel.Libraries;
using Gureum.Cel.Values;

namespace Gureum.Cel.Kubernetes;

/// <summary>A form that strings can have.</summary>
/// <param name="Name">Its name.</param>
/// <param name="PatternSize">Length of a regular expression that would do the same; costs go by it.</param>
/// <param name="Faults">What is wrong with a string; empty if nothing is.</param>
internal sealed record NamedFormat(string Name, int PatternSize, Func<string, IReadOnlyList<string>> Faults)
{
    public bool Equals(NamedFormat? other) => other?.Name == Name;

    public override int GetHashCode() => Name.GetHashCode(StringComparison.Ordinal);
}

/// <summary>The named formats; messages are those of Kubernetes' validation.</summary>
internal static class NamedFormats
{
    private const string Label = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
    private const string Subdomain = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
    private const string Label1035 = "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')";
    private const string Qualified = "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
    private const string LabelValue = "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";

    /// <summary>By the name under which format.NAME() finds them.</summary>
    internal static readonly IReadOnlyDictionary<string, NamedFormat> All = new Dictionary<string, NamedFormat>
    {
        ["dns1123Label"] = new("DNS1123Label", 30, s => Check(s, 63, IsLabel, Label)),
        ["dns1123Subdomain"] = new("DNS1123Subdomain", 60, s => Check(s, 253, IsSubdomain, Subdomain)),
        ["dns1035Label"] = new("DNS1035Label", 30, s => Check(s, 63, IsLabel1035, Label1035)),
        ["qualifiedName"] = new("QualifiedName", 60, QualifiedName),
        ["dns1123LabelPrefix"] = new("DNS1123LabelPrefix", 30, s => Check(Unprefixed(s), 63, IsLabel, Label)),
        ["dns1123SubdomainPrefix"] = new("DNS1123SubdomainPrefix", 60, s => Check(Unprefixed(s), 253, IsSubdomain, Subdomain)),
        ["dns1035LabelPrefix"] = new("DNS1035LabelPrefix", 30, s => Check(Unprefixed(s), 63, IsLabel1035, Label1035)),
        ["labelValue"] = new("LabelValue", 40, s => Check(s, 63, v => v.Length == 0 || IsQualifiedPart(v), LabelValue)),
        ["uri"] = new("URI", 1600, s => Url.Parse(s, out string refusal) is null ? [refusal] : []),
        ["uuid"] = new("uuid", 80, s => IsUuid(s) ? [] : ["does not match the UUID format"]),
        ["byte"] = new("byte", 80, s => IsBase64(s) ? [] : ["invalid base64"]),
        ["date"] = new("date", 120, s => IsDate(s) ? [] : ["invalid date"]),
        ["datetime"] = new("datetime", 120, s => TimeText.ParseTimestamp(s) is CelTimestamp ? [] : ["invalid datetime"]),
    };

    private static List<string> Check(string text, int most, Func<string, bool> fits, string refusal)
    {
        var faults = new List<string>();
        if (text.Length > most) faults.Add($"must be no more than {most} characters");
        if (!fits(text)) faults.Add(refusal);
        return faults;
    }

    private static List<string> QualifiedName(string text)
    {
        var faults = new List<string>();
        string[] parts = text.Split('/');
        if (parts.Length > 2) return ["a qualified name " + Qualified + " with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"];
        if (parts.Length == 2)
        {
            if (parts[0].Length == 0) faults.Add("prefix part must be non-empty");
            else faults.AddRange(Check(parts[0], 253, IsSubdomain, Subdomain).Select(f => "prefix part " + f));
        }

        string name = parts[^1];
        if (name.Length == 0) faults.Add("name part must be non-empty");
        else if (name.Length > 63) faults.Add("name part must be no more than 63 characters");
        if (!IsQualifiedPart(name)) faults.Add("name part " + Qualified);
        return faults;
    }

    // A prefix may end in a dash, which more characters will follow.
    private static string Unprefixed(string text) => text.Length > 1 && text.EndsWith('-') ? text[..^1] + "a" : text;

    private static bool IsAlphanumeric(char c) => c is >= 'a' and <= 'z' or >= '0' and <= '9';

    private static bool IsLabel(string s) => s.Length > 0 && IsAlphanumeric(s[0]) && IsAlphanumeric(s[^1]) && s.All(c => IsAlphanumeric(c) || c == '-');

    private static bool IsLabel1035(string s) => IsLabel(s) && s[0] is >= 'a' and <= 'z';

    private static bool IsSubdomain(string s) => s.Split('.').All(IsLabel);

    private static bool IsQualifiedPart(string s) => s.Length > 0 && char.IsAsciiLetterOrDigit(s[0]) && char.IsAsciiLetterOrDigit(s[^1]) && s.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.');

    private static bool IsUuid(string s)
    {
        string digits = s.Length == 36 && s[8] == '-' && s[13] == '-' && s[18] == '-' && s[23] == '-' ? s.Replace("-", "", StringComparison.Ordinal) : s;
        return digits.Length == 32 && digits.All(char.IsAsciiHexDigit);
    }

    private static bool IsBase64(string s) => s.Length > 0 && System.Buffers.Text.Base64.IsValid(s) && !s.Any(char.IsWhiteSpace);

    private static bool IsDate(string s) => s.Length == 10 && TimeText.ParseTimestamp(s + "T00:00:00Z") is CelTimestamp;
}
