using System.Collections.Immutable;
using System.Net;
using Gureum.Network.Netlink;

namespace Gureum.Network.Pods;

/// <summary>How one node's pod network is laid out. Immutable; checked by <see cref="Validate"/>.</summary>
public sealed record PodNetworkOptions
{
    /// <summary>The addresses that this node hands out (spec.podCIDR); its first host address is the gateway.</summary>
    public required IPNetwork PodCidr { get; init; }

    /// <summary>The addresses of all pods of the cluster, or null when this node has them all.</summary>
    public IPNetwork? ClusterCidr { get; init; }

    /// <summary>The addresses of Services.</summary>
    public required IPNetwork ServiceCidr { get; init; }

    /// <summary>Where leases are kept; survives restarts of the agent.</summary>
    public required string StateDirectory { get; init; }

    /// <summary>The bridge's name, at most 15 characters.</summary>
    public string Bridge { get; init; } = "gureum0";

    /// <summary>The nftables table for masquerade and host ports.</summary>
    public string Table { get; init; } = "gureum-pods";

    /// <summary>The namespace of the node.</summary>
    public NetNamespace Namespace { get; init; } = NetNamespace.Current;

    /// <summary>The MTU of pods in bytes, or null: that of the interface that the default route names, else 1500.</summary>
    public int? Mtu { get; init; }

    /// <summary>Addresses that the node itself answers on the bridge, such as the cluster DNS address.</summary>
    public ImmutableArray<IPAddress> LocalAddresses { get; init; } = [];

    /// <summary>The address that pods route through.</summary>
    public IPAddress Gateway => Ipv4Math.At(PodCidr, 1);

    /// <summary>The range behind which no packet of the cluster may leave by an unrelated route.</summary>
    public IPNetwork EffectiveClusterCidr => ClusterCidr ?? PodCidr;

    /// <summary>Everything that is wrong with these options; empty when they are good.</summary>
    public IReadOnlyList<string> Validate()
    {
        var errors = new List<string>();
        void Range(string name, IPNetwork network, int longest)
        {
            if (network.BaseAddress.AddressFamily != System.Net.Sockets.AddressFamily.InterNetwork)
                errors.Add($"{name} {network} is not IPv4; only IPv4 ranges are served yet");
            else if (network.PrefixLength > longest)
                errors.Add($"{name} {network} is too small; give it a prefix of at most {longest} bits");
        }
        Range(nameof(PodCidr), PodCidr, 29);
        Range(nameof(ServiceCidr), ServiceCidr, 30);
        if (ClusterCidr is { } cluster && !(cluster.Contains(PodCidr.BaseAddress) && cluster.PrefixLength <= PodCidr.PrefixLength))
            errors.Add($"{nameof(PodCidr)} {PodCidr} is not inside {nameof(ClusterCidr)} {cluster}");
        if (EffectiveClusterCidr.Contains(ServiceCidr.BaseAddress) || ServiceCidr.Contains(EffectiveClusterCidr.BaseAddress))
            errors.Add($"{nameof(ServiceCidr)} {ServiceCidr} overlaps the pods' range {EffectiveClusterCidr}");
        if (Bridge.Length is 0 or > 15 || Bridge.Any(c => c is '/' or ' ' or ':'))
            errors.Add($"{nameof(Bridge)} \"{Bridge}\" is no interface name: 1 to 15 characters without / : and spaces");
        if (Mtu is < 576 or > 65535) errors.Add($"{nameof(Mtu)} {Mtu} is outside 576 to 65535");
        return errors;
    }
}
