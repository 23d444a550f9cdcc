using System.Text.Json.Nodes;
using Gureum.Client;
using Gureum.Objects.Network.V1;
using Gureum.OpenStack.Http;
using Gureum.OpenStack.Identity;
using Gureum.OpenStack.Objects;

namespace Gureum.OpenStack.Networking;

/// <summary>Networks (https://docs.openstack.org/api-ref/network/v2/#networks): each is a segment of its own, apart from all others.</summary>
internal sealed class Networks(Cloud cloud, Topology topology, NetworkLocks locks, ApiClient door, TimeProvider time) : Resource<Network>(cloud, cloud.Networks, time, "network", "networks", "Network")
{
    internal const int Mtu = 1450, LeastMtu = 68, MostSegments = 1 << 20;

    protected override IReadOnlyDictionary<string, Given> Attributes { get; } = new Dictionary<string, Given>
    {
        ["admin_state_up"] = Given.Always, ["shared"] = Given.Always, ["router:external"] = Given.Always, ["mtu"] = Given.Always, ["port_security_enabled"] = Given.Always, ["dns_domain"] = Given.Always, ["is_default"] = Given.Always,
        ["availability_zone_hints"] = Given.Create, ["availability_zones"] = Given.Never, ["status"] = Given.Never, ["subnets"] = Given.Never, ["ipv4_address_scope"] = Given.Never, ["ipv6_address_scope"] = Given.Never,
        ["provider:network_type"] = Given.Create, ["provider:physical_network"] = Given.Create, ["provider:segmentation_id"] = Given.Create,
    };

    protected override string? Description(Network value) => value.Spec.Description;

    protected override bool IsShared(Caller caller, Network value) => value.Spec.Shared == true || value.Spec.External == true;

    protected override void Describe(JsonObject document, Caller caller, Network network)
    {
        document["admin_state_up"] = network.Spec.AdminStateUp != false;
        document["mtu"] = MtuOf(network);
        document["status"] = network.Spec.AdminStateUp == false ? "DOWN" : "ACTIVE";
        document["subnets"] = new JsonArray([.. topology.SubnetsOf(network).Select(static s => (JsonNode)s.Metadata.Uid!)]);
        document["shared"] = network.Spec.Shared == true;
        document["availability_zone_hints"] = new JsonArray();
        document["availability_zones"] = new JsonArray(NetworkService.Zone);
        document["ipv4_address_scope"] = null;
        document["ipv6_address_scope"] = null;
        document["router:external"] = network.Spec.External == true;
        document["port_security_enabled"] = network.Spec.PortSecurity != false;
        document["dns_domain"] = network.Spec.DnsDomain ?? "";
        if (network.Spec.External == true) document["is_default"] = network.Metadata.Name == NetworkNames.Public;
        if (!caller.IsAdmin) return;
        document["provider:network_type"] = "vxlan";
        document["provider:physical_network"] = null;
        document["provider:segmentation_id"] = network.Spec.Segment;
    }

    internal static int MtuOf(Network network) => network.Spec.Mtu is > 0 and var mtu ? mtu : Mtu;

    protected override Task<Network> CreateAsync(Call call, Body body)
    {
        RequireAdmin(call, body, "shared", "router:external", "provider:network_type", "provider:physical_network", "provider:segmentation_id");
        if (body.Text("provider:network_type") is { } kind and not ("vxlan" or "geneve" or "local")) throw Neutron.NotSupported("provider:network_type", kind, "every network is a segment of its own (vxlan)");
        if (body.Text("provider:physical_network") is { } physical) throw Neutron.NotSupported("provider:physical_network", physical, "no physical network is configured");
        var ns = NamespaceFor(call, body);
        var wanted = (int?)body.Number("provider:segmentation_id", 1, MostSegments);
        var spec = new NetworkSpec
        {
            Description = body.Text("description"), AdminStateUp = body.Flag("admin_state_up") ?? true, Shared = body.Flag("shared") == true ? true : null, External = body.Flag("router:external") == true ? true : null,
            Mtu = (int?)body.Number("mtu", 0, 65535) is > 0 and var mtu ? mtu >= LeastMtu ? mtu : throw Neutron.Invalid("mtu", $"'{mtu}' is too small - must be at least '{LeastMtu}'") : null,
            PortSecurity = body.Flag("port_security_enabled") ?? true, DnsDomain = body.Text("dns_domain"),
        };
        return locks.WithCloudAsync(() =>
        {
            var segment = Segment(wanted);
            return MakeAsync(call.Caller.Api, ns, body.Text("name"), metadata => new Network { Metadata = metadata, Spec = spec with { Segment = segment, Mtu = spec.Mtu ?? Mtu } }, call.Cancel);
        }, call.Cancel);
    }

    /// <summary>The lowest segment that no network has, or the one that is asked for.</summary>
    internal int Segment(int? wanted)
    {
        var taken = Objects.All.Select(static n => n.Spec.Segment ?? 0).ToHashSet();
        if (wanted is { } number) return taken.Contains(number) ? throw Neutron.Refusal(409, "VxlanNetworkUnavailable", $"Segment {number} is in use by another network.") : number;
        for (var segment = 1; segment <= MostSegments; segment++)
            if (!taken.Contains(segment)) return segment;
        throw Neutron.Refusal(503, "NoNetworkAvailable", "All segments for networks are in use.");
    }

    protected override Task<Network> UpdateAsync(Call call, Network known, Body body)
    {
        if (!call.Caller.IsAdmin && (Changes(body, "shared", known.Spec.Shared) || Changes(body, "router:external", known.Spec.External))) throw Neutron.Forbidden("rule:update_network:shared");
        if (Changes(body, "router:external", known.Spec.External) && body.Flag("router:external") == false && (topology.FloatingIpsOf(known).Any() || topology.PortsOf(known).Any(static p => p.Spec.DeviceOwner == NetworkNames.RouterGateway)))
            throw Neutron.Refusal(409, "ExternalNetworkInUse", $"External network {known.Metadata.Uid} cannot be updated to be made non-external, since it has existing gateway ports.");
        if (Changes(body, "shared", known.Spec.Shared) && body.Flag("shared") == false && topology.PortsOf(known).Any(p => p.Metadata.Namespace != known.Metadata.Namespace && p.Spec.DeviceOwner != NetworkNames.RouterGateway))
            throw Neutron.Refusal(409, "InvalidSharedSetting", $"Unable to reconfigure sharing settings for network {NameOf(known)}. Multiple tenants are using it.");
        return PutAsync(call, known, body, n => n with
        {
            Spec = n.Spec with
            {
                Description = body.Has("description") ? body.Text("description") : n.Spec.Description, AdminStateUp = body.Flag("admin_state_up") ?? n.Spec.AdminStateUp, Shared = body.Has("shared") ? body.Flag("shared") : n.Spec.Shared,
                External = body.Has("router:external") ? body.Flag("router:external") : n.Spec.External, Mtu = (int?)body.Number("mtu", LeastMtu, 65535) ?? n.Spec.Mtu, PortSecurity = body.Flag("port_security_enabled") ?? n.Spec.PortSecurity,
                DnsDomain = body.Has("dns_domain") ? body.Text("dns_domain") : n.Spec.DnsDomain,
            },
        });
    }

    private static bool Changes(Body body, string name, bool? known) => body.Has(name) && (body.Flag(name) == true) != (known == true);

    protected override Task DeleteAsync(Call call, Network known) => locks.WithAsync(known, async () =>
    {
        // What the network itself needs goes with it.
        var own = topology.PortsOf(known).Where(static p => p.Spec.DeviceOwner == NetworkNames.Dhcp).ToList();
        var others = topology.PortsOf(known).Except(own).Select(static p => p.Metadata.Uid).Concat(topology.FloatingIpsOf(known).Where(static f => f.Spec.Port is not null).Select(static f => f.Metadata.Uid)).ToList();
        if (others.Count > 0) throw Neutron.Refusal(409, "NetworkInUse", $"Unable to complete operation on network {known.Metadata.Uid}. There are one or more ports still in use on the network, id for these ports is: {string.Join(",", others)}.");
        await Objects.DeleteAsync(call.Caller.Api, known, call.Cancel);
        // Addresses that stand for nothing go with what they are of.
        foreach (var floating in topology.FloatingIpsOf(known).ToList()) await Ends.GoneAsync(Cloud.FloatingIps, door, floating, call.Cancel);
        foreach (var port in own) await Ends.GoneAsync(Cloud.Ports, door, port, call.Cancel);
        foreach (var subnet in topology.SubnetsOf(known)) await Ends.GoneAsync(Cloud.Subnets, door, subnet, call.Cancel);
        return true;
    }, call.Cancel);
}
