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
        DateTimeOffset? due = null;
        var missed = 0;
        var at = Next(schedule, zone, earliest);
        while (at is { } time && time <= now)
        {
            due = time;
            // With a long gap only the end of it matters; counting every minute of a year does not.
            if (++missed > MostMissed) { earliest = time; var near = Next(schedule, zone, now.AddDays(-2) > time ? now.AddDays(-2) : time); at = near; if (missed > 10_000) break; continue; }
            at = Next(schedule, zone, time);
        }
        return new CronTimes(due, Next(schedule, zone, now), missed > MostMissed);
    }

    /// <summary>The next time in a zone: times that a change of clocks leaves out are skipped.</summary>
    public static DateTimeOffset? Next(CronSchedule schedule, TimeZoneInfo zone, DateTimeOffset after)
    {
        var local = TimeZoneInfo.ConvertTime(after, zone);
        for (var i = 0; i < 16; i++)
        {
            if (schedule.Next(local) is not { } found) return null;
            if (found.Offset == zone.GetUtcOffset(found.DateTime)) return found.ToUniversalTime();
            var wall = DateTime.SpecifyKind(found.DateTime, DateTimeKind.Unspecified);
            if (zone.IsInvalidTime(wall)) { local = new DateTimeOffset(wall, found.Offset); continue; }
            var real = new DateTimeOffset(wall, zone.GetUtcOffset(wall));
            if (real > after) return real.ToUniversalTime();
            local = new DateTimeOffset(wall, found.Offset);
        }
        return null;
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
