using System.Text.Json.Nodes;
using Gureum.Objects.Network.V1;
using Gureum.OpenStack.Http;
using Gureum.OpenStack.Identity;
using Gureum.OpenStack.Objects;

namespace Gureum.OpenStack.Networking;

/// <summary>Floating IPs (https://docs.openstack.org/api-ref/network/v2/#floating-ips-floatingips): addresses of an external network that stand for a port's.</summary>
internal sealed class FloatingIps(Cloud cloud, Topology topology, Networks networks, Ports ports, NetworkLocks locks, TimeProvider time) : Resource<FloatingIP>(cloud, cloud.FloatingIps, time, "floatingip", "floatingips", "FloatingIP")
{
    protected override IReadOnlyDictionary<string, Given> Attributes { get; } = new Dictionary<string, Given>
    {
        ["floating_network_id"] = Given.Create, ["floating_ip_address"] = Given.Create, ["subnet_id"] = Given.Create, ["port_id"] = Given.Always, ["fixed_ip_address"] = Given.Always, ["router_id"] = Given.Never, ["status"] = Given.Never, ["port_details"] = Given.Never,
        ["dns_name"] = Given.Create, ["dns_domain"] = Given.Create, ["qos_policy_id"] = Given.Always, ["port_forwardings"] = Given.Never,
    };

    protected override string? Description(FloatingIP value) => value.Spec.Description;

    protected override IEnumerable<FloatingIP>? Indexed(Call call) => call.Queries("port_id") is [var id] ? Cloud.Ports.Find(id) is { } port ? topology.FloatingIpsOf(port) : [] : null;

    protected override void Describe(JsonObject document, Caller caller, FloatingIP floating)
    {
        var port = PortOf(floating);
        document["floating_ip_address"] = floating.Spec.Address ?? "";
        document["floating_network_id"] = topology.NetworkOf(floating)?.Metadata.Uid ?? "";
        document["router_id"] = RouterOf(floating, port)?.Metadata.Uid;
        document["port_id"] = port?.Metadata.Uid;
        document["fixed_ip_address"] = port is null ? null : floating.Spec.FixedAddress;
        document["status"] = port is null ? "DOWN" : floating.Status?.Phase is { Length: > 0 } phase ? phase : "DOWN";
        document["port_details"] = port is null ? null : new JsonObject
        {
            ["name"] = Ports.NameOf(port), ["network_id"] = topology.NetworkOf(port)?.Metadata.Uid, ["mac_address"] = port.Spec.MacAddress, ["admin_state_up"] = port.Spec.AdminStateUp != false, ["status"] = Ports.StatusOf(port), ["device_id"] = port.Spec.DeviceID ?? "", ["device_owner"] = port.Spec.DeviceOwner ?? "",
        };
        document["dns_name"] = floating.Spec.DnsName ?? "";
        document["dns_domain"] = floating.Spec.DnsDomain ?? "";
        document["qos_policy_id"] = null;
    }

    private Port? PortOf(FloatingIP floating) => floating.Spec.Port is { } reference && Cloud.Ports.Get(reference.Namespace ?? floating.Metadata.Namespace, reference.Name) is { Metadata.DeletionTimestamp: null } port ? port : null;

    private Router? RouterOf(FloatingIP floating, Port? port) => port is not null && topology.NetworkOf(port) is { } inside && topology.NetworkOf(floating) is { } outside && port.Spec.FixedIPs.FirstOrDefault(f => f.Address == floating.Spec.FixedAddress)?.Subnet is { } subnet
        ? topology.RouterBetween(inside, subnet, outside) : null;

    private sealed record Target(Port Port, string Address);

    protected override async Task<FloatingIP> CreateAsync(Call call, Body body)
    {
        if (body.Text("qos_policy_id") is { } policy) throw Neutron.NotSupported("qos_policy_id", policy, "leave it out");
        var network = networks.Find(call.Caller, body.Text("floating_network_id") ?? throw Neutron.Refusal(400, "HTTPBadRequest", "Failed to parse request. Required attribute 'floating_network_id' not specified"));
        if (network.Spec.External != true) throw Neutron.Refusal(400, "BadRequest", $"Bad floatingip request: Network {network.Metadata.Uid} is not a valid external network.");
        RequireAdmin(call, body, "floating_ip_address");
        var ns = NamespaceFor(call, body);
        var target = ReadTarget(call, body, network, null);
        return await locks.WithAsync(network, () =>
        {
            var (subnet, address) = Choose(network, body.Text("subnet_id"), body.Text("floating_ip_address"));
            if (target is not null) CheckFree(network, target, null);
            return MakeAsync(call.Caller.Api, ns, Addresses.Text(address), metadata => new FloatingIP
            {
                Metadata = metadata, Spec = new FloatingIPSpec
                {
                    Network = Ports.Reference(network, ns), Description = body.Text("description"), Subnet = subnet.Metadata.Name, Address = Addresses.Text(address), Port = target is null ? null : Reference(target.Port, ns), FixedAddress = target?.Address,
                    DnsName = body.Text("dns_name"), DnsDomain = body.Text("dns_domain"),
                },
            }, call.Cancel);
        }, call.Cancel);
    }

    private static NetworkReference Reference(Port port, string ns) => new() { Namespace = port.Metadata.Namespace == ns ? null : port.Metadata.Namespace, Name = port.Metadata.Name! };

    private (Subnet Subnet, uint Address) Choose(Network network, string? subnetId, string? wanted)
    {
        var subnets = topology.SubnetsOf(network);
        if (subnetId is not null) subnets = subnets.FirstOrDefault(s => s.Metadata.Uid == subnetId) is { } one ? [one] : throw Neutron.Refusal(400, "BadRequest", $"Bad floatingip request: the floating IP's network {network.Metadata.Uid} has no subnet {subnetId}.");
        if (subnets.Count == 0) throw Neutron.Refusal(400, "BadRequest", $"Bad floatingip request: Network {network.Metadata.Uid} does not contain any IPv4 subnet.");
        if (wanted is not null)
        {
            var address = Addresses.Parse(wanted) ?? throw Neutron.Invalid("floating_ip_address", $"'{wanted}' is not a valid IP address");
            var subnet = subnets.FirstOrDefault(s => Addresses.ParseNetwork(s.Spec.Cidr) is { } range && Addresses.Hosts(range).Holds(address)) ?? throw Neutron.Refusal(400, "InvalidIpForNetwork", $"IP address {wanted} is not a valid IP for any of the subnets on the specified network.");
            return topology.Taken(network, subnet).Contains(address) || subnet.Spec.Gateway == wanted ? throw Neutron.Refusal(409, "IpAddressAlreadyAllocated", $"IP address {wanted} already allocated in subnet {subnet.Metadata.Uid}") : (subnet, address);
        }
        foreach (var subnet in subnets)
            if (Addresses.Pick(subnet, topology.Taken(network, subnet)) is { } free) return (subnet, free);
        throw Neutron.Refusal(409, "IpAddressGenerationFailure", $"No more IP addresses available on network {network.Metadata.Uid}.");
    }

    private Target? ReadTarget(Call call, Body body, Network network, FloatingIP? known)
    {
        if (body.Text("port_id") is not { } id)
            return body.Text("fixed_ip_address") is { } alone && !(known is not null && PortOf(known) is not null && !body.Has("port_id")) ? throw Neutron.Refusal(400, "BadRequest", $"Bad floatingip request: fixed_ip_address {alone} cannot be specified without a port_id.")
                : known is not null && !body.Has("port_id") && PortOf(known) is { } same && body.Text("fixed_ip_address") is { } other ? Check(same, other) : null;
        return Check(ports.Find(call.Caller, id), body.Text("fixed_ip_address"));

        Target Check(Port port, string? wanted)
        {
            var inside = topology.NetworkOf(port) ?? throw ports.NotFound(port.Metadata.Uid!);
            var chosen = wanted is null ? port.Spec.FixedIPs.FirstOrDefault() ?? throw Neutron.Refusal(400, "BadRequest", $"Bad floatingip request: Cannot add floating IP to port {port.Metadata.Uid} that has no fixed IPv4 addresses.")
                : port.Spec.FixedIPs.FirstOrDefault(f => f.Address == wanted) ?? throw Neutron.Refusal(400, "BadRequest", $"Bad floatingip request: Port {port.Metadata.Uid} does not have fixed ip {wanted}.");
            if (topology.RouterBetween(inside, chosen.Subnet ?? "", network) is null)
                throw Neutron.Refusal(404, "ExternalGatewayForFloatingIPNotFound", $"External network {network.Metadata.Uid} is not reachable from subnet {topology.SubnetOf(port, chosen)?.Metadata.Uid}. Therefore, cannot associate Port {port.Metadata.Uid} with a Floating IP.");
            return new Target(port, chosen.Address!);
        }
    }

    private void CheckFree(Network network, Target target, FloatingIP? known)
    {
        if (topology.FloatingIpsOf(target.Port).FirstOrDefault(f => f.Metadata.Uid != known?.Metadata.Uid && f.Spec.FixedAddress == target.Address && Topology.Same(topology.NetworkOf(f), network)) is { } other)
            throw Neutron.Refusal(409, "FloatingIPPortAlreadyAssociated", $"Cannot associate floating IP with port {target.Port.Metadata.Uid} using fixed IP {target.Address}, as that fixed IP already has a floating IP on external network {network.Metadata.Uid} ({other.Spec.Address}).");
    }

    protected override async Task<FloatingIP> UpdateAsync(Call call, FloatingIP known, Body body)
    {
        if (body.Text("qos_policy_id") is { } policy) throw Neutron.NotSupported("qos_policy_id", policy, "leave it out");
        var network = topology.NetworkOf(known) ?? throw NotFound(known.Metadata.Uid!);
        var target = ReadTarget(call, body, network, known);
        return await locks.WithAsync(network, () =>
        {
            if (target is not null) CheckFree(network, target, known);
            // Neutron's clients take an update without a port for a disassociation, unless it changes nothing but words.
            var clears = target is null && (body.Has("port_id") || !body.Has("description"));
            return PutAsync(call, known, body, f => f with
            {
                Spec = f.Spec with
                {
                    Description = body.Has("description") ? body.Text("description") : f.Spec.Description, Port = clears ? null : target is null ? f.Spec.Port : Reference(target.Port, f.Metadata.Namespace!), FixedAddress = clears ? null : target?.Address ?? f.Spec.FixedAddress,
                },
            });
        }, call.Cancel);
    }

    protected override Task DeleteAsync(Call call, FloatingIP known) => Objects.DeleteAsync(call.Caller.Api, known, call.Cancel);
}
