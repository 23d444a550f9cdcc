using System.Net;
using Gureum.Network.Dns;
using Gureum.Network.Netlink;

namespace Gureum.Network.Tenants;

/// <summary>How one node carries tenants' networks. Immutable.</summary>
public sealed record TenantOptions
{
    /// <summary>Where the namespaces are pinned, as "dhcp-…" and "router-…"; must not survive a reboot.</summary>
    public required string Directory { get; init; }

    /// <summary>The node's own namespace.</summary>
    public NetNamespace Namespace { get; init; } = NetNamespace.Current;

    /// <summary>The most that a network's packets may have, in bytes.</summary>
    public int Mtu { get; init; } = 1500;

    /// <summary>This node's address in the machines' own network; null when it has no others.</summary>
    public IPAddress? Underlay { get; init; }

    /// <summary>Ranges of the cluster that tenants reach by no way of theirs: pods and Services.</summary>
    public IReadOnlyList<IPNetwork> Forbidden { get; init; } = [];

    /// <summary>Who answers for names outside of a network; null: nobody.</summary>
    public DnsForwarder? Forwarder { get; init; }

    /// <summary>Answers what guests ask of 169.254.169.254; null: it knows nothing.</summary>
    public MetadataHandler? Metadata { get; init; }

    /// <summary>Told of what should not happen, with what it happened to.</summary>
    public Action<string, Exception>? OnFault { get; init; }

    /// <summary>The nftables table in each of the namespaces.</summary>
    public string Table { get; init; } = "gureum-tenants";

    /// <summary>What is added to a network's segment, so that no tunnel has the pods' number.</summary>
    public const int FirstTunnel = 0x10000;

    internal string Space(string name) => Path.Combine(Directory, name);
}
