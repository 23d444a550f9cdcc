using Gureum.Network.Netlink;

namespace Gureum.Network.Tenants;

public sealed partial class TenantNetworks
{
    // What nobody explains goes; a guest's interface whose port is gone is only taken off its bridge, since the guest holds it.
    private async Task CollectAsync(TenantState state, List<TenantNetwork> networks)
    {
        var wanted = networks.SelectMany(n => new[] { TenantNames.Bridge(n.Id), TenantNames.Tunnel(n.Id) })
            .Concat(networks.Where(n => n.External).Select(n => TenantNames.Edge(n.Id)))
            .Concat(networks.Where(n => serving.ContainsKey(n.Id) && state.Ports.Any(p => p.Network == n.Id && p.Role == PortRole.Dhcp)).Select(n => TenantNames.Service(n.Id)))
            .Concat(state.Routers.Where(r => routing.ContainsKey(r.Id)).SelectMany(r => routing[r.Id].Plan.Legs).Select(l => l.Interface)).ToHashSet(StringComparer.Ordinal);
        var services = networks.Where(n => wanted.Contains(TenantNames.Service(n.Id))).ToDictionary(n => TenantNames.DhcpSpace(n.Id), n => n.Id);
        var routers = state.Routers.ToDictionary(r => TenantNames.RouterSpace(r.Id), r => r.Id);

        foreach (var id in serving.Keys.Where(k => !services.ContainsValue(k)).ToList()) if (serving.Remove(id, out var served)) await served.Services.DisposeAsync();
        foreach (var id in routing.Keys.Where(k => !routers.ContainsValue(k)).ToList()) if (routing.Remove(id, out var routed) && routed.Metadata is not null) await routed.Metadata.DisposeAsync();
        foreach (var file in Directory.EnumerateFiles(options.Directory).Where(f => Path.GetFileName(f) is var name && name != Bridging && !services.ContainsKey(name) && !routers.ContainsKey(name))) NetNamespace.At(file).Delete();
        string[] ours = [TenantNames.Bridges, TenantNames.Services, TenantNames.Legs, TenantNames.Edges, TenantNames.Tunnels];
        foreach (var link in inner!.ListLinks().Where(l => ours.Any(o => l.Name.StartsWith(o, StringComparison.Ordinal)) && !wanted.Contains(l.Name))) inner.DeleteLink(link.Name);
        foreach (var stray in node.ListLinks().Where(l => l.Kind is "veth" or "vxlan" && ours[3..].Append(TenantNames.EdgeHosts).Any(o => l.Name.StartsWith(o, StringComparison.Ordinal)) && networks.All(n => !n.External || TenantNames.EdgeHost(n.Id) != l.Name)))
            node.DeleteLink(stray.Name);
        var wired = state.Ports.Select(p => p.Interface).OfType<string>().ToHashSet(StringComparer.Ordinal);
        foreach (var loose in inner.ListLinks().Where(l => l.Name.StartsWith(TenantNames.Ports, StringComparison.Ordinal) && l.Master != 0 && !wired.Contains(l.Name))) inner.SetMaster(loose.Name, null);
        Barriers(state);
    }

    /// <summary>Removes everything, whoever made it: namespaces with all that is in them, the node's rules, and the routes that kept packets in last.</summary>
    public async Task TeardownAsync()
    {
        await one.WaitAsync();
        try
        {
            foreach (var served in serving.Values) await served.Services.DisposeAsync();
            foreach (var routed in routing.Values) if (routed.Metadata is not null) await routed.Metadata.DisposeAsync();
            serving.Clear();
            routing.Clear();
            // Cables go with either end: what is gone when this returns is not left to when the kernel frees a namespace.
            if (File.Exists(options.Space(Bridging)))
            {
                using var inside = new RouteNetlink(NetNamespace.Ensure(options.Space(Bridging)));
                foreach (var link in inside.ListLinks().Where(l => l.Name != "lo")) inside.DeleteLink(link.Name);
            }
            string[] ours = [TenantNames.EdgeHosts, TenantNames.Tunnels, TenantNames.Ports];
            foreach (var link in node.ListLinks().Where(l => l.Kind is "veth" or "vxlan" or "tun" && ours.Any(o => l.Name.StartsWith(o, StringComparison.Ordinal)))) node.DeleteLink(link.Name);
            nodeRules.Apply(EdgeRenderer.Delete(options.Table));
            inner?.Dispose();
            (space, inner, rules, book, edgeRules, links) = (null, null, null, null, null, []);
            if (Directory.Exists(options.Directory))
            {
                foreach (var file in Directory.EnumerateFiles(options.Directory)) NetNamespace.At(file).Delete();
                Directory.Delete(options.Directory);
            }
            foreach (var route in node.ListRoutes(onlyOurs: true).Where(r => r is { Kind: RouteKind.Unreachable, Metric: LastResort })) node.DeleteRoute(route);
        }
        finally { one.Release(); }
    }
}
