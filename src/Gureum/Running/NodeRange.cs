using System.Buffers.Binary;
using System.Net;
using Gureum.ApiServer.State;
using Gureum.Objects.Models;
using Gureum.Store;
using NodeObject = Gureum.Objects.Core.V1.Node;

namespace Gureum.Running;

/// <summary>
/// The range of pod addresses of this machine's node, known before the API server runs: the one that its Node has, else
/// the first that no other Node has, which the node then asks for when it registers. So the gateway of the range can be
/// the address of a machine without uplink, whatever the node controller would have chosen.
/// </summary>
internal static class NodeRange
{
    /// <summary>Each node's part, as the node controller cuts it.</summary>
    private const int NodePrefix = 24;

    /// <summary>The range that the stored Node has; null when there is no such Node, or it never came to have one.</summary>
    internal static async Task<IPNetwork?> OfNodeAsync(IStore store, string node, CancellationToken cancel)
    {
        var stored = await store.GetAsync(Keys.Object(NodeObject.Resource, null, node), cancel);
        return stored is null ? null : RangeOf(stored);
    }

    /// <summary>The range that this node has or asks for.</summary>
    /// <exception cref="InvalidOperationException">All ranges of the cluster are taken.</exception>
    internal static async Task<IPNetwork> ChooseAsync(IStore store, ClusterOptions options, CancellationToken cancel)
    {
        if (await OfNodeAsync(store, options.NodeName, cancel) is { } own) return own;
        var prefix = Keys.Collection(NodeObject.Resource);
        var nodes = await store.RangeAsync(prefix, Keys.EndOf(prefix), cancel: cancel);
        return FirstFree(IPNetwork.Parse(options.PodCidr), [.. nodes.Entries.Select(RangeOf).OfType<IPNetwork>()])
            ?? throw new InvalidOperationException($"no range of pod addresses is free for node {options.NodeName}: all of {options.PodCidr} is given to other nodes; delete Nodes that are gone");
    }

    /// <summary>The first part of a cluster's range that nobody has; null when all are taken. Pure.</summary>
    internal static IPNetwork? FirstFree(IPNetwork cluster, IReadOnlyCollection<IPNetwork> taken)
    {
        var mask = Math.Max(NodePrefix, cluster.PrefixLength);
        var first = BinaryPrimitives.ReadUInt32BigEndian(cluster.BaseAddress.GetAddressBytes());
        for (long i = 0; i < 1L << (mask - cluster.PrefixLength); i++)
        {
            var bytes = new byte[4];
            BinaryPrimitives.WriteUInt32BigEndian(bytes, first + (uint)(i << (32 - mask)));
            var range = new IPNetwork(new IPAddress(bytes), mask);
            if (!taken.Any(t => t.Contains(range.BaseAddress) || range.Contains(t.BaseAddress))) return range;
        }
        return null;
    }

    private static IPNetwork? RangeOf(Entry node) =>
        ModelJson.Parse<NodeObject>(node.Value.Span).Spec.PodCIDR is { Length: > 0 } cidr ? IPNetwork.Parse(cidr) : null;
}
