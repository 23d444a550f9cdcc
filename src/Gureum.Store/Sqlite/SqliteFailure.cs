using SQLitePCL;

namespace Gureum.Store.Sqlite;

/// <summary>SQLite answered with an error code (https://www.sqlite.org/rescode.html).</summary>
internal sealed class SqliteFailure(int code, string message) : Exception($"{message} (SQLite code {code})")
{
    /// <summary>The extended result code.</summary>
    public int Code { get; } = code;

    private int Primary => Code & 0xff;

    /// <summary>What the operator reads: what happened to which file, and what mends it.</summary>
    public static StoreUnavailableException Explain(string path, Exception failure) =>
        new($"store {path}: {Reason(failure)}", failure);

    private static string Reason(Exception failure) => failure is not SqliteFailure sqlite
        ? $"{failure.Message}; the write was refused, and writes resume once this is mended"
        : sqlite.Primary switch
        {
            raw.SQLITE_FULL => "the disk is full; free some space, and writes resume by themselves",
            raw.SQLITE_READONLY => "the file or its file system is read-only; make it writable, and writes resume by themselves",
            raw.SQLITE_BUSY or raw.SQLITE_LOCKED => "another program holds a transaction on the file open; end that program's transaction",
            raw.SQLITE_CORRUPT => $"the file is damaged ({failure.Message}); stop the server, keep the file, and restore a backup or try `sqlite3 <file> .recover`",
            raw.SQLITE_NOTADB => "the file is not an SQLite database; move it away, or give the path of the right file",
            raw.SQLITE_CANTOPEN => $"the file cannot be opened ({failure.Message}); see that its folder exists and may be written by this user",
            raw.SQLITE_PERM or raw.SQLITE_AUTH => "this user may not write the file; change its owner or mode",
            raw.SQLITE_IOERR => $"the disk failed ({failure.Message}); see the kernel's log, and writes resume once it works again",
            _ => failure.Message,
        };
}
