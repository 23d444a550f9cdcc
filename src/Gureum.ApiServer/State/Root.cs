using Gureum.Store.Tree;

namespace Gureum.ApiServer.State;

/// <summary>The whole state of the cluster as of one revision (immutable): taking a root is taking a snapshot.</summary>
public sealed record Root(long Revision, SortedTree<StoredObject> Objects)
{
    public StoredObject? Get(string key) => Objects.TryGet(key, out var found) ? found : null;

    /// <summary>All objects whose key starts with the prefix, in key order.</summary>
    public IEnumerable<KeyValuePair<string, StoredObject>> Under(string prefix) => Objects.Range(prefix, Keys.EndOf(prefix));

    public int CountUnder(string prefix) => Objects.CountRange(prefix, Keys.EndOf(prefix));
}
