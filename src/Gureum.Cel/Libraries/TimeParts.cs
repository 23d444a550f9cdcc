using Gureum.Cel.Checking;
using Gureum.Cel.Values;
using static Gureum.Cel.Checking.CelType;

namespace Gureum.Cel.Libraries;

/// <summary>getFullYear() and the other parts of timestamps and durations (langdef.md, "Timestamps and Durations").</summary>
internal static class TimeParts
{
    internal static void AddTo(LibraryBuilder b)
    {
        Part(b, "getFullYear", "year", static t => t.Year);
        Part(b, "getMonth", "month", static t => t.Month - 1);
        Part(b, "getDayOfYear", "day_of_year", static t => t.DayOfYear - 1);
        Part(b, "getDayOfMonth", "day_of_month", static t => t.Day - 1);
        Part(b, "getDate", "day_of_month_1_based", static t => t.Day);
        Part(b, "getDayOfWeek", "day_of_week", static t => (int)t.DayOfWeek);
        Part(b, "getHours", "hours", static t => t.Hour);
        Part(b, "getMinutes", "minutes", static t => t.Minute);
        Part(b, "getSeconds", "seconds", static t => t.Second);
        Part(b, "getMilliseconds", "milliseconds", static t => t.Millisecond);
        b.Member("getHours", "duration_to_hours", [Duration], Int, static a => CelInt.Of(Nanos(a[0]) / 3_600_000_000_000))
            .Member("getMinutes", "duration_to_minutes", [Duration], Int, static a => CelInt.Of(Nanos(a[0]) / 60_000_000_000))
            .Member("getSeconds", "duration_to_seconds", [Duration], Int, static a => CelInt.Of(Nanos(a[0]) / 1_000_000_000))
            // The part below a second, as the specification and its tests have it.
            .Member("getMilliseconds", "duration_to_milliseconds", [Duration], Int, static a => CelInt.Of(Nanos(a[0]) / 1_000_000 % 1000));
    }

    private static long Nanos(CelValue v) => ((CelDuration)v).Nanoseconds;

    private static void Part(LibraryBuilder b, string function, string name, Func<DateTime, int> part)
    {
        b.Member(function, $"timestamp_to_{name}", [Timestamp], Int, a => CelInt.Of(part(((CelTimestamp)a[0]).ToDateTime().UtcDateTime)));
        b.Member(function, $"timestamp_to_{name}_with_tz", [Timestamp, CelType.String], Int, a =>
        {
            var time = (CelTimestamp)a[0];
            if (TimeText.ZoneOffset(time, ((CelString)a[1]).Value, out long seconds) is { } refusal) return refusal;
            long ticks = time.ToDateTime().UtcTicks + (seconds * TimeSpan.TicksPerSecond);
            return ticks < 0 || ticks > DateTime.MaxValue.Ticks ? CelError.Of("timestamp overflow") : CelInt.Of(part(new DateTime(ticks)));
        });
    }
}
