using Gureum.Objects.Core.V1;
using Gureum.Objects.Placement;

namespace Gureum.Controllers.Nodes;

/// <summary>When a pod must leave a node because of its NoExecute taints (https://kubernetes.io/docs/concepts/scheduling-eviction/taint-and-toleration/#taint-based-evictions). Pure.</summary>
public static class Evictions
{
    /// <summary>The time of its deletion; null when it may stay.</summary>
    public static DateTimeOffset? Due(Pod pod, IReadOnlyList<Taint> taints, DateTimeOffset now)
    {
        DateTimeOffset? due = null;
        foreach (var taint in taints)
        {
            if (taint.Effect != "NoExecute") continue;
            var tolerating = pod.Spec.Tolerations.Where(t => Tolerations.Tolerates(t, taint.Key ?? "", taint.Value ?? "", taint.Effect ?? "")).ToArray();
            if (tolerating.Length == 0) return now;
            // The shortest of the limits holds; none at all means forever.
            if (tolerating.Min(t => t.TolerationSeconds) is not { } seconds) continue;
            var at = (taint.TimeAdded ?? now).AddSeconds(Math.Max(0, seconds));
            if (due is null || at < due) due = at;
        }
        return due;
    }
}
