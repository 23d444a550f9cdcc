using System.Text;
using SQLitePCL;

namespace Gureum.Store.Sqlite;

/// <summary>A prepared statement; parameters count from 1, columns from 0, as in SQLite's own interface.</summary>
internal sealed class Statement : IDisposable
{
    private readonly Connection connection;
    private readonly sqlite3_stmt handle;

    public Statement(Connection connection, sqlite3 database, string sql)
    {
        this.connection = connection;
        connection.Check(raw.sqlite3_prepare_v2(database, sql, out handle));
    }

    public void Bind(int parameter, long value) => connection.Check(raw.sqlite3_bind_int64(handle, parameter, value));

    public void Bind(int parameter, string ascii)
    {
        Span<byte> bytes = ascii.Length <= 512 ? stackalloc byte[ascii.Length] : new byte[ascii.Length];
        Encoding.ASCII.GetBytes(ascii, bytes);
        connection.Check(raw.sqlite3_bind_text(handle, parameter, bytes));
    }

    /// <summary>Binds bytes, or NULL.</summary>
    public void Bind(int parameter, ReadOnlyMemory<byte>? bytes) => connection.Check(bytes switch
    {
        null => raw.sqlite3_bind_null(handle, parameter),
        // An empty span has no address, which SQLite would take for NULL.
        { Length: 0 } => raw.sqlite3_bind_zeroblob(handle, parameter, 0),
        { } some => raw.sqlite3_bind_blob(handle, parameter, some.Span),
    });

    /// <summary>Moves to the next row; false at the end.</summary>
    public bool Step()
    {
        var code = raw.sqlite3_step(handle);
        connection.Check(code);
        return code == raw.SQLITE_ROW;
    }

    /// <summary>Executes to the end and makes the statement ready for the next use, also after a failure.</summary>
    public void Run()
    {
        try
        {
            while (Step())
            {
            }
        }
        finally
        {
            Reset();
        }
    }

    /// <summary>Ends the execution; its error was already reported by the step.</summary>
    public void Reset() => raw.sqlite3_reset(handle);

    public long Long(int column) => raw.sqlite3_column_int64(handle, column);

    public string Text(int column) => raw.sqlite3_column_text(handle, column).utf8_to_string();

    /// <summary>A copy of the column's bytes; null for NULL.</summary>
    public byte[]? Bytes(int column) => raw.sqlite3_column_type(handle, column) == raw.SQLITE_NULL
        ? null
        : raw.sqlite3_column_blob(handle, column).ToArray();

    public void Dispose() => handle.Dispose();
}
