using System.Net.NetworkInformation;
using System.Security.Cryptography;
using System.Text;

namespace Gureum.Network.Tenants;

/// <summary>Names of interfaces and namespaces, made from ids: the kernel takes 15 characters. Pure.</summary>
public static class TenantNames
{
    internal const string Bridges = "gn", Services = "gd", Legs = "gr", Edges = "ge", EdgeHosts = "gh", Tunnels = "gx", Ports = "gt";

    internal static string Bridge(string network) => Bridges + Hash(network);

    /// <summary>The bridge's end of the cable to a network's DHCP namespace.</summary>
    internal static string Service(string network) => Services + Hash(network);

    /// <summary>The bridge's end of a router's leg; it has the same name in the router's namespace.</summary>
    internal static string Leg(string port) => Legs + Hash(port);

    /// <summary>The bridge's end of the cable from an external network to the node.</summary>
    internal static string Edge(string network) => Edges + Hash(network);

    /// <summary>The node's end of that cable.</summary>
    internal static string EdgeHost(string network) => EdgeHosts + Hash(network);

    internal static string Tunnel(string network) => Tunnels + Hash(network);

    /// <summary>The node's end of the interface by which a pod or a machine is on a network.</summary>
    /// <param name="owner">The pod's uid.</param>
    /// <param name="network">What the pod calls the network: it may have many.</param>
    public static string Port(string owner, string network) => Ports + Hash($"{owner}/{network}");

    internal static string DhcpSpace(string network) => "dhcp-" + Hash(network);

    internal static string RouterSpace(string router) => "router-" + Hash(router);

    /// <summary>A locally administered hardware address that nothing else of the cloud has.</summary>
    internal static PhysicalAddress Mac(string what) => new([0x02, 0x67, 0xff, .. SHA256.HashData(Encoding.UTF8.GetBytes(what)).AsSpan(0, 3)]);

    internal static string Text(PhysicalAddress mac) => string.Join(':', mac.GetAddressBytes().Select(b => b.ToString("x2", System.Globalization.CultureInfo.InvariantCulture)));

    internal static string Hash(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)).AsSpan(0, 6));
}
