using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Gureum.Cel.Costs;
using Gureum.Cel.Values;
using static Gureum.Cel.Checking.CelType;

namespace Gureum.Cel.Libraries;

/// <summary>Replacing and extracting by regular expressions (cel-go, ext/README.md, "Regex").</summary>
internal static class RegexLibrary
{
    private static readonly Checking.CelType Text = Checking.CelType.String;

    internal static readonly CelLibrary Instance = new LibraryBuilder("regex")
        .Global("regex.extract", "regex_extract_string_string", [Text, Text], Optional(Text), static a => Extract(S(a[0]), S(a[1])), CallCost.Match)
        .Global("regex.extractAll", "regex_extractAll_string_string", [Text, Text], Checking.CelType.List(Text), static a => ExtractAll(S(a[0]), S(a[1])), CallCost.Match)
        .Global("regex.replace", "regex_replace_string_string_string", [Text, Text, Text], Text, static a => Replace(S(a[0]), S(a[1]), S(a[2]), -1), CallCost.Match)
        .Global("regex.replace", "regex_replace_string_string_string_int", [Text, Text, Text, Int], Text, static a => Replace(S(a[0]), S(a[1]), S(a[2]), ((CelInt)a[3]).Value), CallCost.Match)
        .Build();

    private static CelValue Extract(string text, string pattern)
    {
        if (LinearRegex.Find(pattern, out CelError? refusal) is not { } regex) return refusal!;
        if (regex.GetGroupNumbers().Length > 2) return ManyGroups(pattern);
        Match match = regex.Match(text);
        if (!match.Success) return CelOptional.None;
        Group group = match.Groups.Count > 1 ? match.Groups[1] : match;
        return group.Success ? CelOptional.Of(new CelString(group.Value)) : CelOptional.None;
    }

    private static CelValue ExtractAll(string text, string pattern)
    {
        if (LinearRegex.Find(pattern, out CelError? refusal) is not { } regex) return refusal!;
        if (regex.GetGroupNumbers().Length > 2) return ManyGroups(pattern);
        var found = new List<CelValue>();
        for (Match match = regex.Match(text); match.Success; match = match.NextMatch())
        {
            Group group = match.Groups.Count > 1 ? match.Groups[1] : match;
            if (group.Success) found.Add(new CelString(group.Value));
        }

        return CelList.Of([.. found]);
    }

    private static CelValue Replace(string text, string pattern, string with, long count)
    {
        if (LinearRegex.Find(pattern, out CelError? refusal) is not { } regex) return refusal!;
        if (Parts(with, regex.GetGroupNumbers().Length - 1, out List<(string Literal, int Group)> parts) is { } wrong) return wrong;
        var result = new StringBuilder();
        int at = 0;
        for (Match match = regex.Match(text); match.Success && count != 0; match = match.NextMatch(), count -= count > 0 ? 1 : 0)
        {
            result.Append(text, at, match.Index - at);
            foreach ((string literal, int group) in parts) result.Append(literal).Append(group >= 0 ? match.Groups[group].ValueSpan : "");
            if (result.Length > Arithmetic.MaxText) return CelError.Of($"string is too large: at most {Arithmetic.MaxText} characters");
            at = match.Index + match.Length;
        }

        return new CelString(result.Append(text, at, text.Length - at).ToString());
    }

    // \0 to \9 are groups, \\ is a backslash.
    private static CelError? Parts(string with, int groups, out List<(string Literal, int Group)> parts)
    {
        parts = [];
        var literal = new StringBuilder();
        for (int i = 0; i < with.Length; i++)
        {
            if (with[i] != '\\')
            {
                literal.Append(with[i]);
                continue;
            }

            if (++i == with.Length) return CelError.Of($"invalid replacement string: '{with}' \\ not allowed at end");
            if (with[i] == '\\')
            {
                literal.Append('\\');
                continue;
            }

            if (!char.IsAsciiDigit(with[i])) return CelError.Of($"invalid replacement string: '{with}' \\ must be followed by a digit or \\");
            int group = with[i] - '0';
            if (group > groups) return CelError.Of(string.Create(CultureInfo.InvariantCulture, $"replacement string references group {group} but regex has only {groups} group(s)"));
            parts.Add((literal.ToString(), group));
            literal.Clear();
        }

        parts.Add((literal.ToString(), -1));
        return null;
    }

    private static CelError ManyGroups(string pattern) => CelError.Of($"regular expression has more than one capturing group: \"{pattern}\"");

    private static string S(CelValue v) => ((CelString)v).Value;
}
