using System.Globalization;
using System.Text;

namespace Gureum.Cel.Syntax;

/// <summary>Escape sequences of string and bytes literals (langdef.md, "String and Bytes Values").</summary>
internal static class Escapes
{
    /// <summary>UTF-16 units of the escape sequence at a backslash; 0 if it is none.</summary>
    internal static int Length(string text, int at)
    {
        if (at + 1 >= text.Length) return 0;
        return text[at + 1] switch
        {
            'a' or 'b' or 'f' or 'n' or 'r' or 't' or 'v' or '"' or '\'' or '\\' or '?' or '`' => 2,
            'x' or 'X' => Hex(text, at + 2, 2) ? 4 : 0,
            'u' => Hex(text, at + 2, 4) ? 6 : 0,
            'U' => Hex(text, at + 2, 8) ? 10 : 0,
            >= '0' and <= '3' => at + 3 < text.Length && text[at + 2] is >= '0' and <= '7' && text[at + 3] is >= '0' and <= '7' ? 4 : 0,
            _ => 0,
        };
    }

    /// <summary>UTF-16 units up to and including the first that makes the escape sequence none.</summary>
    internal static int Wrong(string text, int at)
    {
        int end = at + 2;
        if (end > text.Length) return 1;
        int digits = text[at + 1] switch { 'x' or 'X' => 2, 'u' => 4, 'U' => 8, _ => 0 };
        if (text[at + 1] is >= '0' and <= '3') while (end < text.Length && end < at + 4 && text[end] is >= '0' and <= '7') end++;
        else if (digits == 0) return 2;
        while (digits-- > 0 && end < text.Length && char.IsAsciiHexDigit(text[end])) end++;
        return end + 1 - at;
    }

    /// <summary>The text of a string literal, quotes and prefix included; null, with the reason, if it denotes none.</summary>
    internal static string? String(string literal, out string? refusal)
    {
        refusal = null;
        ReadOnlySpan<char> body = Body(literal, out bool raw);
        if (raw || !body.Contains('\\')) return body.ToString();
        var result = new StringBuilder(body.Length);
        string text = body.ToString();
        for (int at = 0; at < text.Length;)
        {
            if (text[at] != '\\')
            {
                result.Append(text[at++]);
                continue;
            }

            int length = Length(text, at);
            int code = Code(text.AsSpan(at, length));
            if (code is < 0 or > 0x10ffff or (>= 0xd800 and <= 0xdfff))
            {
                refusal = $"invalid unicode code point: {text.Substring(at, length)}";
                return null;
            }

            result.Append(char.ConvertFromUtf32(code));
            at += length;
        }

        return result.ToString();
    }

    /// <summary>The bytes of a bytes literal; octal and hexadecimal escapes are bytes, all else is UTF-8.</summary>
    internal static byte[]? Bytes(string literal, out string? refusal)
    {
        refusal = null;
        string text = Body(literal, out bool raw).ToString();
        if (raw || !text.Contains('\\', StringComparison.Ordinal)) return Encoding.UTF8.GetBytes(text);
        var result = new List<byte>(text.Length);
        for (int at = 0; at < text.Length;)
        {
            int end = at;
            while (end < text.Length && text[end] != '\\') end++;
            result.AddRange(Encoding.UTF8.GetBytes(text, at, end - at));
            if (end == text.Length) break;
            int length = Length(text, end);
            if (text[end + 1] is 'u' or 'U')
            {
                refusal = $"unable to unescape string: {text.Substring(end, length)} stands for no byte";
                return null;
            }

            result.Add((byte)Code(text.AsSpan(end, length)));
            at = end + length;
        }

        return [.. result];
    }

    private static ReadOnlySpan<char> Body(string literal, out bool raw)
    {
        int start = 0;
        raw = false;
        while (literal[start] is not ('"' or '\'')) raw |= literal[start++] is 'r' or 'R';
        char quote = literal[start];
        int width = literal.Length - start >= 6 && literal[start + 1] == quote && literal[start + 2] == quote ? 3 : 1;
        return literal.AsSpan(start + width, literal.Length - start - (2 * width));
    }

    private static int Code(ReadOnlySpan<char> escape) => escape[1] switch
    {
        'a' => 7,
        'b' => 8,
        'f' => 12,
        'n' => 10,
        'r' => 13,
        't' => 9,
        'v' => 11,
        'x' or 'X' or 'u' or 'U' => unchecked((int)uint.Parse(escape[2..], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture)),
        >= '0' and <= '3' => ((escape[1] - '0') * 64) + ((escape[2] - '0') * 8) + (escape[3] - '0'),
        char itself => itself,
    };

    private static bool Hex(string text, int at, int count)
    {
        if (at + count > text.Length) return false;
        for (int i = at; i < at + count; i++)
        {
            if (!char.IsAsciiHexDigit(text[i])) return false;
        }

        return true;
    }
}
