using SQLitePCL;

namespace Gureum.Store.Sqlite;

/// <summary>One SQLite connection, used by one thread at a time.</summary>
internal sealed class Connection : IDisposable
{
    private readonly sqlite3 handle;
    private readonly List<Statement> statements = [];

    static Connection() => Batteries_V2.Init();

    private Connection(sqlite3 handle) => this.handle = handle;

    /// <summary>Opens the file, creating it when <paramref name="create"/> says so.</summary>
    public static Connection Open(string path, bool create)
    {
        var flags = raw.SQLITE_OPEN_READWRITE | raw.SQLITE_OPEN_NOMUTEX | (create ? raw.SQLITE_OPEN_CREATE : 0);
        var code = raw.sqlite3_open_v2(path, out var handle, flags, null);
        if (code != raw.SQLITE_OK)
        {
            var text = raw.sqlite3_errmsg(handle).utf8_to_string();
            raw.sqlite3_close_v2(handle);
            throw new SqliteFailure(code, text);
        }
        raw.sqlite3_extended_result_codes(handle, 1);
        // A person looking with sqlite3 may hold a lock for a moment.
        raw.sqlite3_busy_timeout(handle, 5000);
        return new Connection(handle);
    }

    /// <summary>Runs statements that give no rows.</summary>
    public void Execute(string sql)
    {
        using var statement = new Statement(this, handle, sql);
        statement.Run();
    }

    /// <summary>Runs one statement and gives its first column as a number, or null without rows.</summary>
    public long? Number(string sql)
    {
        using var statement = new Statement(this, handle, sql);
        return statement.Step() ? statement.Long(0) : null;
    }

    /// <summary>Prepares a statement that lives as long as the connection.</summary>
    public Statement Prepare(string sql)
    {
        var statement = new Statement(this, handle, sql);
        statements.Add(statement);
        return statement;
    }

    /// <summary>True between BEGIN and the end of the transaction (an error may have ended it already).</summary>
    public bool InTransaction => raw.sqlite3_get_autocommit(handle) == 0;

    public void Check(int code)
    {
        if (code is not (raw.SQLITE_OK or raw.SQLITE_ROW or raw.SQLITE_DONE))
        {
            throw new SqliteFailure(code, raw.sqlite3_errmsg(handle).utf8_to_string());
        }
    }

    public void Dispose()
    {
        statements.ForEach(statement => statement.Dispose());
        raw.sqlite3_close_v2(handle);
    }
}
