using System.Net.NetworkInformation;
using Gureum.Network.Netlink;
using Gureum.Network.Pods;

namespace Gureum.Network.Policies;

/// <summary>How one node enforces policies. Immutable.</summary>
public sealed record PolicyOptions
{
    /// <summary>This node's name, for people who look at the tables.</summary>
    public required string NodeName { get; init; }

    /// <summary>The namespace of the node.</summary>
    public NetNamespace Namespace { get; init; } = NetNamespace.Current;

    /// <summary>The name of the nftables tables, of the families ip and bridge; nothing outside of them is touched.</summary>
    public string Table { get; init; } = "gureum-policies";

    /// <summary>The hardware address by which pods know the node.</summary>
    internal PhysicalAddress BridgeMac { get; init; } = PodNetwork.BridgeMac;

    /// <summary>The node's ends of pods' interfaces, as an nft pattern.</summary>
    internal string Ports { get; init; } = PodNetwork.HostPrefix + "*";
}
