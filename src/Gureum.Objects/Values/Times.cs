using System.Globalization;

namespace Gureum.Objects;

/// <summary>Instants as the API writes them: RFC 3339 in UTC, in whole seconds (Time) or microseconds (MicroTime).</summary>
public static class Times
{
    /// <exception cref="FormatException">The text is not an RFC 3339 date and time.</exception>
    public static DateTimeOffset Parse(string text) => TryParse(text, out var time)
        ? time : throw new FormatException($"\"{text}\" is not a time; write it as in RFC 3339, for example 2026-01-02T15:04:05Z");

    public static bool TryParse(string text, out DateTimeOffset time)
    {
        time = default;
        return text.Length >= 20 && text[10] is 'T' or 't' && (text[^1] is 'Z' or 'z' || text[^6] is '+' or '-')
            && DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AdjustToUniversal | DateTimeStyles.AssumeUniversal, out time);
    }

    public static string Format(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
    public static string FormatMicro(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'", CultureInfo.InvariantCulture);
}
