using Gureum.Client;
using Gureum.Controllers.Common;
using Gureum.Objects.Batch.V1;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Selectors;

namespace Gureum.Controllers.Jobs;

/// <summary>Runs Jobs to their end and deletes those whose time to live after that is over.</summary>
public sealed class JobController : IController
{
    private const int MostWritesAtOnce = 500;
    private const string Completed = "Completed", SuspendedReason = "JobSuspended", Resumed = "JobResumed";

    private readonly ControllerContext context;
    private readonly Informer<Job> jobs;
    private readonly Informer<Pod> pods;
    private readonly WorkQueue<ObjectKey> queue;
    private readonly Expectations expectations;
    private readonly OwnWrites written = new();
    private readonly EventRecorder events;
    private readonly PodControl control;

    public JobController(ControllerContext context)
    {
        this.context = context;
        queue = new WorkQueue<ObjectKey>(context.Time);
        expectations = new Expectations(context.Time);
        events = context.Events(Name);
        control = new PodControl(context.Client, events);
        jobs = context.Informers.Get<Job>();
        pods = context.Informers.Get<Pod>().IndexOwners();
        jobs.AddHandler((old, current) => queue.Add((current ?? old)!.Key()));
        pods.AddHandler(OnPod);
    }

    public string Name => "job-controller";

    public Task RunAsync(CancellationToken cancel) => new Reconciler<ObjectKey>(Name, queue, SyncAsync, workers: 5).RunAsync(cancel);

    private void OnPod(Pod? old, Pod? current)
    {
        var pod = (current ?? old)!;
        if (Owners.Controller(pod.Metadata) is not { } reference) { OnOrphan(pod, current is not null); return; }
        if (reference.Kind != Job.Resource.Kind) return;
        var key = new ObjectKey(pod.Metadata.Namespace, reference.Name ?? "");
        if (old is null) expectations.Created(key);
        if (current is null || current.IsDeleting()) expectations.Deleted(key, pod.Uid());
        queue.AddAfter(key, context.Options.StatusDelay);
    }

    private void OnOrphan(Pod pod, bool exists)
    {
        if (!exists) return;
        foreach (var job in jobs.List(pod.Ns()))
            if (Selector.From(job.Spec.Selector).Matches(pod.Metadata.Labels)) queue.Add(job.Key());
        // A pod that lost its Job would wait for its finalizer for ever.
        if (pod.IsDeleting() && pod.HasFinalizer(JobPods.Tracking)) queue.Add(new ObjectKey(pod.Ns(), pod.Label("batch.kubernetes.io/job-name") ?? ""));
    }

    private async Task SyncAsync(ObjectKey key, CancellationToken cancel)
    {
        if (jobs.Get(key) is not { } job)
        {
            expectations.Forget(key);
            written.Forget(key);
            await ReleaseAsync(pods.List(key.Namespace).Where(pod => pod.HasFinalizer(JobPods.Tracking) && pod.Label("batch.kubernetes.io/job-name") == key.Name && LostItsJob(pod)), cancel);
            return;
        }
        if (job.Spec.ManagedBy is { Length: > 0 } other && other != "kubernetes.io/job-controller") return;
        if (JobOutcome.IsFinished(job)) { await FinishedAsync(job, cancel); return; }
        // Counted by an old status, a failure that was noted already would not be seen: an index would be tried once too often.
        if (written.IsBehind(key, job.Metadata)) return;
        var settled = expectations.AreMet(key);
        var claimed = await Claims.ApplyAsync(context.Client, job, Selector.From(job.Spec.Selector), pods, cancel);
        var count = JobCount.Of(job, claimed);
        if (job.IsDeleting()) { await ReleaseAsync(claimed.Where(pod => pod.HasFinalizer(JobPods.Tracking)), cancel); return; }
        var outcome = JobOutcome.Judge(job, count, context.Now);
        var steps = outcome is not null ? new JobSteps([], count.Active) : settled ? JobPlan.Next(job, count) : new JobSteps([], []);
        var status = Status(job, count, outcome);
        if (!status.Equals(job.Status)) written.Note(key, (job = await context.Client.UpdateStatusAsync(job with { Status = status }, cancel: cancel)).Metadata);
        // Only once the note is safe may the pods go.
        await ReleaseAsync(count.Release, cancel);
        if (JobOutcome.IsFinished(job)) { Tell(job); return; }
        if (settled || outcome is not null) await ApplyAsync(job, steps, claimed, cancel);
        if (JobOutcome.Deadline(job) is { } deadline) queue.AddAfter(key, deadline - context.Now + TimeSpan.FromMilliseconds(50));
    }

    private bool LostItsJob(Pod pod) => Owners.Controller(pod.Metadata) is not { } owner || owner.Kind != Job.Resource.Kind || jobs.Get(pod.Ns(), owner.Name ?? "")?.Uid() != owner.Uid;

    private JobStatus Status(Job job, JobCount count, JobCondition? outcome)
    {
        var now = context.Now;
        var conditions = job.Status.Conditions.ToList();
        if (outcome is not null && !conditions.Contains(outcome)) conditions.Add(outcome);
        var suspended = conditions.Find(c => c.Type == JobOutcome.Suspended);
        if (job.Spec.Suspend == true && suspended?.Status != "True") Set(JobOutcome.Make(JobOutcome.Suspended, SuspendedReason, "Job suspended", now));
        else if (job.Spec.Suspend != true && suspended?.Status == "True") Set(JobOutcome.Make(JobOutcome.Suspended, Resumed, "Job resumed", now, value: false));
        var status = count.Status with { Conditions = conditions, StartTime = job.Spec.Suspend == true ? null : job.Status.StartTime ?? now };
        // The end is told when nothing runs and everything is counted.
        var ended = outcome is not null && count.Active.Count == 0 && count.Terminating == 0 && count.Release.Count == 0 && status.UncountedTerminatedPods is not { Succeeded.Count: > 0 } and not { Failed.Count: > 0 };
        if (!ended) return status;
        var success = outcome!.Type == JobOutcome.SuccessCriteriaMet;
        Set(JobOutcome.Make(success ? JobOutcome.Complete : JobOutcome.Failed, outcome.Reason ?? "", outcome.Message ?? "", now));
        return status with { Conditions = conditions, CompletionTime = success ? now : null };

        void Set(JobCondition condition)
        {
            conditions.RemoveAll(c => c.Type == condition.Type);
            conditions.Add(condition);
        }
    }

    private async Task ApplyAsync(Job job, JobSteps steps, List<Pod> claimed, CancellationToken cancel)
    {
        var key = job.Key();
        foreach (var pod in steps.Delete)
        {
            expectations.ExpectDeletion(key, pod.Uid());
            try { await control.DeleteAsync(pod, job, cancel); }
            catch (ApiException) { expectations.Deleted(key, pod.Uid()); throw; }
        }
        if (steps.Create.Count == 0) return;
        if (BackOff(job, claimed) is { } wait) { queue.AddAfter(key, wait); return; }
        var create = steps.Create.Take(MostWritesAtOnce).ToArray();
        expectations.ExpectCreations(key, create.Length);
        var (made, failure) = await SlowStart.RunAsync(create.Length, i => control.CreateAsync(JobPods.Make(job, create[i], FailuresOf(create[i], claimed)), job, cancel));
        if (made < create.Length) expectations.Created(key, create.Length - made);
        if (failure is ApiException { Status: var status } && status.IsNamespaceTerminating()) return;
        if (failure is not null) throw failure;
    }

    private static int FailuresOf(int? index, List<Pod> claimed) =>
        index is null ? 0 : claimed.Where(pod => JobPods.IndexOf(pod) == index && pod.Status.Phase == PodStates.Failed).Select(pod => JobPods.FailuresOf(pod) + 1).DefaultIfEmpty(0).Max();

    // Twice as long after each failure in a row, counted from the last.
    private TimeSpan? BackOff(Job job, List<Pod> claimed)
    {
        var failed = claimed.Where(pod => pod.Status.Phase == PodStates.Failed).Select(EndOf).Order().ToArray();
        var lastSuccess = claimed.Where(JobPods.HasSucceeded).Select(EndOf).DefaultIfEmpty(DateTimeOffset.MinValue).Max();
        var inARow = failed.Count(at => at > lastSuccess);
        if (inARow == 0) return null;
        var delay = context.Options.JobBackOff * Math.Pow(2, Math.Min(inARow - 1, 20));
        var left = failed[^1] + (delay < context.Options.JobBackOffLimit ? delay : context.Options.JobBackOffLimit) - context.Now;
        return left > TimeSpan.Zero ? left : null;
    }

    private static DateTimeOffset EndOf(Pod pod) =>
        pod.Status.ContainerStatuses.Select(c => c.State?.Terminated?.FinishedAt).OfType<DateTimeOffset>().DefaultIfEmpty(pod.Metadata.CreationTimestamp ?? DateTimeOffset.MinValue).Max();

    private async Task ReleaseAsync(IEnumerable<Pod> released, CancellationToken cancel)
    {
        foreach (var pod in released.ToArray())
        {
            try { await context.Client.PatchAsync<Pod>(pod.Ns(), pod.Name(), PatchType.Merge, MergePatches.Finalizers(pod.Metadata.Finalizers.Where(f => f != JobPods.Tracking), pod.Metadata.ResourceVersion), cancel: cancel); }
            catch (ApiException e) when (e.IsNotFound) { /* gone already */ }
        }
    }

    private void Tell(Job job)
    {
        if (JobOutcome.Find(job.Status, JobOutcome.Failed) is { } failed) events.Warning(job, failed.Reason ?? "", failed.Message ?? "");
        else events.Normal(job, Completed, "Job completed");
    }

    private async Task FinishedAsync(Job job, CancellationToken cancel)
    {
        await ReleaseAsync(pods.ByIndex(Owners.ByController, job.Uid()).Where(pod => pod.HasFinalizer(JobPods.Tracking) && (PodStates.IsTerminal(pod) || pod.IsDeleting())), cancel);
        if (job.Spec.TtlSecondsAfterFinished is not { } ttl || job.IsDeleting()) return;
        var ended = job.Status.Conditions.Where(c => c.Type is JobOutcome.Complete or JobOutcome.Failed).Max(c => c.LastTransitionTime) ?? context.Now;
        var left = ended.AddSeconds(ttl) - context.Now;
        if (left > TimeSpan.Zero) { queue.AddAfter(job.Key(), left); return; }
        try { await context.Client.DeleteAsync<Job>(job.Ns(), job.Name(), new() { PropagationPolicy = "Foreground", Preconditions = new() { Uid = job.Uid() } }, cancel); }
        catch (ApiException e) when (e.IsNotFound || e.IsConflict) { /* gone already */ }
    }
}
