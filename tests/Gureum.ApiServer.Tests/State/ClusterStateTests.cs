using Gureum.ApiServer.State;
using Gureum.Store;
using Gureum.Store.Sqlite;

namespace Gureum.ApiServer.Tests.State;

public sealed class ClusterStateTests
{
    // Only some states are kept whole; those between them are made again when they are asked for.
    [Fact]
    public async Task At_AnyRevisionOfWritesThatCameTogether_IsWhatTheStoreHeldThen()
    {
        var directory = Directory.CreateTempSubdirectory("gureum-state-");
        try
        {
            await using var store = await SqliteStore.OpenAsync(new SqliteOptions(Path.Combine(directory.FullName, "state.db")));
            await using var state = await ClusterState.OpenAsync(store);
            // Of 500 writes at once many share a commit: 40 names, made, changed and removed in turn.
            var writes = await Task.WhenAll(Enumerable.Range(0, 500).Select(i => state.WriteAsync(i % 5 == 4 ? new Write(Key(i), null) : new Write(Key(i), Map(i))).AsTask()));
            var revisions = writes.Select(w => w.Revision).Where(r => r > 0).Order().ToList();
            foreach (var revision in revisions)
            {
                var held = await store.RangeAsync(Keys.All, Keys.EndOf(Keys.All), revision);
                Assert.Equal(held.Entries.Select(e => (e.Key, e.ModRevision)), state.At(revision)!.Under(Keys.All).Select(p => (p.Key, p.Value.Revision)));
            }
        }
        finally { directory.Delete(recursive: true); }
    }

    private static string Key(int i) => Keys.All + "core/configmaps/n/map-" + (i * 7 % 40);

    private static byte[] Map(int i) => System.Text.Encoding.UTF8.GetBytes($$$"""{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"map-{{{i * 7 % 40}}}","uid":"u"},"data":{"i":"{{{i}}}"}}""");
}
