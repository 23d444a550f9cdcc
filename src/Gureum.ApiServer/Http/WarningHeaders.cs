using System.Text;
using Microsoft.AspNetCore.Http;

namespace Gureum.ApiServer.Http;

/// <summary>
/// Writes warnings (RFC 7234, section 5.5) as upstream does: each once, none with control characters in it, and all of them
/// cut short when they would be so long together that clients refuse the headers.
/// </summary>
internal static class WarningHeaders
{
    private const int MostRunes = 4 * 1024, MostRunesOfOne = 256;

    internal static void Write(HttpResponse response, IReadOnlyList<string> warnings)
    {
        var texts = warnings.Where(static w => w.Length > 0 && IsSendable(w)).Distinct().ToList();
        var cut = texts.Sum(static t => t.EnumerateRunes().Count()) > MostRunes;
        var left = MostRunes;
        foreach (var text in texts)
        {
            var shown = cut ? Cut(text) : text;
            response.Headers.Append("Warning", $"299 - \"{shown.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)}\"");
            left -= shown.EnumerateRunes().Count();
            if (left <= 0) break;
        }
    }

    // Half of a surrogate pair is no text either.
    private static bool IsSendable(string text)
    {
        foreach (var rune in text.EnumerateRunes())
            if (Rune.IsControl(rune) || rune == Rune.ReplacementChar) return false;
        return true;
    }

    private static string Cut(string text) => string.Concat(text.EnumerateRunes().Take(MostRunesOfOne).Select(static r => r.ToString()));
}
