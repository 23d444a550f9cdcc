using System.Net;
using System.Net.NetworkInformation;
using Gureum.Network.Netlink;

namespace Gureum.Network.Pods;

/// <summary>Another node of the cluster.</summary>
/// <param name="PodCidr">The addresses that it hands out.</param>
/// <param name="Address">Its address in the machines' own network.</param>
/// <param name="Guests">Addresses outside of its range that live there: virtual machines that migrated.</param>
public sealed record OverlayPeer(string Name, IPNetwork PodCidr, IPAddress Address, params IReadOnlyList<IPAddress> Guests);

/// <summary>
/// Carries pod traffic between nodes in VXLAN (RFC 7348): one route, one neighbour and one forwarding entry for each
/// peer, so that nothing is ever flooded or learned. Thread-safe; the kernel holds the state.
/// </summary>
/// <remarks>
/// The tunnel's end on a node has the first address of its pod range, which no pod gets, and a hardware address made
/// from it: whoever knows a peer's range knows both, without asking.
/// </remarks>
public sealed class Overlay : IDisposable
{
    /// <summary>What VXLAN adds to each packet over IPv4, in bytes: pods' MTU is that of the uplink less this.</summary>
    public const int Overhead = 50;

    private readonly Lock _one = new();
    private readonly PodNetworkOptions _options;
    private readonly VxlanOptions _tunnel;
    private readonly RouteNetlink _links;

    /// <param name="tunnel">Id, port and this node's own address in the machines' network.</param>
    /// <param name="name">The tunnel interface's name.</param>
    public Overlay(PodNetworkOptions options, VxlanOptions tunnel, string name = "gureum-vx0")
    {
        (_options, _tunnel, Name) = (options, tunnel, name);
        _links = new RouteNetlink(options.Namespace);
    }

    /// <summary>The tunnel interface's name.</summary>
    public string Name { get; }

    /// <summary>Makes the tunnel, or adopts that of an earlier run. Call after <see cref="PodNetwork.Setup"/>.</summary>
    /// <param name="mtu">That of the pods, in bytes.</param>
    /// <exception cref="NetlinkException">The kernel refused; most likely another VXLAN has the same id and port.</exception>
    public void Setup(int mtu)
    {
        lock (_one)
        {
            var mac = EndMac(_options.PodCidr);
            if (_links.FindLink(Name) is { } old && (old.Kind != "vxlan" || !old.Mac.Equals(mac))) _links.DeleteLink(Name);
            if (_links.FindLink(Name) is null) _links.CreateVxlan(Name, _tunnel, mac, mtu);
            _links.SetMtu(Name, mtu);
            _links.AddAddress(Name, new InterfaceAddress(EndAddress(_options.PodCidr), 32));
            _links.SetUp(Name);
        }
    }

    /// <summary>Makes exactly these peers reachable; entries of peers that are not among them any more are removed.</summary>
    public void SetPeers(IReadOnlyCollection<OverlayPeer> peers)
    {
        lock (_one)
        {
            var neighbours = peers.Select(p => new Neighbour(EndAddress(p.PodCidr), EndMac(p.PodCidr))).ToHashSet();
            var forwarding = peers.Select(p => new Forwarding(EndMac(p.PodCidr), p.Address)).ToHashSet();
            var routes = peers.SelectMany(RoutesTo).ToHashSet();

            // What leads to a peer is there before the route, and stays until the route is gone.
            foreach (var entry in forwarding) _links.AddForwarding(Name, entry);
            foreach (var neighbour in neighbours) _links.SetNeighbour(Name, neighbour);
            foreach (var route in routes) _links.SetRoute(route);
            var wanted = routes.Select(r => r.Destination).ToHashSet();
            foreach (var stale in _links.ListRoutes(onlyOurs: true).Where(r => r.Link == Name && !wanted.Contains(r.Destination))) _links.DeleteRoute(stale);
            foreach (var stale in _links.ListNeighbours(Name).Where(n => !neighbours.Contains(n))) _links.DeleteNeighbour(Name, stale);
            foreach (var stale in _links.ListForwarding(Name).Where(f => !forwarding.Contains(f))) _links.DeleteForwarding(Name, stale);
        }
    }

    /// <summary>Removes the tunnel and with it every entry.</summary>
    public void Teardown()
    {
        lock (_one) _links.DeleteLink(Name);
    }

    /// <inheritdoc/>
    public void Dispose() => _links.Dispose();

    private IEnumerable<Route> RoutesTo(OverlayPeer peer)
    {
        Route To(IPNetwork destination) => new(destination, EndAddress(peer.PodCidr), Name, _options.Gateway, OnLink: true);
        return peer.Guests.Select(guest => To(new IPNetwork(guest, 32))).Prepend(To(peer.PodCidr));
    }

    private static IPAddress EndAddress(IPNetwork podCidr) => podCidr.BaseAddress;

    private static PhysicalAddress EndMac(IPNetwork podCidr) => PodNetwork.MacOf(EndAddress(podCidr));
}
