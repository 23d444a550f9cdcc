using System.Buffers;
using System.Collections.ObjectModel;
using Gureum.Scheduler.Filters;
using Gureum.Scheduler.Scores;
using Gureum.Scheduler.Snapshots;

namespace Gureum.Scheduler;

/// <summary>Decides where a pod runs: a pure function of a snapshot, the pod and chance.</summary>
public sealed class PodScheduler
{
    /// <summary>Up to this many nodes all are looked at; above, enough of them are.</summary>
    public const int MostNodesLookedAt = 100;

    /// <summary>The rules of a cluster, the cheap and the frequent first.</summary>
    public static IReadOnlyList<IFilter> DefaultFilters { get; } =
    [
        new NodeUnschedulable(), new NodeName(), new TaintToleration(), new NodeAffinity(), new NodePorts(), new NodeResourcesFit(),
        new VolumeBinding(), new TopologySpread(), new InterPodAffinity(),
    ];

    public static IReadOnlyList<IScore> DefaultScores { get; } =
        [new TaintPreference(), new NodePreference(), new SpreadScore(), new AffinityScore(), new LeastAllocated(), new BalancedAllocation(), new ImageLocality()];

    public static PodScheduler Default { get; } = new(DefaultFilters, DefaultScores);

    private static readonly IReadOnlyDictionary<string, Rejection> NoRejections = ReadOnlyDictionary<string, Rejection>.Empty;

    private readonly IFilter[] filters;
    private readonly IScore[] scores;

    public PodScheduler(IReadOnlyList<IFilter> filters, IReadOnlyList<IScore> scores) => (this.filters, this.scores) = ([.. filters], [.. scores]);

    public Decision Schedule(Snapshot snapshot, PodInfo pod, Random random)
    {
        var total = snapshot.Nodes.Length;
        var checks = Begin(snapshot, pod);
        foreach (var check in checks)
            if (check.Everywhere is { } refusal) return new Decision(null, NoRejections, refusal, total);
        // A node that was cleared for this pod by preemption is tried before all others.
        if (pod.Pod.Status.NominatedNodeName is { Length: > 0 } nominated && snapshot.Find(nominated) is { } first && Check(checks, first) is null)
            return new Decision(nominated, NoRejections, null, total);

        var feasible = ArrayPool<NodeInfo>.Shared.Rent(Math.Max(1, total));
        try
        {
            var (count, rejections) = Filter(snapshot, checks, random, feasible);
            if (count == 0) return new Decision(null, rejections ?? NoRejections, null, total);
            var best = count == 1 ? 0 : Choose(snapshot, pod, feasible.AsSpan(0, count), random);
            return new Decision(feasible[best].Name, rejections ?? NoRejections, null, total);
        }
        finally { ArrayPool<NodeInfo>.Shared.Return(feasible, clearArray: true); }
    }

    /// <summary>The rules made ready for a pod; those with nothing to say left out.</summary>
    internal List<INodeFilter> Begin(Snapshot snapshot, PodInfo pod)
    {
        var checks = new List<INodeFilter>(filters.Length);
        foreach (var filter in filters)
            if (filter.Begin(snapshot, pod) is { } check) checks.Add(check);
        return checks;
    }

    internal static Rejection? Check(List<INodeFilter> checks, NodeInfo node)
    {
        foreach (var check in checks)
            if (check.Check(node) is { } refusal) return refusal;
        return null;
    }

    /// <summary>How many possible nodes are enough in a cluster of this size.</summary>
    public static int Enough(int nodes) => nodes <= MostNodesLookedAt ? nodes : Math.Max(MostNodesLookedAt, (int)((long)nodes * Math.Max(5, 50 - nodes / 125) / 100));

    private static (int Count, Dictionary<string, Rejection>? Rejections) Filter(Snapshot snapshot, List<INodeFilter> checks, Random random, NodeInfo[] feasible)
    {
        var nodes = snapshot.Nodes;
        var enough = Enough(nodes.Length);
        // Starting anywhere gives every node of a large cluster its turn.
        var start = enough < nodes.Length ? random.Next(nodes.Length) : 0;
        Dictionary<string, Rejection>? rejections = null;
        var count = 0;
        for (var i = 0; i < nodes.Length && count < enough; i++)
        {
            var node = nodes[(start + i) % nodes.Length];
            if (Check(checks, node) is { } refusal) (rejections ??= new(StringComparer.Ordinal))[node.Name] = refusal;
            else feasible[count++] = node;
        }
        return (count, rejections);
    }

    private int Choose(Snapshot snapshot, PodInfo pod, ReadOnlySpan<NodeInfo> feasible, Random random)
    {
        var rented = ArrayPool<long>.Shared.Rent(feasible.Length * 2);
        var totals = rented.AsSpan(0, feasible.Length);
        var current = rented.AsSpan(feasible.Length, feasible.Length);
        totals.Clear();
        foreach (var score in scores)
        {
            if (score.Begin(snapshot, pod, feasible) is not { } ready) continue;
            for (var i = 0; i < feasible.Length; i++) current[i] = ready.Score(feasible[i]);
            ready.Normalize(current);
            for (var i = 0; i < feasible.Length; i++) totals[i] += current[i] * score.Weight;
        }
        var (best, ties) = (0, 1);
        for (var i = 1; i < feasible.Length; i++)
        {
            if (totals[i] < totals[best]) continue;
            if (totals[i] > totals[best]) { (best, ties) = (i, 1); continue; }
            // Each of the equals has the same chance.
            if (random.Next(++ties) == 0) best = i;
        }
        ArrayPool<long>.Shared.Return(rented);
        return best;
    }
}
