using System.Net;
using Gureum.Network.Netlink;
using Gureum.Network.Pods;
using Gureum.Network.Tenants;

namespace Gureum.Node.Networking;

/// <summary>How a node's pod network and its tunnel to other nodes are laid out, from what the agent is told: the same at every start and at the end.</summary>
internal static class NodeNetworks
{
    /// <summary>The tunnel's network identifier: the same on all nodes.</summary>
    private const int TunnelId = 0x6775;

    internal static PodNetworkOptions Of(NodeAgentOptions options, IPNetwork range) => new()
    {
        PodCidr = range, ClusterCidr = options.ClusterCidr, ServiceCidr = options.ServiceCidr, StateDirectory = Path.Combine(options.DataDirectory, "network"),
        LocalAddresses = [options.ClusterDns], Mtu = HasPeers(options) ? UplinkMtu(options.Address) - Overlay.Overhead : null,
    };

    /// <summary>The tunnel; null on a machine without an address of its own, which no other node can reach.</summary>
    internal static Overlay? OverlayOf(NodeAgentOptions options, PodNetworkOptions network) => HasPeers(options) ? new Overlay(network, new VxlanOptions(TunnelId, options.Address)) : null;

    /// <summary>Tenants' networks on this node.</summary>
    /// <param name="mtu">That of the pods, in bytes.</param>
    /// <param name="tunnels">Whether other nodes can be reached.</param>
    internal static TenantOptions TenantsOf(NodeAgentOptions options, int mtu, bool tunnels) => new()
    {
        Directory = Path.Combine(options.RunDirectory, "tenants"), Mtu = mtu, Underlay = tunnels ? options.Address : null, Forbidden = [options.ClusterCidr, options.ServiceCidr],
    };

    // A machine without an uplink is known by the gateway of its own pods.
    private static bool HasPeers(NodeAgentOptions options) => !options.ClusterCidr.Contains(options.Address);

    private static int UplinkMtu(IPAddress address)
    {
        using var links = new RouteNetlink(NetNamespace.Current);
        return links.ListLinks().FirstOrDefault(l => l.Name != "lo" && links.ListAddresses(l.Name).Any(a => a.Address.Equals(address)))?.Mtu ?? 1500;
    }

    /// <summary>The range of pod addresses that this node is known to have, from what it was told or kept; null when it never had one.</summary>
    internal static IPNetwork? KnownRange(NodeAgentOptions options)
    {
        var file = RangeFile(options);
        return options.PodCidr ?? (File.Exists(file) && IPNetwork.TryParse(File.ReadAllText(file).Trim(), out var kept) ? kept : null);
    }

    /// <summary>Keeps the range, for starts while the API cannot be asked, and for the end.</summary>
    internal static void KeepRange(NodeAgentOptions options, IPNetwork range)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(RangeFile(options))!);
        File.WriteAllText(RangeFile(options) + ".new", range + "\n");
        File.Move(RangeFile(options) + ".new", RangeFile(options), overwrite: true);
    }

    private static string RangeFile(NodeAgentOptions options) => Path.Combine(options.DataDirectory, "network", "pod-cidr");
}
