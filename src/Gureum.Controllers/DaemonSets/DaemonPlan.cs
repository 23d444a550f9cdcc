using Gureum.Controllers.Common;
using Gureum.Controllers.History;
using Gureum.Objects;
using Gureum.Objects.Apps.V1;
using Gureum.Objects.Core.V1;

namespace Gureum.Controllers.DaemonSets;

/// <summary>Pods to create (by node) and to delete (immutable).</summary>
public sealed record DaemonChanges(IReadOnlyList<string> Create, IReadOnlyList<Pod> Delete, IReadOnlyList<Pod> Failed);

/// <summary>What to do so that each node has its pod, and the steps of a rolling update. Pure.</summary>
public static class DaemonPlan
{
    public static DaemonChanges Place(DaemonSet set, IReadOnlyCollection<Node> nodes, ILookup<string, Pod> pods, string hash)
    {
        var (create, delete, failed) = (new List<string>(), new List<Pod>(), new List<Pod>());
        foreach (var node in nodes)
        {
            var (run, go) = DaemonPods.Belongs(set, node);
            var here = pods[node.Name()].ToArray();
            if (run && here.Length == 0) { create.Add(node.Name()); continue; }
            if (!go) { delete.AddRange(here.Where(pod => !pod.IsDeleting())); continue; }
            var alive = new List<Pod>();
            foreach (var pod in here)
            {
                if (pod.IsDeleting()) continue;
                if (PodStates.IsTerminal(pod)) failed.Add(pod);
                else alive.Add(pod);
            }
            // During a surge the new pod runs beside the old one; otherwise the oldest stays.
            foreach (var group in alive.GroupBy(pod => Surge(set, nodes.Count) > 0 && pod.Label(ControllerHistory.HashLabel) == hash))
                delete.AddRange(group.OrderBy(pod => string.IsNullOrEmpty(pod.Spec.NodeName)).ThenBy(pod => pod.Metadata.CreationTimestamp).Skip(1));
        }
        // Nodes that have gone take their pods along.
        var known = nodes.Select(node => node.Name()).ToHashSet(StringComparer.Ordinal);
        foreach (var group in pods)
            if (!known.Contains(group.Key)) delete.AddRange(group.Where(pod => string.IsNullOrEmpty(pod.Spec.NodeName) && !pod.IsDeleting()));
        return new DaemonChanges(create, delete, failed);
    }

    public static DaemonChanges Roll(DaemonSet set, IReadOnlyCollection<Node> nodes, ILookup<string, Pod> pods, string hash, DateTimeOffset now)
    {
        if (set.Spec.UpdateStrategy?.Type == "OnDelete") return new DaemonChanges([], [], []);
        var eligible = nodes.Where(node => DaemonPods.Belongs(set, node).Run).Select(node => node.Name()).ToArray();
        var (surge, unavailable) = (Surge(set, eligible.Length), Unavailable(set, eligible.Length));
        var minReady = set.Spec.MinReadySeconds ?? 0;
        return surge > 0 ? RollWithSurge(eligible, pods, hash, surge, minReady, now) : RollInPlace(eligible, pods, hash, unavailable, minReady, now);
    }

    private static DaemonChanges RollInPlace(string[] nodes, ILookup<string, Pod> pods, string hash, int most, int minReady, DateTimeOffset now)
    {
        var (sick, well) = (new List<Pod>(), new List<Pod>());
        var down = 0;
        foreach (var node in nodes)
        {
            var pod = pods[node].FirstOrDefault(p => !p.IsDeleting());
            var available = pod is not null && PodStates.IsAvailable(pod, minReady, now);
            if (!available) down++;
            if (pod is null || pod.Label(ControllerHistory.HashLabel) == hash) continue;
            (available ? well : sick).Add(pod);
        }
        // A pod that is down anyway is replaced without asking.
        return new DaemonChanges([], [.. sick, .. well.Take(Math.Max(0, most - down))], []);
    }

    private static DaemonChanges RollWithSurge(string[] nodes, ILookup<string, Pod> pods, string hash, int most, int minReady, DateTimeOffset now)
    {
        var (create, delete) = (new List<string>(), new List<Pod>());
        var surging = 0;
        var candidates = new List<string>();
        foreach (var node in nodes)
        {
            var alive = pods[node].Where(p => !p.IsDeleting()).ToArray();
            var old = alive.FirstOrDefault(p => p.Label(ControllerHistory.HashLabel) != hash);
            var young = alive.FirstOrDefault(p => p.Label(ControllerHistory.HashLabel) == hash);
            if (old is null) continue;
            if (young is null) { if (PodStates.IsAvailable(old, minReady, now)) candidates.Add(node); else { create.Add(node); surging++; } }
            else if (PodStates.IsAvailable(young, minReady, now)) delete.Add(old);
            else surging++;
        }
        create.AddRange(candidates.Take(Math.Max(0, most - surging)));
        return new DaemonChanges(create, delete, []);
    }

    private static int Surge(DaemonSet set, int nodes) => set.Spec.UpdateStrategy?.RollingUpdate?.MaxSurge is { } surge ? surge.Scale(nodes, roundUp: true) : 0;

    private static int Unavailable(DaemonSet set, int nodes) =>
        Math.Max(Surge(set, nodes) == 0 ? 1 : 0, (set.Spec.UpdateStrategy?.RollingUpdate?.MaxUnavailable ?? new IntOrString(1)).Scale(nodes, roundUp: true));

    public static DaemonSetStatus Status(DaemonSet set, IReadOnlyCollection<Node> nodes, ILookup<string, Pod> pods, string hash, DateTimeOffset now)
    {
        int desired = 0, current = 0, misplaced = 0, ready = 0, available = 0, updated = 0;
        foreach (var node in nodes)
        {
            var here = pods[node.Name()].Where(pod => !pod.IsDeleting()).OrderBy(pod => pod.Metadata.CreationTimestamp).ToArray();
            if (!DaemonPods.Belongs(set, node).Run) { if (here.Length > 0) misplaced++; continue; }
            desired++;
            if (here.Length == 0) continue;
            current++;
            if (here.Any(PodStates.IsReady)) ready++;
            if (here.Any(pod => PodStates.IsAvailable(pod, set.Spec.MinReadySeconds ?? 0, now))) available++;
            if (here.Any(pod => pod.Label(ControllerHistory.HashLabel) == hash)) updated++;
        }
        return set.Status with
        {
            DesiredNumberScheduled = desired, CurrentNumberScheduled = current, NumberMisscheduled = misplaced, NumberReady = ready, NumberAvailable = available,
            NumberUnavailable = desired - available, UpdatedNumberScheduled = updated, ObservedGeneration = set.Metadata.Generation,
        };
    }
}
