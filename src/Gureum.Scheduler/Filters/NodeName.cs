using Gureum.Scheduler.Snapshots;

namespace Gureum.Scheduler.Filters;

/// <summary>A pod that names its node runs there or nowhere.</summary>
public sealed class NodeName : IFilter
{
    public string Name => "NodeName";

    public INodeFilter? Begin(Snapshot snapshot, PodInfo pod) => pod.NodeName.Length == 0 ? null : new Ready(pod.NodeName, new Rejection(Name, Reasons.NodeName, false));

    private sealed class Ready(string wanted, Rejection refusal) : INodeFilter
    {
        public Rejection? Check(NodeInfo node) => node.Name == wanted ? null : refusal;
    }
}
