using System.Collections.Immutable;
using System.Net;
using System.Net.NetworkInformation;

namespace Gureum.Network.Dhcp;

/// <summary>What a guest is told of its place on the network (immutable).</summary>
/// <param name="Gateway">The one next hop: the address is a /32, as that of every pod. On a subnet: the server that tells it.</param>
/// <param name="HostName">The guest's own name; empty for none.</param>
/// <param name="Domain">Appended to short names; empty for none.</param>
public sealed record DhcpLease(PhysicalAddress Mac, IPAddress Address, IPAddress Gateway, int Mtu, ImmutableArray<IPAddress> DnsServers, ImmutableArray<string> SearchDomains, string HostName, string Domain)
{
    /// <summary>The subnet that the guest is on with others; null for one that has the gateway as its only neighbour.</summary>
    public DhcpSubnet? Subnet { get; init; }
}

/// <summary>A subnet as a guest is told of it (immutable).</summary>
/// <param name="PrefixLength">In bits.</param>
/// <param name="Router">The way to everywhere else; null when there is none.</param>
/// <param name="Routes">Ways to some places, beside the router.</param>
public sealed record DhcpSubnet(int PrefixLength, IPAddress? Router, ImmutableArray<DhcpRoute> Routes);

/// <summary>A route that a guest is told of.</summary>
public sealed record DhcpRoute(IPNetwork Destination, IPAddress NextHop);
