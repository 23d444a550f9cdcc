using System.Globalization;
using Gureum.Controllers.CronJobs;
using Gureum.Objects;

namespace Gureum.Controllers.Tests.CronJobs;

public sealed class ZonedScheduleTests
{
    private static readonly TimeZoneInfo NewYork = TimeZoneInfo.FindSystemTimeZoneById("America/New_York");

    private static DateTimeOffset At(string text) => DateTimeOffset.Parse(text, CultureInfo.InvariantCulture);

    internal static CronSchedule Schedule(string text) => CronSchedule.TryParse(text, out var schedule, out var why) ? schedule! : throw new FormatException(why);

    // In New York the clocks went from 2:00 to 3:00 on 2012-03-11, and from 2:00 back to 1:00 on 2012-11-04.
    [Theory]
    // The hour that is left out: no run, and the next day's stays.
    [InlineData("30 2 * * *", "2012-03-11T00:00:00-05:00", "2012-03-12T02:30:00-04:00")]
    [InlineData("0 2 * * *", "2012-03-11T00:00:00-05:00", "2012-03-12T02:00:00-04:00")]
    // Hourly runs go on without a gap.
    [InlineData("0 * * * *", "2012-03-11T00:00:00-05:00", "2012-03-11T01:00:00-05:00")]
    [InlineData("0 * * * *", "2012-03-11T01:00:00-05:00", "2012-03-11T03:00:00-04:00")]
    [InlineData("0 * * * *", "2012-03-11T03:00:00-04:00", "2012-03-11T04:00:00-04:00")]
    [InlineData("30 1 * * *", "2012-03-11T00:00:00-05:00", "2012-03-11T01:30:00-05:00")]
    [InlineData("0 3 * * *", "2012-03-11T00:00:00-05:00", "2012-03-11T03:00:00-04:00")]
    // The hour that comes twice: both.
    [InlineData("0 * * * *", "2012-11-04T01:00:00-04:00", "2012-11-04T01:00:00-05:00")]
    [InlineData("0 * * * *", "2012-11-04T01:00:00-05:00", "2012-11-04T02:00:00-05:00")]
    [InlineData("0 1 * * *", "2012-11-04T00:00:00-04:00", "2012-11-04T01:00:00-04:00")]
    [InlineData("0 1 * * *", "2012-11-04T01:00:00-04:00", "2012-11-04T01:00:00-05:00")]
    [InlineData("30 1 * * *", "2012-11-04T01:30:00-04:00", "2012-11-04T01:30:00-05:00")]
    [InlineData("0 1 * * *", "2012-11-04T01:00:00-05:00", "2012-11-05T01:00:00-05:00")]
    // Only once.
    [InlineData("0 2 * * *", "2012-11-04T00:00:00-04:00", "2012-11-04T02:00:00-05:00")]
    [InlineData("0 3 * * *", "2012-11-04T00:00:00-04:00", "2012-11-04T03:00:00-05:00")]
    // Far away, across many changes.
    [InlineData("0 12 29 2 *", "2012-03-01T00:00:00-05:00", "2016-02-29T12:00:00-05:00")]
    [InlineData("0 0 1 7 *", "2012-01-01T00:00:00-05:00", "2012-07-01T00:00:00-04:00")]
    public void Next_AroundSummerTime_FollowsTheClockOnTheWall(string schedule, string after, string expected) =>
        Assert.Equal(At(expected), ZonedSchedule.Next(Schedule(schedule), NewYork, At(after)));

    // There the clocks go from 0:00 to 1:00: that day has no midnight.
    [Fact]
    public void Next_MidnightLeftOut_IsTheNextDays() =>
        Assert.Equal(At("2018-11-05T00:00:00-02:00"), ZonedSchedule.Next(Schedule("0 0 * * *"), TimeZoneInfo.FindSystemTimeZoneById("America/Sao_Paulo"), At("2018-11-03T12:00:00-03:00")));

    [Fact]
    public void Next_HalfHourChange_IsExact() =>
        Assert.Equal(At("2024-10-06T02:30:00+11:00"), ZonedSchedule.Next(Schedule("*/30 * * * *"), TimeZoneInfo.FindSystemTimeZoneById("Australia/Lord_Howe"), At("2024-10-06T01:30:00+10:30")));

    [Fact]
    public void Next_Interval_DoesNotCareForTheWall() =>
        Assert.Equal(At("2012-03-11T04:30:00-04:00"), ZonedSchedule.Next(Schedule("@every 3h"), NewYork, At("2012-03-11T00:30:00-05:00")));

    [Fact]
    public void Next_DayThatNeverComes_IsNone() => Assert.Null(ZonedSchedule.Next(Schedule("0 0 30 2 *"), NewYork, At("2012-03-11T00:00:00-05:00")));
}
