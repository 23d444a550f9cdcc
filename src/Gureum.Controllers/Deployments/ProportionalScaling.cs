using Gureum.Controllers.Common;
using Gureum.Objects.Apps.V1;

namespace Gureum.Controllers.Deployments;

/// <summary>Sizes when a deployment is scaled in the middle of a rollout: each set gets its share (https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#proportional-scaling). Pure.</summary>
public static class ProportionalScaling
{
    /// <param name="active">Sets with at least one replica.</param>
    public static IReadOnlyList<ScaleStep> Steps(Deployment deployment, IReadOnlyCollection<ReplicaSet> active)
    {
        var total = active.Sum(RollingUpdate.Size);
        var allowed = (deployment.Spec.Replicas ?? 1) > 0 ? RolloutSize.MostPods(deployment) : 0;
        var toAdd = allowed - total;
        // The largest first; among equals the newer grows first and the older shrinks first.
        var ordered = active.OrderByDescending(RollingUpdate.Size);
        var sets = (toAdd > 0 ? ordered.ThenByDescending(s => s.Metadata.CreationTimestamp) : ordered.ThenBy(s => s.Metadata.CreationTimestamp)).ToArray();
        var sizes = new int[sets.Length];
        var added = 0;
        for (var i = 0; i < sets.Length; i++)
        {
            var share = toAdd == 0 ? 0 : Share(deployment, sets[i], toAdd, added);
            sizes[i] = RollingUpdate.Size(sets[i]) + share;
            added += share;
        }
        // What rounding left over goes to the largest.
        if (sets.Length > 0 && toAdd != 0) sizes[0] = Math.Max(0, sizes[0] + toAdd - added);
        return [.. sets.Select((set, i) => new ScaleStep(set, sizes[i]))];
    }

    private static int Share(Deployment deployment, ReplicaSet set, int toAdd, int added)
    {
        var size = RollingUpdate.Size(set);
        var before = Revisions.MostOn(set) is > 0 and var most ? most : deployment.Status.Replicas ?? 0;
        if (before <= 0) return 0;
        var exact = (double)size * RolloutSize.MostPods(deployment) / before;
        if ((deployment.Spec.Replicas ?? 1) == 0) exact = 0;
        var share = (int)Math.Round(exact, MidpointRounding.AwayFromZero) - size;
        var left = toAdd - added;
        return toAdd > 0 ? Math.Min(share, left) : Math.Max(share, left);
    }
}
