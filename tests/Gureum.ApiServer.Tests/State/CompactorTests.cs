using Gureum.ApiServer.State;
using Gureum.ApiServer.Tests.Support;
using Gureum.Store;
using Gureum.Store.Sqlite;

namespace Gureum.ApiServer.Tests.State;

public sealed class CompactorTests
{
    private static Write Put(string name) => new(Keys.All + "core/configmaps/n/" + name, """{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"a","uid":"u"}}"""u8.ToArray(), null);

    // What a list saw is shown for five minutes at least, and for ten at most.
    [Fact]
    public async Task State_OlderThanFiveMinutes_IsForgottenForLists()
    {
        var directory = Directory.CreateTempSubdirectory("gureum-compactor-");
        try
        {
            var time = new ManualTime();
            await using var store = await SqliteStore.OpenAsync(new SqliteOptions(Path.Combine(directory.FullName, "state.db")));
            await using var state = await ClusterState.OpenAsync(store);
            var first = (await state.WriteAsync(Put("a"))).Revision;
            using var stop = new CancellationTokenSource();
            var running = new Compactor(store, state, time).RunAsync(stop.Token);
            var second = (await state.WriteAsync(Put("b"))).Revision;
            Assert.NotNull(state.At(first));
            await PassAsync(time);
            // The first state is the oldest that may still be asked for: it was the newest one five minutes ago.
            Assert.NotNull(state.At(first));
            await state.WriteAsync(Put("c"));
            await PassAsync(time);
            Assert.Null(state.At(first));
            Assert.NotNull(state.At(second));
            Assert.Equal(second, store.CompactedRevision);
            // A watch may go back further than lists: it needs changes, not states.
            Assert.Equal(2, state.Watch(Keys.All + "core/configmaps/", first).Past.Count);
            await stop.CancelAsync();
            await running;
        }
        finally { directory.Delete(recursive: true); }
    }

    private static async Task PassAsync(ManualTime time)
    {
        while (time.Waiting == 0) await Task.Yield();
        time.Advance(TimeSpan.FromMinutes(5));
        // It has done its part once it waits again.
        while (time.Waiting == 0) await Task.Yield();
    }
}
