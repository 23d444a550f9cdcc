using System.Collections.Immutable;
using System.Net;
using Gureum.Network.Netlink;

namespace Gureum.Network.Services;

/// <summary>How one node proxies Services. Immutable.</summary>
public sealed record ServiceProxyOptions
{
    /// <summary>This node's name, to tell local endpoints.</summary>
    public required string NodeName { get; init; }

    /// <summary>This node's pods: their traffic to external addresses of a Service counts as internal.</summary>
    public required IPNetwork PodCidr { get; init; }

    /// <summary>All pods of the cluster: sources from elsewhere are masqueraded on their way to a cluster address.</summary>
    public required IPNetwork ClusterCidr { get; init; }

    /// <summary>The range of cluster addresses; what no Service answers there is refused.</summary>
    public required IPNetwork ServiceCidr { get; init; }

    /// <summary>The node addresses that node ports are served on; empty for every one of the node's, except loopback.</summary>
    public ImmutableArray<IPNetwork> NodePortAddresses { get; init; } = [];

    /// <summary>Cluster addresses that the node itself answers (the cluster DNS), for which no rules are made.</summary>
    public ImmutableHashSet<IPAddress> LocallyServed { get; init; } = [];

    /// <summary>The namespace of the node.</summary>
    public NetNamespace Namespace { get; init; } = NetNamespace.Current;

    /// <summary>The nftables table; nothing outside of it is touched.</summary>
    public string Table { get; init; } = "gureum-services";

    /// <summary>The bit of the packet mark that asks for masquerade.</summary>
    public uint MasqueradeMark { get; init; } = 0x4000;
}
