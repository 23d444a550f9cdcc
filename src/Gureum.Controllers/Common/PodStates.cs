using Gureum.Objects.Core.V1;

namespace Gureum.Controllers.Common;

/// <summary>What a pod's status says, as the workload controllers read it. Pure.</summary>
public static class PodStates
{
    public const string Pending = "Pending", Running = "Running", Succeeded = "Succeeded", Failed = "Failed";

    public static PodCondition? Condition(Pod pod, string type)
    {
        foreach (var condition in pod.Status.Conditions)
            if (condition.Type == type) return condition;
        return null;
    }

    public static bool IsReady(Pod pod) => Condition(pod, "Ready")?.Status == "True";

    /// <summary>Ready for at least <paramref name="minReadySeconds"/>.</summary>
    public static bool IsAvailable(Pod pod, int minReadySeconds, DateTimeOffset now) =>
        Condition(pod, "Ready") is { Status: "True" } ready
        && (minReadySeconds <= 0 || (ready.LastTransitionTime is { } since && since.AddSeconds(minReadySeconds) <= now));

    /// <summary>Succeeded or Failed: it will never run again.</summary>
    public static bool IsTerminal(Pod pod) => pod.Status.Phase is Succeeded or Failed;

    /// <summary>Neither finished nor being deleted.</summary>
    public static bool IsActive(Pod pod) => !IsTerminal(pod) && pod.Metadata.DeletionTimestamp is null;

    /// <summary>Being deleted but not finished yet.</summary>
    public static bool IsTerminating(Pod pod) => !IsTerminal(pod) && pod.Metadata.DeletionTimestamp is not null;

    public static int Restarts(Pod pod)
    {
        var most = 0;
        foreach (var container in pod.Status.ContainerStatuses) most = Math.Max(most, container.RestartCount ?? 0);
        return most;
    }
}
