using System.Globalization;
using Gureum.Store.Sqlite;
using SQLitePCL;

namespace Gureum.Store.Tests.Sqlite;

/// <summary>What opening refuses, and what it tells the operator.</summary>
public sealed class OpeningTests : IDisposable
{
    private readonly TempFolder folder = new();

    private string Path => folder.File("store.db");

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task Open_InUseByAnotherProcess_NamesIt()
    {
        using var owner = Victim.Start("write", Path);
        var failure = await Record.ExceptionAsync(async () =>
        {
            await owner.StandardOutput.ReadLineAsync();
            await (await SqliteStore.OpenAsync(new SqliteOptions(Path))).DisposeAsync();
        });
        owner.Kill();
        await owner.WaitForExitAsync();
        Assert.IsType<StoreUnavailableException>(failure);
        Assert.Contains($"in use by process {owner.Id};", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Open_TwiceInOneProcess_IsRefusedUntilTheFirstIsDisposed()
    {
        await using (await SqliteStore.OpenAsync(new SqliteOptions(Path)))
        {
            var failure = await Assert.ThrowsAsync<StoreUnavailableException>(() => SqliteStore.OpenAsync(new SqliteOptions(Path)));
            Assert.Contains(Environment.ProcessId.ToString(CultureInfo.InvariantCulture), failure.Message, StringComparison.Ordinal);
        }
        await using var again = await SqliteStore.OpenAsync(new SqliteOptions(Path));
    }

    [Fact]
    public async Task Open_NewerSchema_NamesBothVersions() =>
        Assert.Contains("schema 99", await RefusalAsync("PRAGMA user_version = 99"), StringComparison.Ordinal);

    [Fact]
    public async Task Open_FileOfAnotherProgram_IsLeftAlone() =>
        Assert.Contains("belongs to another program", await RefusalAsync("PRAGMA application_id = 7"), StringComparison.Ordinal);

    [Fact]
    public async Task Open_NoDatabase_SaysSo()
    {
        await File.WriteAllTextAsync(Path, new string('x', 5000));
        var failure = await Assert.ThrowsAsync<StoreUnavailableException>(() => SqliteStore.OpenAsync(new SqliteOptions(Path)));
        Assert.Contains("is not an SQLite database", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Open_DamagedPages_SaysSo()
    {
        await using (var store = await SqliteStore.OpenAsync(new SqliteOptions(Path)))
        {
            await Task.WhenAll(Enumerable.Range(0, 100).Select(n => store.WriteAsync(new Write($"k{n}", new byte[4000])).AsTask()));
        }
        var bytes = await File.ReadAllBytesAsync(Path);
        bytes.AsSpan(8192).Fill(0xab);
        await File.WriteAllBytesAsync(Path, bytes);
        var failure = await Assert.ThrowsAsync<StoreUnavailableException>(() => SqliteStore.OpenAsync(new SqliteOptions(Path)));
        Assert.Contains("the file is damaged", failure.Message, StringComparison.Ordinal);
        Assert.Contains("restore a backup", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Open_FolderMissing_NamesIt()
    {
        var failure = await Assert.ThrowsAsync<StoreUnavailableException>(() =>
            SqliteStore.OpenAsync(new SqliteOptions(folder.File("missing/store.db"))));
        Assert.Contains("see that the folder exists", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Views_OpenedBySqlite_ShowTheNewestState()
    {
        await using var store = await SqliteStore.OpenAsync(new SqliteOptions(Path));
        await store.WriteAsync(new Write("a", "one"u8.ToArray()));
        await store.WriteAsync(new Write("a", "two"u8.ToArray()));
        await store.WriteAsync(new Write("b", "gone"u8.ToArray()));
        await store.WriteAsync(new Write("b", null));
        Assert.Equal(["a=two"], Query("SELECT key || '=' || value FROM newest"));
        Assert.Equal(["create", "update", "create", "delete"], Query("SELECT what FROM history"));
    }

    private async Task<string> RefusalAsync(string change)
    {
        await using (var store = await SqliteStore.OpenAsync(new SqliteOptions(Path)))
        {
            await store.WriteAsync(new Write("a", new byte[1]));
        }
        Query(change);
        return (await Assert.ThrowsAsync<StoreUnavailableException>(() => SqliteStore.OpenAsync(new SqliteOptions(Path)))).Message;
    }

    /// <summary>What a person with the sqlite3 shell gets.</summary>
    private List<string> Query(string sql)
    {
        var rows = new List<string>();
        Assert.Equal(raw.SQLITE_OK, raw.sqlite3_open(Path, out var database));
        Assert.Equal(raw.SQLITE_OK, raw.sqlite3_prepare_v2(database, sql, out var statement));
        while (raw.sqlite3_step(statement) == raw.SQLITE_ROW)
        {
            rows.Add(raw.sqlite3_column_text(statement, 0).utf8_to_string());
        }
        statement.Dispose();
        raw.sqlite3_close_v2(database);
        return rows;
    }
}
