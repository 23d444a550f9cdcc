using System.Net;
using System.Net.NetworkInformation;
using Gureum.Network.Netlink;
using Gureum.Network.Nftables;

namespace Gureum.Network.Tenants;

public sealed partial class TenantNetworks
{
    private sealed record Served(string Signature, NetworkServices Services);
    private sealed record Routed(string Signature, RouterPlan Plan, MetadataListener? Metadata);

    private readonly Dictionary<string, Served> serving = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Routed> routing = new(StringComparer.Ordinal);

    // DHCP, names and metadata of a network: a namespace with the address of the network's DHCP port.
    private async Task ServeAsync(TenantNetwork network, TenantState state, int mtu, HashSet<string> up)
    {
        var ports = state.Ports.Where(p => p.Network == network.Id).ToList();
        if (ports.FirstOrDefault(p => p is { Role: PortRole.Dhcp, Up: true } && p.Addresses.Length > 0) is not { } server) return;
        HashSet<InterfaceAddress> addresses =
        [
            .. from address in server.Addresses
               let subnet = network.Subnets.FirstOrDefault(s => s.Name == address.Subnet)
               where subnet is not null
               select new InterfaceAddress(address.Address, subnet.Range.PrefixLength),
            new InterfaceAddress(MetadataListener.Address, 32),
        ];
        var signature = $"{TenantNames.Text(server.Mac)} {mtu} {string.Join(' ', addresses)}";
        if (!serving.TryGetValue(network.Id, out var served) || served.Signature != signature)
        {
            if (serving.Remove(network.Id, out var old)) await old.Services.DisposeAsync();
            var where = Cable(TenantNames.DhcpSpace(network.Id), TenantNames.Service(network.Id), NetworkServices.Card, TenantNames.Bridge(network.Id), server.Mac, mtu);
            using (var inside = new RouteNetlink(where)) Address(inside, NetworkServices.Card, addresses);
            served = new Served(signature, NetworkServices.Start(network.Id, where, server.Addresses.Select(a => a.Address), options));
            serving[network.Id] = served;
        }
        served.Services.Set(network, server, ports, mtu);
        up.Add(server.Id);
    }

    private async Task RouteAsync(TenantRouter router, TenantState state, IReadOnlyDictionary<string, int> mtu, HashSet<string> up)
    {
        var plan = RouterPlan.Of(router, state, mtu, options.Table);
        var had = routing.GetValueOrDefault(router.Id);
        if (had?.Signature != plan.Signature || had.Plan.Legs.Any(l => !links.ContainsKey(l.Interface))) await RouteAsync(plan, had);
        foreach (var leg in plan.Legs) up.Add(leg.Port);
    }

    private async Task RouteAsync(RouterPlan plan, Routed? had)
    {
        var where = NetNamespace.Ensure(options.Space(TenantNames.RouterSpace(plan.Id)));
        Prepare(where);
        new Nft(where).Apply(plan.Rules);
        foreach (var leg in plan.Legs) Cable(TenantNames.RouterSpace(plan.Id), leg.Interface, leg.Interface, TenantNames.Bridge(leg.Network), leg.Mac, leg.Mtu);
        using (var inside = new RouteNetlink(where))
        {
            inside.AddAddress("lo", new InterfaceAddress(MetadataListener.Address, 32));
            foreach (var leg in plan.Legs)
                foreach (var fresh in Address(inside, leg.Interface, [.. leg.Addresses])) GratuitousArp.Send(leg.Interface, leg.Mac, fresh.Address, where);
            foreach (var stale in inside.ListLinks().Where(l => l.Name.StartsWith(TenantNames.Legs, StringComparison.Ordinal) && plan.Legs.All(leg => leg.Interface != l.Name))) inside.DeleteLink(stale.Name);
            foreach (var route in plan.Routes) inside.SetRoute(route);
            var wanted = plan.Routes.Select(r => r.Destination).ToHashSet();
            foreach (var stale in inside.ListRoutes(onlyOurs: true).Where(r => !wanted.Contains(r.Destination))) inside.DeleteRoute(stale);
        }
        Forget(where, plan, had);
        var networks = plan.Networks;
        if (had?.Metadata is not null && had.Plan.Networks.SequenceEqual(networks)) { routing[plan.Id] = new Routed(plan.Signature, plan, had.Metadata); return; }
        if (had?.Metadata is not null) await had.Metadata.DisposeAsync();
        routing.Remove(plan.Id);
        var metadata = options.Metadata is { } handler ? MetadataListener.Start(where, () => networks, handler, e => options.OnFault?.Invoke($"router {plan.Label}", e)) : null;
        routing[plan.Id] = new Routed(plan.Signature, plan, metadata);
    }

    // What a floating address led to, it leads to no more: not in connections of before either.
    private static void Forget(NetNamespace where, RouterPlan plan, Routed? had)
    {
        if (had is null) return;
        var gone = had.Plan.Floating.Where(f => !plan.Floating.Any(n => n.Address.Equals(f.Address) && n.Fixed.Equals(f.Fixed))).ToList();
        if (gone.Count == 0) return;
        var addresses = gone.Select(f => f.Address).ToHashSet();
        new Conntrack(where).Forget(flow => addresses.Contains(flow.Original.Destination) || addresses.Contains(flow.Reply.Destination));
    }

    // A router answers for an address on the leg that has it alone, and tells nobody of shorter ways.
    private static void Prepare(NetNamespace where)
    {
        where.Run(() =>
        {
            File.WriteAllText("/proc/sys/net/ipv4/ip_forward", "1");
            foreach (var which in (string[])["all", "default"])
                foreach (var (setting, value) in ((string, string)[])[("rp_filter", "0"), ("arp_ignore", "1"), ("arp_announce", "2"), ("send_redirects", "0"), ("accept_redirects", "0")])
                    File.WriteAllText($"/proc/sys/net/ipv4/conf/{which}/{setting}", value);
        });
    }

    // A cable from a bridge into a namespace, made anew when something of it is not as it should be.
    private NetNamespace Cable(string spaceName, string outer, string card, string bridge, PhysicalAddress mac, int mtu)
    {
        var where = NetNamespace.Ensure(options.Space(spaceName));
        Quiet(where);
        using var inside = new RouteNetlink(where);
        inside.SetUp("lo");
        if (!links.ContainsKey(outer) || inside.FindLink(card) is not { Kind: "veth" } end || !end.Mac.Equals(mac))
        {
            inner!.DeleteLink(outer);
            inside.DeleteLink(card);
            inner.CreateVeth(outer, card, where, mtu, peerMac: mac);
            links[outer] = inner.GetLink(outer);
            end = inside.GetLink(card);
        }
        if (end.Mtu != mtu) inside.SetMtu(card, mtu);
        if (links[outer].Mtu != mtu) inner!.SetMtu(outer, mtu);
        if (links[outer].Master != links[bridge].Index) inner!.SetMaster(outer, bridge);
        if (!links[outer].Up) inner!.SetUp(outer);
        if (!end.Up) inside.SetUp(card);
        return where;
    }

    // Exactly these; answers those that were not there before.
    private static List<InterfaceAddress> Address(RouteNetlink inside, string card, HashSet<InterfaceAddress> wanted)
    {
        var there = inside.ListAddresses(card).Where(a => a.Address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetwork).ToHashSet();
        foreach (var stale in there.Where(a => !wanted.Contains(a))) inside.RemoveAddress(card, stale);
        var fresh = wanted.Where(a => !there.Contains(a)).ToList();
        foreach (var address in fresh) inside.AddAddress(card, address);
        return fresh;
    }
}
