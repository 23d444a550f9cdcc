using Gureum.Store.Faults;

namespace Gureum.Store.Sqlite;

/// <summary>
/// The writer's connection and statements. After a failed commit it opens the file anew and looks what the file really holds,
/// since the failed one may be in it or not.
/// </summary>
internal sealed class WriterFile : IDisposable
{
    private readonly string path;
    private Connection? connection;
    private Statements? statements;
    private bool doubtful;

    public WriterFile(string path, Connection connection)
    {
        this.path = path;
        this.connection = connection;
        statements = new Statements(connection);
    }

    /// <summary>Says that the file and the index may differ.</summary>
    public void Doubt() => doubtful = true;

    /// <summary>Makes one transaction durable, or throws and leaves the outcome in doubt.</summary>
    public void Write(Transaction transaction)
    {
        try
        {
            statements!.Begin.Run();
            foreach (var change in transaction.Changes)
            {
                Insert(statements.Insert, change);
            }
            foreach (var row in transaction.Forgotten)
            {
                statements.Delete.Bind(1, row.Version.Revision);
                statements.Delete.Run();
            }
            if (transaction.NewCompacted is { } mark)
            {
                statements.Mark.Bind(1, mark);
                statements.Mark.Run();
            }
            FaultPoints.Hit("store.commit", path);
            statements.Commit.Run();
            FaultPoints.Hit("store.committed", path);
        }
        catch (Exception)
        {
            doubtful = true;
            throw;
        }
    }

    /// <summary>Does nothing after a success; after a failure gives what the file holds beyond the index.</summary>
    public IEnumerable<Transaction> Recover(Snapshot state)
    {
        if (!doubtful)
        {
            return [];
        }
        Close();
        var opened = Connection.Open(path, create: false);
        try
        {
            Schema.Configure(opened);
            var found = Missed(opened, state);
            statements = new Statements(opened);
            connection = opened;
            doubtful = false;
            return found;
        }
        catch (SqliteFailure)
        {
            opened.Dispose();
            throw;
        }
    }

    /// <summary>Moves the log into the file, as far as the medium allows, and closes.</summary>
    public void Dispose() => Close();

    private static List<Transaction> Missed(Connection opened, Snapshot state)
    {
        using var rows = opened.Prepare("SELECT revision, key, value, expires FROM change WHERE revision > ? ORDER BY revision");
        rows.Bind(1, state.Revision);
        var transaction = new Transaction(state);
        while (rows.Step())
        {
            if (rows.Bytes(2) is { } value)
            {
                transaction.Put(rows.Text(1), value, rows.Long(3));
            }
            else
            {
                transaction.Delete(rows.Text(1));
            }
        }
        transaction.Compact(Loader.Compacted(opened));
        return transaction.IsEmpty ? [] : [transaction];
    }

    private static void Insert(Statement insert, CommittedChange change)
    {
        insert.Bind(1, change.Version.Revision);
        insert.Bind(2, change.Key);
        insert.Bind(3, change.Version.Created);
        insert.Bind(4, change.Previous?.Revision ?? 0);
        insert.Bind(5, change.Version.Expires);
        insert.Bind(6, change.Current?.Value);
        insert.Run();
    }

    private void Close()
    {
        statements = null;
        connection?.Dispose();
        connection = null;
    }

    private sealed class Statements(Connection connection)
    {
        public readonly Statement Begin = connection.Prepare("BEGIN IMMEDIATE");
        public readonly Statement Insert = connection.Prepare("INSERT INTO change VALUES(?, ?, ?, ?, ?, ?)");
        public readonly Statement Delete = connection.Prepare("DELETE FROM change WHERE revision = ?");
        public readonly Statement Mark = connection.Prepare("UPDATE fact SET number = ? WHERE name = 'compacted'");
        public readonly Statement Commit = connection.Prepare("COMMIT");
    }
}
