using System.Net;
using System.Text.Json.Nodes;
using Gureum.Objects.Meta.V1;
using Gureum.Objects.Network.V1;
using Gureum.OpenStack.Http;
using Gureum.OpenStack.Identity;
using Gureum.OpenStack.Objects;

namespace Gureum.OpenStack.Networking;

/// <summary>Subnets (https://docs.openstack.org/api-ref/network/v2/#subnets): each lies in its network's Namespace.</summary>
internal sealed class Subnets(Cloud cloud, Topology topology, Networks networks, SubnetPools pools, NetworkLocks locks, TimeProvider time) : Resource<Subnet>(cloud, cloud.Subnets, time, "subnet", "subnets", "Subnet")
{
    protected override IReadOnlyDictionary<string, Given> Attributes { get; } = new Dictionary<string, Given>
    {
        ["network_id"] = Given.Create, ["ip_version"] = Given.Create, ["cidr"] = Given.Create, ["gateway_ip"] = Given.Always, ["enable_dhcp"] = Given.Always, ["allocation_pools"] = Given.Always, ["dns_nameservers"] = Given.Always, ["host_routes"] = Given.Always,
        ["subnetpool_id"] = Given.Create, ["prefixlen"] = Given.Create, ["use_default_subnetpool"] = Given.Create, ["ipv6_ra_mode"] = Given.Create, ["ipv6_address_mode"] = Given.Create, ["service_types"] = Given.Always, ["shared"] = Given.Never,
    };

    protected override string? Description(Subnet value) => value.Spec.Description;

    protected override bool IsShared(Caller caller, Subnet value) => topology.NetworkOf(value)?.Spec.Shared == true;

    protected override IEnumerable<Subnet>? Indexed(Call call) => call.Queries("network_id") is [var id] ? Cloud.Networks.Find(id) is { } network ? topology.SubnetsOf(network) : [] : null;

    protected override void Describe(JsonObject document, Caller caller, Subnet subnet)
    {
        document["network_id"] = topology.NetworkOf(subnet)?.Metadata.Uid ?? "";
        document["ip_version"] = 4;
        document["subnetpool_id"] = subnet.Spec.SubnetPool is { } pool ? Cloud.SubnetPools.Get(pool.Namespace ?? subnet.Metadata.Namespace, pool.Name)?.Metadata.Uid : null;
        document["enable_dhcp"] = subnet.Spec.Dhcp != false;
        document["ipv6_ra_mode"] = null;
        document["ipv6_address_mode"] = null;
        document["gateway_ip"] = string.IsNullOrEmpty(subnet.Spec.Gateway) ? null : subnet.Spec.Gateway;
        document["cidr"] = subnet.Spec.Cidr;
        document["allocation_pools"] = new JsonArray([.. Addresses.Pools(subnet).Select(static p => new JsonObject { ["start"] = Addresses.Text(p.First), ["end"] = Addresses.Text(p.Last) })]);
        document["host_routes"] = Routes(subnet.Spec.HostRoutes);
        document["dns_nameservers"] = new JsonArray([.. subnet.Spec.DnsServers.Select(static s => (JsonNode)s)]);
        document["service_types"] = new JsonArray();
    }

    internal static JsonArray Routes(IEnumerable<HostRoute> routes) => new([.. routes.Select(static r => new JsonObject { ["destination"] = r.Destination, ["nexthop"] = r.NextHop })]);

    protected override async Task<Subnet> CreateAsync(Call call, Body body)
    {
        foreach (var refused in (string[])["ipv6_ra_mode", "ipv6_address_mode"])
            if (body.Text(refused) is { } mode) throw Neutron.Invalid(refused, $"'{mode}' is for IPv6 subnets; networks are IPv4");
        if (body.Texts("service_types") is { Count: > 0 } types) throw Neutron.NotSupported("service_types", types[0], "subnets serve every kind of port");
        var network = networks.Find(call.Caller, body.Text("network_id") ?? throw Neutron.Refusal(400, "HTTPBadRequest", "Failed to parse request. Required attribute 'network_id' not specified"));
        if (network.Metadata.Namespace != call.Caller.Project?.Metadata.Name && !call.Caller.IsAdmin) throw networks.NotFound(network.Metadata.Uid!);
        var pool = pools.Chosen(call, body);
        return pool is null ? await locks.WithAsync(network, () => WriteAsync(SubnetForm.Cidr(body)), call.Cancel)
            : await locks.WithCloudAsync(() => locks.WithAsync(network, () => WriteAsync(pools.Take(pool, body)), call.Cancel), call.Cancel);

        Task<Subnet> WriteAsync(IPNetwork cidr)
        {
            if (topology.SubnetsOf(network).FirstOrDefault(s => IPNetwork.TryParse(s.Spec.Cidr, out var other) && Addresses.Overlap(other, cidr)) is { } overlap)
                throw Neutron.InvalidInput($"Requested subnet with cidr: {cidr} for network: {network.Metadata.Uid} overlaps with another subnet ({overlap.Spec.Cidr})");
            var gateway = SubnetForm.Gateway(body, cidr);
            var spec = new SubnetSpec
            {
                Network = network.Metadata.Name!, Description = body.Text("description"), Cidr = cidr.ToString(), Gateway = gateway is { } g ? Addresses.Text(g) : null, NoGateway = gateway is null ? true : null, Dhcp = body.Flag("enable_dhcp") ?? true,
                AllocationPools = SubnetForm.Pools(body, cidr, gateway) ?? Addresses.DefaultPools(cidr, gateway), DnsServers = SubnetForm.Servers(body) ?? [], HostRoutes = SubnetForm.Routes(body, "host_routes") ?? [],
                SubnetPool = pool is null ? null : new NetworkReference { Namespace = pool.Metadata.Namespace == network.Metadata.Namespace ? null : pool.Metadata.Namespace, Name = pool.Metadata.Name! },
            };
            return MakeAsync(call.Caller.Api, network.Metadata.Namespace!, body.Text("name"), metadata => new Subnet { Metadata = metadata with { OwnerReferences = [Owners.Of(Network.Resource, network.Metadata)] }, Spec = spec }, call.Cancel);
        }
    }

    protected override Task<Subnet> UpdateAsync(Call call, Subnet known, Body body)
    {
        var network = topology.NetworkOf(known) ?? throw NotFound(known.Metadata.Uid!);
        return locks.WithAsync(network, () =>
        {
            var cidr = Addresses.ParseNetwork(known.Spec.Cidr) ?? throw Neutron.InvalidInput($"the subnet's cidr {known.Spec.Cidr} is none");
            var gateway = body.Has("gateway_ip") ? SubnetForm.Gateway(body, cidr) : Addresses.Parse(known.Spec.Gateway);
            var given = SubnetForm.Pools(body, cidr, gateway);
            if (body.Has("gateway_ip"))
            {
                if (Addresses.Parse(known.Spec.Gateway) is { } old && old != gateway && topology.PortsOf(network).FirstOrDefault(p => p.Spec.DeviceOwner == NetworkNames.RouterInterface && p.Spec.FixedIPs.Any(f => f.Subnet == known.Metadata.Name && f.Address == Addresses.Text(old))) is { } port)
                    throw Neutron.Refusal(409, "GatewayIpInUse", $"Current gateway ip {Addresses.Text(old)} already in use by port {port.Metadata.Uid}. Unable to update.");
                if (given is null) SubnetForm.Apart(Addresses.Pools(known), gateway);
            }
            var (servers, routes) = (SubnetForm.Servers(body), SubnetForm.Routes(body, "host_routes"));
            return PutAsync(call, known, body, s => s with
            {
                Spec = s.Spec with
                {
                    Description = body.Has("description") ? body.Text("description") : s.Spec.Description, Gateway = gateway is { } g ? Addresses.Text(g) : null, NoGateway = gateway is null ? true : null, Dhcp = body.Flag("enable_dhcp") ?? s.Spec.Dhcp,
                    AllocationPools = given ?? s.Spec.AllocationPools, DnsServers = servers ?? s.Spec.DnsServers, HostRoutes = routes ?? s.Spec.HostRoutes,
                },
            });
        }, call.Cancel);
    }

    protected override Task DeleteAsync(Call call, Subnet known)
    {
        if (topology.NetworkOf(known) is not { } network) return Objects.DeleteAsync(call.Caller.Api, known, call.Cancel);
        return locks.WithAsync(network, async () =>
        {
            var users = topology.PortsOf(network).Where(p => p.Spec.DeviceOwner != NetworkNames.Dhcp && p.Spec.FixedIPs.Any(f => f.Subnet == known.Metadata.Name)).Select(static p => p.Metadata.Uid)
                .Concat(topology.FloatingIpsOf(network).Where(f => f.Spec.Subnet == known.Metadata.Name).Select(static f => f.Metadata.Uid)).ToList();
            if (users.Count > 0) throw Neutron.Refusal(409, "SubnetInUse", $"Unable to complete operation on subnet {known.Metadata.Uid}: One or more ports have an IP allocation from this subnet ({string.Join(", ", users)}).");
            await Objects.DeleteAsync(call.Caller.Api, known, call.Cancel);
            return true;
        }, call.Cancel);
    }
}
