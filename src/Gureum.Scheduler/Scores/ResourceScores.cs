using Gureum.Scheduler.Snapshots;

namespace Gureum.Scheduler.Scores;

/// <summary>Prefers nodes with the most left of CPU and memory.</summary>
public sealed class LeastAllocated : IScore
{
    public string Name => "NodeResourcesFit";
    public int Weight => 1;

    public INodeScore Begin(Snapshot snapshot, PodInfo pod, ReadOnlySpan<NodeInfo> feasible) => new Ready(pod.ScoredRequests);

    private sealed class Ready(Resources asked) : INodeScore
    {
        public long Score(NodeInfo node) =>
            (Left(node.Allocatable.MilliCpu, node.ScoredRequested.MilliCpu + asked.MilliCpu) + Left(node.Allocatable.Memory, node.ScoredRequested.Memory + asked.Memory)) / 2;

        private static long Left(long total, long used) => total <= 0 || used > total ? 0 : (total - used) * Normalization.Best / total;
    }
}

/// <summary>Prefers nodes where CPU and memory would be used in like measure.</summary>
public sealed class BalancedAllocation : IScore
{
    public string Name => "NodeResourcesBalancedAllocation";
    public int Weight => 1;

    public INodeScore? Begin(Snapshot snapshot, PodInfo pod, ReadOnlySpan<NodeInfo> feasible) =>
        pod.Requests.MilliCpu == 0 && pod.Requests.Memory == 0 ? null : new Ready(pod.Requests);

    private sealed class Ready(Resources asked) : INodeScore
    {
        public long Score(NodeInfo node)
        {
            var cpu = Share(node.Allocatable.MilliCpu, node.Requested.MilliCpu + asked.MilliCpu);
            var memory = Share(node.Allocatable.Memory, node.Requested.Memory + asked.Memory);
            return (long)((1 - Math.Abs(cpu - memory) / 2) * Normalization.Best);
        }

        private static double Share(long total, long used) => total <= 0 ? 1 : Math.Min(1, (double)used / total);
    }
}
