using System.Globalization;
using Gureum.Cel.Checking;

namespace Gureum.Cel.Values;

/// <summary>A 64-bit signed integer.</summary>
public sealed class CelInt : CelValue
{
    private static readonly CelInt[] Small = [.. Enumerable.Range(-16, 272).Select(i => new CelInt(i))];

    private CelInt(long value) => Value = value;

    /// <summary>As a plain value.</summary>
    public long Value { get; }

    /// <summary>The value as CEL's int.</summary>
    public static CelInt Of(long value) => value is >= -16 and < 256 ? Small[value + 16] : new CelInt(value);

    /// <inheritdoc/>
    public override CelType Type => CelType.Int;

    /// <inheritdoc/>
    public override bool EqualTo(CelValue other) => CelNumbers.AreEqual(this, other);

    /// <inheritdoc/>
    public override int Hash() => Value.GetHashCode();

    /// <inheritdoc/>
    public override string ToString() => Value.ToString(CultureInfo.InvariantCulture);
}

/// <summary>A 64-bit unsigned integer.</summary>
public sealed class CelUint(ulong value) : CelValue
{
    /// <summary>As a plain value.</summary>
    public ulong Value { get; } = value;

    /// <inheritdoc/>
    public override CelType Type => CelType.Uint;

    /// <inheritdoc/>
    public override bool EqualTo(CelValue other) => CelNumbers.AreEqual(this, other);

    /// <inheritdoc/>
    public override int Hash() => Value <= long.MaxValue ? ((long)Value).GetHashCode() : Value.GetHashCode();

    /// <inheritdoc/>
    public override string ToString() => Value.ToString(CultureInfo.InvariantCulture);
}

/// <summary>An IEEE 754 double.</summary>
public sealed class CelDouble(double value) : CelValue
{
    /// <summary>As a plain value.</summary>
    public double Value { get; } = value;

    /// <inheritdoc/>
    public override CelType Type => CelType.Double;

    /// <inheritdoc/>
    public override bool EqualTo(CelValue other) => CelNumbers.AreEqual(this, other);

    /// <inheritdoc/>
    public override int Hash() =>
        CelNumbers.TryExactLong(Value, out long whole) ? whole.GetHashCode()
        : CelNumbers.TryExactUlong(Value, out ulong large) ? large.GetHashCode() : Value.GetHashCode();

    /// <inheritdoc/>
    public override string ToString() => DoubleText.Shortest(Value);
}

/// <summary>Comparison of numbers across their types by what they denote (langdef.md, "Ordering").</summary>
public static class CelNumbers
{
    private const double TwoTo63 = 9223372036854775808.0, TwoTo64 = 18446744073709551616.0;

    /// <summary>Whether the value is an int, a uint or a double.</summary>
    public static bool IsNumber(CelValue value) => value is CelInt or CelUint or CelDouble;

    /// <summary>Whether two values are equal numbers. NaN equals nothing.</summary>
    public static bool AreEqual(CelValue a, CelValue b) => IsNumber(b) && !IsNaN(a) && !IsNaN(b) && Compare(a, b) == 0;

    /// <summary>Negative, zero or positive; null if either is NaN or no number.</summary>
    public static int? Compare(CelValue a, CelValue b) => (a, b) switch
    {
        (CelInt x, CelInt y) => x.Value.CompareTo(y.Value),
        (CelUint x, CelUint y) => x.Value.CompareTo(y.Value),
        (CelInt x, CelUint y) => x.Value < 0 ? -1 : ((ulong)x.Value).CompareTo(y.Value),
        (CelUint x, CelInt y) => y.Value < 0 ? 1 : x.Value.CompareTo((ulong)y.Value),
        (CelDouble x, CelDouble y) => double.IsNaN(x.Value) || double.IsNaN(y.Value) ? null : x.Value == y.Value ? 0 : x.Value < y.Value ? -1 : 1,
        (CelDouble x, CelInt y) => Compare(x.Value, y.Value),
        (CelInt x, CelDouble y) => -Compare(y.Value, x.Value),
        (CelDouble x, CelUint y) => Compare(x.Value, y.Value),
        (CelUint x, CelDouble y) => -Compare(y.Value, x.Value),
        _ => null,
    };

    /// <summary>The double as a long, if it is a whole number in range.</summary>
    public static bool TryExactLong(double value, out long whole)
    {
        whole = 0;
        if (!(value >= -TwoTo63 && value < TwoTo63) || value != Math.Truncate(value)) return false;
        whole = (long)value;
        return true;
    }

    /// <summary>The double as a ulong, if it is a whole number in range.</summary>
    public static bool TryExactUlong(double value, out ulong whole)
    {
        whole = 0;
        if (!(value >= 0 && value < TwoTo64) || value != Math.Truncate(value)) return false;
        whole = (ulong)value;
        return true;
    }

    /// <summary>A number as an index or key: its value as a long, if whole and in range.</summary>
    public static bool TryIndex(CelValue value, out long index)
    {
        switch (value)
        {
            case CelInt i: index = i.Value; return true;
            case CelUint u when u.Value <= long.MaxValue: index = (long)u.Value; return true;
            case CelDouble d: return TryExactLong(d.Value, out index);
            default: index = 0; return false;
        }
    }

    private static bool IsNaN(CelValue v) => v is CelDouble d && double.IsNaN(d.Value);

    // In range, the integer is rounded to the nearest double, as the specification's cases have it.
    private static int? Compare(double x, long y) => double.IsNaN(x) ? null : x < -TwoTo63 ? -1 : x > TwoTo63 ? 1 : x.CompareTo(y);

    private static int? Compare(double x, ulong y) => double.IsNaN(x) ? null : x < 0 ? -1 : x > TwoTo64 ? 1 : x.CompareTo(y);
}
