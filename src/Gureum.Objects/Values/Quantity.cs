using System.Globalization;

namespace Gureum.Objects;

/// <summary>
/// An amount of a resource: "100m", "1.5Gi", "2e3"
/// (https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/). Equal amounts are equal,
/// however written; <see cref="ToString"/> gives the canonical form of the suffix family that it was written in.
/// </summary>
public readonly struct Quantity : IEquatable<Quantity>, IComparable<Quantity>
{
    private enum Form { DecimalSI, BinarySI, DecimalExponent }

    private static readonly string[] BinarySuffixes = ["Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];
    private static readonly string[] DecimalSuffixes = ["n", "u", "m", "", "k", "M", "G", "T", "P", "E"];

    private readonly Form form;

    private Quantity(decimal value, Form form) => (Value, this.form) = (value, form);

    /// <summary>The amount in base units (cores, bytes, pieces).</summary>
    public decimal Value { get; }

    public static Quantity Zero => default;

    /// <summary>The amount in thousandths, rounded up.</summary>
    public long Milli => (long)Math.Ceiling(Value * 1000m);

    /// <summary>The amount in whole units, rounded up.</summary>
    public long Whole => (long)Math.Ceiling(Value);

    public static Quantity FromMilli(long milli) => new(milli / 1000m, Form.DecimalSI);
    public static Quantity FromWhole(long whole) => new(whole, Form.DecimalSI);
    public static Quantity FromBytes(long bytes) => new(bytes, Form.BinarySI);

    /// <exception cref="FormatException">The text is not a quantity.</exception>
    public static Quantity Parse(string text) => TryParse(text, out var quantity) ? quantity
        : throw new FormatException($"\"{text}\" is not a quantity; write a number with an optional suffix (n u m k M G T P E, Ki Mi Gi Ti Pi Ei) or exponent, for example 500m or 1.5Gi");

    public static bool TryParse(string text, out Quantity quantity)
    {
        quantity = default;
        var end = 0;
        if (end < text.Length && text[end] is '+' or '-') end++;
        var digits = 0;
        while (end < text.Length && (char.IsAsciiDigit(text[end]) || text[end] == '.')) { if (text[end] != '.') digits++; end++; }
        if (digits == 0 || !decimal.TryParse(text.AsSpan(0, end), NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number)) return false;
        if (!TryScale(text[end..], out var scale, out var form)) return false;
        try
        {
            // Finer than a billionth rounds away from zero, as upstream does.
            var value = number * scale;
            var nano = decimal.Truncate(value) == value ? value : RoundUp(value);
            quantity = new Quantity(nano, form);
            return true;
        }
        catch (OverflowException) { return false; }
    }

    private static decimal RoundUp(decimal value) =>
        Math.Round(value, 9, value < 0 ? MidpointRounding.ToNegativeInfinity : MidpointRounding.ToPositiveInfinity);

    private static bool TryScale(string suffix, out decimal scale, out Form form)
    {
        (scale, form) = (1m, Form.DecimalSI);
        var binary = Array.IndexOf(BinarySuffixes, suffix);
        if (binary >= 0) { form = Form.BinarySI; for (var i = 0; i <= binary; i++) scale *= 1024m; return true; }
        var si = Array.IndexOf(DecimalSuffixes, suffix);
        if (si >= 0) { scale = Power10((si - 3) * 3); return true; }
        if (suffix.Length > 1 && suffix[0] is 'e' or 'E'
            && int.TryParse(suffix.AsSpan(1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var exponent) && exponent is >= -27 and <= 27)
        {
            (scale, form) = (Power10(exponent), Form.DecimalExponent);
            return true;
        }
        return false;
    }

    private static decimal Power10(int exponent)
    {
        var power = 1m;
        for (var i = 0; i < Math.Abs(exponent); i++) power *= 10m;
        return exponent < 0 ? 1m / power : power;
    }

    public override string ToString()
    {
        if (Value == 0) return "0";
        if (form == Form.BinarySI && Math.Abs(Value) >= 1024m && decimal.Truncate(Value) == Value) return Binary();
        // Fractions have no binary suffix: they are written with decimal ones.
        var (amount, power) = (Value, 0);
        while (power < 18 && amount % 1000m == 0) { amount /= 1000m; power += 3; }
        while (decimal.Truncate(amount) != amount && power > -9) { amount *= 1000m; power -= 3; }
        var number = decimal.Round(amount, 0, MidpointRounding.AwayFromZero).ToString("0", CultureInfo.InvariantCulture);
        if (form == Form.DecimalExponent) return power == 0 ? number : number + "e" + power.ToString(CultureInfo.InvariantCulture);
        if (form == Form.BinarySI && power > 0) return Value.ToString("0", CultureInfo.InvariantCulture);
        return number + DecimalSuffixes[power / 3 + 3];
    }

    private string Binary()
    {
        var (amount, suffix) = (Value, -1);
        while (suffix < BinarySuffixes.Length - 1 && amount % 1024m == 0) { amount /= 1024m; suffix++; }
        return amount.ToString("0", CultureInfo.InvariantCulture) + (suffix < 0 ? "" : BinarySuffixes[suffix]);
    }

    public static Quantity operator +(Quantity a, Quantity b) => new(a.Value + b.Value, a.Value == 0 ? b.form : a.form);
    public static Quantity operator -(Quantity a, Quantity b) => new(a.Value - b.Value, a.Value == 0 ? b.form : a.form);
    public static bool operator <(Quantity a, Quantity b) => a.Value < b.Value;
    public static bool operator >(Quantity a, Quantity b) => a.Value > b.Value;
    public static bool operator <=(Quantity a, Quantity b) => a.Value <= b.Value;
    public static bool operator >=(Quantity a, Quantity b) => a.Value >= b.Value;
    public static bool operator ==(Quantity a, Quantity b) => a.Value == b.Value;
    public static bool operator !=(Quantity a, Quantity b) => a.Value != b.Value;
    public int CompareTo(Quantity other) => Value.CompareTo(other.Value);
    public bool Equals(Quantity other) => Value == other.Value;
    public override bool Equals(object? obj) => obj is Quantity other && Equals(other);
    public override int GetHashCode() => Value.GetHashCode();
}
