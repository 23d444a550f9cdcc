using Gureum.Controllers.Common;
using Gureum.Objects.Batch.V1;
using Gureum.Objects.Core.V1;

namespace Gureum.Controllers.Jobs;

/// <summary>
/// A Job's pods counted exactly once (immutable). A finished pod is first noted by uid in the status, then loses its
/// finalizer, and only then moves from the note into the numbers: a crash in between loses and doubles nothing.
/// </summary>
public sealed record JobCount(JobStatus Status, IReadOnlyList<Pod> Active, IReadOnlyList<Pod> Release, int Terminating, SortedSet<int> Completed, SortedSet<int> FailedIndexes, string? FailJobMessage)
{
    public static JobCount Of(Job job, IReadOnlyList<Pod> pods)
    {
        var status = job.Status;
        var limit = job.Spec.Completions ?? int.MaxValue;
        var indexed = JobPods.IsIndexed(job);
        var completed = IndexRanges.Parse(status.CompletedIndexes, limit);
        var failedIndexes = IndexRanges.Parse(status.FailedIndexes, limit);
        var byUid = pods.ToDictionary(pod => pod.Uid(), StringComparer.Ordinal);
        var (noted, notedFailed) = (status.UncountedTerminatedPods?.Succeeded ?? [], status.UncountedTerminatedPods?.Failed ?? []);
        var (succeeded, failed) = (status.Succeeded ?? 0, status.Failed ?? 0);
        // Pods that have let go of their finalizer can be counted for good.
        var keptSucceeded = noted.Where(IsHeld).ToList();
        var keptFailed = notedFailed.Where(IsHeld).ToList();
        succeeded += noted.Count - keptSucceeded.Count;
        failed += notedFailed.Count - keptFailed.Count;

        var (active, release) = (new List<Pod>(), new List<Pod>());
        var (terminating, ready) = (0, 0);
        string? failJob = null;
        foreach (var pod in pods)
        {
            if (PodStates.IsTerminating(pod)) terminating++;
            var held = pod.HasFinalizer(JobPods.Tracking);
            if (JobPods.HasSucceeded(pod)) { if (held) { release.Add(pod); if (!indexed) Note(keptSucceeded, pod); else if (JobPods.IndexOf(pod) is { } i && i < limit) completed.Add(i); } }
            else if (JobPods.HasFailed(job, pod)) { if (held) { release.Add(pod); CountFailure(pod); } }
            else if (!pod.IsDeleting())
            {
                active.Add(pod);
                if (PodStates.IsReady(pod)) ready++;
            }
        }
        if (indexed) succeeded = completed.Count;
        var uncounted = keptSucceeded.Count + keptFailed.Count == 0 ? UncountedTerminatedPods.Empty : new UncountedTerminatedPods { Succeeded = keptSucceeded, Failed = keptFailed };
        var next = status with
        {
            Active = active.Count, Ready = ready, Terminating = terminating, Succeeded = succeeded, Failed = failed, UncountedTerminatedPods = uncounted,
            CompletedIndexes = indexed && completed.Count > 0 ? IndexRanges.Format(completed) : null,
            FailedIndexes = job.Spec.BackoffLimitPerIndex is null ? null : IndexRanges.Format(failedIndexes),
        };
        return new JobCount(next, active, release, terminating, completed, failedIndexes, failJob);

        bool IsHeld(string uid) => byUid.TryGetValue(uid, out var pod) && pod.HasFinalizer(JobPods.Tracking);

        void Note(List<string> list, Pod pod) { if (!list.Contains(pod.Uid())) list.Add(pod.Uid()); }

        void CountFailure(Pod pod)
        {
            var (action, message) = FailurePolicy.On(job, pod);
            if (action == FailureAction.FailJob) failJob ??= message;
            if (action != FailureAction.Ignore) Note(keptFailed, pod);
            if (job.Spec.BackoffLimitPerIndex is not { } perIndex || JobPods.IndexOf(pod) is not { } index || action == FailureAction.Ignore) return;
            if (action == FailureAction.FailIndex || JobPods.FailuresOf(pod) >= perIndex) failedIndexes.Add(index);
        }
    }

    /// <summary>Succeeded and failed, those noted but not yet counted included.</summary>
    public int Succeeded => (Status.Succeeded ?? 0) + (Status.UncountedTerminatedPods?.Succeeded.Count ?? 0);
    public int Failed => (Status.Failed ?? 0) + (Status.UncountedTerminatedPods?.Failed.Count ?? 0);
}
