using Gureum.Controllers.Common;
using Gureum.Objects.Apps.V1;

namespace Gureum.Controllers.Deployments;

/// <summary>Status and conditions of a deployment. Pure.</summary>
public static class DeploymentConditions
{
    public const string Available = "Available", Progressing = "Progressing", ReplicaFailure = "ReplicaFailure";
    public const string MinimumAvailable = "MinimumReplicasAvailable", MinimumUnavailable = "MinimumReplicasUnavailable";
    public const string NewSetCreated = "NewReplicaSetCreated", SetFound = "FoundNewReplicaSet", SetUpdated = "ReplicaSetUpdated", SetAvailable = "NewReplicaSetAvailable";
    public const string CreateError = "ReplicaSetCreateError", DeadlineExceeded = "ProgressDeadlineExceeded", Paused = "DeploymentPaused", Resumed = "DeploymentResumed";

    public static DeploymentCondition? Find(DeploymentStatus status, string type) => status.Conditions.FirstOrDefault(c => c.Type == type);

    /// <summary>The status with a condition set; times move only when status or reason do, unless it is a sign of life.</summary>
    public static DeploymentStatus With(DeploymentStatus status, string type, bool value, string reason, string message, DateTimeOffset now, bool refresh = false)
    {
        var known = Find(status, type);
        var text = value ? "True" : "False";
        if (known is not null && known.Status == text && known.Reason == reason && !refresh) return status;
        var condition = new DeploymentCondition
        {
            Type = type, Status = text, Reason = reason, Message = message, LastUpdateTime = now,
            LastTransitionTime = known?.Status == text ? known.LastTransitionTime : now,
        };
        return status with { Conditions = [.. status.Conditions.Where(c => c.Type != type), condition] };
    }

    public static DeploymentStatus Without(DeploymentStatus status, string type) =>
        Find(status, type) is null ? status : status with { Conditions = [.. status.Conditions.Where(c => c.Type != type)] };

    /// <summary>Counts, and whether enough pods are available.</summary>
    public static DeploymentStatus Counts(Deployment deployment, IReadOnlyCollection<ReplicaSet> all, ReplicaSet? newest, DateTimeOffset now)
    {
        var available = all.Sum(set => set.Status.AvailableReplicas ?? 0);
        var status = deployment.Status with
        {
            ObservedGeneration = deployment.Metadata.Generation,
            Replicas = all.Sum(set => set.Status.Replicas ?? 0),
            UpdatedReplicas = newest?.Status.Replicas ?? 0,
            ReadyReplicas = all.Sum(set => set.Status.ReadyReplicas ?? 0),
            AvailableReplicas = available,
            UnavailableReplicas = Math.Max(0, all.Sum(RollingUpdate.Size) - available),
            TerminatingReplicas = all.Sum(set => set.Status.TerminatingReplicas ?? 0),
        };
        var enough = available >= (deployment.Spec.Replicas ?? 1) - RolloutSize.Unavailable(deployment);
        status = enough
            ? With(status, Available, true, MinimumAvailable, "Deployment has minimum availability.", now)
            : With(status, Available, false, MinimumUnavailable, "Deployment does not have minimum availability.", now);
        var failure = (newest is null ? all : [newest, .. all]).SelectMany(set => set.Status.Conditions).FirstOrDefault(c => c.Type == ReplicaFailure);
        return failure is null ? Without(status, ReplicaFailure) : With(status, ReplicaFailure, failure.Status == "True", failure.Reason ?? "", failure.Message ?? "", now);
    }

    public static bool HasDeadline(Deployment deployment) => deployment.Spec.ProgressDeadlineSeconds is { } seconds && seconds != int.MaxValue;

    public static bool IsComplete(Deployment deployment, DeploymentStatus status)
    {
        var wanted = deployment.Spec.Replicas ?? 1;
        return status.UpdatedReplicas == wanted && status.Replicas == wanted && status.AvailableReplicas == wanted && status.ObservedGeneration >= (deployment.Metadata.Generation ?? 0);
    }

    /// <summary>The Progressing condition during a rollout, from the counts before and after.</summary>
    public static DeploymentStatus Progress(Deployment deployment, DeploymentStatus status, ReplicaSet? newest, DateTimeOffset now)
    {
        if (!HasDeadline(deployment)) return Without(status, Progressing);
        var current = Find(deployment.Status, Progressing);
        if (status.Replicas == status.UpdatedReplicas && current?.Reason == SetAvailable) return status;
        var what = newest is null ? $"Deployment \"{deployment.Name()}\"" : $"ReplicaSet \"{newest.Name()}\"";
        if (IsComplete(deployment, status)) return With(status, Progressing, true, SetAvailable, $"{what} has successfully progressed.", now);
        if (HasMoved(deployment.Status, status)) return With(status, Progressing, true, SetUpdated, $"{what} is progressing.", now, refresh: true);
        return TimedOut(deployment, status, now) ? With(status, Progressing, false, DeadlineExceeded, $"{what} has timed out progressing.", now) : status;
    }

    /// <summary>When an unfinished rollout's deadline passes; null when it has none, as one that is paused.</summary>
    public static DateTimeOffset? Deadline(Deployment deployment, DeploymentStatus status)
    {
        if (!HasDeadline(deployment) || deployment.Spec.Paused == true || Find(status, Progressing) is not { } condition || condition.Reason is SetAvailable or DeadlineExceeded) return null;
        return (condition.LastUpdateTime ?? condition.LastTransitionTime)?.AddSeconds(deployment.Spec.ProgressDeadlineSeconds!.Value);
    }

    private static bool HasMoved(DeploymentStatus before, DeploymentStatus after) =>
        (after.UpdatedReplicas ?? 0) > (before.UpdatedReplicas ?? 0)
        || (after.Replicas ?? 0) - (after.UpdatedReplicas ?? 0) < (before.Replicas ?? 0) - (before.UpdatedReplicas ?? 0)
        || (after.ReadyReplicas ?? 0) > (before.ReadyReplicas ?? 0)
        || (after.AvailableReplicas ?? 0) > (before.AvailableReplicas ?? 0);

    private static bool TimedOut(Deployment deployment, DeploymentStatus status, DateTimeOffset now) =>
        Find(status, Progressing)?.Reason == DeadlineExceeded || Deadline(deployment, status) is { } deadline && deadline < now;
}
