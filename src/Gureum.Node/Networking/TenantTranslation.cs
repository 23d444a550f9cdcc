using System.Collections.Immutable;
using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using Gureum.Network.Tenants;
using Gureum.Objects;
using Gureum.Objects.Network.V1;
using NetworkObject = Gureum.Objects.Network.V1.Network;
using GroupObject = Gureum.Objects.Network.V1.SecurityGroup;

namespace Gureum.Node.Networking;

/// <summary>Everything of network.gureum.io that a node translates (immutable).</summary>
internal sealed record TenantObjects(
    IReadOnlyCollection<NetworkObject> Networks, IReadOnlyCollection<Subnet> Subnets, IReadOnlyCollection<Port> Ports, IReadOnlyCollection<Router> Routers, IReadOnlyCollection<GroupObject> Groups, IReadOnlyCollection<FloatingIP> FloatingIPs);

/// <summary>From the API's objects to the state that a node brings about. Pure; what is not complete yet, or not IPv4, is left out.</summary>
internal static class TenantTranslation
{
    /// <summary>The domain of networks that have none: what images that are made for OpenStack expect.</summary>
    private const string DefaultDomain = "openstacklocal";

    /// <param name="self">This node's name.</param>
    /// <param name="wired">The interfaces of this node's ports, by the ports' uids.</param>
    internal static TenantState Of(TenantObjects objects, string self, IReadOnlyDictionary<string, string> wired, ImmutableArray<IPAddress> peers)
    {
        var networks = objects.Networks.Where(IsComplete).ToDictionary(n => (n.Metadata.Namespace!, n.Metadata.Name!));
        var subnets = objects.Subnets.ToLookup(s => (s.Metadata.Namespace!, s.Spec.Network ?? ""));
        var groups = objects.Groups.ToDictionary(g => (g.Metadata.Namespace!, g.Metadata.Name!));
        var ports = objects.Ports.Select(p => Port(p, networks, groups, wired)).OfType<TenantPort>().ToImmutableArray();
        return new TenantState
        {
            Networks = [.. networks.Values.Select(n => Network(n, subnets[(n.Metadata.Namespace!, n.Metadata.Name!)])).OrderBy(n => n.Id, StringComparer.Ordinal)],
            Ports = [.. ports.OrderBy(p => p.Id, StringComparer.Ordinal)],
            Routers = [.. objects.Routers.Where(r => r.Status.Node == self && r.Spec.AdminStateUp != false && r.Metadata.DeletionTimestamp is null).Select(Router).OrderBy(r => r.Id, StringComparer.Ordinal)],
            Groups = [.. objects.Groups.Select(g => Group(g, groups)).OrderBy(g => g.Id, StringComparer.Ordinal)],
            FloatingAddresses = [.. objects.FloatingIPs.Select(f => Floating(f, objects.Ports, networks)).OfType<FloatingAddress>().OrderBy(f => f.Id, StringComparer.Ordinal)],
            Peers = peers,
        };
    }

    // A network without a number, or that is switched off, carries nothing.
    private static bool IsComplete(NetworkObject network) => network.Spec.Segment is > 0 && network.Spec.AdminStateUp != false;

    internal static TenantNetwork Network(NetworkObject network, IEnumerable<Subnet> subnets) => new(
        network.Metadata.Uid!, $"{network.Metadata.Namespace}/{network.Metadata.Name}", network.Spec.Segment!.Value, network.Spec.Mtu ?? 0, network.Spec.External == true,
        network.Spec.DnsDomain is { Length: > 0 } domain ? domain.TrimEnd('.') : DefaultDomain, [.. subnets.OrderBy(s => s.Metadata.Name, StringComparer.Ordinal).Select(Subnet).OfType<TenantSubnet>()]);

    private static TenantSubnet? Subnet(Subnet subnet) => IPNetwork.TryParse(subnet.Spec.Cidr ?? "", out var range) && range.BaseAddress.AddressFamily == AddressFamily.InterNetwork
        ? new TenantSubnet(subnet.Metadata.Name!, range, subnet.Spec.NoGateway == true ? null : Address(subnet.Spec.Gateway), subnet.Spec.Dhcp != false, [.. subnet.Spec.DnsServers.Select(Address).OfType<IPAddress>()], Routes(subnet.Spec.HostRoutes))
        : null;

    private static ImmutableArray<SubnetRoute> Routes(IEnumerable<HostRoute> routes) =>
        [.. routes.Select(r => IPNetwork.TryParse(r.Destination ?? "", out var to) && to.BaseAddress.AddressFamily == AddressFamily.InterNetwork && Address(r.NextHop) is { } hop ? new SubnetRoute(to, hop) : null).OfType<SubnetRoute>()];

    private static TenantPort? Port(Port port, Dictionary<(string, string), NetworkObject> networks, Dictionary<(string, string), GroupObject> groups, IReadOnlyDictionary<string, string> wired)
    {
        var ns = port.Metadata.Namespace!;
        if (!networks.TryGetValue(Reference(port.Spec.Network, ns), out var network) || MacOf(port.Spec.MacAddress) is not { } mac) return null;
        return new TenantPort(port.Metadata.Uid!, $"{ns}/{port.Metadata.Name}", network.Metadata.Uid!, mac, [.. port.Spec.FixedIPs.Select(f => Address(f.Address) is { } a ? new PortAddress(f.Subnet ?? "", a) : null).OfType<PortAddress>()], RoleOf(port))
        {
            Device = port.Spec.DeviceID ?? "", Interface = wired.GetValueOrDefault(port.Metadata.Uid!), Secured = port.Spec.PortSecurity != false, Up = port.Spec.AdminStateUp != false, HostName = port.Spec.DnsName ?? "",
            Groups = [.. port.Spec.SecurityGroups.Select(g => groups.GetValueOrDefault((ns, g))?.Metadata.Uid).OfType<string>()],
            Allowed = [.. port.Spec.AllowedAddresses.Select(Allowed).OfType<AllowedPair>()],
        };
    }

    private static PortRole RoleOf(Port port) => port.Spec.DeviceOwner switch
    {
        "network:dhcp" => PortRole.Dhcp, "network:router_interface" => PortRole.RouterInterface, "network:router_gateway" => PortRole.RouterGateway, _ => PortRole.Guest,
    };

    private static AllowedPair? Allowed(AllowedAddress pair)
    {
        var mac = MacOf(pair.MacAddress);
        if (IPNetwork.TryParse(pair.Address ?? "", out var range)) return range.BaseAddress.AddressFamily == AddressFamily.InterNetwork ? new AllowedPair(range, mac) : null;
        return Address(pair.Address) is { } address ? new AllowedPair(new IPNetwork(address, 32), mac) : null;
    }

    private static TenantRouter Router(Router router) =>
        new(router.Metadata.Uid!, $"{router.Metadata.Namespace}/{router.Metadata.Name}", Routes(router.Spec.Routes), router.Spec.ExternalGateway?.DisableSNAT != true);

    private static Gureum.Network.Tenants.SecurityGroup Group(GroupObject group, Dictionary<(string, string), GroupObject> groups) =>
        new(group.Metadata.Uid!, $"{group.Metadata.Namespace}/{group.Metadata.Name}", [.. group.Spec.Rules.Select(r => Rule(r, group.Metadata.Namespace!, groups)).OfType<GroupRule>()]);

    /// <summary>A rule; null for one that allows nothing that a port could see: of IPv6, or naming a protocol, a range or a group that is none.</summary>
    private static GroupRule? Rule(SecurityGroupRule rule, string ns, Dictionary<(string, string), GroupObject> groups)
    {
        if (rule.EtherType is "IPv6" || rule.Direction is not ("ingress" or "egress")) return null;
        byte? protocol = null;
        if (rule.Protocol is { Length: > 0 } name && !name.Equals("any", StringComparison.OrdinalIgnoreCase))
        {
            if (IpProtocols.Number(name) is not { } number) return null;
            protocol = number == 0 ? null : number;
        }
        IPNetwork? remote = null;
        if (rule.RemoteIPPrefix is { Length: > 0 } prefix)
        {
            if (IPNetwork.TryParse(prefix, out var range)) remote = range;
            else if (Address(prefix) is { } one) remote = new IPNetwork(one, 32);
            if (remote is not { BaseAddress.AddressFamily: AddressFamily.InterNetwork }) return null;
        }
        string? group = null;
        if (rule.RemoteGroup is { Length: > 0 } wanted && (group = groups.GetValueOrDefault((ns, wanted))?.Metadata.Uid) is null) return null;
        return new GroupRule(rule.Direction == "ingress", protocol, rule.PortRangeMin, rule.PortRangeMax, remote, group);
    }

    private static FloatingAddress? Floating(FloatingIP floating, IReadOnlyCollection<Port> ports, Dictionary<(string, string), NetworkObject> networks)
    {
        if (floating.Spec.Port is not { Name.Length: > 0 } reference || floating.Metadata.DeletionTimestamp is not null || Address(floating.Spec.Address) is not { } address) return null;
        var (ns, name) = Reference(reference, floating.Metadata.Namespace!);
        var port = ports.FirstOrDefault(p => p.Metadata.Name == name && p.Metadata.Namespace == ns);
        if (port is null || !networks.TryGetValue(Reference(floating.Spec.Network, floating.Metadata.Namespace!), out var network)) return null;
        return (Address(floating.Spec.FixedAddress) ?? port.Spec.FixedIPs.Select(f => Address(f.Address)).FirstOrDefault(a => a is not null)) is { } inside
            ? new FloatingAddress(floating.Metadata.Uid!, network.Metadata.Uid!, address, port.Metadata.Uid!, inside) : null;
    }

    /// <summary>What a reference names, seen from a namespace.</summary>
    internal static (string Namespace, string Name) Reference(NetworkReference? reference, string ns) => (reference?.Namespace is { Length: > 0 } other ? other : ns, reference?.Name ?? "");

    /// <summary>A hardware address as 02:00:00:12:34:56, with dashes as well; null for what is none.</summary>
    internal static PhysicalAddress? MacOf(string? text) => text is { Length: 17 } && PhysicalAddress.TryParse(text.Replace(':', '-').ToUpperInvariant(), out var mac) ? mac : null;

    private static IPAddress? Address(string? text) => IPAddress.TryParse(text ?? "", out var address) && address.AddressFamily == AddressFamily.InterNetwork ? address : null;
}
