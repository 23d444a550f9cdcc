using System.Globalization;
using Gureum.Objects;
using Gureum.Objects.Batch.V1;
using Gureum.Controllers.Common;

namespace Gureum.Controllers.CronJobs;

/// <summary>When a CronJob is due (immutable).</summary>
/// <param name="Due">The most recent time that was missed, or null.</param>
/// <param name="Next">The next time to look.</param>
/// <param name="TooMany">True when over a hundred times went by unseen: a clock jump or a long outage.</param>
public sealed record CronTimes(DateTimeOffset? Due, DateTimeOffset? Next, bool TooMany);

/// <summary>Times and names of a CronJob's runs (https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/). Pure.</summary>
public static class CronPlan
{
    public const string ScheduledAt = "batch.kubernetes.io/cronjob-scheduled-timestamp";

    private const int MostMissed = 100;

    public static CronTimes Times(CronJob cron, CronSchedule schedule, TimeZoneInfo zone, DateTimeOffset now)
    {
        var earliest = cron.Status.LastScheduleTime ?? cron.Metadata.CreationTimestamp ?? now;
        if (cron.Spec.StartingDeadlineSeconds is { } deadline && now.AddSeconds(-deadline) > earliest) earliest = now.AddSeconds(-deadline);
        return new CronTimes(Latest(schedule, zone, earliest, now), ZonedSchedule.Next(schedule, zone, now), HasMissedTooMany(schedule, zone, earliest, now));
    }

    // Only the last of all missed runs is made up for. It is looked for near the end first: a year of minutes is not counted through.
    private static DateTimeOffset? Latest(CronSchedule schedule, TimeZoneInfo zone, DateTimeOffset earliest, DateTimeOffset now)
    {
        for (var span = TimeSpan.FromHours(2); ; span *= 8)
        {
            // An interval counts from the last run, wherever one looks from.
            var from = !schedule.IsInterval && now - earliest > span ? now - span : earliest;
            if (schedule.IsInterval && ZonedSchedule.Next(schedule, zone, earliest) is { } first && first <= now)
                return first + (now - first).Ticks / (first - earliest).Ticks * (first - earliest);
            DateTimeOffset? due = null;
            for (var at = ZonedSchedule.Next(schedule, zone, from); at is { } time && time <= now; at = ZonedSchedule.Next(schedule, zone, time)) due = time;
            if (due is not null || from == earliest) return due;
        }
    }

    private static bool HasMissedTooMany(CronSchedule schedule, TimeZoneInfo zone, DateTimeOffset earliest, DateTimeOffset now)
    {
        var missed = 0;
        for (var at = ZonedSchedule.Next(schedule, zone, earliest); at is { } time && time <= now && missed <= MostMissed; at = ZonedSchedule.Next(schedule, zone, time)) missed++;
        return missed > MostMissed;
    }

    /// <summary>The same name for the same time, so that a run is never made twice.</summary>
    public static string NameOf(CronJob cron, DateTimeOffset scheduled) => string.Create(CultureInfo.InvariantCulture, $"{cron.Name()}-{scheduled.ToUnixTimeSeconds() / 60}");

    public static Job Make(CronJob cron, DateTimeOffset scheduled, TimeZoneInfo zone) => new()
    {
        Metadata = new()
        {
            Name = NameOf(cron, scheduled), Namespace = cron.Ns(), Labels = cron.Spec.JobTemplate?.Metadata.Labels ?? new Dictionary<string, string>(),
            Annotations = (cron.Spec.JobTemplate?.Metadata.Annotations ?? new Dictionary<string, string>()).With(ScheduledAt, TimeZoneInfo.ConvertTime(scheduled, zone).ToString("yyyy-MM-dd'T'HH:mm:sszzz", CultureInfo.InvariantCulture).Replace("+00:00", "Z", StringComparison.Ordinal)),
            OwnerReferences = [Owners.ReferenceTo(cron)],
        },
        Spec = cron.Spec.JobTemplate?.Spec ?? JobSpec.Empty,
    };
}
