using System.Text;
using Gureum.Cel.Checking;

namespace Gureum.Cel.Values;

/// <summary>A string. Positions and sizes count Unicode code points, as the language wants, not UTF-16 units.</summary>
public sealed class CelString(string value) : CelValue
{
    private int _size = -1;

    /// <summary>The empty string.</summary>
    public static readonly CelString Empty = new("");

    /// <summary>As a plain value.</summary>
    public string Value { get; } = value;

    /// <inheritdoc/>
    public override CelType Type => CelType.String;

    /// <summary>Code points.</summary>
    public override long Size => _size >= 0 ? _size : _size = CodePoints.Count(Value);

    /// <inheritdoc/>
    public override bool EqualTo(CelValue other) => other is CelString s && s.Value == Value;

    /// <inheritdoc/>
    public override int Hash() => Value.GetHashCode(StringComparison.Ordinal);

    /// <inheritdoc/>
    public override string ToString() => Value;
}

/// <summary>A sequence of bytes.</summary>
public sealed class CelBytes(byte[] value) : CelValue
{
    /// <summary>As a plain value; not to be changed.</summary>
    public byte[] Value { get; } = value;

    /// <inheritdoc/>
    public override CelType Type => CelType.Bytes;

    /// <inheritdoc/>
    public override long Size => Value.Length;

    /// <inheritdoc/>
    public override bool EqualTo(CelValue other) => other is CelBytes b && b.Value.AsSpan().SequenceEqual(Value);

    /// <inheritdoc/>
    public override int Hash()
    {
        var hash = new HashCode();
        hash.AddBytes(Value);
        return hash.ToHashCode();
    }

    /// <inheritdoc/>
    public override string ToString() => $"b'{Convert.ToHexStringLower(Value)}'";
}

/// <summary>Strings by their code points.</summary>
public static class CodePoints
{
    /// <summary>How many; a lone surrogate counts as one.</summary>
    public static int Count(string text)
    {
        int count = text.Length;
        for (int i = 0; i + 1 < text.Length; i++)
        {
            if (char.IsHighSurrogate(text[i]) && char.IsLowSurrogate(text[i + 1]))
            {
                count--;
                i++;
            }
        }

        return count;
    }

    /// <summary>The UTF-16 position of the code point with that number; the length for the number after the last; -1 beyond.</summary>
    public static int Position(string text, long number)
    {
        if (number < 0) return -1;
        int at = 0;
        for (long n = 0; n < number; n++)
        {
            if (at >= text.Length) return -1;
            at += Width(text, at);
        }

        return at;
    }

    /// <summary>How many code points lie before the UTF-16 position.</summary>
    public static int Number(string text, int position)
    {
        int n = 0;
        for (int at = 0; at < position; at += Width(text, at)) n++;
        return n;
    }

    /// <summary>UTF-16 units of the code point there.</summary>
    public static int Width(string text, int at) =>
        char.IsHighSurrogate(text[at]) && at + 1 < text.Length && char.IsLowSurrogate(text[at + 1]) ? 2 : 1;

    /// <summary>Orders as UTF-8 bytes would, which is the order of code points.</summary>
    public static int Compare(string a, string b)
    {
        int shared = Math.Min(a.Length, b.Length);
        for (int i = 0; i < shared; i++)
        {
            char x = a[i], y = b[i];
            if (x == y) continue;
            // Surrogates stand for code points above all others in the basic plane.
            bool sx = char.IsSurrogate(x), sy = char.IsSurrogate(y);
            return sx == sy ? x.CompareTo(y) : sx ? 1 : -1;
        }

        return a.Length.CompareTo(b.Length);
    }

    /// <summary>The text with its code points in the opposite order.</summary>
    public static string Reverse(string text)
    {
        var result = new StringBuilder(text.Length);
        for (int at = text.Length; at > 0;)
        {
            int width = at > 1 && char.IsLowSurrogate(text[at - 1]) && char.IsHighSurrogate(text[at - 2]) ? 2 : 1;
            at -= width;
            result.Append(text, at, width);
        }

        return result.ToString();
    }
}
