using Gureum.Controllers.Common;
using Gureum.Controllers.History;
using Gureum.Objects;
using Gureum.Objects.Apps.V1;
using Gureum.Objects.Core.V1;

namespace Gureum.Controllers.StatefulSets;

/// <summary>The next steps of a set (immutable). Ordered sets take one at a time.</summary>
/// <param name="Create">Ordinals to make, each with the hash of its revision.</param>
/// <param name="Delete">Pods to delete: failed, surplus or outdated.</param>
public sealed record StatefulSteps(IReadOnlyList<(int Ordinal, string Revision)> Create, IReadOnlyList<Pod> Delete);

/// <summary>Which pods of a StatefulSet to make, delete and replace now (https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#deployment-and-scaling-guarantees). Pure.</summary>
public static class StatefulPlan
{
    /// <param name="current">Hash of the revision that the set comes from.</param>
    /// <param name="update">Hash of the revision that it goes to.</param>
    public static StatefulSteps Next(StatefulSet set, IReadOnlyDictionary<int, Pod> pods, string current, string update, DateTimeOffset now)
    {
        var create = new List<(int, string)>();
        var delete = new List<Pod>();
        var ordered = set.Spec.PodManagementPolicy != "Parallel";
        var (first, count) = (StatefulPods.First(set), set.Spec.Replicas ?? 1);
        for (var ordinal = first; ordinal < first + count; ordinal++)
        {
            if (!pods.TryGetValue(ordinal, out var pod)) create.Add((ordinal, RevisionFor(set, ordinal, current, update)));
            else if (PodStates.IsTerminal(pod) && !pod.IsDeleting()) delete.Add(pod);
            else if (StatefulPods.IsHealthy(set, pod, now)) continue;
            // In order: nobody starts before the one in front is healthy.
            if (ordered) return new StatefulSteps(create, delete);
        }
        var surplus = pods.Where(p => p.Key < first || p.Key >= first + count).OrderByDescending(p => p.Key).Select(p => p.Value).ToArray();
        // In order: a pod that is not healthy halts what is left to go, unless it is the last one that is not.
        var firstUnhealthy = surplus.LastOrDefault(p => !StatefulPods.IsHealthy(set, p, now));
        foreach (var pod in surplus)
        {
            var halts = ordered && pod != firstUnhealthy && !StatefulPods.IsHealthy(set, pod, now);
            if (!pod.IsDeleting() && !halts) delete.Add(pod);
            if (ordered) return new StatefulSteps(create, delete);
        }
        if (create.Count + delete.Count == 0) delete.AddRange(Outdated(set, pods, update, now));
        return new StatefulSteps(create, delete);
    }

    // From the highest ordinal down to the partition, as many at once as may be missing.
    private static IEnumerable<Pod> Outdated(StatefulSet set, IReadOnlyDictionary<int, Pod> pods, string update, DateTimeOffset now)
    {
        if (set.Spec.UpdateStrategy?.Type == "OnDelete") yield break;
        var (first, count) = (StatefulPods.First(set), set.Spec.Replicas ?? 1);
        var room = Math.Max(1, (set.Spec.UpdateStrategy?.RollingUpdate?.MaxUnavailable ?? new IntOrString(1)).Scale(count, roundUp: true));
        room -= pods.Values.Count(pod => !StatefulPods.IsHealthy(set, pod, now));
        for (var ordinal = first + count - 1; ordinal >= first + Partition(set); ordinal--)
        {
            if (!pods.TryGetValue(ordinal, out var pod)) yield break;
            if (pod.IsDeleting() || pod.Label(ControllerHistory.HashLabel) == update) continue;
            // A pod that does not run blocks nobody by being replaced.
            if (StatefulPods.IsHealthy(set, pod, now) && room-- <= 0) yield break;
            yield return pod;
        }
    }

    private static string RevisionFor(StatefulSet set, int ordinal, string current, string update)
    {
        if (set.Spec.UpdateStrategy?.Type == "OnDelete") return update;
        return ordinal < StatefulPods.First(set) + Partition(set) ? current : update;
    }

    private static int Partition(StatefulSet set) => set.Spec.UpdateStrategy?.RollingUpdate?.Partition ?? 0;

    public static StatefulSetStatus Status(StatefulSet set, IReadOnlyDictionary<int, Pod> pods, ControllerRevision current, ControllerRevision update, DateTimeOffset now)
    {
        int ready = 0, available = 0, old = 0, updated = 0;
        foreach (var (_, pod) in pods)
        {
            if (PodStates.IsReady(pod)) ready++;
            if (PodStates.IsAvailable(pod, set.Spec.MinReadySeconds ?? 0, now)) available++;
            if (pod.IsDeleting()) continue;
            var hash = pod.Label(ControllerHistory.HashLabel);
            if (hash == current.Name()) old++;
            if (hash == update.Name()) updated++;
        }
        var wanted = set.Spec.Replicas ?? 1;
        var done = current.Name() != update.Name() && updated == wanted && ready == wanted && pods.Count == wanted;
        return set.Status with
        {
            Replicas = pods.Count, ReadyReplicas = ready, AvailableReplicas = available, CurrentReplicas = done ? updated : old, UpdatedReplicas = updated,
            CurrentRevision = done ? update.Name() : current.Name(), UpdateRevision = update.Name(), ObservedGeneration = set.Metadata.Generation,
        };
    }
}
