using Gureum.Objects.Placement;
using Gureum.Scheduler.Snapshots;

namespace Gureum.Scheduler.Filters;

/// <summary>A cordoned node takes only pods that tolerate its being cordoned.</summary>
public sealed class NodeUnschedulable : IFilter
{
    private const string TaintKey = "node.kubernetes.io/unschedulable";

    public string Name => "NodeUnschedulable";

    public INodeFilter? Begin(Snapshot snapshot, PodInfo pod) => Tolerations.Tolerates(pod.Pod.Spec.Tolerations, TaintKey, "", "NoSchedule") ? null : new Ready(new Rejection(Name, Reasons.Unschedulable, false));

    private sealed class Ready(Rejection refusal) : INodeFilter
    {
        public Rejection? Check(NodeInfo node) => node.Unschedulable ? refusal : null;
    }
}
