using System.Net;
using Gureum.Objects.Network.V1;
using Gureum.OpenStack.Objects;

namespace Gureum.OpenStack.Networking;

/// <summary>How networks, subnets, ports and routers hang together, as the shared copies have it (stateless).</summary>
internal sealed class Topology(Cloud cloud)
{
    internal Network? NetworkOf(Subnet subnet) => cloud.Networks.Get(subnet.Metadata.Namespace, subnet.Spec.Network);
    internal Network? NetworkOf(Port port) => Find(port.Spec.Network, port.Metadata.Namespace);
    internal Network? NetworkOf(FloatingIP floating) => Find(floating.Spec.Network, floating.Metadata.Namespace);
    internal Network? Find(NetworkReference? reference, string? ns) => reference is null ? null : cloud.Networks.Get(reference.Namespace ?? ns, reference.Name);

    /// <summary>Whether two copies are of the same network.</summary>
    internal static bool Same(Network? one, Network? other) => one is not null && one.Metadata.Uid == other?.Metadata.Uid;

    private static string Key(Network network) => Cloud.NetworkKey(network.Metadata.Namespace, network.Metadata.Name);

    internal IReadOnlyList<Subnet> SubnetsOf(Network network) => [.. cloud.Subnets.By(Cloud.ByNetwork, Key(network)).Where(static s => s.Metadata.DeletionTimestamp is null).OrderBy(static s => s.Metadata.CreationTimestamp).ThenBy(static s => s.Metadata.Name, StringComparer.Ordinal)];
    internal IEnumerable<Port> PortsOf(Network network) => cloud.Ports.By(Cloud.ByNetwork, Key(network)).Where(static p => p.Metadata.DeletionTimestamp is null);
    internal IEnumerable<FloatingIP> FloatingIpsOf(Network network) => cloud.FloatingIps.By(Cloud.ByNetwork, Key(network)).Where(static f => f.Metadata.DeletionTimestamp is null);
    internal IEnumerable<FloatingIP> FloatingIpsOf(Port port) => cloud.FloatingIps.By(Cloud.ByPort, Cloud.NetworkKey(port.Metadata.Namespace, port.Metadata.Name));

    internal Subnet? SubnetOf(Port port, FixedIP address) => cloud.Subnets.Get(port.Spec.Network?.Namespace ?? port.Metadata.Namespace, address.Subnet);

    /// <summary>The router's legs on networks.</summary>
    internal IEnumerable<Port> InterfacesOf(Router router) => cloud.Ports.By(Cloud.ByDevice, router.Metadata.Uid!).Where(static p => p.Spec.DeviceOwner == NetworkNames.RouterInterface && p.Metadata.DeletionTimestamp is null);

    /// <summary>The router's leg on its external network.</summary>
    internal Port? GatewayOf(Router router) => cloud.Ports.By(Cloud.ByDevice, router.Metadata.Uid!).FirstOrDefault(static p => p.Spec.DeviceOwner == NetworkNames.RouterGateway && p.Metadata.DeletionTimestamp is null);

    internal Router? RouterOf(Port port) => port.Spec.DeviceOwner is NetworkNames.RouterInterface or NetworkNames.RouterGateway && port.Spec.DeviceID is { } id ? cloud.Routers.Find(id) : null;

    /// <summary>The router that leads from a subnet to an external network; null when there is none.</summary>
    internal Router? RouterBetween(Network inside, string subnet, Network outside) => PortsOf(inside)
        .Where(p => p.Spec.DeviceOwner == NetworkNames.RouterInterface && p.Spec.FixedIPs.Any(f => f.Subnet == subnet)).Select(RouterOf).OfType<Router>()
        .FirstOrDefault(r => r.Spec.ExternalGateway is { } gateway && Same(Find(gateway.Network, r.Metadata.Namespace), outside));

    /// <summary>The addresses of a subnet that somebody has.</summary>
    internal HashSet<uint> Taken(Network network, Subnet subnet)
    {
        var taken = new HashSet<uint>();
        foreach (var port in PortsOf(network))
            foreach (var address in port.Spec.FixedIPs)
                if (address.Subnet == subnet.Metadata.Name && Addresses.Parse(address.Address) is { } number) taken.Add(number);
        foreach (var floating in FloatingIpsOf(network))
            if (floating.Spec.Subnet == subnet.Metadata.Name && Addresses.Parse(floating.Spec.Address) is { } number) taken.Add(number);
        return taken;
    }

    /// <summary>The subnet of a network that an address lies in.</summary>
    internal Subnet? SubnetWith(Network network, uint address) => SubnetsOf(network).FirstOrDefault(s => IPNetwork.TryParse(s.Spec.Cidr, out var range) && Addresses.Of(range).Holds(address));
}
