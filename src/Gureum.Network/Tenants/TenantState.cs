using System.Collections.Immutable;
using System.Net;
using System.Net.NetworkInformation;

namespace Gureum.Network.Tenants;

/// <summary>Everything that a node needs to know of tenants' networks, its own part of them and the rest. Immutable.</summary>
public sealed record TenantState
{
    /// <summary>Nothing at all.</summary>
    public static TenantState Empty { get; } = new();

    /// <summary>Networks that may carry packets.</summary>
    public ImmutableArray<TenantNetwork> Networks { get; init; } = [];

    /// <summary>Ports of these networks, wherever they are wired.</summary>
    public ImmutableArray<TenantPort> Ports { get; init; } = [];

    /// <summary>The routers that run on this node.</summary>
    public ImmutableArray<TenantRouter> Routers { get; init; } = [];

    /// <summary>Security groups that ports name.</summary>
    public ImmutableArray<SecurityGroup> Groups { get; init; } = [];

    /// <summary>External addresses that lead to a port.</summary>
    public ImmutableArray<FloatingAddress> FloatingAddresses { get; init; } = [];

    /// <summary>The other nodes' addresses in the machines' own network.</summary>
    public ImmutableArray<IPAddress> Peers { get; init; } = [];
}

/// <summary>A network of its own: its addresses may be those of another one. Immutable.</summary>
/// <param name="Id">Unique and for ever; interfaces are named by it.</param>
/// <param name="Label">For people who look: "namespace/name".</param>
/// <param name="Segment">The number that tells it from all others on the wire between nodes.</param>
/// <param name="Mtu">In bytes; 0 for as much as nodes can carry.</param>
/// <param name="External">Whether the nodes that run routers are its way to the outside.</param>
/// <param name="Domain">What names of its ports end in.</param>
public sealed record TenantNetwork(string Id, string Label, int Segment, int Mtu, bool External, string Domain, ImmutableArray<TenantSubnet> Subnets);

/// <summary>A range of addresses of a network. Immutable.</summary>
/// <param name="Gateway">Null when there is none.</param>
/// <param name="Dhcp">Whether ports are told their addresses of this range.</param>
/// <param name="DnsServers">What ports are told; empty for the network's own.</param>
public sealed record TenantSubnet(string Name, IPNetwork Range, IPAddress? Gateway, bool Dhcp, ImmutableArray<IPAddress> DnsServers, ImmutableArray<SubnetRoute> Routes);

/// <summary>A route that ports of a subnet, or a router, are told of.</summary>
public sealed record SubnetRoute(IPNetwork Destination, IPAddress NextHop);

/// <summary>What a port is there for.</summary>
public enum PortRole
{
    /// <summary>A virtual machine or a pod.</summary>
    Guest,
    /// <summary>DHCP, names and metadata of its network: on every node the same.</summary>
    Dhcp,
    /// <summary>A router's leg on a network of its tenant's.</summary>
    RouterInterface,
    /// <summary>A router's leg on an external network.</summary>
    RouterGateway,
}

/// <summary>An address of a port and the name of its subnet.</summary>
public sealed record PortAddress(string Subnet, IPAddress Address);

/// <summary>Addresses that a port may use beside its own.</summary>
/// <param name="Mac">Null for the port's own.</param>
public sealed record AllowedPair(IPNetwork Addresses, PhysicalAddress? Mac);

/// <summary>A place on a network. Immutable.</summary>
/// <param name="Label">"namespace/name".</param>
/// <param name="Network">The network's id.</param>
public sealed record TenantPort(string Id, string Label, string Network, PhysicalAddress Mac, ImmutableArray<PortAddress> Addresses, PortRole Role)
{
    /// <summary>A router's id, for its legs.</summary>
    public string Device { get; init; } = "";

    /// <summary>The interface by which it is wired on this node; null when it is not.</summary>
    public string? Interface { get; init; }

    /// <summary>Whether its packets are judged: none but its own addresses, and only what its groups allow.</summary>
    public bool Secured { get; init; } = true;

    /// <summary>Ids of its security groups.</summary>
    public ImmutableArray<string> Groups { get; init; } = [];

    /// <summary>Addresses that it may use beside its own.</summary>
    public ImmutableArray<AllowedPair> Allowed { get; init; } = [];

    /// <summary>False takes it off the network.</summary>
    public bool Up { get; init; } = true;

    /// <summary>A name of its own in the network's domain, or empty.</summary>
    public string HostName { get; init; } = "";
}

/// <summary>A router that runs on this node. Immutable; its legs are ports.</summary>
/// <param name="Snat">Whether what has no floating address goes out under the router's own.</param>
public sealed record TenantRouter(string Id, string Label, ImmutableArray<SubnetRoute> Routes, bool Snat);

/// <summary>An address of an external network that stands for a port's.</summary>
/// <param name="Network">The external network's id.</param>
/// <param name="Port">The port's id.</param>
public sealed record FloatingAddress(string Id, string Network, IPAddress Address, string Port, IPAddress Fixed);

/// <summary>What ports of a security group may do; everything else they may not. Immutable.</summary>
public sealed record SecurityGroup(string Id, string Label, ImmutableArray<GroupRule> Rules);

/// <summary>One kind of traffic that is allowed.</summary>
/// <param name="Ingress">Whether it comes in, to the group's ports.</param>
/// <param name="Protocol">IP's number; null for all.</param>
/// <param name="First">The first port, or ICMP's type; null for all.</param>
/// <param name="Last">The last port, or ICMP's code; null for all codes.</param>
/// <param name="Remote">The other side's addresses; null for all.</param>
/// <param name="RemoteGroup">The id of the group that the other side is in; null for whatever.</param>
public sealed record GroupRule(bool Ingress, byte? Protocol = null, int? First = null, int? Last = null, IPNetwork? Remote = null, string? RemoteGroup = null);
