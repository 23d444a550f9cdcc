using Gureum.Controllers.Common;
using Gureum.Objects.Apps.V1;

namespace Gureum.Controllers.Deployments;

/// <summary>One change of a replica set's size.</summary>
public readonly record struct ScaleStep(ReplicaSet Set, int Replicas);

/// <summary>The steps of a rolling update (https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#rolling-update-deployment). Pure.</summary>
public static class RollingUpdate
{
    /// <summary>How large the newest set may be now.</summary>
    public static int NewSize(Deployment deployment, IReadOnlyCollection<ReplicaSet> all, int current)
    {
        var wanted = deployment.Spec.Replicas ?? 1;
        if (!RolloutSize.IsRolling(deployment)) return wanted;
        if (current > wanted) return wanted;
        var room = RolloutSize.MostPods(deployment) - all.Sum(Size);
        return room <= 0 ? current : current + Math.Min(room, wanted - current);
    }

    /// <summary>Scale-downs of the old sets that keep enough pods available; pods that are not available go first.</summary>
    public static IReadOnlyList<ScaleStep> ShrinkOld(Deployment deployment, IReadOnlyCollection<ReplicaSet> old, ReplicaSet newest)
    {
        var total = old.Sum(Size) + Size(newest);
        var least = (deployment.Spec.Replicas ?? 1) - RolloutSize.Unavailable(deployment);
        var newUnavailable = Size(newest) - (newest.Status.AvailableReplicas ?? 0);
        var allowed = total - least - newUnavailable;
        if (allowed <= 0) return [];
        var sizes = old.Where(set => Size(set) > 0).OrderBy(set => set.Metadata.CreationTimestamp).ThenBy(set => set.Name(), StringComparer.Ordinal)
            .Select(set => (Set: set, Size: Size(set), Available: set.Status.AvailableReplicas ?? 0)).ToArray();
        foreach (ref var entry in sizes.AsSpan())
        {
            var unhealthy = Math.Min(allowed, entry.Size - Math.Min(entry.Size, entry.Available));
            entry.Size -= unhealthy;
            allowed -= unhealthy;
        }
        var spare = sizes.Sum(entry => Math.Min(entry.Size, entry.Available)) + (newest.Status.AvailableReplicas ?? 0) - least;
        foreach (ref var entry in sizes.AsSpan())
        {
            if (spare <= 0) break;
            var step = Math.Min(entry.Size, spare);
            entry.Size -= step;
            spare -= step;
        }
        return [.. sizes.Where(entry => entry.Size != Size(entry.Set)).Select(entry => new ScaleStep(entry.Set, entry.Size))];
    }

    public static int Size(ReplicaSet set) => set.Spec.Replicas ?? 1;
}
