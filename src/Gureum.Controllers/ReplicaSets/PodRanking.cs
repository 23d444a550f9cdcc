using System.Globalization;
using Gureum.Controllers.Common;
using Gureum.Objects.Core.V1;

namespace Gureum.Controllers.ReplicaSets;

/// <summary>Which pods go first when there are too many (https://kubernetes.io/docs/concepts/workloads/controllers/replicaset/#scaling-a-replicaset). Pure.</summary>
public static class PodRanking
{
    public const string DeletionCost = "controller.kubernetes.io/pod-deletion-cost";

    /// <param name="neighbours">How many pods of the same workload family run on the pod's node.</param>
    public static Pod[] ToDelete(IReadOnlyList<Pod> pods, int count, Func<Pod, int> neighbours, DateTimeOffset now)
    {
        var ranked = pods.Select(pod => (Pod: pod, Rank: neighbours(pod))).ToArray();
        if (count < ranked.Length) Array.Sort(ranked, (a, b) => Compare(a, b, now));
        return [.. ranked.Take(count).Select(r => r.Pod)];
    }

    private static int Compare((Pod Pod, int Rank) a, (Pod Pod, int Rank) b, DateTimeOffset now)
    {
        var order = Assigned(a.Pod).CompareTo(Assigned(b.Pod));
        if (order == 0) order = Phase(a.Pod).CompareTo(Phase(b.Pod));
        if (order == 0) order = PodStates.IsReady(a.Pod).CompareTo(PodStates.IsReady(b.Pod));
        if (order == 0) order = Cost(a.Pod).CompareTo(Cost(b.Pod));
        if (order == 0) order = b.Rank.CompareTo(a.Rank);
        if (order == 0 && PodStates.IsReady(a.Pod)) order = Age(ReadySince(a.Pod), now).CompareTo(Age(ReadySince(b.Pod), now));
        if (order == 0) order = PodStates.Restarts(b.Pod).CompareTo(PodStates.Restarts(a.Pod));
        if (order == 0) order = Age(a.Pod.Metadata.CreationTimestamp, now).CompareTo(Age(b.Pod.Metadata.CreationTimestamp, now));
        return order != 0 ? order : string.CompareOrdinal(a.Pod.Metadata.Uid, b.Pod.Metadata.Uid);
    }

    private static bool Assigned(Pod pod) => !string.IsNullOrEmpty(pod.Spec.NodeName);

    private static int Phase(Pod pod) => pod.Status.Phase switch { PodStates.Running => 2, "Unknown" => 1, _ => 0 };

    private static int Cost(Pod pod) =>
        int.TryParse(pod.Annotation(DeletionCost), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var cost) ? cost : 0;

    private static DateTimeOffset? ReadySince(Pod pod) => PodStates.Condition(pod, "Ready")?.LastTransitionTime;

    // Powers of two of seconds: pods of about the same age count as equal, so that the choice among them stays spread.
    private static int Age(DateTimeOffset? since, DateTimeOffset now) =>
        since is { } start && now > start ? (int)Math.Log2(Math.Max(1, (now - start).TotalSeconds)) : 0;
}
