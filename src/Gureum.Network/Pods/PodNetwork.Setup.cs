using System.Net.Sockets;
using Gureum.Network.Netlink;

namespace Gureum.Network.Pods;

public sealed partial class PodNetwork
{
    /// <summary>A metric above any that a person chooses: the route of last resort.</summary>
    private const uint LastResort = 4_000_000_000;

    /// <summary>The settings of the whole namespace that we need. "all" is or-ed with each interface's own send_redirects, so others keep theirs.</summary>
    private static readonly (string Path, string Value)[] _settings =
        [("/proc/sys/net/ipv4/ip_forward", "1"), ("/proc/sys/net/ipv4/conf/all/send_redirects", "0")];

    private string BeforeFile(string setting) => Path.Combine(_options.StateDirectory, Path.GetFileName(setting) + "-before");

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
            var mac = BridgeMac;
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
            HashSet<InterfaceAddress> addresses = [new(_options.Gateway, _options.PodCidr.PrefixLength), .. _options.LocalAddresses.Select(a => new InterfaceAddress(a, 32))];
            foreach (var stale in _links.ListAddresses(_options.Bridge).Where(a => !addresses.Contains(a) && a.Address.AddressFamily == AddressFamily.InterNetwork))
                _links.RemoveAddress(_options.Bridge, stale); // of an earlier configuration
            foreach (var address in addresses) _links.AddAddress(_options.Bridge, address);
            _links.SetUp(_options.Bridge);
            // A process of the node must find a route before its packets meet the rules for Services; on the bridge an
            // address without rules ends in silence and not at somebody else's router.
            _links.SetRoute(new Route(_options.ServiceCidr, null, _options.Bridge, _options.Gateway));
            ChangeSettings();
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
            RestoreSettings();
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
            && r.Destination.BaseAddress.AddressFamily == AddressFamily.InterNetwork).MinBy(r => r.Metric);
        return uplink?.Link is { } name ? _links.GetLink(name).Mtu : 1500;
    }

    private void ChangeSettings() => _options.Namespace.Run(() =>
    {
        foreach (var (path, value) in _settings)
        {
            var before = File.ReadAllText(path).Trim();
            if (before == value) continue;
            File.WriteAllText(BeforeFile(path), before);
            File.WriteAllText(path, value);
        }
        // Pods ask the node to reach their neighbours, on purpose: it must not tell them of a shorter way. A redirect would
        // also use up the sender's allowance of ICMP, and refusals would come late.
        File.WriteAllText($"/proc/sys/net/ipv4/conf/{_options.Bridge}/send_redirects", "0");
        // Answers of pods to what the node asked them by a host port on its loopback; the rules drop what pods would send there themselves.
        File.WriteAllText($"/proc/sys/net/ipv4/conf/{_options.Bridge}/route_localnet", "1");
    });

    private void RestoreSettings() => _options.Namespace.Run(() =>
    {
        foreach (var (path, _) in _settings)
        {
            if (!File.Exists(BeforeFile(path))) continue;
            File.WriteAllText(path, File.ReadAllText(BeforeFile(path)));
            File.Delete(BeforeFile(path));
        }
    });
}
