using Gureum.Store.Faults;
using Gureum.Store.Sqlite;

namespace Gureum.Store.Tests.Sqlite;

/// <summary>A medium that fails: writes say so, reads and watches go on, writes resume.</summary>
public sealed class BrokenMediumTests : IDisposable
{
    private readonly TempFolder folder = new();

    private string Path => folder.File("store.db");

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task DiskFull_ReallyFull_ReadsGoOnAndWritesResumeOnceThereIsRoom()
    {
        var said = await Victim.RunMountedAsync($"mount -t tmpfs -o size=8m none {folder.Path}", "fill", folder.Path);
        Assert.Contains("full: store ", said, StringComparison.Ordinal);
        Assert.Contains("the disk is full; free some space", said, StringComparison.Ordinal);
        foreach (var step in (string[])["read all", "watched all", "resumed", "next revision"])
        {
            Assert.Contains($"{step}: True", said, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task ReadOnlyMedium_Opening_SaysSo()
    {
        await using (var store = await SqliteStore.OpenAsync(new SqliteOptions(Path)))
        {
            await store.WriteAsync(new Write("a", new byte[1]));
        }
        var said = await Victim.RunMountedAsync(
            $"mount --bind {folder.Path} {folder.Path} && mount -o remount,bind,ro {folder.Path}", "open", Path);
        Assert.Contains("Read-only file system", said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task CommitFails_EveryWriteOfItFailsAndNothingOfItShows()
    {
        await using var store = await SqliteStore.OpenAsync(new SqliteOptions(Path));
        await store.WriteAsync(new Write("a", new byte[1]));
        using (FaultPoints.Arm("store.commit", Fault.DiskFull, Path))
        {
            var failures = await Task.WhenAll(Enumerable.Range(0, 20).Select(n => Assert.ThrowsAsync<StoreUnavailableException>(async () =>
                await store.WriteAsync(new Write($"b{n}", new byte[1])))));
            Assert.All(failures, failure => Assert.Contains("No space left on device", failure.Message, StringComparison.Ordinal));
            Assert.NotNull(await store.GetAsync("a"));
            Assert.Equal(1, store.Revision);
        }
        Assert.Equal(2, (await store.WriteAsync(new Write("c", new byte[1]))).Revision);
        Assert.Equal(["a", "c"], (await store.RangeAsync("a", "z")).Entries.Select(entry => entry.Key));
    }

    /// <summary>The commit reached the disk although it was reported as failed: it must show up, once, to all.</summary>
    [Fact]
    public async Task CommitSucceedsButIsReportedAsFailed_ShowsWithTheNextWrite()
    {
        await using var store = await SqliteStore.OpenAsync(new SqliteOptions(Path));
        await using var watch = store.WatchAsync("", 0).GetAsyncEnumerator();
        await store.WriteAsync(new Write("a", new byte[] { 1 }));
        using (FaultPoints.Arm("store.committed", Fault.Fail(() => new IOException("the disk went away")), Path))
        {
            await Assert.ThrowsAsync<StoreUnavailableException>(async () => await store.WriteAsync(new Write("a", new byte[] { 2 }, 1)));
        }
        var refused = await store.WriteAsync(new Write("a", new byte[] { 3 }, 1));
        Assert.False(refused.Succeeded);
        Assert.Equal((2L, 2L, 1L), ((long)refused.Current!.Value.Span[0], refused.Current.ModRevision, refused.Current.CreateRevision));
        var seen = new List<long>();
        while (seen.Count < 2 && await watch.MoveNextAsync())
        {
            seen.AddRange(watch.Current.Select(change => change.Revision));
        }
        Assert.Equal([1, 2], seen);
    }

    [Fact]
    public async Task UnexpectedFailureInACommit_ReachesTheCallerAndTheStoreLivesOn()
    {
        await using var store = await SqliteStore.OpenAsync(new SqliteOptions(Path));
        using (FaultPoints.Arm("store.commit", Fault.Fail(() => new InvalidOperationException("a bug")), Path))
        {
            await Assert.ThrowsAsync<InvalidOperationException>(async () => await store.WriteAsync(new Write("a", new byte[1])));
        }
        Assert.Equal(1, (await store.WriteAsync(new Write("a", new byte[1]))).Revision);
    }

    /// <summary>Writes that arrive during one commit share the next, and a watcher gets them as one batch.</summary>
    [Fact]
    public async Task SlowCommit_WritesThatArriveMeanwhile_ShareTheNextOne()
    {
        await using var store = await SqliteStore.OpenAsync(new SqliteOptions(Path));
        await using var watch = store.WatchAsync("", 0).GetAsyncEnumerator();
        using var gate = new ManualResetEventSlim();
        using var reached = new SemaphoreSlim(0);
        using var armed = FaultPoints.Arm("store.commit", () =>
        {
            reached.Release();
            gate.Wait();
        }, Path);
        var first = store.WriteAsync(new Write("first", new byte[1])).AsTask();
        await reached.WaitAsync();
        var others = Enumerable.Range(0, 50).Select(n => store.WriteAsync(new Write($"k{n}", new byte[1])).AsTask()).ToList();
        gate.Set();
        await first;
        var results = await Task.WhenAll(others);
        Assert.Equal(Enumerable.Range(2, 50).Select(n => (long)n), results.Select(result => result.Revision));
        Assert.True(await watch.MoveNextAsync());
        Assert.Single(watch.Current);
        Assert.True(await watch.MoveNextAsync());
        Assert.Equal(50, watch.Current.Count);
    }
}
