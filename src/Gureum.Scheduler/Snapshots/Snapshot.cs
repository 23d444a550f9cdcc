namespace Gureum.Scheduler.Snapshots;

/// <summary>The cluster at one moment (immutable): what a decision is a function of.</summary>
public sealed class Snapshot
{
    private readonly Dictionary<string, int> index;

    internal Snapshot(NodeInfo[] nodes, Dictionary<string, int> index, IClusterView view) => (Nodes, this.index, View) = (nodes, index, view);

    public Snapshot(IEnumerable<NodeInfo> nodes, IClusterView view)
    {
        (Nodes, View) = ([.. nodes], view);
        index = new Dictionary<string, int>(Nodes.Length, StringComparer.Ordinal);
        for (var i = 0; i < Nodes.Length; i++) index[Nodes[i].Name] = i;
    }

    public NodeInfo[] Nodes { get; }
    public IClusterView View { get; }

    public NodeInfo? Find(string name) => index.TryGetValue(name, out var i) ? Nodes[i] : null;

    /// <summary>The same cluster with one node changed; its name must be known.</summary>
    public Snapshot With(NodeInfo node)
    {
        var nodes = (NodeInfo[])Nodes.Clone();
        nodes[index[node.Name]] = node;
        return new Snapshot(nodes, index, View);
    }
}
