using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Gureum.Cel.Values;

namespace Gureum.Cel.Libraries;

/// <summary>
/// Regular expressions in RE2's syntax (https://github.com/google/re2/wiki/Syntax), matched in linear time by .NET's
/// automaton. Translated where the two differ: <c>$</c>, classes of ASCII, <c>(?P&lt;n&gt;…)</c>, <c>\Q…\E</c>, <c>\x{…}</c>, <c>.</c> over
/// surrogate pairs. Refused as in RE2: look-around, back-references, repetitions above 1000. Known difference:
/// <c>\b</c> knows Unicode's letters.
/// </summary>
internal static class LinearRegex
{
    /// <summary>Most characters of a pattern.</summary>
    internal const int MaxPattern = 8192;
    private const int MaxRepeat = 1000;
    private const int MaxCached = 512;

    private static readonly ConcurrentDictionary<string, Regex> Cache = new();

    private static readonly Dictionary<string, string> Posix = new()
    {
        ["alnum"] = "0-9A-Za-z", ["alpha"] = "A-Za-z", ["ascii"] = "\\x00-\\x7F", ["blank"] = "\\t ", ["cntrl"] = "\\x00-\\x1F\\x7F", ["digit"] = "0-9", ["graph"] = "!-~",
        ["lower"] = "a-z", ["print"] = " -~", ["punct"] = "!-/:-@\\[-`{-~", ["space"] = "\\t\\n\\v\\f\\r ", ["upper"] = "A-Z", ["word"] = "0-9A-Za-z_", ["xdigit"] = "0-9A-Fa-f",
    };

    /// <summary>The compiled pattern, or the reason why there is none.</summary>
    internal static Regex? Find(string pattern, out CelError? refusal)
    {
        refusal = null;
        if (Cache.TryGetValue(pattern, out Regex? known)) return known;
        if (pattern.Length > MaxPattern)
        {
            refusal = CelError.Of($"error parsing regexp: expression of {pattern.Length} characters is too long: at most {MaxPattern}");
            return null;
        }

        try
        {
            var regex = new Regex(Translate(pattern), RegexOptions.NonBacktracking | RegexOptions.CultureInvariant);
            // Expressions of users come and go: start again rather than grow.
            if (Cache.Count >= MaxCached) Cache.Clear();
            return Cache.GetOrAdd(pattern, regex);
        }
        catch (Exception e) when (e is ArgumentException or NotSupportedException or PatternException)
        {
            refusal = CelError.Of($"error parsing regexp: {e.Message}");
            return null;
        }
    }

    internal static string Translate(string pattern)
    {
        var result = new StringBuilder(pattern.Length + 16);
        // For each open group, the product of the repetitions that apply to what is in it is not yet known when it is
        // read; so sizes are multiplied when a group closes.
        var sizes = new Stack<long>();
        long size = 0, last = 0;
        for (int at = 0; at < pattern.Length;)
        {
            char c = pattern[at];
            switch (c)
            {
                case '\\':
                    at = Escape(pattern, at, result, false);
                    Count(1);
                    break;
                case '[':
                    at = Class(pattern, at, result);
                    Count(1);
                    break;
                case '(':
                    sizes.Push(size);
                    size = 0;
                    at = Group(pattern, at, result);
                    break;
                case ')':
                    if (sizes.Count == 0) throw new PatternException("unexpected ): `" + pattern + "`");
                    last = size;
                    size += sizes.Pop();
                    result.Append(c);
                    at++;
                    break;
                case '.':
                    // One code point, be it of two units; (?s) needs no care since a lone unit matches either way.
                    result.Append("(?:[\\uD800-\\uDBFF][\\uDC00-\\uDFFF]|.)");
                    Count(1);
                    at++;
                    break;
                case '$':
                    // .NET's $ would also match before a line's end that closes the text.
                    result.Append(IsMultiline(pattern, at) ? "$" : "\\z");
                    at++;
                    break;
                case '{' when Repeat(pattern, at, out int end, out int most):
                    if (most > MaxRepeat) throw new PatternException($"invalid repeat count: `{pattern[at..end]}`");
                    size += last * Math.Max(0, most - 1);
                    last *= Math.Max(1, most);
                    if (last > MaxRepeat * 10L || size > 100_000) throw new PatternException("expression is too large: its repetitions multiply");
                    result.Append(pattern, at, end - at);
                    at = end;
                    break;
                case '{':
                    result.Append("\\{");
                    Count(1);
                    at++;
                    break;
                case '#' or ' ':
                    result.Append('\\').Append(c);
                    Count(1);
                    at++;
                    break;
                case '*' or '+' or '?' or '|' or '^':
                    if (c is '*' or '+' && at > 0 && pattern[at - 1] is '*' or '+' && (at < 2 || pattern[at - 2] != '\\')) throw new PatternException($"invalid nested repetition operator: `{pattern[(at - 1)..(at + 1)]}`");
                    result.Append(c);
                    at++;
                    break;
                default:
                    int width = CodePoints.Width(pattern, at);
                    if (width == 2) result.Append("(?:").Append(pattern, at, 2).Append(')');
                    else result.Append(c);
                    Count(1);
                    at += width;
                    break;
            }
        }

        return result.ToString();

        void Count(long units)
        {
            size += units;
            last = units;
        }
    }

    // Whether a flag group before the position turns on (?m).
    private static bool IsMultiline(string pattern, int at)
    {
        bool on = false;
        for (int i = 0; i + 2 < at; i++)
        {
            if (pattern[i] != '(' || pattern[i + 1] != '?' || (i > 0 && pattern[i - 1] == '\\')) continue;
            bool positive = true;
            for (int j = i + 2; j < at && (char.IsAsciiLetter(pattern[j]) || pattern[j] == '-'); j++)
            {
                if (pattern[j] == '-') positive = false;
                else if (pattern[j] == 'm') on = positive;
            }
        }

        return on;
    }

    private static int Group(string pattern, int at, StringBuilder result)
    {
        if (at + 1 >= pattern.Length || pattern[at + 1] != '?')
        {
            result.Append('(');
            return at + 1;
        }

        string rest = pattern[(at + 2)..];
        if (rest.StartsWith("P<", StringComparison.Ordinal) || (rest.StartsWith('<') && rest.Length > 1 && rest[1] is not ('=' or '!')))
        {
            int open = pattern.IndexOf('<', at), close = pattern.IndexOf('>', open);
            if (close < 0 || !IsName(pattern[(open + 1)..close])) throw new PatternException($"invalid named capture: `{pattern[at..]}`");
            result.Append("(?<").Append(pattern, open + 1, close - open - 1).Append('>');
            return close + 1;
        }

        int end = at + 2;
        while (end < pattern.Length && pattern[end] is 'i' or 'm' or 's' or '-') end++;
        if (end < pattern.Length && pattern[end] == 'U') throw new PatternException("flag U (ungreedy) is not supported");
        if (end >= pattern.Length || pattern[end] is not (':' or ')')) throw new PatternException($"invalid or unsupported Perl syntax: `{pattern[at..Math.Min(pattern.Length, at + 4)]}`");
        if (pattern[end] == ')')
        {
            // Flags for the rest of the group: .NET writes them so too, and no group opens.
            result.Append(pattern, at, end - at);
            return end;
        }

        result.Append(pattern, at, end + 1 - at);
        return end + 1;
    }

    private static bool IsName(string name) => name.Length > 0 && name.All(c => char.IsAsciiLetterOrDigit(c) || c == '_') && !char.IsAsciiDigit(name[0]);

    private static int Class(string pattern, int at, StringBuilder result)
    {
        int start = at++;
        var positive = new StringBuilder();
        bool negated = at < pattern.Length && pattern[at] == '^';
        if (negated) at++;
        bool first = true;
        while (at < pattern.Length && (pattern[at] != ']' || first))
        {
            first = false;
            if (pattern[at] == '[' && at + 1 < pattern.Length && pattern[at + 1] == ':')
            {
                int close = pattern.IndexOf(":]", at, StringComparison.Ordinal);
                string name = close < 0 ? "" : pattern[(at + 2)..close];
                bool not = name.StartsWith('^');
                if (close < 0 || !Posix.TryGetValue(name.TrimStart('^'), out string? set)) throw new PatternException($"invalid character class range: `{pattern[at..Math.Min(pattern.Length, at + 10)]}`");
                if (not) throw new PatternException($"a negated class within a class is not supported: `[:{name}:]`");
                positive.Append(set);
                at = close + 2;
            }
            else if (pattern[at] == '\\')
            {
                at = Escape(pattern, at, positive, true);
            }
            else
            {
                if (CodePoints.Width(pattern, at) == 2) throw new PatternException("characters beyond U+FFFF in a class are not supported");
                if (pattern[at] is '[' or ']' || (pattern[at] == '-' && at + 1 < pattern.Length && pattern[at + 1] == '[')) positive.Append('\\');
                positive.Append(pattern[at++]);
            }
        }

        if (at >= pattern.Length) throw new PatternException($"missing closing ]: `{pattern[start..]}`");
        if (negated) result.Append("(?:[\\uD800-\\uDBFF][\\uDC00-\\uDFFF]|[^").Append(positive).Append("])");
        else result.Append('[').Append(positive).Append(']');
        return at + 1;
    }

    private static int Escape(string pattern, int at, StringBuilder result, bool inClass)
    {
        if (at + 1 >= pattern.Length) throw new PatternException("trailing backslash at end of expression");
        char c = pattern[at + 1];
        string? set = c switch { 'd' => "0-9", 'w' => "0-9A-Za-z_", 's' => "\\t\\n\\f\\r ", _ => null };
        string? not = c switch { 'D' => "0-9", 'W' => "0-9A-Za-z_", 'S' => "\\t\\n\\f\\r ", _ => null };
        if (set is not null)
        {
            result.Append(inClass ? set : $"[{set}]");
            return at + 2;
        }

        if (not is not null)
        {
            result.Append(inClass ? c switch { 'D' => "\\x00-/:-\\uFFFF", 'W' => "\\x00-/:-@\\[-^`{-\\uFFFF", _ => "\\x00-\\x08\\x0B\\x0E-\\x1F!-\\uFFFF" } : $"(?:[\\uD800-\\uDBFF][\\uDC00-\\uDFFF]|[^{not}])");
            return at + 2;
        }

        switch (c)
        {
            case 'Q' when !inClass:
                int end = pattern.IndexOf("\\E", at, StringComparison.Ordinal);
                string literal = end < 0 ? pattern[(at + 2)..] : pattern[(at + 2)..end];
                result.Append(Regex.Escape(literal).Replace("]", "\\]", StringComparison.Ordinal).Replace("}", "\\}", StringComparison.Ordinal));
                return end < 0 ? pattern.Length : end + 2;
            case 'x':
                return Hex(pattern, at, result);
            case 'p' or 'P':
                return Property(pattern, at, result);
            case 'A' or 'z' or 'b' or 'B' when !inClass:
                result.Append('\\').Append(c);
                return at + 2;
            case 'a' or 'f' or 't' or 'n' or 'r' or 'v':
                result.Append('\\').Append(c);
                return at + 2;
            case '0':
                throw new PatternException("octal escapes are not supported: write \\x00");
        }

        if (char.IsAsciiLetterOrDigit(c)) throw new PatternException($"invalid escape sequence: `\\{c}`");
        result.Append('\\').Append(c);
        return at + 2;
    }

    private static int Hex(string pattern, int at, StringBuilder result)
    {
        string digits;
        int end;
        if (at + 2 < pattern.Length && pattern[at + 2] == '{')
        {
            int close = pattern.IndexOf('}', at);
            digits = close < 0 ? "" : pattern[(at + 3)..close];
            end = close + 1;
        }
        else
        {
            digits = at + 4 <= pattern.Length ? pattern[(at + 2)..(at + 4)] : "";
            end = at + 4;
        }

        if (!int.TryParse(digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out int code) || code is < 0 or > 0x10ffff) throw new PatternException($"invalid escape sequence: `{pattern[at..Math.Min(pattern.Length, at + 4)]}`");
        if (code > 0xffff) result.Append("(?:").Append(char.ConvertFromUtf32(code)).Append(')');
        else result.Append(CultureInfo.InvariantCulture, $"\\u{code:X4}");
        return end;
    }

    private static int Property(string pattern, int at, StringBuilder result)
    {
        if (at + 2 >= pattern.Length) throw new PatternException("invalid character class range: `\\p`");
        if (pattern[at + 2] != '{')
        {
            result.Append('\\').Append(pattern[at + 1]).Append('{').Append(pattern[at + 2]).Append('}');
            return at + 3;
        }

        int close = pattern.IndexOf('}', at);
        if (close < 0) throw new PatternException($"invalid character class range: `{pattern[at..]}`");
        string name = pattern[(at + 3)..close];
        name = name switch { "Greek" => "IsGreek", "Cyrillic" => "IsCyrillic", "Hebrew" => "IsHebrew", "Arabic" => "IsArabic", "Thai" => "IsThai", _ => name };
        result.Append('\\').Append(pattern[at + 1]).Append('{').Append(name).Append('}');
        return close + 1;
    }

    private static bool Repeat(string pattern, int at, out int end, out int most)
    {
        end = pattern.IndexOf('}', at) + 1;
        most = 0;
        if (end == 0) return false;
        string[] bounds = pattern[(at + 1)..(end - 1)].Split(',');
        if (bounds.Length > 2 || bounds[0].Length == 0 || bounds.Any(b => b.Any(c => !char.IsAsciiDigit(c)))) return false;
        foreach (string bound in bounds)
        {
            if (bound.Length > 0) most = Math.Max(most, bound.Length > 6 ? int.MaxValue : int.Parse(bound, CultureInfo.InvariantCulture));
        }

        return true;
    }

    private sealed class PatternException(string message) : Exception(message);
}
