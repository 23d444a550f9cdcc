namespace Gureum.Store;

/// <summary>
/// A revisioned key-value store: the one durable thing of a cluster. Every write gets the next revision of one
/// cluster-wide counter, as in etcd (https://etcd.io/docs/v3.5/learning/data_model/); the first write to an
/// empty store gets the revision after <see cref="IStore.Revision"/>.
/// Every implementation passes the same contract suite (tests/Gureum.Store.Tests/Contract).
/// </summary>
/// <remarks>
/// Keys are non-empty ASCII strings compared ordinally; values are opaque bytes. All members are thread-safe.
/// Members throw <see cref="StoreUnavailableException"/> when the medium fails (disk full, etcd unreachable); a write
/// that ended so is of unknown outcome, and none that returned normally is ever lost.
/// </remarks>
public interface IStore : IAsyncDisposable
{
    /// <summary>The newest durable revision (of an empty store: 0 with SQLite, 1 with etcd).</summary>
    long Revision { get; }

    /// <summary>The oldest revision that can still be listed or watched from; everything older was compacted.</summary>
    long CompactedRevision { get; }

    /// <summary>Reads one key at the newest revision, or null when it does not exist.</summary>
    ValueTask<Entry?> GetAsync(string key, CancellationToken cancel = default);

    /// <summary>
    /// Reads up to <paramref name="limit"/> (0: all) entries with <c>from &lt;= key &lt; to</c> in key order as they were
    /// at <paramref name="revision"/> (0: newest).
    /// </summary>
    /// <exception cref="RevisionCompactedException">The revision is older than <see cref="CompactedRevision"/>.</exception>
    /// <exception cref="RevisionInFutureException">The revision is newer than <see cref="Revision"/>.</exception>
    ValueTask<RangeResult> RangeAsync(string from, string to, long revision = 0, int limit = 0, CancellationToken cancel = default);

    /// <summary>
    /// Writes when the key's modification revision is what <see cref="Write.Expected"/> demands, else changes nothing.
    /// Completes once the write is durable. Concurrent writes may share one commit (group commit), never a revision.
    /// Deleting an absent key succeeds and changes nothing. A write that is cancelled while it waits is of unknown outcome.
    /// </summary>
    ValueTask<WriteResult> WriteAsync(Write write, CancellationToken cancel = default);

    /// <summary>
    /// Every change to keys starting with <paramref name="prefix"/> after <paramref name="afterRevision"/> (which may lie in the
    /// future), in revision order, without gap or repetition, until cancelled. History first, in batches of any size, then live,
    /// one batch for each durable commit. Ends with <see cref="ObjectDisposedException"/> when the store is disposed.
    /// </summary>
    /// <exception cref="RevisionCompactedException">
    /// Thrown by the enumeration when the revision is older than <see cref="CompactedRevision"/>.
    /// </exception>
    IAsyncEnumerable<IReadOnlyList<Change>> WatchAsync(string prefix, long afterRevision, CancellationToken cancel = default);

    /// <summary>
    /// Forgets history up to and including <paramref name="revision"/>; the state at that revision and everything newer remain.
    /// A revision that was compacted already changes nothing.
    /// </summary>
    /// <exception cref="RevisionInFutureException">The revision is newer than <see cref="Revision"/>.</exception>
    ValueTask CompactAsync(long revision, CancellationToken cancel = default);
}

/// <summary>One key at one revision.</summary>
/// <param name="CreateRevision">The revision at which the key last came into being.</param>
/// <param name="ModRevision">The revision of the last write to the key.</param>
public sealed record Entry(string Key, ReadOnlyMemory<byte> Value, long CreateRevision, long ModRevision);

/// <param name="Revision">The revision that the entries were read at.</param>
/// <param name="More">True when the limit cut the answer short.</param>
public sealed record RangeResult(IReadOnlyList<Entry> Entries, long Revision, bool More);

/// <summary>One conditional write.</summary>
/// <param name="Key">The key; non-empty ASCII.</param>
/// <param name="Value">The new bytes, which the caller must leave as they are from now on; null deletes the key.</param>
/// <param name="Expected">Null: write whatever is there. 0: the key must not exist. n: its modification revision must be n.</param>
/// <param name="TimeToLive">When given, the key is deleted (with a revision and a change of its own) this long after the write.
/// More than zero; etcd rounds up to seconds and has a floor of about two. A later write of the key replaces it.</param>
public sealed record Write(string Key, ReadOnlyMemory<byte>? Value, long? Expected = null, TimeSpan? TimeToLive = null);

/// <param name="Succeeded">False: the expectation failed, nothing was written.</param>
/// <param name="Revision">The revision of the write; on failure the store's newest revision.</param>
/// <param name="Current">The entry as it is now: the written one, null after a delete; on failure the one in the way, or null.</param>
public sealed record WriteResult(bool Succeeded, long Revision, Entry? Current);

/// <summary>One change, as watchers see it.</summary>
/// <param name="Revision">The revision of this change.</param>
/// <param name="Current">The new entry; null for a delete (also when a time to live ran out).</param>
/// <param name="Previous">What the key held before, or null when it was created, or when that was compacted away.</param>
public sealed record Change(long Revision, string Key, Entry? Current, Entry? Previous);
