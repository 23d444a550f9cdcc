namespace Gureum.Store.Sqlite;

/// <summary>One reading connection with its prepared queries; used by one thread at a time.</summary>
internal sealed class Reader : IDisposable
{
    private readonly Connection connection;
    private readonly Statement one;
    private readonly Statement span;
    private readonly Statement history;

    public Reader(string path)
    {
        connection = Connection.Open(path, create: false);
        try
        {
            connection.Execute("PRAGMA query_only = ON");
            one = connection.Prepare("SELECT value FROM change WHERE revision = ?");
            span = connection.Prepare("SELECT revision, value FROM change WHERE revision BETWEEN ? AND ? ORDER BY revision");
            history = connection.Prepare("""
                SELECT new.revision, new.key, new.value, new.created, old.revision, old.created, old.value
                FROM change AS new LEFT JOIN change AS old ON old.revision = new.previous AND old.created > 0
                WHERE new.revision > ? ORDER BY new.revision LIMIT ?
                """);
        }
        catch (SqliteFailure)
        {
            connection.Dispose();
            throw;
        }
    }

    /// <summary>The value written by a revision, or null when there is none any more.</summary>
    public byte[]? Value(long revision)
    {
        try
        {
            one.Bind(1, revision);
            return one.Step() ? one.Bytes(0) : null;
        }
        finally
        {
            one.Reset();
        }
    }

    /// <summary>Gives <paramref name="take"/> the values of those puts between two revisions, both included, that are wanted.</summary>
    public void Values(long first, long last, Func<long, bool> wanted, Action<byte[]> take)
    {
        try
        {
            span.Bind(1, first);
            span.Bind(2, last);
            while (span.Step())
            {
                if (wanted(span.Long(0)) && span.Bytes(1) is { } value)
                {
                    take(value);
                }
            }
        }
        finally
        {
            span.Reset();
        }
    }

    /// <summary>Up to <paramref name="limit"/> changes after a revision, in order.</summary>
    public List<Change> Changes(long after, int limit)
    {
        var changes = new List<Change>();
        try
        {
            history.Bind(1, after);
            history.Bind(2, limit);
            while (history.Step())
            {
                changes.Add(Row());
            }
            return changes;
        }
        finally
        {
            history.Reset();
        }
    }

    private Change Row()
    {
        var (revision, key) = (history.Long(0), history.Text(1));
        var current = history.Bytes(2) is { } value ? new Entry(key, value, history.Long(3), revision) : null;
        var previous = history.Bytes(6) is { } old ? new Entry(key, old, history.Long(5), history.Long(4)) : null;
        return new Change(revision, key, current, previous);
    }

    public void Dispose() => connection.Dispose();
}
