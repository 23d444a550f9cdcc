using Gureum.Store.Etcd;

namespace Gureum.Store.Tests.Etcd;

/// <summary>What an absent, dying or returning etcd looks like.</summary>
public sealed class EtcdFailureTests : IAsyncLifetime
{
    private readonly EtcdServer server = new();

    public ValueTask InitializeAsync() => server.InitializeAsync();

    public ValueTask DisposeAsync() => server.DisposeAsync();

    [Fact]
    public async Task Open_NobodyAnswers_NamesTheEndpointAndTheRemedy()
    {
        await server.KillAsync();
        var failure = await Assert.ThrowsAsync<StoreUnavailableException>(() => server.OpenAsync());
        Assert.Contains($"etcd {server.Endpoint}", failure.Message, StringComparison.Ordinal);
        Assert.Contains("see that it runs", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Open_FirstMemberDead_UsesTheNext()
    {
        await using var store = await EtcdStore.OpenAsync(new EtcdOptions([new Uri("http://127.0.0.1:1"), server.Endpoint]));
        Assert.True((await store.WriteAsync(new Write("a", new byte[1]))).Succeeded);
    }

    [Fact]
    public async Task ServerDies_WritesFailAndTheWatchResumesWithoutGapWhenItIsBack()
    {
        await using var store = await server.OpenAsync();
        await using var watch = store.WatchAsync("", store.Revision).GetAsyncEnumerator();
        var first = await store.WriteAsync(new Write("a", new byte[1]));
        Assert.True(await watch.MoveNextAsync());
        var next = watch.MoveNextAsync().AsTask();
        await server.KillAsync();
        await Assert.ThrowsAsync<StoreUnavailableException>(async () => await store.WriteAsync(new Write("a", new byte[2])));
        await Assert.ThrowsAsync<StoreUnavailableException>(async () => await store.GetAsync("a"));
        await server.StartAsync();
        var second = await WriteWhenItWorksAsync(store);
        Assert.True(await next);
        Assert.Equal((first.Revision + 1, second), (watch.Current[0].Revision, watch.Current[^1].Revision));
    }

    [Fact]
    public async Task Open_AfterACompaction_KnowsItsRevision()
    {
        await using (var store = await server.OpenAsync())
        {
            for (var n = 0; n < 5; n++)
            {
                await store.WriteAsync(new Write("a", new byte[1]));
            }
            await store.CompactAsync(store.Revision - 1);
        }
        await using var again = await server.OpenAsync();
        Assert.Equal(again.Revision - 1, again.CompactedRevision);
    }

    [Fact]
    public async Task Write_RefusedWithTimeToLive_LeavesNoChangeBehind()
    {
        await using var store = await server.OpenAsync();
        var there = await store.WriteAsync(new Write("a", new byte[1]));
        var refused = await store.WriteAsync(new Write("a", new byte[2], 0, TimeSpan.FromSeconds(1)));
        Assert.False(refused.Succeeded);
        // Another key with the same life runs out later; by then a lease left on ours would have deleted it.
        var sibling = await store.WriteAsync(new Write("sibling", new byte[1], TimeToLive: TimeSpan.FromSeconds(1)));
        await foreach (var batch in store.WatchAsync("", sibling.Revision))
        {
            Assert.Equal("sibling", batch[0].Key);
            break;
        }
        Assert.Equal(there.Revision, (await store.GetAsync("a"))!.ModRevision);
    }

    [Fact]
    public async Task Range_LongerThanOnePage_ComesComplete()
    {
        await using var store = await server.OpenAsync();
        await Parallel.ForAsync(0, 4100, async (n, cancel) => await store.WriteAsync(new Write($"k{n:d5}", new byte[1]), cancel));
        var all = await store.RangeAsync("", "z");
        Assert.Equal((4100, false), (all.Entries.Count, all.More));
        Assert.Equal("k04099", all.Entries[^1].Key);
        var some = await store.RangeAsync("", "z", limit: 2500);
        Assert.Equal((2500, true), (some.Entries.Count, some.More));
    }

    private static async Task<long> WriteWhenItWorksAsync(EtcdStore store)
    {
        while (true)
        {
            try
            {
                return (await store.WriteAsync(new Write("a", new byte[3]))).Revision;
            }
            catch (StoreUnavailableException)
            {
                await Task.Delay(50);
            }
        }
    }
}
