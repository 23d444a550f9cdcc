using Gureum.Scheduler.Snapshots;

namespace Gureum.Scheduler.Filters;

/// <summary>Two pods on a node cannot have the same host port.</summary>
public sealed class NodePorts : IFilter
{
    public string Name => "NodePorts";

    public INodeFilter? Begin(Snapshot snapshot, PodInfo pod) => pod.HostPorts.Length == 0 ? null : new Ready(pod, new Rejection(Name, Reasons.HostPorts, true));

    private sealed class Ready(PodInfo pod, Rejection refusal) : INodeFilter
    {
        public Rejection? Check(NodeInfo node)
        {
            foreach (var other in node.Pods)
                foreach (var taken in other.HostPorts)
                    foreach (var wanted in pod.HostPorts)
                        if (wanted.Collides(taken)) return refusal;
            return null;
        }
    }
}
