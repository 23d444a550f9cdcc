using Gureum.Objects.Placement;
using Gureum.Objects.Core.V1;
using Gureum.Scheduler.Filters;
using Gureum.Scheduler.Snapshots;

namespace Gureum.Scheduler.Scores;

/// <summary>Prefers nodes with few PreferNoSchedule taints that the pod does not tolerate.</summary>
public sealed class TaintPreference : IScore
{
    public string Name => "TaintToleration";
    public int Weight => 3;

    public INodeScore? Begin(Snapshot snapshot, PodInfo pod, ReadOnlySpan<NodeInfo> feasible)
    {
        foreach (var node in feasible)
            if (node.SoftTaints.Length > 0) return new Ready(pod.Pod.Spec.Tolerations);
        return null;
    }

    private sealed class Ready(IReadOnlyList<Toleration> tolerations) : INodeScore
    {
        public long Score(NodeInfo node)
        {
            var count = 0;
            foreach (var taint in node.SoftTaints)
                if (!Tolerations.Tolerates(tolerations, taint)) count++;
            return count;
        }

        public void Normalize(Span<long> scores) => Normalization.ByMost(scores, reverse: true);
    }
}

/// <summary>Prefers nodes that the pod's preferred node affinity names.</summary>
public sealed class NodePreference : IScore
{
    public string Name => "NodeAffinity";
    public int Weight => 2;

    public INodeScore? Begin(Snapshot snapshot, PodInfo pod, ReadOnlySpan<NodeInfo> feasible) =>
        pod.Pod.Spec.Affinity?.NodeAffinity?.PreferredDuringSchedulingIgnoredDuringExecution is { Count: > 0 } terms ? new Ready(terms) : null;

    private sealed class Ready(IReadOnlyList<PreferredSchedulingTerm> terms) : INodeScore
    {
        public long Score(NodeInfo node)
        {
            long sum = 0;
            foreach (var term in terms)
                if (term.Preference is { } preference && NodeTerms.Matches(preference, node.Node)) sum += term.Weight ?? 0;
            return sum;
        }

        public void Normalize(Span<long> scores) => Normalization.ByMost(scores, reverse: false);
    }
}

/// <summary>Prefers nodes that have the pod's images already, the more so the larger they are.</summary>
public sealed class ImageLocality : IScore
{
    private const long Small = 23L << 20, LargeForEach = 1000L << 20;

    public string Name => "ImageLocality";
    public int Weight => 1;

    public INodeScore? Begin(Snapshot snapshot, PodInfo pod, ReadOnlySpan<NodeInfo> feasible)
    {
        var images = new string[pod.Pod.Spec.Containers.Count];
        for (var i = 0; i < images.Length; i++) images[i] = FullName(pod.Pod.Spec.Containers[i].Image ?? "");
        var spread = new int[images.Length];
        var any = false;
        foreach (var node in snapshot.Nodes)
            for (var i = 0; i < images.Length; i++)
                if (node.Images.ContainsKey(images[i])) { spread[i]++; any = true; }
        return any ? new Ready(images, spread, snapshot.Nodes.Length) : null;
    }

    // "busybox" is listed on nodes as "busybox:latest".
    private static string FullName(string image) => image.LastIndexOf(':') <= image.LastIndexOf('/') && !image.Contains('@') ? image + ":latest" : image;

    private sealed class Ready(string[] images, int[] spread, int nodes) : INodeScore
    {
        public long Score(NodeInfo node)
        {
            long sum = 0;
            // An image that few nodes have counts less, or all pods of it would crowd there.
            for (var i = 0; i < images.Length; i++)
                if (node.Images.TryGetValue(images[i], out var size)) sum += size * spread[i] / nodes;
            var most = LargeForEach * images.Length;
            return Normalization.Best * (Math.Clamp(sum, Small, most) - Small) / (most - Small);
        }
    }
}
