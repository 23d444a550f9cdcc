using System.Globalization;
using System.Text.Json.Nodes;

namespace Gureum.Cel.Kubernetes;

/// <summary>Numbers of JSON nodes, whatever .NET type is behind them.</summary>
internal static class JsonNumbers
{
    /// <summary>The number, if it is whole and fits.</summary>
    internal static long? Whole(JsonValue value)
    {
        if (value.TryGetValue(out long whole)) return whole;
        if (value.TryGetValue(out int small)) return small;
        return double.TryParse(value.ToJsonString(), NumberStyles.Float, CultureInfo.InvariantCulture, out double real) && Values.CelNumbers.TryExactLong(real, out whole) ? whole : null;
    }

    /// <summary>The number; large ones are rounded.</summary>
    internal static double Real(JsonValue value) => value.TryGetValue(out double real) ? real : double.Parse(value.ToJsonString(), NumberStyles.Float, CultureInfo.InvariantCulture);

    /// <summary>Whether it is written without a fraction and an exponent.</summary>
    internal static bool IsWritten(JsonValue value) => value.TryGetValue(out long _) || value.TryGetValue(out int _) || value.ToJsonString().AsSpan().IndexOfAny(".eE") < 0;
}
