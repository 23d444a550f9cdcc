using Gureum.Objects.Core.V1;

namespace Gureum.Scheduler.Snapshots;

/// <summary>A node with the pods on it and what is left (immutable; changes make a copy that shares the rest).</summary>
public sealed class NodeInfo
{
    private NodeInfo(Node node, Resources allocatable, int mostPods, Taint[] hard, Taint[] soft, Dictionary<string, long> images, PodInfo[] pods, Resources requested, Resources scored)
    {
        (Node, Allocatable, MostPods, HardTaints, SoftTaints, Images) = (node, allocatable, mostPods, hard, soft, images);
        (Pods, Requested, ScoredRequested) = (pods, requested, scored);
        foreach (var pod in pods)
        {
            if (pod.HasAnyAffinity) HasAffinity = true;
            if (pod.AntiAffinity.Length > 0) HasAntiAffinity = true;
        }
    }

    public Node Node { get; }
    public string Name => Node.Metadata.Name ?? "";
    public IReadOnlyDictionary<string, string> Labels => Node.Metadata.Labels;
    public bool Unschedulable => Node.Spec.Unschedulable == true;
    public Resources Allocatable { get; }
    public int MostPods { get; }

    /// <summary>Taints that keep pods away: NoSchedule and NoExecute.</summary>
    public Taint[] HardTaints { get; }

    /// <summary>Taints with PreferNoSchedule.</summary>
    public Taint[] SoftTaints { get; }

    /// <summary>Bytes of each image that the node has, by name.</summary>
    public Dictionary<string, long> Images { get; }
    public PodInfo[] Pods { get; }
    public Resources Requested { get; }
    public Resources ScoredRequested { get; }
    internal bool HasAffinity { get; }
    internal bool HasAntiAffinity { get; }

    public static NodeInfo Of(Node node, IReadOnlyCollection<PodInfo>? pods = null)
    {
        var images = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (var image in node.Status.Images)
            foreach (var name in image.Names) images[name] = image.SizeBytes ?? 0;
        var (requested, scored) = (Resources.None, Resources.None);
        foreach (var pod in pods ?? []) { requested += pod.Requests; scored += pod.ScoredRequests; }
        var amounts = node.Status.Allocatable.Count > 0 ? node.Status.Allocatable : node.Status.Capacity;
        var most = amounts.TryGetValue("pods", out var limit) ? (int)Math.Min(int.MaxValue, limit.Whole) : 110;
        return new NodeInfo(node, Resources.Of(amounts), most,
            [.. node.Spec.Taints.Where(taint => taint.Effect is "NoSchedule" or "NoExecute")], [.. node.Spec.Taints.Where(taint => taint.Effect == "PreferNoSchedule")],
            images, pods is null ? [] : [.. pods], requested, scored);
    }

    /// <summary>The node as changed, with the same pods.</summary>
    public NodeInfo With(Node node) => Of(node, Pods);

    public NodeInfo With(PodInfo pod)
    {
        var pods = new PodInfo[Pods.Length + 1];
        Pods.CopyTo(pods, 0);
        pods[^1] = pod;
        return Copy(pods, Requested + pod.Requests, ScoredRequested + pod.ScoredRequests);
    }

    /// <summary>Without the pod of this uid; the same instance when it is not here.</summary>
    public NodeInfo Without(string uid)
    {
        var index = Array.FindIndex(Pods, pod => pod.Uid == uid);
        if (index < 0) return this;
        var pods = new PodInfo[Pods.Length - 1];
        Array.Copy(Pods, pods, index);
        Array.Copy(Pods, index + 1, pods, index, pods.Length - index);
        return Copy(pods, Requested - Pods[index].Requests, ScoredRequested - Pods[index].ScoredRequests);
    }

    private NodeInfo Copy(PodInfo[] pods, Resources requested, Resources scored) =>
        new(Node, Allocatable, MostPods, HardTaints, SoftTaints, Images, pods, requested, scored);
}
