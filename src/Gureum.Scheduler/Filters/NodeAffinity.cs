using Gureum.Objects.Placement;
using Gureum.Scheduler.Snapshots;

namespace Gureum.Scheduler.Filters;

/// <summary>The pod's nodeSelector and required node affinity.</summary>
public sealed class NodeAffinity : IFilter
{
    public string Name => "NodeAffinity";

    public INodeFilter? Begin(Snapshot snapshot, PodInfo pod) =>
        pod.Pod.Spec.NodeSelector.Count == 0 && pod.Pod.Spec.Affinity?.NodeAffinity?.RequiredDuringSchedulingIgnoredDuringExecution is null
            ? null : new Ready(pod, new Rejection(Name, Reasons.NodeAffinity, false));

    private sealed class Ready(PodInfo pod, Rejection refusal) : INodeFilter
    {
        public Rejection? Check(NodeInfo node) => NodeTerms.Wants(pod.Pod.Spec, node.Node) ? null : refusal;
    }
}
