using System.Collections.Concurrent;

namespace Gureum.Store.Sqlite;

/// <summary>
/// Reading connections, taken and given back. Rows never change, so a read needs no transaction: it finds the row of a
/// revision, or finds that compaction took it.
/// </summary>
internal sealed class Readers(string path) : IDisposable
{
    private readonly ConcurrentBag<Reader> idle = [];
    private volatile bool closed;

    /// <summary>The entry of a version; null when compaction took its row.</summary>
    /// <exception cref="StoreUnavailableException">The file cannot be read.</exception>
    public Entry? Entry(string key, KeyVersion version) =>
        version.Recent ?? Use(reader => reader.Value(version.Revision) is { } value
            ? new Entry(key, value, version.Created, version.Revision)
            : null);

    /// <summary>Runs a query on a connection of its own.</summary>
    /// <exception cref="StoreUnavailableException">The file cannot be read.</exception>
    public TResult Use<TResult>(Func<Reader, TResult> query)
    {
        ObjectDisposedException.ThrowIf(closed, this);
        Reader? reader = null;
        try
        {
            reader = idle.TryTake(out var taken) ? taken : new Reader(path);
            var result = query(reader);
            idle.Add(reader);
            reader = null;
            return result;
        }
        catch (SqliteFailure failure)
        {
            throw SqliteFailure.Explain(path, failure);
        }
        finally
        {
            // Only a failed reader is still here; its connection may be part of the trouble.
            reader?.Dispose();
            if (closed)
            {
                Dispose();
            }
        }
    }

    public void Dispose()
    {
        closed = true;
        while (idle.TryTake(out var reader))
        {
            reader.Dispose();
        }
    }
}
