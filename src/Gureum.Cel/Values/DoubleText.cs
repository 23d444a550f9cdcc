using System.Globalization;
using System.Numerics;
using System.Text;

namespace Gureum.Cel.Values;

/// <summary>Doubles as text in the forms that cel-go gives, which are those of Go's strconv.</summary>
public static class DoubleText
{
    /// <summary>The shortest decimal that reads back as the same double; an exponent below 1e-4 and from 1e21 on.</summary>
    public static string Shortest(double value)
    {
        if (Special(value) is { } special) return special;
        (bool negative, string digits, int exponent) = Decompose(value);
        if (exponent is < -4 or >= 21) return Scientific(negative, digits, exponent);
        var text = new StringBuilder(negative ? "-" : "");
        if (exponent < 0)
        {
            text.Append("0.").Append('0', -exponent - 1).Append(digits);
        }
        else if (digits.Length <= exponent + 1)
        {
            text.Append(digits).Append('0', exponent + 1 - digits.Length);
        }
        else
        {
            text.Append(digits, 0, exponent + 1).Append('.').Append(digits, exponent + 1, digits.Length - exponent - 1);
        }

        return text.ToString();
    }

    /// <summary>A fixed number of digits after the point, rounded half to even on the exact binary value.</summary>
    public static string Fixed(double value, int precision) =>
        Special(value) ?? Exact(value, precision);

    /// <summary>One digit, the given number after the point, and an exponent of at least two digits.</summary>
    public static string Exponent(double value, int precision)
    {
        if (Special(value) is { } special) return special;
        string text = value.ToString("e" + precision.ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
        int e = text.IndexOf('e', StringComparison.Ordinal);
        string power = text[(e + 2)..].TrimStart('0').PadLeft(2, '0');
        return text[..(e + 2)] + power;
    }

    private static string? Special(double value) => value switch
    {
        double.NaN => "NaN",
        double.PositiveInfinity => "+Inf",
        double.NegativeInfinity => "-Inf",
        _ => null,
    };

    private static string Scientific(bool negative, string digits, int exponent)
    {
        string fraction = digits.Length > 1 ? "." + digits[1..] : "";
        int size = Math.Abs(exponent);
        return $"{(negative ? "-" : "")}{digits[0]}{fraction}e{(exponent < 0 ? '-' : '+')}{(size < 10 ? "0" : "")}{size.ToString(CultureInfo.InvariantCulture)}";
    }

    private static (bool Negative, string Digits, int Exponent) Decompose(double value)
    {
        // "E16" would not be the shortest; "R" is, in one of two shapes.
        string text = Math.Abs(value).ToString("R", CultureInfo.InvariantCulture);
        int e = text.IndexOf('E', StringComparison.Ordinal);
        int power = e < 0 ? 0 : int.Parse(text.AsSpan(e + 1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
        string mantissa = e < 0 ? text : text[..e];
        int point = mantissa.IndexOf('.', StringComparison.Ordinal);
        string all = point < 0 ? mantissa : mantissa.Remove(point, 1);
        int exponent = (point < 0 ? mantissa.Length : point) - 1 + power;
        string trimmed = all.TrimStart('0');
        exponent -= all.Length - trimmed.Length;
        trimmed = trimmed.TrimEnd('0');
        return trimmed.Length == 0 ? (double.IsNegative(value), "0", 0) : (double.IsNegative(value), trimmed, exponent);
    }

    private static string Exact(double value, int precision)
    {
        long bits = BitConverter.DoubleToInt64Bits(value);
        int exponent = (int)((bits >> 52) & 0x7ff);
        long fraction = bits & 0xfffffffffffffL;
        BigInteger mantissa = exponent == 0 ? fraction : fraction | 0x10000000000000L;
        int shift = (exponent == 0 ? 1 : exponent) - 1075;
        BigInteger numerator = mantissa * BigInteger.Pow(10, precision);
        BigInteger scaled;
        if (shift >= 0)
        {
            scaled = numerator << shift;
        }
        else
        {
            BigInteger half = BigInteger.One << (-shift - 1);
            scaled = numerator >> -shift;
            BigInteger rest = numerator - (scaled << -shift);
            if (rest > half || (rest == half && !scaled.IsEven)) scaled++;
        }

        string digits = scaled.ToString(CultureInfo.InvariantCulture).PadLeft(precision + 1, '0');
        string sign = bits < 0 ? "-" : "";
        return precision == 0 ? sign + digits : $"{sign}{digits[..^precision]}.{digits[^precision..]}";
    }
}
