using System.Globalization;

namespace Gureum.Cel.Values;

/// <summary>Timestamps (RFC 3339) and durations (Go's form: <c>1h30m</c>, <c>-1.5s</c>) as text, and time zones.</summary>
public static class TimeText
{
    private static readonly (string Unit, long Nanos)[] Units =
        [("ns", 1), ("us", 1_000), ("µs", 1_000), ("μs", 1_000), ("ms", 1_000_000), ("s", 1_000_000_000), ("m", 60_000_000_000), ("h", 3_600_000_000_000)];

    /// <summary>Reads RFC 3339; null if the text is none. A moment outside of the range of timestamps is an error.</summary>
    public static CelValue? ParseTimestamp(string text)
    {
        // 2006-01-02T15:04:05[.fraction](Z|±hh:mm)
        if (text.Length < 20 || text[4] != '-' || text[7] != '-' || text[10] is not ('T' or 't') || text[13] != ':' || text[16] != ':') return null;
        if (!Digits(text, 0, 4, out int year) || !Digits(text, 5, 2, out int month) || !Digits(text, 8, 2, out int day)
            || !Digits(text, 11, 2, out int hour) || !Digits(text, 14, 2, out int minute) || !Digits(text, 17, 2, out int second)) return null;
        if (month is < 1 or > 12 || day < 1 || hour > 23 || minute > 59 || second > 59) return null;
        int at = 19;
        int nanos = 0;
        if (text[at] is '.' or ',')
        {
            int start = ++at, scale = 100_000_000;
            while (at < text.Length && char.IsAsciiDigit(text[at]))
            {
                nanos += (text[at] - '0') * scale;
                scale /= 10;
                at++;
            }

            if (at == start) return null;
        }

        int offset = 0;
        if (at < text.Length && text[at] is 'Z' or 'z')
        {
            if (at + 1 != text.Length) return null;
        }
        else
        {
            if (at + 6 != text.Length || text[at] is not ('+' or '-') || text[at + 3] != ':' || !Digits(text, at + 1, 2, out int oh) || !Digits(text, at + 4, 2, out int om) || oh > 23 || om > 59) return null;
            offset = ((oh * 60) + om) * 60 * (text[at] == '-' ? -1 : 1);
        }

        if (year == 0) return CelError.Of("timestamp overflow");
        if (day > DateTime.DaysInMonth(year, month)) return null;
        long seconds = (new DateTime(year, month, day, hour, minute, second, DateTimeKind.Utc).Ticks - DateTime.UnixEpoch.Ticks) / TimeSpan.TicksPerSecond;
        return CelTimestamp.Of(seconds - offset, nanos);
    }

    /// <summary>Writes RFC 3339 in UTC.</summary>
    public static string Format(CelTimestamp time) =>
        DateTimeOffset.FromUnixTimeSeconds(time.Seconds).ToString("yyyy-MM-ddTHH:mm:ss", CultureInfo.InvariantCulture) + Fraction(time.Nanos) + "Z";

    /// <summary>Writes seconds.</summary>
    public static string Format(CelDuration span)
    {
        UInt128 size = (UInt128)Int128.Abs(span.Nanoseconds);
        return $"{(span.Nanoseconds < 0 ? "-" : "")}{(ulong)(size / 1_000_000_000)}{Fraction((int)(size % 1_000_000_000))}s";
    }

    /// <summary>Reads Go's form of a duration; null if the text is none or out of range.</summary>
    public static CelDuration? ParseDuration(string text)
    {
        int at = 0;
        bool negative = false;
        if (text.Length > 0 && text[0] is '-' or '+')
        {
            negative = text[0] == '-';
            at = 1;
        }

        if (text.AsSpan(at) is "0") return new CelDuration(0);
        if (at == text.Length) return null;
        Int128 total = 0;
        while (at < text.Length)
        {
            int start = at;
            Int128 whole = 0, fraction = 0, scale = 1;
            while (at < text.Length && char.IsAsciiDigit(text[at]))
            {
                whole = (whole * 10) + (text[at++] - '0');
                if (whole > long.MaxValue) return null;
            }

            bool digits = at > start;
            if (at < text.Length && text[at] == '.')
            {
                start = ++at;
                for (; at < text.Length && char.IsAsciiDigit(text[at]); at++)
                {
                    if (scale >= 1_000_000_000_000_000) continue;
                    fraction = (fraction * 10) + (text[at] - '0');
                    scale *= 10;
                }

                digits |= at > start;
            }

            if (!digits) return null;
            start = at;
            while (at < text.Length && text[at] != '.' && !char.IsAsciiDigit(text[at])) at++;
            string unit = text[start..at];
            long size = 0;
            foreach ((string name, long nanos) in Units)
            {
                if (name == unit) size = nanos;
            }

            if (size == 0) return null;
            total += (whole * size) + (fraction * size / scale);
            if (total > (Int128)long.MaxValue + 1) return null;
        }

        if (negative) total = -total;
        return total > long.MaxValue || total < long.MinValue ? null : new CelDuration((long)total);
    }

    /// <summary>The offset from UTC in seconds that a zone (IANA name or ±hh:mm) has at that time; an error if there is no such zone.</summary>
    public static CelError? ZoneOffset(CelTimestamp time, string zone, out long seconds)
    {
        seconds = 0;
        if (zone is "" or "UTC") return null;
        int colon = zone.IndexOf(':', StringComparison.Ordinal);
        if (colon >= 0)
        {
            ReadOnlySpan<char> hours = zone.AsSpan(0, colon), minutes = zone.AsSpan(colon + 1);
            bool negative = hours.Length > 0 && hours[0] == '-';
            if (hours.Length > 0 && hours[0] is '-' or '+') hours = hours[1..];
            if (!int.TryParse(hours, NumberStyles.None, CultureInfo.InvariantCulture, out int h) || !int.TryParse(minutes, NumberStyles.None, CultureInfo.InvariantCulture, out int m))
                return CelError.Of($"invalid timezone: {zone}");
            if (m > 59) return CelError.Of($"timezone offset minutes out of range [0, 59]: {zone}");
            if (h > 23) return CelError.Of($"timezone offset hours out of range [-23, 23]: {zone}");
            seconds = ((h * 60L) + m) * (negative ? -60 : 60);
            return null;
        }

        try
        {
            seconds = (long)TimeZoneInfo.FindSystemTimeZoneById(zone).GetUtcOffset(time.ToDateTime()).TotalSeconds;
            return null;
        }
        catch (Exception e) when (e is TimeZoneNotFoundException or InvalidTimeZoneException or System.Security.SecurityException)
        {
            return CelError.Of($"unknown time zone {zone}");
        }
    }

    private static string Fraction(int nanos) => nanos == 0 ? "" : "." + nanos.ToString("D9", CultureInfo.InvariantCulture).TrimEnd('0');

    private static bool Digits(string text, int at, int count, out int value)
    {
        value = 0;
        for (int i = at; i < at + count; i++)
        {
            if (!char.IsAsciiDigit(text[i])) return false;
            value = (value * 10) + (text[i] - '0');
        }

        return true;
    }
}
