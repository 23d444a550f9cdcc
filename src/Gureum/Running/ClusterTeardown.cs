using System.Net;
using Gureum.ApiServer.Authentication;
using Gureum.ApiServer.State;
using Gureum.Node;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Models;
using Gureum.Store;
using Gureum.Store.Sqlite;

namespace Gureum.Running;

/// <summary>Undoes what a cloud made on this machine. Its data directory stays.</summary>
public static class ClusterTeardown
{
    /// <summary>The most time that a pod gets to end by itself, whatever its spec says: a person waits.</summary>
    public static readonly TimeSpan MostGrace = TimeSpan.FromSeconds(30);

    /// <summary>Undoes everything; the server must have ended.</summary>
    /// <param name="grace">The most time that a pod gets to end by itself; zero kills all at once.</param>
    /// <returns>What could not be undone, one line each; empty when all is well.</returns>
    public static async Task<IReadOnlyList<string>> RunAsync(ClusterOptions options, TimeSpan grace, CancellationToken cancel)
    {
        if (!options.RunsNode) return [];
        if (options.JoinedServer is not null) return await Joining.JoinedNode.TeardownAsync(options, grace, cancel);
        var (range, pods) = await StateAsync(options, cancel);
        var node = NodeIdentity.Options(options, range, ClusterAuthority.Open(Path.Combine(options.DataDirectory, "pki")));
        return await NodeTeardown.RunAsync(node, pods, grace, cancel);
    }

    // The node's range and pods, as the state says; the first range when the node never came to have one.
    private static async Task<(IPNetwork Range, IReadOnlyList<Pod> Pods)> StateAsync(ClusterOptions options, CancellationToken cancel)
    {
        var path = Path.Combine(options.DataDirectory, "state.db");
        var first = NodeRange.FirstFree(IPNetwork.Parse(options.PodCidr), [])!.Value;
        if (!File.Exists(path)) return (first, []);
        await using var store = await SqliteStore.OpenAsync(new SqliteOptions(path), cancel);
        return (await NodeRange.OfNodeAsync(store, options.NodeName, cancel) ?? first, await PodsAsync(store, options.NodeName, cancel));
    }

    private static async Task<IReadOnlyList<Pod>> PodsAsync(IStore store, string node, CancellationToken cancel)
    {
        var prefix = Keys.Collection(Pod.Resource);
        var stored = await store.RangeAsync(prefix, Keys.EndOf(prefix), cancel: cancel);
        return [.. stored.Entries.Select(e => ModelJson.Parse<Pod>(e.Value.Span)).Where(p => p.Spec.NodeName == node)];
    }
}
