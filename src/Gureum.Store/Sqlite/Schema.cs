namespace Gureum.Store.Sqlite;

/// <summary>
/// The tables of a store file. <c>change</c> is the history, one row for each revision, only ever appended to (so a put
/// dirties as few pages as can be) and thinned by compaction; rows never change. The views are for people with sqlite3.
/// </summary>
internal static class Schema
{
    /// <summary>Written to the file's application_id: "Gurm".</summary>
    public const long Application = 0x4775726d;

    /// <summary>Written to the file's user_version; a file with a higher one comes from a newer program.</summary>
    public const long Version = 1;

    private const string Tables = """
        CREATE TABLE change(
            revision INTEGER PRIMARY KEY,  -- of the whole store
            key      TEXT NOT NULL,
            created  INTEGER NOT NULL,     -- revision at which the key came into being; 0: this row deletes it
            previous INTEGER NOT NULL,     -- revision of the key's change before; 0: none
            expires  INTEGER NOT NULL,     -- Unix milliseconds; 0: never
            value    BLOB)
        """;

    private const string Facts = "CREATE TABLE fact(name TEXT PRIMARY KEY, number INTEGER NOT NULL) WITHOUT ROWID";

    private const string Newest = """
        CREATE VIEW newest AS
            SELECT key, max(revision) AS revision, created, expires, CAST(value AS TEXT) AS value
            FROM change GROUP BY key HAVING created > 0
        """;

    private const string History = """
        CREATE VIEW history AS
            SELECT revision, CASE WHEN created = 0 THEN 'delete' WHEN created = revision THEN 'create' ELSE 'update' END AS what,
                   key, CAST(value AS TEXT) AS value
            FROM change ORDER BY revision
        """;

    /// <summary>Makes the file ready for writing: settings, and the tables when it is new.</summary>
    /// <exception cref="StoreUnavailableException">The file is of another program or of a newer version.</exception>
    public static void Prepare(Connection connection, string path)
    {
        var application = connection.Number("PRAGMA application_id");
        var version = connection.Number("PRAGMA user_version");
        var isNew = application == 0 && version == 0 && connection.Number("SELECT count(*) FROM sqlite_schema") == 0;
        if (!isNew && application != Application)
        {
            throw new StoreUnavailableException(
                $"store {path}: this SQLite file belongs to another program (application_id {application}, not {Application}); give another path");
        }
        if (version > Version)
        {
            throw new StoreUnavailableException(
                $"store {path}: the file has schema {version} and this program knows schemas up to {Version}; start the newer program, or restore an older backup");
        }
        if (isNew)
        {
            connection.Execute("PRAGMA page_size = 8192");
        }
        Configure(connection);
        if (isNew)
        {
            Create(connection);
        }
    }

    /// <summary>The settings that every writing connection needs.</summary>
    public static void Configure(Connection connection)
    {
        connection.Execute("PRAGMA journal_mode = WAL");
        connection.Execute("PRAGMA synchronous = FULL");
        connection.Execute("PRAGMA cache_size = -8192");
        connection.Execute("PRAGMA wal_autocheckpoint = 2000");
        connection.Execute("PRAGMA journal_size_limit = 67108864");
    }

    private static void Create(Connection connection)
    {
        connection.Execute("BEGIN IMMEDIATE");
        connection.Execute(Tables);
        connection.Execute(Facts);
        connection.Execute(Newest);
        connection.Execute(History);
        connection.Execute("INSERT INTO fact VALUES('compacted', 0)");
        connection.Execute($"PRAGMA application_id = {Application}");
        connection.Execute($"PRAGMA user_version = {Version}");
        connection.Execute("COMMIT");
    }
}
