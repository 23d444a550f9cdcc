using Gureum.Controllers.Common;
using Gureum.Objects.Batch.V1;

namespace Gureum.Controllers.Jobs;

/// <summary>Whether a Job has come to its end, and why. Pure.</summary>
public static class JobOutcome
{
    public const string Complete = "Complete", Failed = "Failed", SuccessCriteriaMet = "SuccessCriteriaMet", FailureTarget = "FailureTarget", Suspended = "Suspended";
    public const string BackoffLimitExceeded = "BackoffLimitExceeded", DeadlineExceeded = "DeadlineExceeded", PodFailurePolicy = "PodFailurePolicy",
        FailedIndexes = "FailedIndexes", MaxFailedIndexesExceeded = "MaxFailedIndexesExceeded", CompletionsReached = "CompletionsReached", SuccessPolicy = "SuccessPolicy";

    public static JobCondition? Find(JobStatus status, string type) => status.Conditions.FirstOrDefault(c => c.Type == type && c.Status == "True");

    public static bool IsFinished(Job job) => Find(job.Status, Complete) is not null || Find(job.Status, Failed) is not null;

    /// <summary>The condition (SuccessCriteriaMet or FailureTarget) that ends the Job; null while it goes on.</summary>
    public static JobCondition? Judge(Job job, JobCount count, DateTimeOffset now)
    {
        if (Find(job.Status, FailureTarget) is { } failing) return failing;
        if (Find(job.Status, SuccessCriteriaMet) is { } succeeding) return succeeding;
        if (count.FailJobMessage is { } message) return Make(FailureTarget, PodFailurePolicy, message, now);
        if (count.Failed > (job.Spec.BackoffLimit ?? 6) || Restarts(job, count) > (job.Spec.BackoffLimit ?? 6))
            return Make(FailureTarget, BackoffLimitExceeded, "Job has reached the specified backoff limit", now);
        if (job.Spec.Suspend != true && Deadline(job) is { } deadline && deadline <= now) return Make(FailureTarget, DeadlineExceeded, "Job was active longer than specified deadline", now);
        if (BySuccessPolicy(job, count) is { } rule) return Make(SuccessCriteriaMet, SuccessPolicy, $"Matched rules at index {rule}", now);
        if (job.Spec.MaxFailedIndexes is { } most && count.FailedIndexes.Count > most) return Make(FailureTarget, MaxFailedIndexesExceeded, "Job has exceeded the specified maximal number of failed indexes", now);
        if (job.Spec.Completions is { } completions)
        {
            if (count.Succeeded >= completions) return Make(SuccessCriteriaMet, CompletionsReached, "Reached expected number of succeeded pods", now);
            if (count.FailedIndexes.Count > 0 && count.FailedIndexes.Count + count.Completed.Count >= completions) return Make(FailureTarget, FailedIndexes, "Job has failed indexes", now);
            return null;
        }
        // Without a number of completions one success tells that the work is done; the rest may finish.
        return count.Succeeded > 0 && count.Active.Count == 0 ? Make(SuccessCriteriaMet, CompletionsReached, "Reached expected number of succeeded pods", now) : null;
    }

    public static JobCondition Make(string type, string reason, string message, DateTimeOffset now, bool value = true) =>
        new() { Type = type, Status = value ? "True" : "False", Reason = reason, Message = message, LastProbeTime = now, LastTransitionTime = now };

    public static DateTimeOffset? Deadline(Job job) =>
        job.Spec.ActiveDeadlineSeconds is { } seconds && job.Status.StartTime is { } start ? start.AddSeconds(seconds) : null;

    // With restartPolicy OnFailure the container's restarts count, for the pod itself never fails.
    private static int Restarts(Job job, JobCount count) =>
        job.Spec.Template.Spec.RestartPolicy == "OnFailure" ? count.Active.Sum(pod => pod.Status.ContainerStatuses.Concat(pod.Status.InitContainerStatuses).Sum(c => c.RestartCount ?? 0)) : 0;

    private static int? BySuccessPolicy(Job job, JobCount count)
    {
        var rules = job.Spec.SuccessPolicy?.Rules ?? [];
        for (var i = 0; i < rules.Count; i++)
        {
            var wanted = rules[i].SucceededIndexes is { } text ? IndexRanges.Parse(text, job.Spec.Completions ?? 0) : null;
            var met = wanted is null ? count.Completed.Count : wanted.Count(count.Completed.Contains);
            if (met >= (rules[i].SucceededCount ?? wanted?.Count ?? int.MaxValue)) return i;
        }
        return null;
    }
}
