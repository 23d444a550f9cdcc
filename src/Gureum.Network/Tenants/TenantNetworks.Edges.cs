using System.Net;
using Gureum.Network.Netlink;

namespace Gureum.Network.Tenants;

public sealed partial class TenantNetworks
{
    /// <summary>The metric of the routes that keep external ranges in: none that a person chooses, and not that of the pods' ranges.</summary>
    private const uint LastResort = 3_999_999_999;

    private string? edgeRules;

    // No packet for an external network leaves by the machine's own interface, be the network here or not.
    private void Barriers(TenantState state)
    {
        var wanted = state.Networks.Where(n => n.External).SelectMany(n => n.Subnets).Select(s => s.Range).Where(IsV4).ToHashSet();
        var there = node.ListRoutes(onlyOurs: true).Where(r => r is { Kind: RouteKind.Unreachable, Metric: LastResort }).ToList();
        foreach (var range in wanted.Where(w => there.All(t => !t.Destination.Equals(w)))) node.SetRoute(Barrier(range));
        foreach (var stale in there.Where(t => !wanted.Contains(t.Destination) && node.ListLinks().All(l => !IsEdge(l, t.Destination)))) node.DeleteRoute(stale);
    }

    // The node stands at the external subnets' gateways, if the machine has not got their ranges from somebody else.
    private void Edges(List<TenantNetwork> external, Dictionary<string, int> mtu)
    {
        var (ranges, foreign) = (new List<IPNetwork>(), node.ListRoutes().Where(r => r.Destination.PrefixLength > 0 && r.Kind == RouteKind.Unicast && r.Link?.StartsWith(TenantNames.EdgeHosts, StringComparison.Ordinal) != true).ToList());
        foreach (var network in external)
        {
            var subnets = network.Subnets.Where(s => IsV4(s.Range) && s.Gateway is not null).ToList();
            if (subnets.Select(s => foreign.FirstOrDefault(f => Overlap(f.Destination, s.Range))).FirstOrDefault(f => f is not null) is { } clash)
            {
                problems.Add($"external network {network.Label}: its addresses overlap those of the machine's own route {clash}, so that it stays without a way to the node; choose another range");
                continue;
            }
            ranges.AddRange(subnets.Select(s => s.Range));
        }
        // What judges the packets is there before the first one.
        var text = EdgeRenderer.Render(options.Table, [.. ranges.Distinct()], options.Forbidden);
        if (text != edgeRules) nodeRules.Apply(text);
        edgeRules = text;
        foreach (var network in external.Where(n => n.Subnets.Any(s => ranges.Contains(s.Range)))) Try($"external network {network.Label}", () => Edge(network, mtu[network.Id]));
    }

    private void Edge(TenantNetwork network, int mtu)
    {
        var (outer, host, bridge) = (TenantNames.Edge(network.Id), TenantNames.EdgeHost(network.Id), TenantNames.Bridge(network.Id));
        if (!links.ContainsKey(outer) || node.FindLink(host) is null)
        {
            inner!.DeleteLink(outer);
            node.DeleteLink(host);
            inner.CreateVeth(outer, host, options.Namespace, mtu, peerMac: TenantNames.Mac($"edge {network.Id} {options.Underlay}"));
            links[outer] = inner.GetLink(outer);
        }
        if (links[outer].Master != links[bridge].Index) inner!.SetMaster(outer, bridge);
        if (!links[outer].Up) inner!.SetUp(outer);
        if (node.GetLink(host) is { } end && !end.Up)
        {
            options.Namespace.Run(() =>
            {
                if (File.Exists($"/proc/sys/net/ipv6/conf/{host}/disable_ipv6")) File.WriteAllText($"/proc/sys/net/ipv6/conf/{host}/disable_ipv6", "1");
                File.WriteAllText($"/proc/sys/net/ipv4/conf/{host}/send_redirects", "0");
                File.WriteAllText($"/proc/sys/net/ipv4/conf/{host}/arp_ignore", "1");
            });
            node.SetAlias(host, "external network " + network.Label);
            node.SetUp(host);
        }
        Address(node, host, [.. network.Subnets.Where(s => IsV4(s.Range) && s.Gateway is not null).Select(s => new InterfaceAddress(s.Gateway!, s.Range.PrefixLength))]);
    }

    // Frames go to all other nodes that have the network; where a guest is, is learned from what it sends.
    private void Tunnel(TenantNetwork network, TenantState state, int mtu)
    {
        var (name, bridge) = (TenantNames.Tunnel(network.Id), TenantNames.Bridge(network.Id));
        if (options.Underlay is not { } underlay || state.Peers.IsEmpty)
        {
            if (links.ContainsKey(name)) inner!.DeleteLink(name);
            return;
        }
        if (!links.TryGetValue(name, out var tunnel))
        {
            node.DeleteLink(name);
            node.CreateVxlan(name, new VxlanOptions(TenantOptions.FirstTunnel + network.Segment, underlay) { Learning = true }, mtu: mtu);
            node.Move(name, space!);
            tunnel = links[name] = inner!.GetLink(name);
        }
        if (tunnel.Mtu != mtu) inner!.SetMtu(name, mtu);
        if (tunnel.Master != links[bridge].Index) inner!.SetMaster(name, bridge);
        if (!tunnel.Up) inner!.SetUp(name);
        var wanted = state.Peers.Select(p => new Forwarding(Everybody, p)).ToHashSet();
        var there = inner!.ListForwarding(name);
        foreach (var entry in wanted.Except(there)) inner.AddForwarding(name, entry);
        foreach (var stale in there.Where(f => f.Mac.Equals(Everybody) && !wanted.Contains(f))) inner.DeleteForwarding(name, stale);
    }

    private static readonly System.Net.NetworkInformation.PhysicalAddress Everybody = new(new byte[6]);

    private static Route Barrier(IPNetwork range) => new(range, Kind: RouteKind.Unreachable, Metric: LastResort);

    private bool IsEdge(Link link, IPNetwork range) => link.Name.StartsWith(TenantNames.EdgeHosts, StringComparison.Ordinal) && node.ListAddresses(link.Name).Any(a => range.Contains(a.Address));

    private static bool IsV4(IPNetwork range) => range.BaseAddress.AddressFamily == System.Net.Sockets.AddressFamily.InterNetwork;

    private static bool Overlap(IPNetwork one, IPNetwork other) => IsV4(one) && (one.Contains(other.BaseAddress) || other.Contains(one.BaseAddress));
}
