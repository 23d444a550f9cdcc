using Gureum.Scheduler.Snapshots;

namespace Gureum.Scheduler.Filters;

/// <summary>The node must have what the pod asks for, and room for one more pod.</summary>
public sealed class NodeResourcesFit : IFilter
{
    public string Name => "NodeResourcesFit";

    public INodeFilter Begin(Snapshot snapshot, PodInfo pod) => new Ready(this, pod.Requests);

    private sealed class Ready(NodeResourcesFit rule, Resources asked) : INodeFilter
    {
        public Rejection? Check(NodeInfo node) => Fits(node) ? null : Explain(node);

        private bool Fits(NodeInfo node)
        {
            var (has, used) = (node.Allocatable, node.Requested);
            if (node.Pods.Length >= node.MostPods) return false;
            if (asked.MilliCpu > 0 && asked.MilliCpu > has.MilliCpu - used.MilliCpu) return false;
            if (asked.Memory > 0 && asked.Memory > has.Memory - used.Memory) return false;
            if (asked.Storage > 0 && asked.Storage > has.Storage - used.Storage) return false;
            if (asked.Others is null) return true;
            foreach (var (name, amount) in asked.Others)
                if (amount > 0 && amount > has.Other(name) - used.Other(name)) return false;
            return true;
        }

        private Rejection Explain(NodeInfo node)
        {
            var (has, used) = (node.Allocatable, node.Requested);
            var reasons = new List<string>();
            // What the node could never hold, no eviction will make room for.
            var possible = true;
            if (node.Pods.Length >= node.MostPods) reasons.Add(Reasons.TooManyPods);
            Compare("cpu", asked.MilliCpu, has.MilliCpu, used.MilliCpu);
            Compare("memory", asked.Memory, has.Memory, used.Memory);
            Compare("ephemeral-storage", asked.Storage, has.Storage, used.Storage);
            foreach (var (name, amount) in asked.Others ?? []) Compare(name, amount, has.Other(name), used.Other(name));
            return new Rejection(rule.Name, reasons, possible);

            void Compare(string name, long amount, long total, long taken)
            {
                if (amount <= 0 || amount <= total - taken) return;
                reasons.Add(Reasons.Insufficient(name));
                if (amount > total) possible = false;
            }
        }
    }
}
