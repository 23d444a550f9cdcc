using System.Collections.Immutable;
using System.Net;
using System.Net.NetworkInformation;
using System.Text;
using Gureum.Network.Netlink;

namespace Gureum.Network.Tenants;

/// <summary>A router's leg on a network (immutable).</summary>
internal sealed record RouterLeg(string Port, string Network, string Interface, PhysicalAddress Mac, int Mtu, bool External, ImmutableArray<InterfaceAddress> Addresses);

/// <summary>A router as its namespace is to be: legs, routes, rules. Immutable; equal signatures mean nothing to do.</summary>
internal sealed record RouterPlan(string Id, string Label, ImmutableArray<RouterLeg> Legs, ImmutableArray<Route> Routes, ImmutableArray<FloatingAddress> Floating, string Rules)
{
    internal string Signature => string.Join('\n', Legs.Select(l => $"{l.Interface} {l.Mac} {l.Mtu} {string.Join(' ', l.Addresses)} {TenantNames.Bridge(l.Network)}").Concat(Routes.Select(r => r.ToString())).Append(Rules));

    /// <summary>The networks behind it, for who asks of 169.254.169.254.</summary>
    internal ImmutableArray<string> Networks => [.. Legs.Where(l => !l.External).Select(l => l.Network).Distinct()];

    /// <summary>Derives what one router of this node is. Pure.</summary>
    internal static RouterPlan Of(TenantRouter router, TenantState state, IReadOnlyDictionary<string, int> mtu, string table)
    {
        var networks = state.Networks.ToDictionary(n => n.Id, StringComparer.Ordinal);
        var ports = state.Ports.Where(p => p.Device == router.Id && p.Up && p.Role is PortRole.RouterInterface or PortRole.RouterGateway && networks.ContainsKey(p.Network)).OrderBy(p => p.Id, StringComparer.Ordinal).ToList();
        var gateway = ports.FirstOrDefault(p => p.Role == PortRole.RouterGateway);
        var inner = ports.Where(p => p.Role == PortRole.RouterInterface).Select(p => p.Network).ToHashSet(StringComparer.Ordinal);
        var behind = state.Ports.Where(p => inner.Contains(p.Network)).Select(p => p.Id).ToHashSet(StringComparer.Ordinal);
        ImmutableArray<FloatingAddress> floating = gateway is null ? [] : [.. state.FloatingAddresses.Where(f => f.Network == gateway.Network && behind.Contains(f.Port)).OrderBy(f => f.Id, StringComparer.Ordinal)];
        var legs = ports.Select(p => new RouterLeg(p.Id, p.Network, TenantNames.Leg(p.Id), p.Mac, mtu[p.Network], p == gateway,
            [.. p.Addresses.Select(a => Address(a, networks[p.Network])).OfType<InterfaceAddress>(), .. p == gateway ? floating.Select(f => new InterfaceAddress(f.Address, 32)) : []])).ToImmutableArray();
        return new RouterPlan(router.Id, router.Label, legs, [.. RoutesOf(router, gateway, networks)], floating, RouterRenderer.Render(table, router, legs, floating));
    }

    private static InterfaceAddress? Address(PortAddress address, TenantNetwork network) =>
        network.Subnets.FirstOrDefault(s => s.Name == address.Subnet && s.Range.Contains(address.Address)) is { } subnet ? new InterfaceAddress(address.Address, subnet.Range.PrefixLength) : null;

    private static IEnumerable<Route> RoutesOf(TenantRouter router, TenantPort? gateway, Dictionary<string, TenantNetwork> networks)
    {
        if (gateway is not null && gateway.Addresses.Select(a => networks[gateway.Network].Subnets.FirstOrDefault(s => s.Name == a.Subnet)?.Gateway).FirstOrDefault(g => g is not null) is { } hop)
            yield return new Route(new IPNetwork(IPAddress.Any, 0), hop, TenantNames.Leg(gateway.Id));
        foreach (var route in router.Routes) yield return new Route(route.Destination, route.NextHop);
    }
}

/// <summary>A router's translations of addresses. Pure.</summary>
internal static class RouterRenderer
{
    /// <summary>The table, replacing one of the same name.</summary>
    internal static string Render(string table, TenantRouter router, ImmutableArray<RouterLeg> legs, ImmutableArray<FloatingAddress> floating)
    {
        var text = new StringBuilder($"add table ip {table}\ndelete table ip {table}\ntable ip {table} {{\n  comment \"router {router.Label.Replace('"', '?')} of gureum\"\n");
        var outside = legs.FirstOrDefault(l => l.External);
        if (outside is not null)
        {
            var own = outside.Addresses.FirstOrDefault(a => a.PrefixLength < 32)?.Address ?? (floating.IsEmpty ? outside.Addresses.Select(a => a.Address).FirstOrDefault() : null);
            text.Append("  map floating { type ipv4_addr : ipv4_addr;").Append(Elements(floating, f => $"{f.Address} : {f.Fixed}")).Append(" }\n");
            // One fixed address may have several floating ones: it goes out under the first.
            text.Append("  map fixed { type ipv4_addr : ipv4_addr;").Append(Elements([.. floating.DistinctBy(f => f.Fixed)], f => $"{f.Fixed} : {f.Address}")).Append(" }\n");
            text.Append("  chain prerouting {\n    type nat hook prerouting priority dstnat;\n    dnat ip to ip daddr map @floating\n  }\n");
            text.Append("  chain postrouting {\n    type nat hook postrouting priority srcnat;\n");
            text.Append($"    oifname \"{outside.Interface}\" snat ip to ip saddr map @fixed\n");
            // From a network of the router's to a floating address on it: the answer must come back this way.
            text.Append($"    iifname != \"{outside.Interface}\" ct status dnat snat ip to ip saddr map @fixed\n");
            if (own is not null && router.Snat) text.Append($"    oifname \"{outside.Interface}\" iifname != \"{outside.Interface}\" snat to {own}\n");
            if (own is not null) text.Append($"    iifname != \"{outside.Interface}\" ct status dnat snat to {own}\n");
            text.Append("  }\n");
            // Who stands outside reaches what a floating address leads to, and nothing else, unless the networks behind are meant to be seen.
            if (router.Snat) text.Append($"  chain forward {{\n    type filter hook forward priority filter;\n    iifname \"{outside.Interface}\" ct state new ct status & dnat == 0 counter drop\n  }}\n");
        }
        return text.Append("}\n").ToString();
    }

    private static string Elements(ImmutableArray<FloatingAddress> floating, Func<FloatingAddress, string> text) =>
        floating.IsEmpty ? "" : $" elements = {{ {string.Join(", ", floating.Select(text))} }};";
}
