namespace Gureum.Objects.Selectors;

/// <summary>One condition on a field: "spec.nodeName=a" or "status.phase!=Running".</summary>
public sealed record FieldRequirement(string Field, string Value, bool Equal);

/// <summary>Conditions on fields, all of which must hold (immutable); query syntax "a=b,c!=d" with \, \= and \\ for the signs themselves.</summary>
public sealed record FieldSelector(IReadOnlyList<FieldRequirement> Requirements)
{
    public static FieldSelector Everything { get; } = new([]);

    public bool IsEverything => Requirements.Count == 0;

    /// <param name="field">Gives the text of a field, "" when it is missing.</param>
    public bool Matches(Func<string, string> field)
    {
        foreach (var requirement in Requirements)
            if (field(requirement.Field) == requirement.Value != requirement.Equal) return false;
        return true;
    }

    /// <exception cref="FormatException">A part is not FIELD=VALUE, FIELD==VALUE or FIELD!=VALUE.</exception>
    public static FieldSelector Parse(string? text)
    {
        if (string.IsNullOrEmpty(text)) return Everything;
        var requirements = new List<FieldRequirement>();
        foreach (var part in Split(text))
        {
            if (part.Length == 0) continue;
            var sign = part.IndexOf('=');
            if (sign <= 0) throw new FormatException($"invalid selector: '{text}'; can't understand '{part}'");
            var unequal = part[sign - 1] == '!';
            var value = part[(sign + (sign + 1 < part.Length && part[sign + 1] == '=' && !unequal ? 2 : 1))..];
            requirements.Add(new FieldRequirement(part[..(unequal ? sign - 1 : sign)], Unescape(value), !unequal));
        }
        return new FieldSelector(requirements);
    }

    private static IEnumerable<string> Split(string text)
    {
        var start = 0;
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == '\\') { i++; continue; }
            if (text[i] != ',') continue;
            yield return text[start..i];
            start = i + 1;
        }
        yield return text[start..];
    }

    private static string Unescape(string value) => value.Replace("\\,", ",").Replace("\\=", "=").Replace("\\\\", "\\");
}
