using Gureum.Scheduler.Snapshots;

namespace Gureum.Scheduler.Scores;

/// <summary>One opinion on which of the possible nodes is best. Stateless.</summary>
public interface IScore
{
    string Name { get; }

    /// <summary>How much the opinion counts beside the others.</summary>
    int Weight { get; }

    /// <summary>Works out what does not depend on the node; null when all nodes are alike.</summary>
    INodeScore? Begin(Snapshot snapshot, PodInfo pod, ReadOnlySpan<NodeInfo> feasible);
}

/// <summary>An opinion made ready for one pod.</summary>
public interface INodeScore
{
    long Score(NodeInfo node);

    /// <summary>Brings raw scores to 0..100, best 100.</summary>
    void Normalize(Span<long> scores) { }
}

internal static class Normalization
{
    internal const long Best = 100;

    /// <summary>Scales so that the highest becomes 100; reversed, the highest becomes 0.</summary>
    internal static void ByMost(Span<long> scores, bool reverse)
    {
        long most = 0;
        foreach (var score in scores) most = Math.Max(most, score);
        if (most == 0) { if (reverse) scores.Fill(Best); return; }
        foreach (ref var score in scores) score = reverse ? Best - Best * score / most : Best * score / most;
    }

    /// <summary>Scales the range between lowest and highest to 0..100; reversed, the lowest is best.</summary>
    internal static void ByRange(Span<long> scores, bool reverse)
    {
        var (least, most) = (long.MaxValue, long.MinValue);
        foreach (var score in scores) { least = Math.Min(least, score); most = Math.Max(most, score); }
        foreach (ref var score in scores)
            score = most == least ? (reverse ? Best : 0) : reverse ? Best * (most - score) / (most - least) : Best * (score - least) / (most - least);
    }
}
