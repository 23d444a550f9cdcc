using System.Globalization;

namespace Gureum.Objects;

/// <summary>
/// When a CronJob runs (immutable): five fields (minute, hour, day of month, month, day of week) with *, lists, ranges,
/// steps and names, or @hourly and its kin (https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/#schedule-syntax).
/// </summary>
public sealed class CronSchedule
{
    private static readonly string[] Months = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    private static readonly string[] Days = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

    private readonly ulong minutes, hours, days, months, weekdays;
    private readonly bool anyDay, anyWeekday;
    private readonly TimeSpan every;

    private CronSchedule(TimeSpan every) => this.every = every;

    private CronSchedule(ulong minutes, ulong hours, ulong days, ulong months, ulong weekdays, bool anyDay, bool anyWeekday) =>
        (this.minutes, this.hours, this.days, this.months, this.weekdays, this.anyDay, this.anyWeekday) = (minutes, hours, days, months, weekdays, anyDay, anyWeekday);

    /// <param name="why">What is wrong and what would be accepted; "" on success.</param>
    public static bool TryParse(string text, out CronSchedule? schedule, out string why)
    {
        schedule = null;
        why = "";
        text = text.Trim() switch
        {
            "@yearly" or "@annually" => "0 0 1 1 *",
            "@monthly" => "0 0 1 * *",
            "@weekly" => "0 0 * * 0",
            "@daily" or "@midnight" => "0 0 * * *",
            "@hourly" => "0 * * * *",
            var other => other,
        };
        if (text.StartsWith("@every ", StringComparison.Ordinal))
        {
            if (TryDuration(text["@every ".Length..], out var every)) { schedule = new CronSchedule(every); return true; }
            why = $"failed to parse duration {text}: write for example @every 1h30m";
            return false;
        }
        var fields = text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (fields.Length != 5) { why = $"expected exactly 5 fields, found {fields.Length}: [{text}]"; return false; }
        if (!TryField(fields[0], 0, 59, [], out var minutes, out why) || !TryField(fields[1], 0, 23, [], out var hours, out why) || !TryField(fields[2], 1, 31, [], out var days, out why)
            || !TryField(fields[3], 1, 12, Months, out var months, out why) || !TryField(fields[4], 0, 7, Days, out var weekdays, out why)) return false;
        if ((weekdays & 1UL << 7) != 0) weekdays |= 1;
        schedule = new CronSchedule(minutes, hours, days, months, weekdays, fields[2][0] is '*' or '?', fields[4][0] is '*' or '?');
        return true;
    }

    /// <summary>True for @every: the time between two runs counts, not what the clock on the wall shows.</summary>
    public bool IsInterval => every > TimeSpan.Zero;

    /// <summary>The first time after the given one, in its own offset; null when there is none within five years.</summary>
    public DateTimeOffset? Next(DateTimeOffset after)
    {
        if (every > TimeSpan.Zero) return new DateTimeOffset((after + every).Ticks / TimeSpan.TicksPerSecond * TimeSpan.TicksPerSecond, after.Offset);
        var at = new DateTimeOffset(after.Year, after.Month, after.Day, after.Hour, after.Minute, 0, after.Offset).AddMinutes(1);
        var limit = after.AddYears(5);
        while (at < limit)
        {
            if (!Has(months, at.Month)) { at = new DateTimeOffset(at.Year, at.Month, 1, 0, 0, 0, at.Offset).AddMonths(1); continue; }
            if (!DayMatches(at)) { at = new DateTimeOffset(at.Year, at.Month, at.Day, 0, 0, 0, at.Offset).AddDays(1); continue; }
            if (!Has(hours, at.Hour)) { at = new DateTimeOffset(at.Year, at.Month, at.Day, at.Hour, 0, 0, at.Offset).AddHours(1); continue; }
            if (!Has(minutes, at.Minute)) { at = at.AddMinutes(1); continue; }
            return at;
        }
        return null;
    }

    // With both day fields restricted, either suffices: cron has always been so.
    private bool DayMatches(DateTimeOffset at)
    {
        var (day, weekday) = (Has(days, at.Day), Has(weekdays, (int)at.DayOfWeek));
        return anyDay || anyWeekday ? day && weekday : day || weekday;
    }

    private static bool Has(ulong set, int value) => (set >> value & 1) != 0;

    private static bool TryField(string field, int low, int high, string[] names, out ulong set, out string why)
    {
        set = 0;
        why = "";
        foreach (var part in field.Split(','))
        {
            var slash = part.Split('/');
            var step = 1;
            if (slash.Length > 2 || (slash.Length == 2 && (!int.TryParse(slash[1], NumberStyles.None, CultureInfo.InvariantCulture, out step) || step == 0))) return Refuse(part, out why);
            int from, to;
            if (slash[0] is "*" or "?") (from, to) = (low, high);
            else
            {
                var range = slash[0].Split('-');
                if (range.Length > 2 || !TryValue(range[0], names, low, out from)) return Refuse(part, out why);
                to = range.Length == 1 ? slash.Length == 2 ? high : from : TryValue(range[1], names, low, out var end) ? end : -1;
            }
            if (from < low || to > high || from > to) { why = $"\"{part}\" is out of range: {low} to {high} are accepted"; return false; }
            for (var value = from; value <= to; value += step) set |= 1UL << value;
        }
        return true;
    }

    private static bool Refuse(string part, out string why)
    {
        why = $"failed to parse \"{part}\": write a number, *, a range (1-5), a step (*/15) or a list of these";
        return false;
    }

    private static bool TryValue(string text, string[] names, int low, out int value)
    {
        if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out value)) return true;
        var index = Array.IndexOf(names, text.ToLowerInvariant());
        value = index + low;
        return index >= 0;
    }

    private static bool TryDuration(string text, out TimeSpan duration)
    {
        duration = TimeSpan.Zero;
        var number = 0L;
        var digits = false;
        foreach (var c in text.Trim())
        {
            if (char.IsAsciiDigit(c)) { number = number * 10 + (c - '0'); digits = true; if (number > 1_000_000_000) return false; continue; }
            if (!digits || c is not ('h' or 'm' or 's')) return false;
            duration += c switch { 'h' => TimeSpan.FromHours(number), 'm' => TimeSpan.FromMinutes(number), _ => TimeSpan.FromSeconds(number) };
            (number, digits) = (0, false);
        }
        return !digits && duration >= TimeSpan.FromSeconds(1);
    }
}
