using Gureum.Scheduler.Filters;
using Gureum.Scheduler.Snapshots;

namespace Gureum.Scheduler.Scores;

/// <summary>
/// Prefers nodes and zones with few pods of the same kind: by the pod's own ScheduleAnyway constraints, and without any by
/// its owner, so that the pods of a workload do not pile up.
/// </summary>
public sealed class SpreadScore : IScore
{
    private const string Zone = "topology.kubernetes.io/zone";

    public string Name => "PodTopologySpread";
    public int Weight => 2;

    public INodeScore? Begin(Snapshot snapshot, PodInfo pod, ReadOnlySpan<NodeInfo> feasible)
    {
        if (pod.Pod.Spec.TopologySpreadConstraints.Count == 0) return pod.OwnerUid is { } owner ? new ByOwner(snapshot, owner) : null;
        List<SpreadConstraint>? soft = null;
        foreach (var constraint in pod.Pod.Spec.TopologySpreadConstraints)
            if (constraint.WhenUnsatisfiable == "ScheduleAnyway") (soft ??= []).Add(new SpreadConstraint(constraint, pod));
        if (soft is null) return null;
        foreach (var node in snapshot.Nodes)
            foreach (var constraint in soft)
                if (node.Labels.ContainsKey(constraint.Key) && constraint.Counts(node, pod)) constraint.Add(node, pod);
        return new ByConstraint(soft);
    }

    private sealed class ByConstraint(List<SpreadConstraint> constraints) : INodeScore
    {
        public long Score(NodeInfo node)
        {
            double sum = 0;
            // Many small domains weigh more than few large ones, or hosts would hardly count beside zones.
            foreach (var constraint in constraints)
                sum += node.Labels.TryGetValue(constraint.Key, out var value)
                    ? constraint.CountIn(value) * Math.Log(constraint.Domains + 2) + constraint.MaxSkew - 1 : 1_000_000;
            return (long)Math.Round(sum);
        }

        public void Normalize(Span<long> scores) => Normalization.ByRange(scores, reverse: true);
    }

    private sealed class ByOwner : INodeScore
    {
        private readonly string owner;
        private readonly Dictionary<string, int>? zones;

        internal ByOwner(Snapshot snapshot, string owner)
        {
            this.owner = owner;
            foreach (var node in snapshot.Nodes)
                if (node.Labels.TryGetValue(Zone, out var zone))
                {
                    zones ??= new(StringComparer.Ordinal);
                    zones[zone] = zones.GetValueOrDefault(zone) + Count(node);
                }
        }

        private int Count(NodeInfo node)
        {
            var count = 0;
            foreach (var pod in node.Pods)
                if (pod.OwnerUid == owner && !pod.IsTerminating) count++;
            return count;
        }

        public long Score(NodeInfo node) =>
            16L * Count(node) + (zones is not null && node.Labels.TryGetValue(Zone, out var zone) ? zones[zone] : 0);

        public void Normalize(Span<long> scores) => Normalization.ByRange(scores, reverse: true);
    }
}

/// <summary>Preferred affinity and anti-affinity between pods, that of the pods already running included.</summary>
public sealed class AffinityScore : IScore
{
    public string Name => "InterPodAffinity";
    public int Weight => 2;

    public INodeScore? Begin(Snapshot snapshot, PodInfo pod, ReadOnlySpan<NodeInfo> feasible)
    {
        var ready = new Ready();
        foreach (var node in snapshot.Nodes)
        {
            if (pod.Preferred.Length == 0 && !node.HasAffinity) continue;
            foreach (var other in node.Pods)
            {
                foreach (var term in pod.Preferred)
                    if (term.Matches(other, snapshot.View)) ready.Add(node, term.TopologyKey, term.Weight);
                foreach (var term in other.Preferred)
                    if (term.Matches(pod, snapshot.View)) ready.Add(node, term.TopologyKey, term.Weight);
                // Who must be near this pod is better served by having it near: a hard term of others counts a little.
                foreach (var term in other.Affinity)
                    if (term.Matches(pod, snapshot.View)) ready.Add(node, term.TopologyKey, 1);
            }
        }
        return ready.IsEmpty ? null : ready;
    }

    private sealed class Ready : INodeScore
    {
        private readonly Dictionary<(string Key, string Value), long> sums = [];

        internal bool IsEmpty => sums.Count == 0;

        internal void Add(NodeInfo node, string key, int weight)
        {
            if (node.Labels.TryGetValue(key, out var value)) sums[(key, value)] = sums.GetValueOrDefault((key, value)) + weight;
        }

        public long Score(NodeInfo node)
        {
            long sum = 0;
            foreach (var (domain, weight) in sums)
                if (node.Labels.TryGetValue(domain.Key, out var value) && value == domain.Value) sum += weight;
            return sum;
        }

        public void Normalize(Span<long> scores) => Normalization.ByRange(scores, reverse: false);
    }
}
