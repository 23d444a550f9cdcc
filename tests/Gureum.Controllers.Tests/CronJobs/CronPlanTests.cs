using System.Globalization;
using Gureum.Controllers.CronJobs;
using Gureum.Objects.Batch.V1;
using Gureum.Objects.Meta.V1;

namespace Gureum.Controllers.Tests.CronJobs;

public sealed class CronPlanTests
{
    private static readonly DateTimeOffset Now = At("2026-03-10T12:00:30Z");

    private static DateTimeOffset At(string text) => DateTimeOffset.Parse(text, CultureInfo.InvariantCulture);

    private static CronTimes Times(string schedule, string since, long? deadline = null) => CronPlan.Times(new CronJob
    {
        Metadata = new ObjectMeta { Name = "backup", Namespace = "default", CreationTimestamp = At(since) },
        Spec = new CronJobSpec { Schedule = schedule, StartingDeadlineSeconds = (int?)deadline },
    }, ZonedScheduleTests.Schedule(schedule), TimeZoneInfo.Utc, Now);

    [Fact]
    public void Times_NothingMissed_OnlyTheNext() => Assert.Equal(new CronTimes(null, At("2026-03-10T12:05:00Z"), false), Times("*/5 * * * *", "2026-03-10T12:00:10Z"));

    [Fact]
    public void Times_SeveralMissed_OnlyTheLastIsDue() => Assert.Equal(new CronTimes(At("2026-03-10T12:00:00Z"), At("2026-03-10T12:01:00Z"), false), Times("* * * * *", "2026-03-10T11:00:10Z"));

    [Fact]
    public void Times_HundredMissed_IsNotTooMany() => Assert.False(Times("* * * * *", "2026-03-10T10:20:30Z").TooMany);

    [Fact]
    public void Times_HundredAndOneMissed_IsTooManyYetTheLastIsDue()
    {
        var times = Times("* * * * *", "2026-03-10T10:19:30Z");
        Assert.True(times.TooMany);
        Assert.Equal(At("2026-03-10T12:00:00Z"), times.Due);
    }

    [Theory]
    [InlineData("* * * * *", "2026-03-10T12:00:00Z")]
    [InlineData("30 4 * * *", "2026-03-10T04:30:00Z")]
    [InlineData("0 0 * * 0", "2026-03-08T00:00:00Z")]
    [InlineData("0 0 1 * *", "2026-03-01T00:00:00Z")]
    public void Times_TenYearsMissed_TheLastIsDue(string schedule, string due)
    {
        var times = Times(schedule, "2016-01-01T00:00:10Z");
        Assert.Equal(At(due), times.Due);
        Assert.True(times.TooMany);
    }

    [Fact]
    public void Times_IntervalMissed_CountsFromTheLastRun() =>
        Assert.Equal(At("2026-03-10T11:40:00Z"), Times("@every 7h", "2026-03-09T07:40:00Z").Due);

    [Fact]
    public void Times_DeadlineHasPassed_NothingIsDue() => Assert.Null(Times("0 11 * * *", "2026-03-09T12:00:00Z", deadline: 600).Due);

    [Fact]
    public void Times_WithinDeadline_IsDue() => Assert.Equal(At("2026-03-10T11:00:00Z"), Times("0 11 * * *", "2026-03-09T12:00:00Z", deadline: 3700).Due);

    [Fact]
    public void Times_DeadlineShorterThanTheOutage_BoundsWhatCountsAsMissed() => Assert.False(Times("* * * * *", "2016-01-01T00:00:10Z", deadline: 300).TooMany);

    [Fact]
    public void Make_SameTime_SameName()
    {
        var cron = new CronJob { Metadata = new ObjectMeta { Name = "backup", Namespace = "default", Uid = "u" }, Spec = new CronJobSpec { Schedule = "* * * * *" } };
        var seoul = TimeZoneInfo.FindSystemTimeZoneById("Asia/Seoul");
        var job = CronPlan.Make(cron, At("2026-03-10T12:00:00Z"), seoul);
        Assert.Equal("backup-29552400", job.Metadata.Name);
        Assert.Equal("2026-03-10T21:00:00+09:00", job.Metadata.Annotations[CronPlan.ScheduledAt]);
    }
}
