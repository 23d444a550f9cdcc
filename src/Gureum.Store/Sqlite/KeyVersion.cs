namespace Gureum.Store.Sqlite;

/// <summary>
/// What memory keeps of one change of one key: everything but the value. The versions of a key form a chain from the
/// newest back to the oldest that was not compacted.
/// </summary>
internal sealed class KeyVersion(long revision, long created, long expires, KeyVersion? older)
{
    private KeyVersion? older = older;
    private Entry? recent;

    public long Revision { get; } = revision;

    /// <summary>The revision at which the key came into being; 0 when this version deletes it.</summary>
    public long Created { get; } = created;

    /// <summary>Unix milliseconds; 0: never.</summary>
    public long Expires { get; } = expires;

    public bool Deleted => Created == 0;

    /// <summary>The version before; cut off by compaction.</summary>
    public KeyVersion? Older
    {
        get => Volatile.Read(ref older);
        set => Volatile.Write(ref older, value);
    }

    /// <summary>The whole entry, as long as it is among the recent commits: spares watchers and readers a query.</summary>
    public Entry? Recent
    {
        get => Volatile.Read(ref recent);
        set => Volatile.Write(ref recent, value);
    }

    /// <summary>The version that was valid at a revision (a deletion is one too), or null before the first.</summary>
    public KeyVersion? At(long asked)
    {
        var version = this;
        while (version is not null && version.Revision > asked)
        {
            version = version.Older;
        }
        return version;
    }
}
