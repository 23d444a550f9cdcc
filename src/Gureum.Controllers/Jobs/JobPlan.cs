using Gureum.Controllers.Common;
using Gureum.Objects.Batch.V1;
using Gureum.Objects.Core.V1;

namespace Gureum.Controllers.Jobs;

/// <summary>Pods that a running Job makes and deletes now (immutable); an entry of Create is the index, or null without indexes.</summary>
public sealed record JobSteps(IReadOnlyList<int?> Create, IReadOnlyList<Pod> Delete);

/// <summary>How many pods a Job should have at this moment, and which. Pure.</summary>
public static class JobPlan
{
    public static JobSteps Next(Job job, JobCount count)
    {
        if (job.Spec.Suspend == true) return new JobSteps([], count.Active);
        var (parallel, active) = (job.Spec.Parallelism ?? 1, count.Active);
        var duplicates = JobPods.IsIndexed(job) ? Duplicates(job, count) : [];
        var live = active.Except(duplicates).ToList();
        var wanted = job.Spec.Completions is { } completions
            ? Math.Min(parallel, completions - count.Succeeded - (JobPods.IsIndexed(job) ? count.FailedIndexes.Count : 0))
            : count.Succeeded > 0 ? Math.Min(parallel, live.Count) : parallel;
        wanted = Math.Max(0, wanted);
        if (live.Count > wanted) return new JobSteps([], [.. duplicates, .. live.OrderBy(PodStates.IsReady).ThenByDescending(pod => pod.Metadata.CreationTimestamp).Take(live.Count - wanted)]);
        var room = wanted - live.Count;
        // Replacement only of what has ended for good.
        if (job.Spec.PodReplacementPolicy == "Failed" || job.Spec.PodFailurePolicy is not null) room = Math.Max(0, room - count.Terminating);
        if (!JobPods.IsIndexed(job)) return new JobSteps([.. Enumerable.Repeat<int?>(null, room)], duplicates);
        var taken = live.Select(JobPods.IndexOf).ToHashSet();
        return new JobSteps([.. Enumerable.Range(0, job.Spec.Completions ?? 0).Where(i => !taken.Contains(i) && !count.Completed.Contains(i) && !count.FailedIndexes.Contains(i)).Take(room).Select(i => (int?)i)], duplicates);
    }

    // Two pods of one index, or one of an index that is done or out of range.
    private static List<Pod> Duplicates(Job job, JobCount count)
    {
        var seen = new HashSet<int>();
        return [.. count.Active.OrderBy(pod => pod.Metadata.CreationTimestamp).Where(pod =>
            JobPods.IndexOf(pod) is not { } index || index >= (job.Spec.Completions ?? 0) || count.Completed.Contains(index) || count.FailedIndexes.Contains(index) || !seen.Add(index))];
    }
}
