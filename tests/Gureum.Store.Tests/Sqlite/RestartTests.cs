using Gureum.Store.Faults;
using Gureum.Store.Sqlite;

namespace Gureum.Store.Tests.Sqlite;

/// <summary>What a closed and reopened store still knows.</summary>
public sealed class RestartTests : IDisposable
{
    private readonly TempFolder folder = new();
    private readonly ManualTime time = new(new DateTimeOffset(2026, 5, 1, 0, 0, 0, TimeSpan.Zero));

    private string Path => folder.File("store.db");

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task Restart_RevisionsHistoryAndExpectationsGoOn()
    {
        await using (var store = await OpenAsync())
        {
            await store.WriteAsync(new Write("a", new byte[] { 1 }));
            await store.WriteAsync(new Write("a", new byte[] { 2 }));
            await store.WriteAsync(new Write("b", new byte[] { 3 }));
            await store.WriteAsync(new Write("b", null));
        }
        await using var again = await OpenAsync();
        Assert.Equal((4, 0), (again.Revision, again.CompactedRevision));
        Assert.Null(await again.GetAsync("b"));
        Assert.Equal(1, (await again.RangeAsync("a", "b", 1)).Entries[0].Value.Span[0]);
        Assert.False((await again.WriteAsync(new Write("a", new byte[1], 1))).Succeeded);
        Assert.Equal(5, (await again.WriteAsync(new Write("a", new byte[1], 2))).Revision);
        var changes = new List<Change>();
        await foreach (var batch in again.WatchAsync("", 0))
        {
            changes.AddRange(batch);
            if (changes.Count >= 5)
            {
                break;
            }
        }
        Assert.Equal([1, 2, 3, 4, 5], changes.Select(change => change.Revision));
        Assert.Equal(1, changes[4].Current!.CreateRevision);
        Assert.Equal(2, changes[4].Previous!.Value.Span[0]);
    }

    /// <summary>The newest change may be a deletion that compaction takes away: its revision must not be given out again.</summary>
    [Fact]
    public async Task Restart_AfterCompactingADeletion_NoRevisionIsReused()
    {
        await using (var store = await OpenAsync())
        {
            await store.WriteAsync(new Write("a", new byte[1]));
            await store.WriteAsync(new Write("a", null));
            await store.CompactAsync(2);
        }
        await using var again = await OpenAsync();
        Assert.Equal((2, 2), (again.Revision, again.CompactedRevision));
        Assert.Equal(3, (await again.WriteAsync(new Write("a", new byte[1], 0))).Revision);
    }

    [Fact]
    public async Task Restart_InTheMiddleOfACompaction_FinishesItAndNothingComesBack()
    {
        await using (var store = await OpenAsync())
        {
            foreach (var n in Enumerable.Range(0, 400))
            {
                await store.WriteAsync(new Write($"k{n}", new byte[1]));
            }
            foreach (var n in Enumerable.Range(0, 400))
            {
                await store.WriteAsync(new Write($"k{n}", null));
            }
            // The mark and the first step of 256 rows pass, then the disk is full.
            using (FaultPoints.Arm("store.commit", Fault.After(2, Fault.DiskFull), Path))
            {
                await Assert.ThrowsAsync<StoreUnavailableException>(async () => await store.CompactAsync(800));
            }
        }
        await using var again = await OpenAsync();
        Assert.Equal((800, 800), (again.Revision, again.CompactedRevision));
        Assert.Empty((await again.RangeAsync("a", "z")).Entries);
        await again.CompactAsync(800);
        Assert.Equal(0, (await RowsAsync(again)));
    }

    [Fact]
    public async Task Compact_Repeatedly_ReusesTheFreedPages()
    {
        await using var store = await OpenAsync();
        var sizes = new List<long>();
        for (var round = 0; round < 6; round++)
        {
            await Task.WhenAll(Enumerable.Range(0, 1000).Select(n => store.WriteAsync(new Write($"k{n % 50}", new byte[2000])).AsTask()));
            await store.CompactAsync(store.Revision);
            Assert.Equal(50, await RowsAsync(store));
            sizes.Add(Pages());
        }
        Assert.True(sizes[^1] <= sizes[1] * 2, $"pages after each round: {string.Join(", ", sizes)}");
    }

    [Fact]
    public async Task TimeToLive_RunsOutWhileStopped_IsDeletedAtTheNextStart()
    {
        await using (var store = await OpenAsync())
        {
            await store.WriteAsync(new Write("short", new byte[1], TimeToLive: TimeSpan.FromMinutes(5)));
            await store.WriteAsync(new Write("long", new byte[1], TimeToLive: TimeSpan.FromMinutes(20)));
        }
        time.Advance(TimeSpan.FromMinutes(10));
        await using var again = await OpenAsync();
        time.Advance(TimeSpan.Zero);
        Assert.Equal((3, "short"), await NextDeletionAsync(again, 2));
        Assert.NotNull(await again.GetAsync("long"));
        time.Advance(TimeSpan.FromMinutes(10));
        Assert.Equal((4, "long"), await NextDeletionAsync(again, 3));
    }

    [Fact]
    public async Task TimeToLive_DiskFullWhenItRunsOut_IsTriedAgain()
    {
        await using var store = await OpenAsync();
        await store.WriteAsync(new Write("a", new byte[1], TimeToLive: TimeSpan.FromMinutes(5)));
        using var tried = new SemaphoreSlim(0);
        using (FaultPoints.Arm("store.commit", () =>
        {
            tried.Release();
            Fault.DiskFull();
        }, Path))
        {
            time.Advance(TimeSpan.FromMinutes(6));
            await tried.WaitAsync();
        }
        var deletion = NextDeletionAsync(store, 1);
        while (!deletion.IsCompleted)
        {
            time.Advance(TimeSpan.FromSeconds(1));
            await Task.Delay(1);
        }
        Assert.Equal((2, "a"), await deletion);
    }

    [Fact]
    public async Task Dispose_TwiceAndUseAfterwards_IsRefusedClearly()
    {
        var store = await OpenAsync();
        await store.DisposeAsync();
        await store.DisposeAsync();
        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await store.WriteAsync(new Write("a", new byte[1])));
        Assert.Throws<ObjectDisposedException>(() => store.WatchAsync("", 0));
    }

    private Task<SqliteStore> OpenAsync() => SqliteStore.OpenAsync(new SqliteOptions(Path) { Time = time });

    private static async Task<(long Revision, string Key)> NextDeletionAsync(SqliteStore store, long after)
    {
        await foreach (var batch in store.WatchAsync("", after))
        {
            Assert.Null(batch[0].Current);
            return (batch[0].Revision, batch[0].Key);
        }
        throw new InvalidOperationException("the watch ended");
    }

    private async Task<long> RowsAsync(SqliteStore store)
    {
        await store.CompactAsync(store.CompactedRevision);
        return Number("SELECT count(*) FROM change");
    }

    private long Pages() => Number("PRAGMA page_count");

    private long Number(string sql)
    {
        using var connection = new Microsoft.Data.Sqlite.SqliteConnection($"Data Source={Path};Mode=ReadOnly;Pooling=false");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        return (long)command.ExecuteScalar()!;
    }
}
