using Gureum.Objects.Core.V1;

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
            var tolerating = pod.Spec.Tolerations.Where(t => Tolerates(t, taint)).ToArray();
            if (tolerating.Length == 0) return now;
            // The shortest of the limits holds; none at all means forever.
            if (tolerating.Min(t => t.TolerationSeconds) is not { } seconds) continue;
            var at = (taint.TimeAdded ?? now).AddSeconds(Math.Max(0, seconds));
            if (due is null || at < due) due = at;
        }
        return due;
    }

    public static bool Tolerates(Toleration toleration, Taint taint) =>
        (string.IsNullOrEmpty(toleration.Effect) || toleration.Effect == taint.Effect)
        && (string.IsNullOrEmpty(toleration.Key) || toleration.Key == taint.Key)
        && toleration.Operator switch { "Exists" => true, null or "" or "Equal" => (toleration.Value ?? "") == (taint.Value ?? ""), _ => false };
}
