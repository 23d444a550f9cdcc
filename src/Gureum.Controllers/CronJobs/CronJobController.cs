using Gureum.Client;
using Gureum.Controllers.Common;
using Gureum.Controllers.Jobs;
using Gureum.Objects;
using Gureum.Objects.Batch.V1;
using Gureum.Objects.Core.V1;

namespace Gureum.Controllers.CronJobs;

/// <summary>Makes Jobs by the clock and keeps as many finished ones as asked.</summary>
public sealed class CronJobController : IController
{
    private const string SuccessfulCreate = "SuccessfulCreate", SawCompletedJob = "SawCompletedJob", MissSchedule = "MissSchedule", TooManyMissed = "TooManyMissedTimes",
        UnparseableSchedule = "UnparseableSchedule", UnknownTimeZone = "UnknownTimeZone", JobAlreadyActive = "JobAlreadyActive", SuccessfulDelete = "SuccessfulDelete";

    private readonly ControllerContext context;
    private readonly Informer<CronJob> crons;
    private readonly Informer<Job> jobs;
    private readonly WorkQueue<ObjectKey> queue;
    private readonly EventRecorder events;

    public CronJobController(ControllerContext context)
    {
        this.context = context;
        queue = new WorkQueue<ObjectKey>(context.Time);
        events = context.Events(Name);
        crons = context.Informers.Get<CronJob>();
        jobs = context.Informers.Get<Job>().IndexOwners();
        crons.AddHandler((old, current) => queue.Add((current ?? old)!.Key()));
        jobs.AddHandler((old, current) => { if (Owners.Find(crons, (current ?? old)!) is { } cron) queue.Add(cron.Key()); });
    }

    public string Name => "cronjob-controller";

    public Task RunAsync(CancellationToken cancel) => new Reconciler<ObjectKey>(Name, queue, SyncAsync, workers: 2).RunAsync(cancel);

    private async Task SyncAsync(ObjectKey key, CancellationToken cancel)
    {
        if (crons.Get(key) is not { } cron || cron.IsDeleting()) return;
        var own = jobs.ByIndex(Owners.ByController, cron.Uid());
        await TrimAsync(cron, own, cancel);
        var status = Follow(cron, own);
        cron = cron with { Status = status };
        if (cron.Spec.Suspend != true) cron = await RunDueAsync(cron, own, cancel);
        if (crons.Get(key) is { } before && !cron.Status.Equals(before.Status)) await context.Client.UpdateStatusAsync(cron, cancel: cancel);
    }

    // Active Jobs, and when the last one succeeded.
    private CronJobStatus Follow(CronJob cron, IReadOnlyCollection<Job> own)
    {
        var status = cron.Status;
        foreach (var job in own.Where(JobOutcome.IsFinished))
        {
            if (status.Active.Any(a => a.Uid == job.Uid()))
                events.Normal(cron, SawCompletedJob, $"Saw completed job: {job.Name()}, condition: {(JobOutcome.Find(job.Status, JobOutcome.Complete) is null ? "Failed" : "Complete")}");
            if (job.Status.CompletionTime is { } end && (status.LastSuccessfulTime is null || end > status.LastSuccessfulTime)) status = status with { LastSuccessfulTime = end };
        }
        var active = own.Where(job => !JobOutcome.IsFinished(job)).OrderBy(job => job.Name(), StringComparer.Ordinal).Select(Reference).ToArray();
        // One that was just made is not in the local copy yet.
        var young = status.Active.Where(a => own.All(job => job.Uid() != a.Uid) && jobs.Get(cron.Ns(), a.Name ?? "") is null && IsRecent(cron, a));
        return status with { Active = [.. active, .. young] };
    }

    private bool IsRecent(CronJob cron, ObjectReference reference) =>
        cron.Status.LastScheduleTime is { } last && reference.Name == CronPlan.NameOf(cron, last) && context.Now - last < TimeSpan.FromSeconds(5);

    private static ObjectReference Reference(Job job) => new() { ApiVersion = Job.Resource.ApiVersion, Kind = Job.Resource.Kind, Namespace = job.Ns(), Name = job.Name(), Uid = job.Uid(), ResourceVersion = job.Metadata.ResourceVersion };

    private async Task<CronJob> RunDueAsync(CronJob cron, IReadOnlyCollection<Job> own, CancellationToken cancel)
    {
        if (!CronSchedule.TryParse(cron.Spec.Schedule ?? "", out var schedule, out var why)) { events.Warning(cron, UnparseableSchedule, $"unparseable schedule {cron.Spec.Schedule}: {why}"); return cron; }
        if (Zone(cron) is not { } zone) { events.Warning(cron, UnknownTimeZone, $"unknown time zone \"{cron.Spec.TimeZone}\": use a name of the IANA database, for example Asia/Seoul"); return cron; }
        var times = CronPlan.Times(cron, schedule!, zone, context.Now);
        if (times.Next is { } next) queue.AddAfter(cron.Key(), next - context.Now + TimeSpan.FromMilliseconds(100));
        if (times.TooMany) events.Warning(cron, TooManyMissed, "too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew");
        if (times.Due is not { } due) return cron;
        if (cron.Spec.StartingDeadlineSeconds is { } deadline && due.AddSeconds(deadline) < context.Now)
        {
            events.Warning(cron, MissSchedule, $"Missed scheduled time to start a job: {Objects.Times.Format(due)}");
            return cron;
        }
        var active = own.Where(job => !JobOutcome.IsFinished(job)).ToArray();
        if (cron.Spec.ConcurrencyPolicy == "Forbid" && cron.Status.Active.Count > 0)
        {
            events.Normal(cron, JobAlreadyActive, "Not starting job because prior execution is running and concurrency policy is Forbid");
            return cron;
        }
        if (cron.Spec.ConcurrencyPolicy == "Replace") foreach (var job in active) await DeleteAsync(cron, job, cancel);
        return await StartAsync(cron, due, zone, cancel);
    }

    private async Task<CronJob> StartAsync(CronJob cron, DateTimeOffset due, TimeZoneInfo zone, CancellationToken cancel)
    {
        try
        {
            var made = await context.Client.CreateAsync(CronPlan.Make(cron, due, zone), cancel);
            events.Normal(cron, SuccessfulCreate, $"Created job {made.Name()}");
            return cron with { Status = cron.Status with { LastScheduleTime = due, Active = [.. cron.Status.Active, Reference(made)] } };
        }
        catch (ApiException e) when (e.IsAlreadyExists) { return cron with { Status = cron.Status with { LastScheduleTime = due } }; }
        catch (ApiException e) when (e.Status.IsNamespaceTerminating()) { return cron; }
    }

    private static TimeZoneInfo? Zone(CronJob cron)
    {
        if (string.IsNullOrEmpty(cron.Spec.TimeZone)) return TimeZoneInfo.Utc;
        return TimeZoneInfo.TryFindSystemTimeZoneById(cron.Spec.TimeZone, out var zone) ? zone : null;
    }

    private async Task TrimAsync(CronJob cron, IReadOnlyCollection<Job> own, CancellationToken cancel)
    {
        foreach (var (type, limit) in ((string, int?)[])[(JobOutcome.Complete, cron.Spec.SuccessfulJobsHistoryLimit ?? 3), (JobOutcome.Failed, cron.Spec.FailedJobsHistoryLimit ?? 1)])
        {
            var finished = own.Where(job => JobOutcome.Find(job.Status, type) is not null && !job.IsDeleting()).OrderBy(job => job.Status.StartTime).ThenBy(job => job.Name(), StringComparer.Ordinal).ToArray();
            foreach (var job in finished.Take(Math.Max(0, finished.Length - limit!.Value))) await DeleteAsync(cron, job, cancel);
        }
    }

    private async Task DeleteAsync(CronJob cron, Job job, CancellationToken cancel)
    {
        try
        {
            await context.Client.DeleteAsync<Job>(job.Ns(), job.Name(), new() { PropagationPolicy = "Background" }, cancel);
            events.Normal(cron, SuccessfulDelete, $"Deleted job {job.Name()}");
        }
        catch (ApiException e) when (e.IsNotFound) { /* gone already */ }
    }
}
