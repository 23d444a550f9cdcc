using Gureum.Store.Tree;

namespace Gureum.Store.Sqlite;

/// <summary>The index of the whole store at its newest durable revision; immutable, swapped whole after each commit.</summary>
/// <param name="Keys">The newest version of each key, deletions included until they are compacted.</param>
internal sealed record Snapshot(SortedTree<KeyVersion> Keys, long Revision, long Compacted)
{
    /// <summary>The living version of a key, or null.</summary>
    public KeyVersion? Find(string key) => Keys.TryGet(key, out var version) && !version.Deleted ? version : null;
}
