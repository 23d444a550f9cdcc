using Gureum.Objects.Core.V1;

namespace Gureum.Scheduler.Snapshots;

/// <summary>
/// Follows nodes and pods and hands out snapshots (thread-safe state). A pod that was just decided upon is assumed on its
/// node until the API server says so, or until it is forgotten.
/// </summary>
public sealed class ClusterCache(IClusterView view)
{
    private readonly Lock gate = new();
    private readonly List<NodeInfo> nodes = [];
    private readonly Dictionary<string, int> index = new(StringComparer.Ordinal);
    private readonly Dictionary<string, PodInfo> pods = new(StringComparer.Ordinal);
    // Pods on nodes that have not been seen (yet).
    private readonly Dictionary<string, Dictionary<string, PodInfo>> homeless = new(StringComparer.Ordinal);
    private readonly HashSet<string> assumed = new(StringComparer.Ordinal);
    private Dictionary<string, int>? frozenIndex;
    private Snapshot? latest;

    public Snapshot Current()
    {
        lock (gate)
        {
            frozenIndex ??= new Dictionary<string, int>(index, StringComparer.Ordinal);
            return latest ??= new Snapshot([.. nodes], frozenIndex, view);
        }
    }

    public void Set(Node node)
    {
        var name = node.Metadata.Name ?? "";
        lock (gate)
        {
            latest = null;
            if (index.TryGetValue(name, out var i)) { nodes[i] = nodes[i].With(node); return; }
            index[name] = nodes.Count;
            frozenIndex = null;
            nodes.Add(NodeInfo.Of(node, homeless.Remove(name, out var waiting) ? [.. waiting.Values] : []));
        }
    }

    public void RemoveNode(string name)
    {
        lock (gate)
        {
            if (!index.Remove(name, out var i)) return;
            (latest, frozenIndex) = (null, null);
            if (nodes[i].Pods.Length > 0) homeless[name] = nodes[i].Pods.ToDictionary(pod => pod.Uid);
            nodes.RemoveAt(i);
            for (var j = i; j < nodes.Count; j++) index[nodes[j].Name] = j;
        }
    }

    /// <summary>Puts a pod on its node, or replaces it there; confirms an assumption.</summary>
    public void Set(PodInfo pod)
    {
        lock (gate) { assumed.Remove(pod.Uid); Place(pod); }
    }

    public void Assume(PodInfo pod)
    {
        lock (gate) { assumed.Add(pod.Uid); Place(pod); }
    }

    /// <summary>Takes an assumed pod back; a pod that was confirmed meanwhile stays.</summary>
    public void Forget(PodInfo pod)
    {
        lock (gate) if (assumed.Remove(pod.Uid)) Take(pod.Uid);
    }

    public void RemovePod(string uid)
    {
        lock (gate) { assumed.Remove(uid); Take(uid); }
    }

    public bool IsAssumed(string uid)
    {
        lock (gate) return assumed.Contains(uid);
    }

    private void Place(PodInfo pod)
    {
        Take(pod.Uid);
        pods[pod.Uid] = pod;
        if (index.TryGetValue(pod.NodeName, out var i)) { nodes[i] = nodes[i].With(pod); latest = null; return; }
        if (!homeless.TryGetValue(pod.NodeName, out var waiting)) homeless[pod.NodeName] = waiting = [];
        waiting[pod.Uid] = pod;
    }

    private void Take(string uid)
    {
        if (!pods.Remove(uid, out var pod)) return;
        if (index.TryGetValue(pod.NodeName, out var i)) { nodes[i] = nodes[i].Without(uid); latest = null; }
        else if (homeless.TryGetValue(pod.NodeName, out var waiting) && waiting.Remove(uid) && waiting.Count == 0) homeless.Remove(pod.NodeName);
    }
}
