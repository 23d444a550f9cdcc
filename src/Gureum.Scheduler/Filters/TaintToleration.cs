using Gureum.Objects.Placement;
using Gureum.Scheduler.Snapshots;

namespace Gureum.Scheduler.Filters;

/// <summary>A node's NoSchedule and NoExecute taints must all be tolerated.</summary>
public sealed class TaintToleration : IFilter
{
    public string Name => "TaintToleration";

    public INodeFilter Begin(Snapshot snapshot, PodInfo pod) => new Ready(this, pod);

    private sealed class Ready(TaintToleration rule, PodInfo pod) : INodeFilter
    {
        public Rejection? Check(NodeInfo node)
        {
            foreach (var taint in node.HardTaints)
                if (!Tolerations.Tolerates(pod.Pod.Spec.Tolerations, taint)) return new Rejection(rule.Name, Reasons.Taint(taint.Key, taint.Value), false);
            return null;
        }
    }
}
