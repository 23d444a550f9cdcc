using System.Text.Json.Nodes;
using Gureum.Client;
using Gureum.Objects.Meta.V1;
using Gureum.Objects.Network.V1;
using Gureum.OpenStack.Http;
using Gureum.OpenStack.Identity;
using Gureum.OpenStack.Objects;

namespace Gureum.OpenStack.Networking;

/// <summary>Ports (https://docs.openstack.org/api-ref/network/v2/#ports): what stands on a network, with its hardware and other addresses.</summary>
internal sealed class Ports(Cloud cloud, Topology topology, Networks networks, SecurityGroups groups, PortAddresses addresses, NetworkLocks locks, TimeProvider time) : Resource<Port>(cloud, cloud.Ports, time, "port", "ports", "Port")
{
    private static readonly string[] Unused = ["qos_policy_id", "propagate_uplink_status", "numa_affinity_policy", "device_profile", "ip_allocation", "hints"];

    protected override IReadOnlyDictionary<string, Given> Attributes { get; } = new Dictionary<string, Given>
    {
        ["network_id"] = Given.Create, ["admin_state_up"] = Given.Always, ["mac_address"] = Given.Always, ["fixed_ips"] = Given.Always, ["device_id"] = Given.Always, ["device_owner"] = Given.Always, ["security_groups"] = Given.Always, ["port_security_enabled"] = Given.Always,
        ["allowed_address_pairs"] = Given.Always, ["extra_dhcp_opts"] = Given.Always, ["dns_name"] = Given.Always, ["dns_domain"] = Given.Always, ["dns_assignment"] = Given.Never, ["status"] = Given.Never, ["tags"] = Given.Create,
        ["binding:host_id"] = Given.Always, ["binding:vnic_type"] = Given.Always, ["binding:profile"] = Given.Always, ["binding:vif_type"] = Given.Never, ["binding:vif_details"] = Given.Never,
    };

    protected override string? Description(Port value) => value.Spec.Description;

    // The network's owner sees who stands on it.
    protected override bool IsShared(Caller caller, Port value) => caller.Project is { } project && topology.NetworkOf(value)?.Metadata.Namespace == project.Metadata.Name;

    protected override bool Owns(Caller caller, Port value) => base.Owns(caller, value) || IsShared(caller, value);

    protected override IEnumerable<Port>? Indexed(Call call) => (call.Queries("device_id"), call.Queries("network_id")) switch
    {
        ([var device], _) => Cloud.Ports.By(Cloud.ByDevice, device),
        (_, [var id]) => Cloud.Networks.Find(id) is { } network ? topology.PortsOf(network) : [],
        _ => null,
    };

    protected override void Describe(JsonObject document, Caller caller, Port port)
    {
        var spec = port.Spec;
        document["network_id"] = topology.NetworkOf(port)?.Metadata.Uid ?? "";
        document["mac_address"] = spec.MacAddress ?? "";
        document["admin_state_up"] = spec.AdminStateUp != false;
        document["status"] = StatusOf(port);
        document["device_id"] = spec.DeviceID ?? "";
        document["device_owner"] = spec.DeviceOwner ?? "";
        document["fixed_ips"] = FixedIps(port);
        document["allowed_address_pairs"] = new JsonArray([.. spec.AllowedAddresses.Select(a => new JsonObject { ["ip_address"] = a.Address, ["mac_address"] = a.MacAddress ?? spec.MacAddress })]);
        document["extra_dhcp_opts"] = new JsonArray([.. spec.DhcpOptions.Select(static o => new JsonObject { ["opt_name"] = o.Name, ["opt_value"] = o.Value, ["ip_version"] = 4 })]);
        document["security_groups"] = new JsonArray([.. spec.SecurityGroups.Select(g => Cloud.SecurityGroups.Get(port.Metadata.Namespace, g)?.Metadata.Uid).OfType<string>().Select(static id => (JsonNode)id)]);
        document["port_security_enabled"] = spec.PortSecurity != false;
        document["dns_name"] = spec.DnsName ?? "";
        document["dns_assignment"] = new JsonArray([.. spec.FixedIPs.Select(f => new JsonObject { ["hostname"] = HostName(port, f), ["ip_address"] = f.Address, ["fqdn"] = HostName(port, f) + "." + NetworkService.Domain })]);
        document["binding:vnic_type"] = "normal";
        if (!caller.IsAdmin) return;
        var node = port.Status?.Node ?? "";
        document["binding:host_id"] = node.Length > 0 ? node : spec.Host ?? "";
        document["binding:profile"] = new JsonObject();
        document["binding:vif_type"] = node.Length > 0 ? "bridge" : "unbound";
        document["binding:vif_details"] = new JsonObject();
    }

    internal static string StatusOf(Port port) => port.Spec.AdminStateUp != false && port.Status?.Phase is { Length: > 0 } phase ? phase : "DOWN";

    internal JsonArray FixedIps(Port port) => new([.. port.Spec.FixedIPs.Select(f => new JsonObject { ["subnet_id"] = topology.SubnetOf(port, f)?.Metadata.Uid ?? "", ["ip_address"] = f.Address })]);

    private static string HostName(Port port, FixedIP address) => port.Spec.DnsName is { Length: > 0 } name ? name : "host-" + (address.Address ?? "").Replace('.', '-');

    protected override async Task<Port> CreateAsync(Call call, Body body)
    {
        Refuse(body);
        var network = networks.Find(call.Caller, body.Text("network_id") ?? throw Neutron.Refusal(400, "HTTPBadRequest", "Failed to parse request. Required attribute 'network_id' not specified"));
        if (network.Metadata.Namespace != call.Caller.Project?.Metadata.Name && network.Spec.Shared != true && !call.Caller.IsAdmin) throw Neutron.Forbidden($"rule:create_port on network {network.Metadata.Uid}, which is not shared,");
        var ns = NamespaceFor(call, body);
        if (body.Text("device_owner") is { } owner && owner.StartsWith("network:", StringComparison.Ordinal) && !Privileged(call, network)) throw Neutron.Forbidden("rule:create_port:device_owner");
        if ((body.Has("mac_address") || body.Has("fixed_ips") && body.Objects("fixed_ips").Any(static f => f.Has("ip_address"))) && !Privileged(call, network)) throw Neutron.Forbidden("rule:create_port:mac_address or fixed_ips");
        var secured = body.Flag("port_security_enabled") ?? network.Spec.PortSecurity != false;
        var wanted = await groups.NamesAsync(call.Caller, ns, body.Has("security_groups") ? body.Texts("security_groups") ?? [] : null, call.Cancel);
        if (!secured && body.Texts("security_groups") is { Count: > 0 }) throw Neutron.Refusal(400, "PortSecurityAndIPRequiredForSecurityGroups", "Port security must be enabled and port must have an IP address in order to use security groups.");
        var pairs = PortForm.Pairs(body) ?? [];
        if (!secured && pairs.Count > 0) throw Neutron.Refusal(409, "AddressPairAndPortSecurityRequired", "Port Security must be enabled in order to have allowed address pairs on a port.");
        var spec = new PortSpec
        {
            Network = Reference(network, ns), Description = body.Text("description"), AdminStateUp = body.Flag("admin_state_up") ?? true, MacAddress = body.Text("mac_address") is { } mac ? PortForm.Mac(mac) : null, SecurityGroups = secured ? wanted : [], PortSecurity = secured,
            AllowedAddresses = pairs, DeviceID = body.Text("device_id"), DeviceOwner = body.Text("device_owner"), Host = body.Text("binding:host_id"), DnsName = body.Text("dns_name"), DhcpOptions = PortForm.DhcpOptions(body, []) ?? [],
        };
        var tags = body.Texts("tags");
        return await PlaceAsync(call.Caller.Api, network, ns, body.Text("name"), spec, PortAddresses.Read(body), metadata => tags is null ? metadata : metadata with { Annotations = new Dictionary<string, string>(metadata.Annotations) { [NetworkNames.Tags] = string.Join(',', tags) } }, call.Cancel);
    }

    internal static NetworkReference Reference(Network network, string ns) => new() { Namespace = network.Metadata.Namespace == ns ? null : network.Metadata.Namespace, Name = network.Metadata.Name! };

    private static bool Privileged(Call call, Network network) => call.Caller.IsAdmin || network.Metadata.Namespace == call.Caller.Project?.Metadata.Name;

    // What has no meaning here is refused when it asks for something.
    private static void Refuse(Body body)
    {
        foreach (var name in Unused)
            if (body.Node(name) is { } value) throw Neutron.NotSupported(name, value.ToString(), "leave it out");
        if (body.Text("binding:vnic_type") is { } kind and not "normal") throw Neutron.NotSupported("binding:vnic_type", kind, "normal is accepted");
        if (body.Find("binding:profile") is { Value.Count: > 0 } profile) throw Neutron.NotSupported("binding:profile", profile.Value.ToJsonString(), "an empty one is accepted");
    }

    /// <summary>Chooses what is open (addresses, hardware address) and writes the port, while nobody else chooses on the network.</summary>
    internal Task<Port> PlaceAsync(ApiClient client, Network network, string ns, string? shown, PortSpec spec, IReadOnlyList<WantedAddress>? wanted, Func<ObjectMeta, ObjectMeta> mark, CancellationToken cancel) => locks.WithAsync(network, () =>
    {
        var chosen = spec with { FixedIPs = addresses.Choose(network, wanted, []), MacAddress = MacOn(network, spec.MacAddress, null) };
        return MakeAsync(client, ns, shown, metadata => new Port { Metadata = mark(metadata), Spec = chosen }, cancel);
    }, cancel);

    /// <summary>Gives a port other addresses, while nobody else chooses on the network.</summary>
    internal Task<Port> ReplaceAsync(ApiClient client, Network network, Port port, IReadOnlyList<WantedAddress> wanted, CancellationToken cancel) => locks.WithAsync(network, () =>
    {
        var chosen = addresses.Choose(network, wanted, port.Spec.FixedIPs);
        return Objects.ChangeAsync(client, port, p => p with { Spec = p.Spec with { FixedIPs = chosen } }, cancel);
    }, cancel);

    /// <summary>Whose the network's own port is.</summary>
    internal static string DhcpDevice(Network network) => "dhcp-" + network.Metadata.Uid;

    /// <summary>The network's own port; its lock is held.</summary>
    internal Task<Port> ServeAsync(ApiClient client, Network network, IReadOnlyList<FixedIP> at, CancellationToken cancel) => MakeAsync(client, network.Metadata.Namespace!, "", metadata => new Port
    {
        Metadata = metadata with { OwnerReferences = [Owners.Of(Network.Resource, network.Metadata)] },
        Spec = new PortSpec { Network = Reference(network, network.Metadata.Namespace!), AdminStateUp = true, PortSecurity = false, DeviceOwner = NetworkNames.Dhcp, DeviceID = DhcpDevice(network), MacAddress = MacOn(network, null, null), FixedIPs = at },
    }, cancel);

    /// <summary>Chooses what a port that came by another door left open.</summary>
    internal async Task CompleteAsync(ApiClient client, Network network, Port port, CancellationToken cancel)
    {
        if (port.Spec.SecurityGroups.Count == 0 && port.Spec.PortSecurity != false && network.Spec.PortSecurity != false && port.Spec.DeviceOwner?.StartsWith("network:", StringComparison.Ordinal) != true) await groups.EnsureDefaultAsync(port.Metadata.Namespace!, cancel);
        await locks.WithAsync(network, () => Objects.ChangeAsync(client, port, p =>
        {
            if (!string.IsNullOrEmpty(p.Spec.MacAddress)) return p;
            var wanted = p.Spec.FixedIPs.Count == 0 ? null : p.Spec.FixedIPs.Select(f => new WantedAddress(Cloud.Subnets.Get(network.Metadata.Namespace, f.Subnet)?.Metadata.Uid, f.Address)).ToList();
            var grouped = p.Spec.SecurityGroups.Count > 0 || p.Spec.PortSecurity == false || p.Spec.DeviceOwner?.StartsWith("network:", StringComparison.Ordinal) == true;
            return p with { Spec = p.Spec with { MacAddress = MacOn(network, null, p), FixedIPs = addresses.Choose(network, wanted, []), SecurityGroups = grouped ? p.Spec.SecurityGroups : [NetworkNames.DefaultGroup] } };
        }, cancel), cancel);
    }

    /// <summary>The hardware address that is asked for, or a new one.</summary>
    private string MacOn(Network network, string? wanted, Port? known)
    {
        var taken = topology.PortsOf(network).Where(p => p.Metadata.Uid != known?.Metadata.Uid).Select(static p => p.Spec.MacAddress).ToHashSet();
        if (wanted is not null) return taken.Contains(wanted) ? throw Neutron.Refusal(409, "MacAddressInUse", $"Unable to complete operation for network {network.Metadata.Uid}. The mac address {wanted} is in use.") : wanted;
        while (true)
            if (PortForm.NewMac() is var mac && !taken.Contains(mac)) return mac;
    }

    protected override async Task<Port> UpdateAsync(Call call, Port known, Body body)
    {
        Refuse(body);
        var network = topology.NetworkOf(known) ?? throw NotFound(known.Metadata.Uid!);
        if (!Privileged(call, network) && (body.Has("mac_address") || body.Has("fixed_ips") && body.Objects("fixed_ips").Any(static f => f.Has("ip_address")))) throw Neutron.Forbidden("rule:update_port:mac_address or fixed_ips");
        if (body.Has("mac_address") && !call.Caller.IsAdmin && body.Text("mac_address") != known.Spec.MacAddress) throw Neutron.Forbidden("rule:update_port:mac_address");
        if (body.Text("device_owner") is { } owner && owner.StartsWith("network:", StringComparison.Ordinal) && owner != known.Spec.DeviceOwner && !Privileged(call, network)) throw Neutron.Forbidden("rule:update_port:device_owner");
        var secured = body.Flag("port_security_enabled") ?? known.Spec.PortSecurity != false;
        var wanted = body.Has("security_groups") ? await groups.NamesAsync(call.Caller, known.Metadata.Namespace!, body.Texts("security_groups") ?? [], call.Cancel) : known.Spec.SecurityGroups;
        if (!secured && wanted.Count > 0) throw Neutron.Refusal(409, "PortSecurityPortHasSecurityGroup", "Port has security group associated. Cannot disable port security or ip address until security group is removed.");
        var pairs = PortForm.Pairs(body);
        if (!secured && (pairs ?? known.Spec.AllowedAddresses).Count > 0) throw Neutron.Refusal(409, "AddressPairAndPortSecurityRequired", "Port Security must be enabled in order to have allowed address pairs on a port.");
        var places = PortAddresses.Read(body);
        return await locks.WithAsync(network, () =>
        {
            var chosen = body.Has("fixed_ips") ? addresses.Choose(network, places ?? [], known.Spec.FixedIPs) : known.Spec.FixedIPs;
            var mac = body.Text("mac_address") is { } text ? MacOn(network, PortForm.Mac(text), known) : known.Spec.MacAddress;
            return PutAsync(call, known, body, p => p with
            {
                Spec = p.Spec with
                {
                    Description = body.Has("description") ? body.Text("description") : p.Spec.Description, AdminStateUp = body.Flag("admin_state_up") ?? p.Spec.AdminStateUp, FixedIPs = chosen, MacAddress = mac, SecurityGroups = wanted, PortSecurity = secured,
                    AllowedAddresses = pairs ?? p.Spec.AllowedAddresses, DeviceID = body.Has("device_id") ? body.Text("device_id") : p.Spec.DeviceID, DeviceOwner = body.Has("device_owner") ? body.Text("device_owner") : p.Spec.DeviceOwner,
                    Host = body.Has("binding:host_id") ? body.Text("binding:host_id") : p.Spec.Host, DnsName = body.Has("dns_name") ? body.Text("dns_name") : p.Spec.DnsName, DhcpOptions = PortForm.DhcpOptions(body, p.Spec.DhcpOptions) ?? p.Spec.DhcpOptions,
                },
            });
        }, call.Cancel);
    }

    protected override async Task DeleteAsync(Call call, Port known)
    {
        if (known.Spec.DeviceOwner is NetworkNames.RouterInterface or NetworkNames.RouterGateway && topology.RouterOf(known) is not null)
            throw Neutron.Refusal(409, "ServicePortInUse", $"Port {known.Metadata.Uid} cannot be deleted directly via the port API: has device owner {known.Spec.DeviceOwner}.");
        // A floating IP outlives what it stood for.
        foreach (var floating in topology.FloatingIpsOf(known).ToList()) await Cloud.FloatingIps.ChangeAsync(call.Caller.Api, floating, static f => f with { Spec = f.Spec with { Port = null, FixedAddress = null } }, call.Cancel);
        await Objects.DeleteAsync(call.Caller.Api, known, call.Cancel);
    }
}
