namespace Gureum.Store.Sqlite;

/// <summary>
/// The embedded store: one SQLite file in WAL mode. A write is durable (fsync) when its task completes; writes that wait
/// together share one commit. The index of keys lives in memory, values live in the file. State: thread-safe.
/// </summary>
/// <remarks>
/// When the disk is full or read-only, writes fail with <see cref="StoreUnavailableException"/> while reads and watches go on,
/// and writes work again as soon as the medium does. Look inside at any time with <c>sqlite3 FILE 'SELECT * FROM newest'</c>.
/// </remarks>
public sealed class SqliteStore : IStore
{
    private readonly FileLock fileLock;
    // A connection that only stays open: with the last one SQLite would take its log away, and could not make it anew on a full disk.
    private readonly Connection anchor;
    private readonly WriterFile file;
    private readonly Writer writer;
    private readonly Readers readers;
    private readonly RecentCommits recent;
    private readonly Expiry expiry;
    private readonly Compactor compactor;
    private readonly Watcher watcher;
    private readonly CancellationTokenSource closing = new();
    private readonly string path;
    private Task leftovers = Task.CompletedTask;
    private int disposed;

    private SqliteStore(SqliteOptions options, FileLock fileLock, Connection connection, Connection anchor, Snapshot state)
    {
        path = options.Path;
        this.fileLock = fileLock;
        this.anchor = anchor;
        file = new WriterFile(path, connection);
        readers = new Readers(path);
        recent = new RecentCommits(state.Revision);
        writer = new Writer(path, file, state, Publish);
        expiry = new Expiry(options.Time, request => writer.Submit(request));
        compactor = new Compactor(writer);
        watcher = new Watcher(() => writer.State, recent, readers);
    }

    /// <inheritdoc/>
    public long Revision => writer.State.Revision;

    /// <inheritdoc/>
    public long CompactedRevision => writer.State.Compacted;

    /// <summary>Opens the store, creating the file when there is none.</summary>
    /// <exception cref="StoreUnavailableException">
    /// The file is in use (the text says by which process), damaged, of another program or of a newer version, or its folder
    /// cannot be written.
    /// </exception>
    public static Task<SqliteStore> OpenAsync(SqliteOptions options, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        return Task.Run(() => Open(options with { Path = Path.GetFullPath(options.Path) }), cancel);
    }

    /// <inheritdoc/>
    public ValueTask<Entry?> GetAsync(string key, CancellationToken cancel = default)
    {
        Requirements.Key(key);
        cancel.ThrowIfCancellationRequested();
        while (true)
        {
            var state = writer.State;
            if (state.Find(key) is not { } version)
            {
                return new ValueTask<Entry?>((Entry?)null);
            }
            if (readers.Entry(key, version) is { } entry)
            {
                return new ValueTask<Entry?>(entry);
            }
            // Rewritten and compacted since we looked: look again, unless nothing happened at all.
            ThrowIfUnchanged(state, version.Revision);
        }
    }

    /// <inheritdoc/>
    public ValueTask<RangeResult> RangeAsync(
        string from, string to, long revision = 0, int limit = 0, CancellationToken cancel = default)
    {
        Requirements.Range(from, to, revision, limit);
        while (true)
        {
            var state = writer.State;
            Requirements.Readable(revision, state.Revision, state.Compacted);
            var asked = revision == 0 ? state.Revision : revision;
            var (versions, more) = Select(state, from, to, asked, limit);
            var entries = RangeReader.Read(readers, versions, cancel);
            // Compaction may have cut chains while they were walked: it moves its mark first, so this look finds out.
            var after = writer.State;
            if (entries is not null && asked >= after.Compacted)
            {
                return new ValueTask<RangeResult>(new RangeResult(entries, asked, more));
            }
            Requirements.Readable(revision, after.Revision, after.Compacted);
            ThrowIfUnchanged(state, asked);
        }
    }

    /// <inheritdoc/>
    public async ValueTask<WriteResult> WriteAsync(Write write, CancellationToken cancel = default)
    {
        Requirements.Write(write);
        cancel.ThrowIfCancellationRequested();
        var done = writer.Submit(new WriteRequest(write, write.TimeToLive is null ? 0 : expiry.Now));
        var outcome = await (cancel.CanBeCanceled ? done.WaitAsync(cancel) : done).ConfigureAwait(false);
        if (outcome.Succeeded)
        {
            return new WriteResult(true, outcome.Revision == 0 ? Revision : outcome.Revision, outcome.Entry);
        }
        var inTheWay = outcome.InTheWay is null ? null : readers.Entry(write.Key, outcome.InTheWay);
        if (inTheWay is null && outcome.InTheWay is not null)
        {
            inTheWay = await GetAsync(write.Key, cancel).ConfigureAwait(false);
        }
        return new WriteResult(false, Revision, inTheWay);
    }

    /// <inheritdoc/>
    public IAsyncEnumerable<IReadOnlyList<Change>> WatchAsync(string prefix, long afterRevision, CancellationToken cancel = default)
    {
        Requirements.Watch(prefix, afterRevision);
        ObjectDisposedException.ThrowIf(disposed != 0, this);
        return watcher.WatchAsync(prefix, afterRevision, cancel);
    }

    /// <inheritdoc/>
    public async ValueTask CompactAsync(long revision, CancellationToken cancel = default)
    {
        Requirements.Compact(revision, Revision);
        await compactor.CompactAsync(revision, cancel).ConfigureAwait(false);
    }

    /// <summary>Finishes the writes that wait, ends the watches, and closes the file.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref disposed, 1) != 0)
        {
            return;
        }
        await closing.CancelAsync().ConfigureAwait(false);
        await expiry.DisposeAsync().ConfigureAwait(false);
        await writer.StopAsync().ConfigureAwait(false);
        await leftovers.ConfigureAwait(false);
        recent.End(new ObjectDisposedException(nameof(SqliteStore)));
        readers.Dispose();
        anchor.Dispose();
        file.Dispose();
        compactor.Dispose();
        closing.Dispose();
        fileLock.Dispose();
    }

    private static SqliteStore Open(SqliteOptions options)
    {
        var fileLock = FileLock.Take(options.Path);
        Connection? connection = null, anchor = null;
        try
        {
            connection = Connection.Open(options.Path, create: true);
            Schema.Prepare(connection, options.Path);
            anchor = Connection.Open(options.Path, create: false);
            anchor.Number("SELECT count(*) FROM fact");
            var store = new SqliteStore(options, fileLock, connection, anchor, Loader.Load(connection));
            store.Start();
            return store;
        }
        catch (Exception failure)
        {
            connection?.Dispose();
            anchor?.Dispose();
            fileLock.Dispose();
            if (failure is SqliteFailure)
            {
                throw SqliteFailure.Explain(options.Path, failure);
            }
            throw;
        }
    }

    private void Start()
    {
        foreach (var (key, version) in writer.State.Keys.Range())
        {
            expiry.Add(key, version);
        }
        writer.Start();
        // A compaction that a crash interrupted has left rows behind.
        leftovers = FinishCompactionAsync();
    }

    private async Task FinishCompactionAsync()
    {
        try
        {
            await compactor.CompactAsync(0, closing.Token).ConfigureAwait(false);
        }
        catch (Exception failure) when (failure is StoreUnavailableException or OperationCanceledException or ObjectDisposedException)
        {
            // The next compaction takes them.
            System.Diagnostics.Trace.TraceInformation($"store {path}: old rows are left for the next compaction: {failure.Message}");
        }
    }

    private void Publish(Commit commit)
    {
        foreach (var change in commit.Changes)
        {
            expiry.Add(change.Key, change.Version);
        }
        recent.Add(commit);
    }

    private static (List<KeyValuePair<string, KeyVersion>> Versions, bool More) Select(
        Snapshot state, string from, string to, long revision, int limit)
    {
        var versions = new List<KeyValuePair<string, KeyVersion>>();
        foreach (var (key, newest) in state.Keys.Range(from, to))
        {
            if (newest.At(revision) is not { Deleted: false } version)
            {
                continue;
            }
            if (limit > 0 && versions.Count == limit)
            {
                return (versions, true);
            }
            versions.Add(KeyValuePair.Create(key, version));
        }
        return (versions, false);
    }

    private void ThrowIfUnchanged(Snapshot before, long revision)
    {
        if (ReferenceEquals(before, writer.State))
        {
            throw new StoreUnavailableException(
                $"store {path}: the row of revision {revision} is gone from the file; it was changed by hand or is damaged: restore a backup");
        }
    }
}
