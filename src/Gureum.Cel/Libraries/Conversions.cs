using System.Globalization;
using System.Text;
using Gureum.Cel.Checking;
using Gureum.Cel.Costs;
using Gureum.Cel.Values;
using static Gureum.Cel.Checking.CelType;

namespace Gureum.Cel.Libraries;

/// <summary>int(), uint(), double(), string(), bytes(), bool(), timestamp(), duration(), type(), dyn().</summary>
internal static class Conversions
{
    private static readonly UTF8Encoding StrictUtf8 = new(false, true);

    internal static void AddTo(LibraryBuilder b)
    {
        CelType a = Param("A"), text = CelType.String, real = CelType.Double;
        CelImplementation same = static v => v[0];
        b.Global("type", "type", [a], TypeOf(a), static v => new CelTypeValue(v[0].Type))
            .Global("dyn", "to_dyn", [a], Dyn, same);
        b.Global("bool", "bool_to_bool", [Bool], Bool, same)
            .Global("bool", "string_to_bool", [text], Bool, static v => ToBool(S(v[0])));
        b.Global("bytes", "bytes_to_bytes", [Bytes], Bytes, same)
            .Global("bytes", "string_to_bytes", [text], Bytes, static v => new CelBytes(Encoding.UTF8.GetBytes(S(v[0]))), new CallCost(
                static c => new(c[0].Size.At(CallCost.PerUnit), new SizeEstimate(c[0].Size.Min, Bounded.Multiply(c[0].Size.Max, 4))), static (v, _) => Bounded.Scale((ulong)v[0].Size, CallCost.PerUnit)));
        b.Global("double", "double_to_double", [real], real, same)
            .Global("double", "int64_to_double", [Int], real, static v => new CelDouble(((CelInt)v[0]).Value))
            .Global("double", "string_to_double", [text], real, static v => ToDouble(S(v[0])))
            .Global("double", "uint64_to_double", [Uint], real, static v => new CelDouble(((CelUint)v[0]).Value));
        b.Global("duration", "duration_to_duration", [Duration], Duration, same)
            .Global("duration", "string_to_duration", [text], Duration, static v => (CelValue?)TimeText.ParseDuration(S(v[0])) ?? Refuse(v[0], "google.protobuf.Duration"));
        b.Global("int", "int64_to_int64", [Int], Int, same)
            .Global("int", "double_to_int64", [real], Int, static v => DoubleToInt(((CelDouble)v[0]).Value))
            .Global("int", "duration_to_int64", [Duration], Int, static v => CelInt.Of(((CelDuration)v[0]).Nanoseconds))
            .Global("int", "string_to_int64", [text], Int, static v => long.TryParse(S(v[0]), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long i) ? CelInt.Of(i) : Refuse(v[0], "int"))
            .Global("int", "timestamp_to_int64", [Timestamp], Int, static v => CelInt.Of(((CelTimestamp)v[0]).Seconds))
            .Global("int", "uint64_to_int64", [Uint], Int, static v => Arithmetic.Whole(((CelUint)v[0]).Value));
        b.Global("string", "string_to_string", [text], text, same)
            .Global("string", "bool_to_string", [Bool], text, Shown)
            .Global("string", "bytes_to_string", [Bytes], text, static v => BytesToString(((CelBytes)v[0]).Value), new CallCost(
                static c => new(c[0].Size.At(CallCost.PerUnit), new SizeEstimate(c[0].Size.Min / 4, c[0].Size.Max)), static (v, _) => Bounded.Scale((ulong)v[0].Size, CallCost.PerUnit)))
            .Global("string", "double_to_string", [real], text, Shown)
            .Global("string", "duration_to_string", [Duration], text, Shown)
            .Global("string", "int64_to_string", [Int], text, Shown)
            .Global("string", "timestamp_to_string", [Timestamp], text, Shown)
            .Global("string", "uint64_to_string", [Uint], text, Shown);
        b.Global("timestamp", "timestamp_to_timestamp", [Timestamp], Timestamp, same)
            .Global("timestamp", "int64_to_timestamp", [Int], Timestamp, static v => CelTimestamp.Of(((CelInt)v[0]).Value, 0))
            .Global("timestamp", "string_to_timestamp", [text], Timestamp, static v => TimeText.ParseTimestamp(S(v[0])) ?? Refuse(v[0], "google.protobuf.Timestamp"));
        b.Global("uint", "uint64_to_uint64", [Uint], Uint, same)
            .Global("uint", "double_to_uint64", [real], Uint, static v => DoubleToUint(((CelDouble)v[0]).Value))
            .Global("uint", "int64_to_uint64", [Int], Uint, static v => ((CelInt)v[0]).Value is >= 0 and long i ? new CelUint((ulong)i) : CelError.Of("unsigned integer overflow"))
            .Global("uint", "string_to_uint64", [text], Uint, static v => ulong.TryParse(S(v[0]), NumberStyles.None, CultureInfo.InvariantCulture, out ulong u) ? new CelUint(u) : Refuse(v[0], "uint"));
    }

    private static CelError Refuse(CelValue value, string type) => CelError.Of($"type conversion error from '{value.Type.Name}' to '{type}': {Shortened(value.ToString()!)}");

    private static string Shortened(string text) => text.Length <= 80 ? $"\"{text}\"" : $"\"{text[..80]}…\"";

    private static CelValue Shown(ReadOnlySpan<CelValue> v) => new CelString(v[0].ToString()!);

    private static CelValue ToBool(string text) => text switch
    {
        "1" or "t" or "T" or "true" or "TRUE" or "True" => CelBool.True,
        "0" or "f" or "F" or "false" or "FALSE" or "False" => CelBool.False,
        _ => Refuse(new CelString(text), "bool"),
    };

    private static CelValue ToDouble(string text)
    {
        string bare = text.TrimStart('+', '-');
        double? special = bare.ToLowerInvariant() switch { "inf" or "infinity" => double.PositiveInfinity, "nan" => double.NaN, _ => null };
        if (special is { } s && text.Length - bare.Length <= 1) return new CelDouble(text.StartsWith('-') ? -s : s);
        return double.TryParse(text, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent, CultureInfo.InvariantCulture, out double value) && double.IsFinite(value)
            ? new CelDouble(value) : Refuse(new CelString(text), "double");
    }

    // The ends of the range are left out: a double there may stand for a number beyond it.
    private static CelValue DoubleToInt(double value) =>
        value > -9223372036854775808.0 && value < 9223372036854775808.0 ? CelInt.Of((long)value) : CelError.Of("integer overflow");

    private static CelValue DoubleToUint(double value) =>
        value >= 0 && value < 18446744073709551616.0 ? new CelUint((ulong)value) : CelError.Of("unsigned integer overflow");

    private static CelValue BytesToString(byte[] bytes)
    {
        try
        {
            return new CelString(StrictUtf8.GetString(bytes));
        }
        catch (DecoderFallbackException)
        {
            return CelError.Of("invalid UTF-8 in bytes, cannot convert to string");
        }
    }

    private static string S(CelValue v) => ((CelString)v).Value;
}
