using Gureum.Client;
using Gureum.Objects.Meta.V1;
using Gureum.Objects.Models;

namespace Gureum.Controllers.GarbageCollection;

/// <summary>An object in the graph (immutable).</summary>
public sealed record GraphNode(ResourceType Type, ObjectMeta Metadata)
{
    public string Uid => Metadata.Uid ?? "";
    public bool IsDeleting => Metadata.DeletionTimestamp is not null;
    public bool WaitsForDependents => IsDeleting && Metadata.Finalizers.Contains(Finalizers.Foreground);
    public bool MustOrphan => IsDeleting && Metadata.Finalizers.Contains(Finalizers.Orphan);
}

/// <summary>Finalizers by which a deletion says how it treats dependents.</summary>
public static class Finalizers
{
    public const string Foreground = "foregroundDeletion", Orphan = "orphan";
}

/// <summary>Who owns whom, over all kinds (thread-safe state).</summary>
public sealed class OwnerGraph
{
    private readonly Lock gate = new();
    private readonly Dictionary<string, GraphNode> nodes = new(StringComparer.Ordinal);
    private readonly Dictionary<string, HashSet<string>> dependents = new(StringComparer.Ordinal);

    /// <summary>Records an object as it is now; gives the uids that must be looked at because of it.</summary>
    public IReadOnlyList<string> Set(GraphNode node)
    {
        lock (gate)
        {
            var affected = new List<string>();
            nodes.TryGetValue(node.Uid, out var before);
            nodes[node.Uid] = node;
            if (before is not null) Unlink(before, affected, keep: node);
            foreach (var owner in node.Metadata.OwnerReferences)
            {
                if (owner.Uid is not { } uid) continue;
                if (!dependents.TryGetValue(uid, out var set)) dependents[uid] = set = new(StringComparer.Ordinal);
                set.Add(node.Uid);
                if (!nodes.TryGetValue(uid, out var known) || known.WaitsForDependents) affected.Add(node.Uid);
            }
            if (node.WaitsForDependents || node.MustOrphan) affected.Add(node.Uid);
            return affected;
        }
    }

    /// <summary>Records that an object has gone; gives the uids that must be looked at because of it.</summary>
    public IReadOnlyList<string> Remove(string uid)
    {
        lock (gate)
        {
            if (!nodes.Remove(uid, out var node)) return [];
            var affected = new List<string>();
            Unlink(node, affected, keep: null);
            if (dependents.TryGetValue(uid, out var set)) affected.AddRange(set);
            return affected;
        }
    }

    public GraphNode? Find(string uid)
    {
        lock (gate) return nodes.GetValueOrDefault(uid);
    }

    public IReadOnlyList<GraphNode> Dependents(string uid)
    {
        lock (gate) return dependents.TryGetValue(uid, out var set) ? [.. set.Select(nodes.GetValueOrDefault).OfType<GraphNode>()] : [];
    }

    private void Unlink(GraphNode node, List<string> affected, GraphNode? keep)
    {
        foreach (var owner in node.Metadata.OwnerReferences)
        {
            if (owner.Uid is not { } uid) continue;
            // An owner in foreground deletion may go on when one who blocked it has gone or lets it.
            var still = keep?.Metadata.OwnerReferences.FirstOrDefault(o => o.Uid == uid);
            if ((still is null || (owner.BlockOwnerDeletion == true && still.BlockOwnerDeletion != true)) && nodes.TryGetValue(uid, out var known) && known.WaitsForDependents) affected.Add(uid);
            if (still is null && dependents.TryGetValue(uid, out var set) && set.Remove(node.Uid) && set.Count == 0) dependents.Remove(uid);
        }
    }
}
