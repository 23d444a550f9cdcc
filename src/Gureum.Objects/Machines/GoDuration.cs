using System.Globalization;
using System.Text.RegularExpressions;

namespace Gureum.Objects.Machines;

/// <summary>Durations as KubeVirt's API writes them: "5m", "1h30m", "90s" (https://pkg.go.dev/time#ParseDuration).</summary>
public static partial class GoDuration
{
    [GeneratedRegex(@"\A(?:(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h))+\z", RegexOptions.CultureInvariant)]
    private static partial Regex Form { get; }

    /// <returns>Null for what is none, or longer than a TimeSpan can be.</returns>
    public static TimeSpan? Parse(string text)
    {
        if (text == "0") return TimeSpan.Zero;
        if (text.Length > 64 || Form.Match(text) is not { Success: true } match) return null;
        var seconds = match.Groups[1].Captures.Zip(match.Groups[2].Captures, static (number, unit) => double.Parse(number.ValueSpan, CultureInfo.InvariantCulture) * unit.Value switch { "h" => 3600, "m" => 60, "s" => 1, "ms" => 1e-3, "ns" => 1e-9, _ => 1e-6 }).Sum();
        return seconds < TimeSpan.MaxValue.TotalSeconds / 2 ? TimeSpan.FromSeconds(seconds) : null;
    }
}
