using Gureum.Cel.Checking;
using Gureum.Cel.Costs;
using Gureum.Cel.Syntax;
using Gureum.Cel.Values;
using static Gureum.Cel.Checking.CelType;

namespace Gureum.Cel.Libraries;

/// <summary>+ - * / % and negation. Integers never wrap: they overflow into an error.</summary>
internal static class Arithmetic
{
    /// <summary>Most UTF-16 units or bytes of a text that an expression makes.</summary>
    internal const int MaxText = 32 * 1024 * 1024;

    internal static void AddTo(LibraryBuilder b)
    {
        CelType listOfA = CelType.List(Param("A"));
        b.Global(Operators.Add, "add_bytes", [Bytes, Bytes], Bytes, static a => AddBytes(((CelBytes)a[0]).Value, ((CelBytes)a[1]).Value), CallCost.Join)
            .Global(Operators.Add, "add_double", [CelType.Double, CelType.Double], CelType.Double, static a => new CelDouble(D(a[0]) + D(a[1])))
            .Global(Operators.Add, "add_duration_duration", [Duration, Duration], Duration, static a => Spans((Int128)N(a[0]) + N(a[1])))
            .Global(Operators.Add, "add_duration_timestamp", [Duration, Timestamp], Timestamp, static a => Shift((CelTimestamp)a[1], N(a[0])))
            .Global(Operators.Add, "add_timestamp_duration", [Timestamp, Duration], Timestamp, static a => Shift((CelTimestamp)a[0], N(a[1])))
            .Global(Operators.Add, "add_int64", [Int, Int], Int, static a => Whole((Int128)I(a[0]) + I(a[1])))
            .Global(Operators.Add, "add_list", [listOfA, listOfA], listOfA, static a => ((CelList)a[0]).Concat((CelList)a[1]), new CallCost(
                static a => new(CostEstimate.One, a[0].Size.Plus(a[1].Size)), static (_, _) => 1))
            .Global(Operators.Add, "add_string", [CelType.String, CelType.String], CelType.String, static a => AddStrings(((CelString)a[0]).Value, ((CelString)a[1]).Value), CallCost.Join)
            .Global(Operators.Add, "add_uint64", [Uint, Uint], Uint, static a => Natural((Int128)U(a[0]) + U(a[1])));
        b.Global(Operators.Subtract, "subtract_double", [CelType.Double, CelType.Double], CelType.Double, static a => new CelDouble(D(a[0]) - D(a[1])))
            .Global(Operators.Subtract, "subtract_duration_duration", [Duration, Duration], Duration, static a => Spans((Int128)N(a[0]) - N(a[1])))
            .Global(Operators.Subtract, "subtract_int64", [Int, Int], Int, static a => Whole((Int128)I(a[0]) - I(a[1])))
            .Global(Operators.Subtract, "subtract_timestamp_duration", [Timestamp, Duration], Timestamp, static a => Shift((CelTimestamp)a[0], -(Int128)N(a[1])))
            .Global(Operators.Subtract, "subtract_timestamp_timestamp", [Timestamp, Timestamp], Duration, static a => Between((CelTimestamp)a[0], (CelTimestamp)a[1]))
            .Global(Operators.Subtract, "subtract_uint64", [Uint, Uint], Uint, static a => Natural((Int128)U(a[0]) - U(a[1])));
        b.Global(Operators.Multiply, "multiply_double", [CelType.Double, CelType.Double], CelType.Double, static a => new CelDouble(D(a[0]) * D(a[1])))
            .Global(Operators.Multiply, "multiply_int64", [Int, Int], Int, static a => Whole((Int128)I(a[0]) * I(a[1])))
            .Global(Operators.Multiply, "multiply_uint64", [Uint, Uint], Uint, static a => Math.BigMul(U(a[0]), U(a[1]), out ulong low) == 0 ? new CelUint(low) : CelError.Of("unsigned integer overflow"));
        b.Global(Operators.Divide, "divide_double", [CelType.Double, CelType.Double], CelType.Double, static a => new CelDouble(D(a[0]) / D(a[1])))
            .Global(Operators.Divide, "divide_int64", [Int, Int], Int, static a => I(a[1]) == 0 ? CelError.Of("division by zero") : Whole((Int128)I(a[0]) / I(a[1])))
            .Global(Operators.Divide, "divide_uint64", [Uint, Uint], Uint, static a => U(a[1]) == 0 ? CelError.Of("division by zero") : new CelUint(U(a[0]) / U(a[1])));
        b.Global(Operators.Modulo, "modulo_int64", [Int, Int], Int, static a => I(a[1]) == 0 ? CelError.Of("modulus by zero") : I(a[1]) == -1 && I(a[0]) == long.MinValue ? CelError.Of("integer overflow") : CelInt.Of(I(a[1]) == -1 ? 0 : I(a[0]) % I(a[1])))
            .Global(Operators.Modulo, "modulo_uint64", [Uint, Uint], Uint, static a => U(a[1]) == 0 ? CelError.Of("modulus by zero") : new CelUint(U(a[0]) % U(a[1])));
        b.Global(Operators.Negate, "negate_double", [CelType.Double], CelType.Double, static a => new CelDouble(-D(a[0])))
            .Global(Operators.Negate, "negate_int64", [Int], Int, static a => Whole(-(Int128)I(a[0])));
    }

    /// <summary>The number as an int, or the error that it is too large.</summary>
    internal static CelValue Whole(Int128 value) => value >= long.MinValue && value <= long.MaxValue ? CelInt.Of((long)value) : CelError.Of("integer overflow");

    /// <summary>The sum of two numbers or two durations.</summary>
    internal static CelValue Add(CelValue a, CelValue b) => (a, b) switch
    {
        (CelInt x, CelInt y) => Whole((Int128)x.Value + y.Value),
        (CelUint x, CelUint y) => Natural((Int128)x.Value + y.Value),
        (CelDouble x, CelDouble y) => new CelDouble(x.Value + y.Value),
        (CelDuration x, CelDuration y) => Spans((Int128)x.Nanoseconds + y.Nanoseconds),
        _ => CelError.NoSuchOverload,
    };

    private static CelValue Natural(Int128 value) => value >= 0 && value <= ulong.MaxValue ? new CelUint((ulong)value) : CelError.Of("unsigned integer overflow");

    private static CelValue Spans(Int128 nanos) => nanos >= long.MinValue && nanos <= long.MaxValue ? new CelDuration((long)nanos) : CelError.Of("duration overflow");

    private static CelValue Between(CelTimestamp a, CelTimestamp b) => Spans(((Int128)(a.Seconds - b.Seconds) * 1_000_000_000) + (a.Nanos - b.Nanos));

    private static CelValue Shift(CelTimestamp time, Int128 nanos) =>
        CelTimestamp.Of(time.Seconds + (long)(nanos / 1_000_000_000), time.Nanos + (long)(nanos % 1_000_000_000));

    private static CelValue AddStrings(string a, string b) =>
        (long)a.Length + b.Length > MaxText ? CelError.Of($"string is too large: at most {MaxText} characters") : new CelString(a + b);

    private static CelValue AddBytes(byte[] a, byte[] b) =>
        (long)a.Length + b.Length > MaxText ? CelError.Of($"bytes are too large: at most {MaxText}") : new CelBytes([.. a, .. b]);

    private static long I(CelValue v) => ((CelInt)v).Value;

    private static ulong U(CelValue v) => ((CelUint)v).Value;

    private static double D(CelValue v) => ((CelDouble)v).Value;

    private static long N(CelValue v) => ((CelDuration)v).Nanoseconds;
}
