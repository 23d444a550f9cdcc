using Gureum.Objects.Placement;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Selectors;
using Gureum.Scheduler.Snapshots;

namespace Gureum.Scheduler.Filters;

/// <summary>Constraints that say DoNotSchedule (https://kubernetes.io/docs/concepts/scheduling-eviction/topology-spread-constraints/).</summary>
public sealed class TopologySpread : IFilter
{
    public string Name => "PodTopologySpread";

    public INodeFilter? Begin(Snapshot snapshot, PodInfo pod)
    {
        List<SpreadConstraint>? constraints = null;
        foreach (var constraint in pod.Pod.Spec.TopologySpreadConstraints)
            if (constraint.WhenUnsatisfiable == "DoNotSchedule") (constraints ??= []).Add(new SpreadConstraint(constraint, pod));
        if (constraints is null) return null;
        foreach (var node in snapshot.Nodes)
        {
            var whole = constraints.TrueForAll(c => node.Labels.ContainsKey(c.Key));
            foreach (var constraint in constraints)
                if (whole && constraint.Counts(node, pod)) constraint.Add(node, pod);
        }
        return new Ready(this, constraints);
    }

    private sealed class Ready(TopologySpread rule, List<SpreadConstraint> constraints) : INodeFilter
    {
        public Rejection? Check(NodeInfo node)
        {
            foreach (var constraint in constraints)
            {
                if (!node.Labels.TryGetValue(constraint.Key, out var value)) return new Rejection(rule.Name, Reasons.SpreadLabel, false);
                if (constraint.CountIn(value) + constraint.Self - constraint.Least > constraint.MaxSkew) return new Rejection(rule.Name, Reasons.Spread, true);
            }
            return null;
        }
    }
}

/// <summary>One constraint with the pods counted in each domain of its topology.</summary>
internal sealed class SpreadConstraint
{
    private readonly Dictionary<string, int> domains = new(StringComparer.Ordinal);
    private readonly Selector selector;
    private readonly bool honourAffinity, honourTaints;
    private readonly int minDomains;

    internal SpreadConstraint(TopologySpreadConstraint constraint, PodInfo pod)
    {
        (Key, MaxSkew, minDomains) = (constraint.TopologyKey ?? "", constraint.MaxSkew ?? 1, constraint.MinDomains ?? 1);
        selector = Selector.From(constraint.LabelSelector);
        if (constraint.MatchLabelKeys.Count > 0 && constraint.LabelSelector is not null)
            selector = new Selector([.. selector.Requirements, .. constraint.MatchLabelKeys.Where(pod.Labels.ContainsKey).Select(key => new Requirement(key, SelectorOperator.In, [pod.Labels[key]]))]);
        honourAffinity = constraint.NodeAffinityPolicy is null or "Honor";
        honourTaints = constraint.NodeTaintsPolicy == "Honor";
        Self = selector.Matches(pod.Labels) ? 1 : 0;
    }

    internal string Key { get; }
    internal int MaxSkew { get; }

    /// <summary>1 when the pod itself is among those counted.</summary>
    internal int Self { get; }

    internal int CountIn(string value) => domains.GetValueOrDefault(value);

    internal int Domains => domains.Count;

    /// <summary>Pods in the emptiest domain; 0 while there are fewer domains than demanded.</summary>
    internal int Least
    {
        get
        {
            if (domains.Count == 0 || domains.Count < minDomains) return 0;
            var least = int.MaxValue;
            foreach (var (_, count) in domains) least = Math.Min(least, count);
            return least;
        }
    }

    /// <summary>True when the node's domain takes part at all.</summary>
    internal bool Counts(NodeInfo node, PodInfo pod)
    {
        if (honourAffinity && !NodeTerms.Wants(pod.Pod.Spec, node.Node)) return false;
        if (!honourTaints) return true;
        foreach (var taint in node.HardTaints)
            if (!Tolerations.Tolerates(pod.Pod.Spec.Tolerations, taint)) return false;
        return true;
    }

    internal void Add(NodeInfo node, PodInfo pod)
    {
        var count = 0;
        foreach (var other in node.Pods)
            if (!other.IsTerminating && other.Namespace == pod.Namespace && selector.Matches(other.Labels)) count++;
        var value = node.Labels[Key];
        domains[value] = domains.GetValueOrDefault(value) + count;
    }
}
