using System.Net;
using Gureum.ApiServer.Authentication;
using Gureum.ApiServer.State;
using Gureum.Node;
using Gureum.Objects.Models;
using Gureum.Store.Sqlite;
using NodeObject = Gureum.Objects.Core.V1.Node;

namespace Gureum.Running;

/// <summary>Undoes what a cloud made on this machine. Its data directory stays.</summary>
public static class ClusterTeardown
{
    /// <summary>Undoes everything; the server must have ended.</summary>
    /// <returns>What could not be undone, one line each; empty when all is well.</returns>
    public static async Task<IReadOnlyList<string>> RunAsync(ClusterOptions options, CancellationToken cancel)
    {
        if (!options.RunsNode) return [];
        var cidr = await PodCidrAsync(options, cancel);
        var node = NodeIdentity.Options(options, ClusterAuthority.Open(Path.Combine(options.DataDirectory, "pki")));
        return await NodeTeardown.RunAsync(node, cidr, cancel);
    }

    // The node's range, as the state says; null when the node never came to have one.
    private static async Task<IPNetwork?> PodCidrAsync(ClusterOptions options, CancellationToken cancel)
    {
        var path = Path.Combine(options.DataDirectory, "state.db");
        if (!File.Exists(path)) return null;
        await using var store = await SqliteStore.OpenAsync(new SqliteOptions(path), cancel);
        var stored = await store.GetAsync(Keys.Object(NodeObject.Resource, null, options.NodeName), cancel);
        return stored is not null && ModelJson.Parse<NodeObject>(stored.Value.Span).Spec.PodCIDR is { Length: > 0 } cidr ? IPNetwork.Parse(cidr) : null;
    }
}
