using System.Globalization;
using System.Numerics;

namespace Gureum.Cel.Kubernetes;

/// <summary>An amount such as 500m, 1.5Gi or 2e3 (kubernetes.io, API reference, "Quantity"), to the nano, rounded up.</summary>
/// <param name="Nanos">In billionths.</param>
/// <param name="Capped">Whether it was too large and stands for the largest amount.</param>
internal readonly record struct Quantity(BigInteger Nanos, bool Capped = false)
{
    private static readonly BigInteger One = 1_000_000_000, Most = (BigInteger)long.MaxValue * 1_000_000_000;

    internal const string Form = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";

    internal bool IsInteger => !Capped && Nanos % One == 0 && BigInteger.Abs(Nanos) <= Most;

    internal long Integer => (long)(Nanos / One);

    internal double Approximate => (double)(Nanos / One) + ((double)(Nanos % One) / 1e9);

    // Amounts are compared; 1000m is 1.
    public bool Equals(Quantity other) => Nanos == other.Nanos;

    public override int GetHashCode() => Nanos.GetHashCode();

    internal static Quantity OfInteger(long value) => new(value * One);

    /// <summary>Reads an amount; null, with the reason, if the text is none.</summary>
    internal static Quantity? Parse(string text, out string refusal)
    {
        refusal = Form;
        int at = text.Length > 0 && text[0] is '+' or '-' ? 1 : 0, start = at, point = -1;
        for (; at < text.Length && (char.IsAsciiDigit(text[at]) || text[at] == '.'); at++)
        {
            if (text[at] != '.') continue;
            if (point >= 0) return null;
            point = at;
        }

        string digits = text[start..at].Replace(".", "", StringComparison.Ordinal);
        // A long run of digits costs the square of its length to convert.
        if (digits.Length is 0 or > 256) return null;
        int scale = point < 0 ? 0 : at - point - 1;
        if (Multiplier(text[at..]) is not { } multiplier)
        {
            refusal = text[at..].All(c => "eEinumkKMGTP+-0123456789".Contains(c, StringComparison.Ordinal)) ? "unable to parse quantity's suffix" : Form;
            return null;
        }

        (BigInteger factor, int power) = multiplier;
        BigInteger value = BigInteger.Parse(digits, NumberStyles.None, CultureInfo.InvariantCulture) * factor;
        int exponent = power - scale + 9;
        bool negative = text.StartsWith('-');
        if (value.IsZero) return new Quantity(BigInteger.Zero);
        if (exponent > 64) return new Quantity(negative ? -Most : Most, true);
        BigInteger nanos;
        if (exponent >= 0)
        {
            nanos = value * BigInteger.Pow(10, exponent);
        }
        else if (exponent < -600)
        {
            nanos = BigInteger.One;
        }
        else
        {
            nanos = BigInteger.DivRem(value, BigInteger.Pow(10, -exponent), out BigInteger rest);
            if (!rest.IsZero) nanos++;
        }

        bool capped = nanos > Most;
        if (capped) nanos = Most;
        return new Quantity(negative ? -nanos : nanos, capped);
    }

    private static (BigInteger Factor, int Power)? Multiplier(string suffix)
    {
        switch (suffix)
        {
            case "": return (1, 0);
            case "n": return (1, -9);
            case "u": return (1, -6);
            case "m": return (1, -3);
            case "k": return (1, 3);
            case "M": return (1, 6);
            case "G": return (1, 9);
            case "T": return (1, 12);
            case "P": return (1, 15);
            case "E": return (1, 18);
            case "Ki": return (BigInteger.One << 10, 0);
            case "Mi": return (BigInteger.One << 20, 0);
            case "Gi": return (BigInteger.One << 30, 0);
            case "Ti": return (BigInteger.One << 40, 0);
            case "Pi": return (BigInteger.One << 50, 0);
            case "Ei": return (BigInteger.One << 60, 0);
        }

        if (suffix.Length < 2 || suffix[0] is not ('e' or 'E')) return null;
        return int.TryParse(suffix.AsSpan(1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int power) && power is > -100_000 and < 100_000 ? (1, power) : null;
    }
}
