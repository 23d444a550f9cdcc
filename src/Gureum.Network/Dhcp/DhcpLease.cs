using System.Collections.Immutable;
using System.Net;
using System.Net.NetworkInformation;

namespace Gureum.Network.Dhcp;

/// <summary>What a guest is told of its place on the network (immutable).</summary>
/// <param name="Gateway">The one next hop: the address is a /32, as that of every pod.</param>
/// <param name="HostName">The guest's own name; empty for none.</param>
/// <param name="Domain">Appended to short names; empty for none.</param>
public sealed record DhcpLease(PhysicalAddress Mac, IPAddress Address, IPAddress Gateway, int Mtu, ImmutableArray<IPAddress> DnsServers, ImmutableArray<string> SearchDomains, string HostName, string Domain);
