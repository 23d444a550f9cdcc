namespace Gureum.Objects.Yaml;

/// <summary>Names as YAML documents of Kubernetes sort them: letters by their code, after everything else, and runs of digits by their value (a2 before a10).</summary>
internal sealed class NaturalOrder : IComparer<string>
{
    internal static NaturalOrder Instance { get; } = new();

    public int Compare(string? x, string? y)
    {
        var (a, b) = (x ?? "", y ?? "");
        var at = 0;
        while (at < a.Length && at < b.Length && a[at] == b[at]) at++;
        if (at == a.Length || at == b.Length) return a.Length.CompareTo(b.Length);
        var (letter, other) = (char.IsLetter(a[at]), char.IsLetter(b[at]));
        if (letter != other) return letter ? 1 : -1;
        if (letter) return a[at].CompareTo(b[at]);
        var left = Digits(a, at);
        var right = Digits(b, at);
        // Within a number its first digits count too: a difference at a zero must not look like a shorter number.
        var inside = (a[at] == '0' || b[at] == '0') && HasDigitBefore(a, at);
        var (one, two) = (Value(left, inside), Value(right, inside));
        return one != two ? one.CompareTo(two) : left.Length != right.Length ? left.Length.CompareTo(right.Length) : a[at].CompareTo(b[at]);
    }

    private static ReadOnlySpan<char> Digits(string text, int at)
    {
        var end = at;
        while (end < text.Length && char.IsAsciiDigit(text[end])) end++;
        return text.AsSpan(at, end - at);
    }

    private static bool HasDigitBefore(string text, int at)
    {
        for (var i = at - 1; i >= 0 && char.IsAsciiDigit(text[i]); i--)
            if (text[i] != '0') return true;
        return false;
    }

    private static System.Numerics.BigInteger Value(ReadOnlySpan<char> digits, bool inside)
    {
        var value = inside ? System.Numerics.BigInteger.One : System.Numerics.BigInteger.Zero;
        foreach (var digit in digits) value = value * 10 + (digit - '0');
        return value;
    }
}
