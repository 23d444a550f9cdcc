using Gureum.Store.Tree;

namespace Gureum.Store.Sqlite;

/// <summary>
/// What one commit is going to do, worked out in memory. The state it starts from is immutable, so giving a transaction up
/// means forgetting this object.
/// </summary>
internal sealed class Transaction(Snapshot start)
{
    private readonly List<CommittedChange> changes = [];
    private readonly List<Superfluous> forgotten = [];
    private SortedTree<KeyVersion> keys = start.Keys;
    private long revision = start.Revision;
    private long compacted = start.Compacted;

    public Snapshot Result => new(keys, revision, compacted);

    public IReadOnlyList<CommittedChange> Changes => changes;

    public IReadOnlyList<Superfluous> Forgotten => forgotten;

    /// <summary>The new mark, when this transaction moves it.</summary>
    public long? NewCompacted => compacted == start.Compacted ? null : compacted;

    /// <summary>Nothing to write: no commit needed.</summary>
    public bool IsEmpty => changes.Count == 0 && forgotten.Count == 0 && NewCompacted is null;

    public KeyVersion? Find(string key) => keys.TryGet(key, out var version) && !version.Deleted ? version : null;

    public Outcome Put(string key, ReadOnlyMemory<byte> value, long expires)
    {
        revision++;
        keys.TryGet(key, out var previous);
        var created = previous is { Deleted: false } ? previous.Created : revision;
        var entry = new Entry(key, value, created, revision);
        var version = new KeyVersion(revision, created, expires, previous) { Recent = entry };
        Add(key, version, entry, previous);
        return new Outcome(true, revision, Entry: entry);
    }

    public Outcome Delete(string key)
    {
        revision++;
        keys.TryGet(key, out var previous);
        Add(key, new KeyVersion(revision, 0, 0, previous), null, previous);
        return new Outcome(true, revision);
    }

    public void Compact(long mark) => compacted = Math.Max(compacted, mark);

    public void Forget(Superfluous row)
    {
        forgotten.Add(row);
        if (row.Version.Deleted && keys.TryGet(row.Key, out var newest) && ReferenceEquals(newest, row.Version))
        {
            keys = keys.Remove(row.Key);
        }
    }

    private void Add(string key, KeyVersion version, Entry? entry, KeyVersion? previous)
    {
        keys = keys.Set(key, version);
        changes.Add(new CommittedChange(key, version, entry, previous));
    }
}
