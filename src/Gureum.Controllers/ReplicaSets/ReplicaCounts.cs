using Gureum.Controllers.Common;
using Gureum.Objects.Core.V1;

namespace Gureum.Controllers.ReplicaSets;

/// <summary>How many pods a replica set has, by state (immutable).</summary>
public readonly record struct ReplicaCounts(int Replicas, int FullyLabeled, int Ready, int Available, int Terminating)
{
    /// <param name="active">Pods that are neither finished nor going.</param>
    public static ReplicaCounts Of(IReadOnlyList<Pod> active, int terminating, IReadOnlyDictionary<string, string> templateLabels, int minReadySeconds, DateTimeOffset now)
    {
        int labeled = 0, ready = 0, available = 0;
        foreach (var pod in active)
        {
            if (Carries(pod.Metadata.Labels, templateLabels)) labeled++;
            if (!PodStates.IsReady(pod)) continue;
            ready++;
            if (PodStates.IsAvailable(pod, minReadySeconds, now)) available++;
        }
        return new ReplicaCounts(active.Count, labeled, ready, available, terminating);
    }

    private static bool Carries(IReadOnlyDictionary<string, string> labels, IReadOnlyDictionary<string, string> wanted)
    {
        foreach (var (key, value) in wanted)
            if (!labels.TryGetValue(key, out var found) || found != value) return false;
        return true;
    }
}

/// <summary>Why replicas could not be made or deleted, for the ReplicaFailure condition; null reason when all is well.</summary>
public readonly record struct ReplicaFailure(string? Reason, string? Message)
{
    public const string ConditionType = "ReplicaFailure";
}
