using Gureum.Scheduler.Snapshots;

namespace Gureum.Scheduler.Filters;

/// <summary>A node refused.</summary>
/// <param name="Reasons">One or more of <see cref="Scheduler.Reasons"/>.</param>
/// <param name="Resolvable">True when fewer pods on the node might change the verdict, so that preemption may help.</param>
public sealed record Rejection(string Rule, IReadOnlyList<string> Reasons, bool Resolvable)
{
    public Rejection(string rule, string reason, bool resolvable) : this(rule, [reason], resolvable) { }
}

/// <summary>One rule about where a pod may run. Stateless.</summary>
public interface IFilter
{
    /// <summary>The rule's name as upstream's plugin, for messages and the queue.</summary>
    string Name { get; }

    /// <summary>Works out what does not depend on the node; null when the rule has nothing to say about this pod.</summary>
    INodeFilter? Begin(Snapshot snapshot, PodInfo pod);
}

/// <summary>A rule made ready for one pod.</summary>
public interface INodeFilter
{
    /// <summary>A refusal of every node at once, or null.</summary>
    Rejection? Everywhere => null;

    /// <summary>Null when the node will do.</summary>
    Rejection? Check(NodeInfo node);
}
