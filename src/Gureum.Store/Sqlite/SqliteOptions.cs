namespace Gureum.Store.Sqlite;

/// <summary>How to open a <see cref="SqliteStore"/>. Configuration: immutable.</summary>
/// <param name="Path">
/// The database file, created when absent; its folder must exist. Beside it live <c>-wal</c> and <c>-shm</c> (SQLite's) and
/// <c>.lock</c>.
/// </param>
public sealed record SqliteOptions(string Path)
{
    /// <summary>The clock for times to live.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;
}
