using System.Net;
using System.Text.Json.Nodes;
using Gureum.Client;
using Gureum.Objects.Meta.V1;
using Gureum.Objects.Network.V1;
using Gureum.OpenStack.Http;
using Gureum.OpenStack.Identity;
using Gureum.OpenStack.Objects;

namespace Gureum.OpenStack.Networking;

/// <summary>Routers (https://docs.openstack.org/api-ref/network/v2/#routers-routers) and their legs: on an external network, and on tenants' ones.</summary>
internal sealed class Routers(Cloud cloud, Topology topology, Networks networks, Ports ports, ApiClient door, TimeProvider time) : Resource<Router>(cloud, cloud.Routers, time, "router", "routers", "Router")
{
    protected override IReadOnlyDictionary<string, Given> Attributes { get; } = new Dictionary<string, Given>
    {
        ["admin_state_up"] = Given.Always, ["external_gateway_info"] = Given.Always, ["routes"] = Given.Update, ["ha"] = Given.Always, ["distributed"] = Given.Always, ["availability_zone_hints"] = Given.Create, ["availability_zones"] = Given.Never, ["flavor_id"] = Given.Create, ["status"] = Given.Never,
        ["enable_ndp_proxy"] = Given.Always,
    };

    internal override void Map(Routes routes)
    {
        base.Map(routes);
        routes.Put("/v2.0/routers/{id}/add_router_interface", AddInterfaceAsync);
        routes.Put("/v2.0/routers/{id}/remove_router_interface", RemoveInterfaceAsync);
        routes.Put("/v2.0/routers/{id}/add_extraroutes", call => ChangeRoutesAsync(call, static (known, given) => [.. known.Concat(given).DistinctBy(static r => (r.Destination, r.NextHop))]));
        routes.Put("/v2.0/routers/{id}/remove_extraroutes", call => ChangeRoutesAsync(call, static (known, given) => [.. known.Where(k => !given.Any(g => g.Destination == k.Destination && g.NextHop == k.NextHop))]));
    }

    protected override string? Description(Router value) => value.Spec.Description;

    protected override void Describe(JsonObject document, Caller caller, Router router)
    {
        document["admin_state_up"] = router.Spec.AdminStateUp != false;
        document["status"] = router.Status?.Phase is "ERROR" ? "ERROR" : router.Spec.AdminStateUp == false ? "DOWN" : "ACTIVE";
        document["external_gateway_info"] = Gateway(router);
        document["availability_zones"] = new JsonArray(NetworkService.Zone);
        document["availability_zone_hints"] = new JsonArray();
        document["routes"] = Subnets.Routes(router.Spec.Routes);
        document["flavor_id"] = null;
        if (!caller.IsAdmin) return;
        document["distributed"] = false;
        document["ha"] = false;
    }

    private JsonObject? Gateway(Router router)
    {
        if (router.Spec.ExternalGateway is not { } gateway) return null;
        var port = topology.GatewayOf(router);
        return new JsonObject { ["network_id"] = topology.Find(gateway.Network, router.Metadata.Namespace)?.Metadata.Uid, ["enable_snat"] = gateway.DisableSNAT != true, ["external_fixed_ips"] = port is null ? new JsonArray() : ports.FixedIps(port) };
    }

    protected override async Task<Router> CreateAsync(Call call, Body body)
    {
        Refuse(call, body);
        var ns = NamespaceFor(call, body);
        var gateway = ReadGateway(call, body);
        var router = await MakeAsync(call.Caller.Api, ns, body.Text("name"), metadata => new Router { Metadata = metadata, Spec = new RouterSpec { Description = body.Text("description"), AdminStateUp = body.Flag("admin_state_up") ?? true } }, call.Cancel);
        if (gateway is null) return router;
        try { return await SetGatewayAsync(call, router, gateway); }
        catch
        {
            await Ends.GoneAsync(Objects, call.Caller.Api, router, CancellationToken.None);
            throw;
        }
    }

    private void Refuse(Call call, Body body)
    {
        RequireAdmin(call, body, "ha", "distributed");
        foreach (var name in (string[])["ha", "distributed", "enable_ndp_proxy"])
            if (body.Flag(name) == true) throw Neutron.NotSupported(name, "true", "a router runs on one node");
        if (body.Text("flavor_id") is { } flavor) throw Neutron.NotSupported("flavor_id", flavor, "routers have no flavors");
    }

    private sealed record WantedGateway(Network Network, IReadOnlyList<WantedAddress>? Addresses, bool? Snat);

    private WantedGateway? ReadGateway(Call call, Body body)
    {
        if (body.Find("external_gateway_info") is not { Value.Count: > 0 } given) return null;
        given.Only("network_id", "enable_snat", "external_fixed_ips", "qos_policy_id");
        if (given.Text("network_id") is not { } id) throw Neutron.Invalid("external_gateway_info", "network_id is a required property");
        if ((given.Has("enable_snat") || given.Node("external_fixed_ips") is not null) && !call.Caller.IsAdmin) throw Neutron.Forbidden("rule:create_router:external_gateway_info:enable_snat or external_fixed_ips");
        var network = networks.Find(call.Caller, id);
        if (network.Spec.External != true) throw Neutron.Refusal(400, "BadRequest", $"Bad router request: Network {id} is not an external network.");
        var wanted = given.Node("external_fixed_ips") is null ? null : given.Objects("external_fixed_ips").Select(static f => f.Only("subnet_id", "ip_address")).Select(static f => new WantedAddress(f.Text("subnet_id"), f.Text("ip_address"))).ToList();
        return new WantedGateway(network, wanted, given.Flag("enable_snat"));
    }

    // The leg stands in the external network's Namespace, and is the door's: the router's owner has no rights there. The new one is there before the old one goes.
    private async Task<Router> SetGatewayAsync(Call call, Router router, WantedGateway wanted)
    {
        var (known, network) = (topology.GatewayOf(router), wanted.Network);
        var stays = Topology.Same(known is null ? null : topology.NetworkOf(known), network);
        if (known is not null && !stays) RefuseUsed(router, known);
        var leg = stays && known is not null ? wanted.Addresses is null ? known : await ports.ReplaceAsync(door, network, known, wanted.Addresses, call.Cancel) : await PlaceGatewayAsync(router, wanted, call.Cancel);
        Router made;
        try
        {
            made = await Objects.ChangeAsync(call.Caller.Api, router, r => r with
            {
                Spec = r.Spec with { ExternalGateway = new ExternalGateway { Network = Ports.Reference(network, r.Metadata.Namespace!), DisableSNAT = wanted.Snat is { } snat ? snat ? null : true : r.Spec.ExternalGateway?.DisableSNAT, FixedIPs = leg.Spec.FixedIPs } },
            }, call.Cancel);
        }
        catch
        {
            if (!stays) await Ends.GoneAsync(Cloud.Ports, door, leg, CancellationToken.None);
            else if (wanted.Addresses is not null) await Cloud.Ports.ChangeAsync(door, leg, p => p with { Spec = p.Spec with { FixedIPs = known!.Spec.FixedIPs } }, CancellationToken.None);
            throw;
        }
        if (known is not null && !stays) await Ends.GoneAsync(Cloud.Ports, door, known, call.Cancel);
        return made;
    }

    private Task<Port> PlaceGatewayAsync(Router router, WantedGateway wanted, CancellationToken cancel)
    {
        var spec = new PortSpec { Network = new NetworkReference { Name = wanted.Network.Metadata.Name! }, AdminStateUp = true, PortSecurity = false, DeviceID = router.Metadata.Uid, DeviceOwner = NetworkNames.RouterGateway };
        return ports.PlaceAsync(door, wanted.Network, wanted.Network.Metadata.Namespace!, "", spec, wanted.Addresses, static m => m, cancel);
    }

    private void RefuseUsed(Router router, Port gateway)
    {
        if (topology.NetworkOf(gateway) is { } outside && FloatingIpsThrough(router, outside).Any())
            throw Neutron.Refusal(409, "RouterExternalGatewayInUseByFloatingIp", $"Gateway cannot be updated for router {router.Metadata.Uid}, since a gateway to external network {outside.Metadata.Uid} is required by one or more floating IPs.");
    }

    private async Task<Router> ClearGatewayAsync(Call call, Router router)
    {
        var leg = topology.GatewayOf(router);
        if (leg is not null) RefuseUsed(router, leg);
        var made = await Objects.ChangeAsync(call.Caller.Api, router, static r => r with { Spec = r.Spec with { ExternalGateway = null } }, call.Cancel);
        if (leg is not null) await Ends.GoneAsync(Cloud.Ports, door, leg, call.Cancel);
        return made;
    }

    private IEnumerable<FloatingIP> FloatingIpsThrough(Router router, Network outside) => topology.FloatingIpsOf(outside).Where(f => f.Spec.Port is { } reference && Cloud.Ports.Get(reference.Namespace ?? f.Metadata.Namespace, reference.Name) is { } port
        && topology.NetworkOf(port) is { } inside && port.Spec.FixedIPs.FirstOrDefault(a => a.Address == f.Spec.FixedAddress) is { Subnet: { } subnet } && topology.RouterBetween(inside, subnet, outside)?.Metadata.Uid == router.Metadata.Uid);

    protected override async Task<Router> UpdateAsync(Call call, Router known, Body body)
    {
        Refuse(call, body);
        var gateway = ReadGateway(call, body);
        var routes = SubnetForm.Routes(body, "routes");
        if (routes is not null) CheckRoutes(known, routes);
        if (gateway is not null) known = await SetGatewayAsync(call, known, gateway);
        else if (body.Has("external_gateway_info") && known.Spec.ExternalGateway is not null) known = await ClearGatewayAsync(call, known);
        return await PutAsync(call, known, body, r => r with
        {
            Spec = r.Spec with { Description = body.Has("description") ? body.Text("description") : r.Spec.Description, AdminStateUp = body.Flag("admin_state_up") ?? r.Spec.AdminStateUp, Routes = routes ?? r.Spec.Routes },
        });
    }

    // A next hop must stand on one of the router's links, and not be the router itself.
    private void CheckRoutes(Router router, IReadOnlyList<HostRoute> routes)
    {
        var legs = topology.InterfacesOf(router).Append(topology.GatewayOf(router)).OfType<Port>().ToList();
        foreach (var route in routes)
        {
            var hop = Addresses.Parse(route.NextHop);
            if (!legs.Any(leg => leg.Spec.FixedIPs.Any(f => topology.SubnetOf(leg, f) is { } subnet && Addresses.ParseNetwork(subnet.Spec.Cidr) is { } range && hop is { } h && Addresses.Of(range).Holds(h))))
                throw Neutron.Refusal(400, "InvalidRoutes", $"Invalid format for routes: the nexthop {route.NextHop} is not connected with router {router.Metadata.Uid}.");
            if (legs.Any(leg => leg.Spec.FixedIPs.Any(f => f.Address == route.NextHop))) throw Neutron.Refusal(400, "InvalidRoutes", $"Invalid format for routes: the nexthop {route.NextHop} is used by router.");
        }
    }

    private async Task<Answer> ChangeRoutesAsync(Call call, Func<IReadOnlyList<HostRoute>, IReadOnlyList<HostRoute>, IReadOnlyList<HostRoute>> change)
    {
        var router = await OwnAsync(call);
        var given = SubnetForm.Routes((await call.BodyAsync()).Object("router").Only("routes"), "routes") ?? [];
        CheckRoutes(router, change([], given));
        var made = await Objects.ChangeAsync(call.Caller.Api, router, r => r with { Spec = r.Spec with { Routes = change(r.Spec.Routes, given) } }, call.Cancel);
        return Answer.Json(json =>
        {
            json.WriteStartObject();
            json.Node("router", Document(call.Caller, made));
            json.WriteEndObject();
        });
    }

    protected override async Task DeleteAsync(Call call, Router known)
    {
        if (topology.InterfacesOf(known).Any()) throw Neutron.Refusal(409, "RouterInUse", $"Router {known.Metadata.Uid} still has ports.");
        var leg = topology.GatewayOf(known);
        if (leg is not null) RefuseUsed(known, leg);
        await Objects.DeleteAsync(call.Caller.Api, known, call.Cancel);
        if (leg is not null) await Ends.GoneAsync(Cloud.Ports, door, leg, call.Cancel);
    }

    // ---- legs

    private async Task<Answer> AddInterfaceAsync(Call call)
    {
        var (router, body) = (await OwnAsync(call), (await call.BodyAsync()).Only("subnet_id", "port_id"));
        if (body.Has("subnet_id") == body.Has("port_id")) throw Neutron.Refusal(400, "BadRequest", "Bad router request: Either subnet_id or port_id must be specified, and not both.");
        return body.Text("port_id") is { } id ? await AddPortAsync(call, router, ports.Find(call.Caller, id)) : await AddSubnetAsync(call, router, body.Text("subnet_id") ?? "");
    }

    private async Task<Answer> AddSubnetAsync(Call call, Router router, string id)
    {
        var subnet = Cloud.Subnets.Find(id) is { Metadata.DeletionTimestamp: null } found && topology.NetworkOf(found) is { } on && (call.Caller.IsAdmin || on.Spec.Shared == true || on.Metadata.Namespace == call.Caller.Project?.Metadata.Name) ? found : throw Neutron.NotFound("Subnet", "Subnet", id);
        var network = topology.NetworkOf(subnet)!;
        if (string.IsNullOrEmpty(subnet.Spec.Gateway)) throw Neutron.Refusal(400, "BadRequest", "Bad router request: Subnet for router interface must have a gateway IP.");
        CheckOverlap(router, [subnet]);
        var spec = new PortSpec { Network = Ports.Reference(network, router.Metadata.Namespace!), AdminStateUp = true, PortSecurity = false, DeviceID = router.Metadata.Uid, DeviceOwner = NetworkNames.RouterInterface };
        var port = await ports.PlaceAsync(call.Caller.Api, network, router.Metadata.Namespace!, "", spec, [new WantedAddress(id, subnet.Spec.Gateway)], static m => m, call.Cancel);
        return Interface(router, port);
    }

    private async Task<Answer> AddPortAsync(Call call, Router router, Port port)
    {
        if (!string.IsNullOrEmpty(port.Spec.DeviceID)) throw Neutron.Refusal(409, "PortInUse", $"Unable to complete operation on port {port.Metadata.Uid} for network {topology.NetworkOf(port)?.Metadata.Uid}. Port already has an attached device {port.Spec.DeviceID}.");
        if (port.Spec.FixedIPs.Count == 0) throw Neutron.Refusal(400, "BadRequest", "Bad router request: Router port must have at least one fixed IP.");
        CheckOverlap(router, [.. port.Spec.FixedIPs.Select(f => topology.SubnetOf(port, f)).OfType<Subnet>()]);
        return Interface(router, await Cloud.Ports.ChangeAsync(call.Caller.Api, port, p => p with { Spec = p.Spec with { DeviceID = router.Metadata.Uid, DeviceOwner = NetworkNames.RouterInterface, PortSecurity = false, SecurityGroups = [] } }, call.Cancel));
    }

    private void CheckOverlap(Router router, IReadOnlyList<Subnet> added)
    {
        foreach (var leg in topology.InterfacesOf(router).Append(topology.GatewayOf(router)).OfType<Port>())
            foreach (var known in leg.Spec.FixedIPs.Select(f => topology.SubnetOf(leg, f)).OfType<Subnet>())
                foreach (var subnet in added)
                {
                    if (known.Metadata.Uid == subnet.Metadata.Uid) throw Neutron.Refusal(400, "BadRequest", $"Bad router request: Router already has a port on subnet {subnet.Metadata.Uid}.");
                    if (IPNetwork.TryParse(known.Spec.Cidr, out var one) && IPNetwork.TryParse(subnet.Spec.Cidr, out var two) && Addresses.Overlap(one, two))
                        throw Neutron.Refusal(400, "BadRequest", $"Bad router request: Cidr {subnet.Spec.Cidr} of subnet {subnet.Metadata.Uid} overlaps with cidr {known.Spec.Cidr} of subnet {known.Metadata.Uid}.");
                }
    }

    private async Task<Answer> RemoveInterfaceAsync(Call call)
    {
        var (router, body) = (await OwnAsync(call), (await call.BodyAsync()).Only("subnet_id", "port_id"));
        var (subnetId, portId) = (body.Text("subnet_id"), body.Text("port_id"));
        if (subnetId is null && portId is null) throw Neutron.Refusal(400, "BadRequest", "Bad router request: Either subnet_id or port_id must be specified.");
        var subnet = subnetId is null ? null : Cloud.Subnets.Find(subnetId) ?? throw Neutron.NotFound("Subnet", "Subnet", subnetId);
        var leg = topology.InterfacesOf(router).FirstOrDefault(p => (portId is null || p.Metadata.Uid == portId) && (subnet is null || p.Spec.FixedIPs.Any(f => topology.SubnetOf(p, f)?.Metadata.Uid == subnet.Metadata.Uid)))
            ?? throw Neutron.Refusal(404, "RouterInterfaceNotFound", $"Router {router.Metadata.Uid} does not have an interface {(portId is not null ? "with id " + portId : "on subnet " + subnetId)}.");
        var inside = topology.NetworkOf(leg);
        if (router.Spec.ExternalGateway is { } gateway && topology.Find(gateway.Network, router.Metadata.Namespace) is { } outside && inside is not null
            && FloatingIpsThrough(router, outside).FirstOrDefault(f => Cloud.Ports.Get(f.Spec.Port!.Namespace ?? f.Metadata.Namespace, f.Spec.Port.Name) is { } user && Topology.Same(topology.NetworkOf(user), inside) && user.Spec.FixedIPs.Any(a => leg.Spec.FixedIPs.Any(l => l.Subnet == a.Subnet))) is not null)
            throw Neutron.Refusal(409, "RouterInterfaceInUseByFloatingIP", $"Router interface for subnet {leg.Spec.FixedIPs.Select(f => topology.SubnetOf(leg, f)?.Metadata.Uid).FirstOrDefault()} on router {router.Metadata.Uid} cannot be deleted, as it is required by one or more floating IPs.");
        if (router.Spec.Routes.FirstOrDefault(r => leg.Spec.FixedIPs.Any(f => topology.SubnetOf(leg, f) is { } s && Addresses.ParseNetwork(s.Spec.Cidr) is { } range && Addresses.Parse(r.NextHop) is { } hop && Addresses.Of(range).Holds(hop))) is { } route)
            throw Neutron.Refusal(409, "RouterInterfaceInUseByRoute", $"Router interface on router {router.Metadata.Uid} cannot be deleted, as it is required by the route to {route.Destination}.");
        var answer = Interface(router, leg);
        await Cloud.Ports.DeleteAsync(call.Caller.Api, leg, call.Cancel);
        return answer;
    }

    private Answer Interface(Router router, Port port) => Answer.Json(json =>
    {
        var subnets = port.Spec.FixedIPs.Select(f => topology.SubnetOf(port, f)?.Metadata.Uid).OfType<string>().ToList();
        json.WriteStartObject();
        json.WriteString("id", router.Metadata.Uid);
        json.WriteString("tenant_id", ProjectOf(router));
        json.WriteString("port_id", port.Metadata.Uid);
        json.WriteString("network_id", topology.NetworkOf(port)?.Metadata.Uid);
        json.Text("subnet_id", subnets.FirstOrDefault());
        json.Texts("subnet_ids", subnets);
        json.WriteString("project_id", ProjectOf(router));
        json.Texts("tags", []);
        json.WriteEndObject();
    });
}
