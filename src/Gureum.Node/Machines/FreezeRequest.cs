using System.Globalization;
using System.Text.Json.Nodes;
using Gureum.Node.Server;
using Gureum.Objects.Json;

namespace Gureum.Node.Machines;

/// <summary>KubeVirt's FreezeUnfreezeTimeout: after how long frozen file systems go on by themselves. Pure.</summary>
internal static class FreezeRequest
{
    internal static readonly TimeSpan Default = TimeSpan.FromMinutes(5), Longest = TimeSpan.FromHours(24);

    private static readonly (string Unit, double Seconds)[] Units = [("ns", 1e-9), ("us", 1e-6), ("µs", 1e-6), ("ms", 1e-3), ("s", 1), ("m", 60), ("h", 3600)];

    /// <exception cref="NodeRequestException">400: it is no duration, or none between a second and a day.</exception>
    internal static TimeSpan Timeout(JsonObject body)
    {
        if (!body.TryGetPropertyValue("unfreezeTimeout", out var given) || given is null) return Default;
        if (body.Text("unfreezeTimeout") is not { } text || Parse(text) is not { } timeout) throw new NodeRequestException(400, $"unfreezeTimeout {given.ToJsonString()}: give a duration such as 5m0s");
        return timeout >= TimeSpan.FromSeconds(1) && timeout <= Longest ? timeout : throw new NodeRequestException(400, $"unfreezeTimeout {text}: give one between 1s and {Longest.TotalHours:0}h");
    }

    // Go's durations: "1h15m30.5s".
    internal static TimeSpan? Parse(string text)
    {
        if (text == "0") return TimeSpan.Zero;
        var rest = text.AsSpan();
        var seconds = 0.0;
        if (rest.IsEmpty) return null;
        while (!rest.IsEmpty)
        {
            var digits = rest.IndexOfAnyExcept("0123456789.");
            if (digits <= 0 || !double.TryParse(rest[..digits], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number)) return null;
            rest = rest[digits..];
            var length = rest.IndexOfAny("0123456789.") is >= 0 and var next ? next : rest.Length;
            var unit = rest[..length].ToString();
            if (Array.FindIndex(Units, u => u.Unit == unit) is not (>= 0 and var found)) return null;
            seconds += number * Units[found].Seconds;
            rest = rest[length..];
        }
        return seconds <= TimeSpan.FromDays(10_000).TotalSeconds ? TimeSpan.FromSeconds(seconds) : null;
    }
}
