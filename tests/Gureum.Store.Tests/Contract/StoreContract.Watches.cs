namespace Gureum.Store.Tests.Contract;

public abstract partial class StoreContract
{
    [Fact]
    public async Task Watch_FromThePast_GivesHistoryWithWhatWasThereBefore()
    {
        var before = Store.Revision;
        var created = await PutAsync("a", "1");
        var updated = await PutAsync("a", "2");
        var deleted = await DeleteAsync("a");
        var again = await PutAsync("a", "3");
        var changes = await TakeAsync("", before, 4);
        Assert.Equal(
            [(created, "1", "(none)"), (updated, "2", "1"), (deleted, "(none)", "2"), (again, "3", "(none)")],
            changes.Select(change => (change.Revision, Text(change.Current), Text(change.Previous))));
        Assert.Equal((created, created), (changes[1].Previous!.CreateRevision, changes[1].Previous!.ModRevision));
        Assert.Equal((created, updated), (changes[1].Current!.CreateRevision, changes[1].Current!.ModRevision));
        Assert.Equal(again, changes[3].Current!.CreateRevision);
    }

    [Fact]
    public async Task Watch_AfterARevision_LeavesThatRevisionOut()
    {
        var first = await PutAsync("a", "1");
        var second = await PutAsync("a", "2");
        Assert.Equal([second], (await TakeAsync("", first, 1)).Select(change => change.Revision));
    }

    [Fact]
    public async Task Watch_Prefix_LeavesOthersOut()
    {
        var before = Store.Revision;
        foreach (var key in (string[])["pods/a", "pod", "pods/", "podsx", "services/a", "pods/b"])
        {
            await PutAsync(key, "1");
        }
        Assert.Equal(["pods/a", "pods/", "pods/b"], (await TakeAsync("pods/", before, 3)).Select(change => change.Key));
    }

    [Fact]
    public async Task Watch_Live_GivesChangesAsTheyHappen()
    {
        var taking = TakeAsync("a", Store.Revision, 2);
        var first = await PutAsync("a", "1");
        await PutAsync("other", "1");
        var second = await DeleteAsync("a");
        Assert.Equal([(first, "1"), (second, "(none)")], (await taking).Select(change => (change.Revision, Text(change.Current))));
    }

    [Fact]
    public async Task Watch_FromAFutureRevision_StartsThere()
    {
        var taking = TakeAsync("", Store.Revision + 2, 1);
        await PutAsync("a", "1");
        await PutAsync("a", "2");
        var third = await PutAsync("a", "3");
        Assert.Equal([third], (await taking).Select(change => change.Revision));
    }

    /// <summary>Watches that start anywhere while writers are busy see every later revision once, in order.</summary>
    [Fact]
    public async Task Watch_WhileWritersAreBusy_HasNoGapAndNoRepetition()
    {
        const int Writers = 6, Each = 100;
        var start = Store.Revision;
        var watches = new List<(long After, Task<List<Change>> Taking)>();
        var writing = Task.WhenAll(Enumerable.Range(0, Writers).Select(writer => Task.Run(async () =>
        {
            for (var n = 0; n < Each; n++)
            {
                await PutAsync($"w{writer}/{n % 9}", $"{n}");
            }
        })));
        while (!writing.IsCompleted)
        {
            var after = Store.Revision;
            watches.Add((after, TakeAsync("w", after, (int)(start + (Writers * Each) - after))));
            await PutAsync("noise", "1");
            if (watches.Count == 12)
            {
                break;
            }
        }
        await writing;
        await PutAsync("w/end", "1");
        foreach (var (after, taking) in watches)
        {
            // The noise takes revisions too, so that a watch may have to be continued to its end.
            var seen = await taking.WaitAsync(Cancel);
            Assert.Equal(seen.Select(change => change.Revision).Distinct().Order(), seen.Select(change => change.Revision));
            var expected = await TakeAsync("w", after, seen.Count);
            Assert.Equal(expected.Take(seen.Count).Select(change => (change.Revision, change.Key, Text(change.Current), Text(change.Previous))),
                seen.Select(change => (change.Revision, change.Key, Text(change.Current), Text(change.Previous))));
        }
    }

    [Fact]
    public async Task Watch_Cancelled_EndsByCancellation()
    {
        using var cancel = new CancellationTokenSource();
        await using var watch = Store.WatchAsync("", Store.Revision, cancel.Token).GetAsyncEnumerator();
        var next = watch.MoveNextAsync().AsTask();
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => next);
    }

    [Fact]
    public async Task Watch_StoreDisposed_Ends()
    {
        await using var watch = Store.WatchAsync("", Store.Revision, Cancel).GetAsyncEnumerator();
        var next = watch.MoveNextAsync().AsTask();
        await PutAsync("a", "1");
        Assert.True(await next);
        next = watch.MoveNextAsync().AsTask();
        await Store.DisposeAsync();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => next);
    }

    [Fact]
    public async Task Watch_ThatIsNotRead_HoldsNobodyUp()
    {
        var before = Store.Revision;
        await using var slow = Store.WatchAsync("", before, Cancel).GetAsyncEnumerator();
        await PutAsync("a", "first");
        Assert.True(await slow.MoveNextAsync());
        var value = new string('x', 100_000);
        for (var n = 0; n < 400; n++)
        {
            await PutAsync("a", value + n);
        }
        var seen = slow.Current.Count;
        while (seen < 401 && await slow.MoveNextAsync())
        {
            Assert.All(slow.Current, change => Assert.Equal(before + ++seen, change.Revision));
        }
        Assert.Equal(401, seen);
    }
}
