using System.Net;
using Gureum.Network.Netlink;

namespace Gureum.Network.Pods;

public sealed partial class PodNetwork
{
    /// <summary>A metric above any that a person chooses: the route of last resort.</summary>
    private const uint LastResort = 4_000_000_000;

    private string ForwardingFile => Path.Combine(_options.StateDirectory, "ip-forward-before");

    /// <summary>
    /// Makes the bridge, routes and rules, or adopts those of an earlier run. First of all the ranges of pods and
    /// Services become unreachable by any other way, so that no packet for them leaves by the machine's own interface.
    /// </summary>
    /// <exception cref="NetlinkException">The kernel refused a step; the steps before it remain and <see cref="Teardown"/> removes them.</exception>
    public void Setup()
    {
        lock (_one)
        {
            foreach (var route in Barriers()) _links.SetRoute(route);
            _mtu = _options.Mtu ?? UplinkMtu();
            var mac = MacOf(_options.Gateway);
            switch (_links.FindLink(_options.Bridge))
            {
                case null: _links.CreateBridge(_options.Bridge, mac, _mtu, filterBridged: true); break;
                case { Kind: "bridge" } bridge:
                    if (!bridge.Mac.Equals(mac)) _links.SetMac(_options.Bridge, mac);
                    if (bridge.Mtu != _mtu) _links.SetMtu(_options.Bridge, _mtu);
                    break;
                case var other:
                    throw new PodNetworkException($"interface {_options.Bridge} exists and is no bridge ({other.Kind ?? "a plain device"}); remove it or configure another bridge name");
            }
            _links.AddAddress(_options.Bridge, new InterfaceAddress(_options.Gateway, _options.PodCidr.PrefixLength));
            foreach (var local in _options.LocalAddresses) _links.AddAddress(_options.Bridge, new InterfaceAddress(local, 32));
            _links.SetUp(_options.Bridge);
            // A process of the node must find a route before its packets meet the rules for Services; on the bridge an
            // address without rules ends in silence and not at somebody else's router.
            _links.SetRoute(new Route(_options.ServiceCidr, null, _options.Bridge, _options.Gateway));
            EnableForwarding();
            _nft.Apply(PodRules.Table(_options, _leases.All));
        }
    }

    /// <summary>Removes everything that was made: leases, interfaces, rules, bridge; the unreachable routes last.</summary>
    public void Teardown()
    {
        lock (_one)
        {
            foreach (var lease in _leases.All.ToList()) Undo(lease);
            foreach (var link in OurPorts().ToList()) _links.DeleteLink(link.Name);
            _nft.Apply(PodRules.Delete(_options));
            _links.DeleteLink(_options.Bridge);
            RestoreForwarding();
            foreach (var route in Barriers()) _links.DeleteRoute(route);
            Directory.Delete(Path.Combine(_options.StateDirectory, "leases"), recursive: true);
            Directory.CreateDirectory(Path.Combine(_options.StateDirectory, "leases"));
        }
    }

    private IEnumerable<Route> Barriers() =>
    [
        new(_options.EffectiveClusterCidr, Kind: RouteKind.Unreachable, Metric: LastResort),
        new(_options.ServiceCidr, Kind: RouteKind.Unreachable, Metric: LastResort),
    ];

    private int UplinkMtu()
    {
        var uplink = _links.ListRoutes().Where(r => r.Destination.PrefixLength == 0 && r.Link is not null
            && r.Destination.BaseAddress.AddressFamily == System.Net.Sockets.AddressFamily.InterNetwork).MinBy(r => r.Metric);
        return uplink?.Link is { } name ? _links.GetLink(name).Mtu : 1500;
    }

    private void EnableForwarding()
    {
        _options.Namespace.Run(() =>
        {
            const string forward = "/proc/sys/net/ipv4/ip_forward";
            var before = File.ReadAllText(forward).Trim();
            if (before == "0")
            {
                File.WriteAllText(ForwardingFile, before);
                File.WriteAllText(forward, "1");
            }
            // Pods ask the node to reach their neighbours, on purpose: it must not tell them of a shorter way.
            File.WriteAllText($"/proc/sys/net/ipv4/conf/{_options.Bridge}/send_redirects", "0");
        });
    }

    private void RestoreForwarding()
    {
        if (!File.Exists(ForwardingFile)) return;
        _options.Namespace.Run(() => File.WriteAllText("/proc/sys/net/ipv4/ip_forward", File.ReadAllText(ForwardingFile)));
        File.Delete(ForwardingFile);
    }
}
