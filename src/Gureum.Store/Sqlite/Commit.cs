namespace Gureum.Store.Sqlite;

/// <summary>One durable transaction, as the watchers get it: changes in revision order.</summary>
internal sealed record Commit(IReadOnlyList<CommittedChange> Changes)
{
    private IReadOnlyList<Change>? resolved;

    public long First => Changes[0].Version.Revision;

    public long Last => Changes[^1].Version.Revision;

    /// <summary>Bytes of values that keeping this commit holds in memory.</summary>
    public long Size => Changes.Sum(change => 256L + (change.Current?.Value.Length ?? 0));

    /// <summary>
    /// The changes with the values before them. The first watcher that asks fetches these, for all others; the writer never does.
    /// </summary>
    public IReadOnlyList<Change> Resolve(Readers readers) => resolved ??=
    [
        .. Changes.Select(change => new Change(
            change.Version.Revision,
            change.Key,
            change.Current,
            change.Previous is { Deleted: false } previous ? readers.Entry(change.Key, previous) : null)),
    ];
}

/// <param name="Current">The new entry; null for a delete.</param>
/// <param name="Previous">The version before it, or null.</param>
internal sealed record CommittedChange(string Key, KeyVersion Version, Entry? Current, KeyVersion? Previous);
