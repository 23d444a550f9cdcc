namespace Gureum.Store.Tests.Contract;

public abstract partial class StoreContract
{
    [Fact]
    public async Task Compact_KeepsTheStateAtItsRevisionAndEverythingNewer()
    {
        await PutAsync("a", "1");
        await PutAsync("gone", "1");
        await DeleteAsync("gone");
        var mark = await PutAsync("a", "2");
        var later = await PutAsync("a", "3");
        await Store.CompactAsync(mark, Cancel);
        Assert.Equal(mark, Store.CompactedRevision);
        Assert.Equal("a=2", await StateAsync(mark));
        Assert.Equal("a=3", await StateAsync(later));
        Assert.Null(await Store.GetAsync("gone", Cancel));
        Assert.Equal([(later, "3")], (await TakeAsync("", mark, 1)).Select(change => (change.Revision, Text(change.Current))));
    }

    [Fact]
    public async Task Compact_OlderRevisions_CanNoLongerBeListedOrWatched()
    {
        var first = await PutAsync("a", "1");
        await PutAsync("a", "2");
        var mark = await PutAsync("a", "3");
        await Store.CompactAsync(mark, Cancel);
        var list = await Assert.ThrowsAsync<RevisionCompactedException>(async () => await Store.RangeAsync("a", "b", first, cancel: Cancel));
        Assert.Equal((first, mark), (list.Asked, list.Compacted));
        var watch = await Assert.ThrowsAsync<RevisionCompactedException>(() => TakeAsync("", first, 1));
        Assert.Equal((first, mark), (watch.Asked, watch.Compacted));
    }

    [Fact]
    public async Task Compact_Again_ChangesNothingAndFutureIsRefused()
    {
        await PutAsync("a", "1");
        var mark = await PutAsync("a", "2");
        await Store.CompactAsync(mark, Cancel);
        await Store.CompactAsync(mark - 1, Cancel);
        await Store.CompactAsync(mark, Cancel);
        Assert.Equal(mark, Store.CompactedRevision);
        await Assert.ThrowsAsync<RevisionInFutureException>(async () => await Store.CompactAsync(mark + 1, Cancel));
    }

    [Fact]
    public async Task Compact_RunningWatch_GoesOn()
    {
        await using var watch = Store.WatchAsync("a", Store.Revision, Cancel).GetAsyncEnumerator();
        var mark = await PutAsync("a", "1");
        Assert.True(await watch.MoveNextAsync());
        await Store.CompactAsync(mark, Cancel);
        var next = await PutAsync("a", "2");
        Assert.True(await watch.MoveNextAsync());
        Assert.Equal((next, "2", "1"), (watch.Current[0].Revision, Text(watch.Current[0].Current), Text(watch.Current[0].Previous)));
    }

    [Fact]
    public async Task Compact_WhileWritersAndReadersAreBusy_NobodySeesAWrongState()
    {
        using var done = new CancellationTokenSource();
        var writing = Task.Run(async () =>
        {
            for (var n = 0; n < 300; n++)
            {
                // Both keys change in one order, so that every state has left == right or left == right + 1.
                await PutAsync("left", $"{n}");
                await PutAsync("right", $"{n}");
            }
            await done.CancelAsync();
        });
        var compacting = Task.Run(async () =>
        {
            while (!done.IsCancellationRequested)
            {
                await Store.CompactAsync(Store.Revision, Cancel);
                await Task.Delay(5);
            }
        });
        await PutAsync("k", "1");
        while (!done.IsCancellationRequested)
        {
            var entries = (await Store.RangeAsync("l", "s", cancel: Cancel)).Entries;
            if (entries.Count == 2)
            {
                Assert.InRange(int.Parse(Text(entries[0]), null) - int.Parse(Text(entries[1]), null), 0, 1);
            }
        }
        await Task.WhenAll(writing, compacting);
    }

    [Fact]
    public async Task TimeToLive_RunsOut_DeletesWithARevisionAndAChange()
    {
        var written = await Store.WriteAsync(new Write("a", Bytes("1"), TimeToLive: TimeSpan.FromSeconds(1)), Cancel);
        var changes = await TakeAsync("a", written.Revision, 1);
        Assert.Equal((written.Revision + 1, null, "1"), (changes[0].Revision, changes[0].Current, Text(changes[0].Previous)));
        Assert.Null(await Store.GetAsync("a", Cancel));
        Assert.Equal("a=1", await StateAsync(written.Revision));
    }

    [Fact]
    public async Task TimeToLive_WrittenAgainWithout_NoLongerHolds()
    {
        await Store.WriteAsync(new Write("kept", Bytes("1"), TimeToLive: TimeSpan.FromSeconds(1)), Cancel);
        await PutAsync("kept", "2");
        // This one was written later with the same life: once it is gone, the other would be.
        var sibling = await Store.WriteAsync(new Write("sibling", Bytes("1"), TimeToLive: TimeSpan.FromSeconds(1)), Cancel);
        Assert.Null((await TakeAsync("sibling", sibling.Revision, 1))[0].Current);
        Assert.Equal("2", Text(await Store.GetAsync("kept", Cancel)));
    }
}
