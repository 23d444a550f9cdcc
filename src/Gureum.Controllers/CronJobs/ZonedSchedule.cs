using Gureum.Objects;

namespace Gureum.Controllers.CronJobs;

/// <summary>
/// A schedule read off the clocks of a zone. A run is due at each moment when the clock on the wall shows a scheduled time,
/// as upstream's parser has it (https://pkg.go.dev/github.com/robfig/cron/v3#hdr-Time_zones): what summer time leaves out has
/// no run, and what the end of summer time shows twice has two. Pure.
/// </summary>
public static class ZonedSchedule
{
    /// <summary>The first moment after the given one, in UTC; null when there is none within five years.</summary>
    public static DateTimeOffset? Next(CronSchedule schedule, TimeZoneInfo zone, DateTimeOffset after)
    {
        if (schedule.IsInterval) return schedule.Next(after)?.ToUniversalTime();
        var limit = after.AddYears(5);
        while (after < limit)
        {
            // Between two changes of the clocks a zone is an offset.
            var offset = zone.GetUtcOffset(after);
            if (schedule.Next(after.ToOffset(offset)) is not { } found) return null;
            if (NextChange(zone, after, found) is not { } change) return found.ToUniversalTime();
            after = change.AddTicks(-1);
            if (schedule.Next(after.ToOffset(zone.GetUtcOffset(change))) is { } atOnce && atOnce == change) return change.ToUniversalTime();
            after = change;
        }
        return null;
    }

    // The first moment at which the clocks have been changed, no later than the end; null when they stay.
    private static DateTimeOffset? NextChange(TimeZoneInfo zone, DateTimeOffset start, DateTimeOffset end)
    {
        if (ReferenceEquals(zone, TimeZoneInfo.Utc)) return null;
        var offset = zone.GetUtcOffset(start);
        // Clocks change at most once in a day: a step of a day sees each change.
        for (var low = start; low < end; low = low.AddDays(1))
        {
            var high = low.AddDays(1) < end ? low.AddDays(1) : end;
            if (zone.GetUtcOffset(high) == offset) continue;
            while (high - low > TimeSpan.FromSeconds(1))
            {
                var middle = low + (high - low) / 2;
                if (zone.GetUtcOffset(middle) == offset) low = middle;
                else high = middle;
            }
            // Halving leaves fractions of the second in which it happens.
            var ticks = high.UtcTicks - high.UtcTicks % TimeSpan.TicksPerSecond;
            return new DateTimeOffset(ticks, TimeSpan.Zero);
        }
        return null;
    }
}
