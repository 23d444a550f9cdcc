using System.Globalization;
using System.Text;
using Gureum.Cel.Values;

namespace Gureum.Cel.Libraries;

/// <summary>"…%s…".format([…]) (cel-go, ext/README.md, "Format").</summary>
internal static class Formatting
{
    private const int MaxPrecision = 1000;

    internal static CelValue Format(string format, CelList arguments)
    {
        var result = new StringBuilder();
        int next = 0;
        for (int at = 0; at < format.Length; at++)
        {
            if (format[at] != '%')
            {
                result.Append(format[at]);
                continue;
            }

            if (++at >= format.Length) return CelError.Of("unexpected end of string");
            if (format[at] == '%')
            {
                result.Append('%');
                continue;
            }

            int? precision = null;
            if (format[at] == '.')
            {
                int start = ++at;
                while (at < format.Length && char.IsAsciiDigit(format[at])) at++;
                if (at == format.Length) return CelError.Of("could not find end of precision specifier");
                if (!int.TryParse(format.AsSpan(start, at - start), NumberStyles.None, CultureInfo.InvariantCulture, out int p)) return CelError.Of($"error while converting precision to integer: {format[start..at]}");
                if (p > MaxPrecision) return CelError.Of($"precision {p} exceeds maximum allowed precision {MaxPrecision}");
                precision = p;
            }

            if (next >= arguments.Count) return CelError.Of($"index {next} out of range");
            if (Verb(format[at], precision, arguments[next++], result) is { } refusal) return CelError.Of($"error during formatting: {refusal}");
            if (result.Length > Arithmetic.MaxText) return CelError.Of($"string is too large: at most {Arithmetic.MaxText} characters");
        }

        return new CelString(result.ToString());
    }

    private static string? Verb(char verb, int? precision, CelValue value, StringBuilder result)
    {
        string? text;
        switch (verb)
        {
            case 's':
                return Show(value, result);
            case 'd':
                text = value switch { CelInt or CelUint => value.ToString(), CelDouble d => Special(d.Value), _ => null };
                return Put(text, "decimal clause can only be used on integers and doubles", value);
            case 'f':
                text = Real(value) is { } f ? Special(f) ?? DoubleText.Fixed(f, precision ?? 6) : null;
                return Put(text, "fixed-point clause can only be used on doubles, integers and unsigned integers", value);
            case 'e':
                text = Real(value) is { } e ? Special(e) ?? DoubleText.Exponent(e, precision ?? 6) : null;
                return Put(text, "scientific clause can only be used on doubles, integers and unsigned integers", value);
            case 'b':
                text = value is CelBool flag ? flag.Value ? "1" : "0" : InBase(value, 2);
                return Put(text, "only integers and bools can be formatted as binary", value);
            case 'o':
                return Put(InBase(value, 8), "octal clause can only be used on integers", value);
            case 'x' or 'X':
                text = value switch
                {
                    CelString s => Convert.ToHexStringLower(Encoding.UTF8.GetBytes(s.Value)),
                    CelBytes b => Convert.ToHexStringLower(b.Value),
                    _ => InBase(value, 16),
                };
                return Put(verb == 'X' ? text?.ToUpperInvariant() : text, "only integers, byte buffers, and strings can be formatted as hex", value);
            default:
                return $"unrecognized formatting clause \"{verb}\"";
        }

        string? Put(string? written, string refusal, CelValue given)
        {
            if (written is null) return $"{refusal}, was given {given.Type.Name}";
            result.Append(written);
            return null;
        }
    }

    private static double? Real(CelValue value) => value switch { CelDouble d => d.Value, CelInt i => i.Value, CelUint u => u.Value, _ => null };

    private static string? Special(double value) => double.IsNaN(value) ? "NaN" : double.IsPositiveInfinity(value) ? "Infinity" : double.IsNegativeInfinity(value) ? "-Infinity" : null;

    private static string? InBase(CelValue value, int radix)
    {
        (bool negative, ulong size) = value switch
        {
            CelInt i => (i.Value < 0, i.Value < 0 ? unchecked((ulong)-i.Value) : (ulong)i.Value),
            CelUint u => (false, u.Value),
            _ => (false, ulong.MaxValue),
        };
        if (value is not (CelInt or CelUint)) return null;
        var digits = new StringBuilder();
        do
        {
            digits.Insert(0, "0123456789abcdef"[(int)(size % (ulong)radix)]);
            size /= (ulong)radix;
        }
        while (size > 0);
        return negative ? "-" + digits : digits.ToString();
    }

    private static string? Show(CelValue value, StringBuilder result)
    {
        if (result.Length > Arithmetic.MaxText) return "the string becomes too large";
        switch (value)
        {
            case CelList list:
                result.Append('[');
                for (int i = 0; i < list.Count; i++)
                {
                    if (i > 0) result.Append(", ");
                    if (Show(list[i], result) is { } refusal) return refusal;
                }

                result.Append(']');
                return null;
            case CelMap map:
                return ShowMap(map, result);
            case CelBytes b:
                result.Append(Encoding.UTF8.GetString(b.Value));
                return null;
            case CelDouble d:
                result.Append(Special(d.Value) ?? d.ToString());
                return null;
            case CelNull or CelBool or CelInt or CelUint or CelString or CelTimestamp or CelDuration or CelTypeValue:
                result.Append(value);
                return null;
            default:
                return $"string clause can only be used on strings, bools, bytes, ints, doubles, maps, lists, types, durations, and timestamps, was given {value.Type.Name}";
        }
    }

    private static string? ShowMap(CelMap map, StringBuilder result)
    {
        var entries = new List<(string Key, CelValue Value)>();
        foreach (CelValue key in map.Keys)
        {
            var shown = new StringBuilder();
            if (Show(key, shown) is { } refusal) return refusal;
            if (map.TryGet(key, out CelValue value)) entries.Add((shown.ToString(), value));
        }

        entries.Sort(static (a, b) => CodePoints.Compare(a.Key, b.Key));
        result.Append('{');
        for (int i = 0; i < entries.Count; i++)
        {
            result.Append(i > 0 ? ", " : "").Append(entries[i].Key).Append(": ");
            if (Show(entries[i].Value, result) is { } refusal) return refusal;
        }

        result.Append('}');
        return null;
    }
}
