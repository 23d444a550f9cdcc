using System.Text.Json.Nodes;

namespace Gureum.OpenStack.Networking;

/// <summary>What of Neutron's extensions is served: clients ask before they use one.</summary>
internal static class NetworkExtensions
{
    internal sealed record Extension(string Alias, string Name, string Description);

    internal static IReadOnlyList<Extension> All { get; } =
    [
        new("agent", "Agents", "Nodes and whether they are alive"), new("allowed-address-pairs", "Allowed Address Pairs", "Addresses that a port may use beside its own"), new("availability_zone", "Availability Zone", "Zones of networks and routers"),
        new("binding", "Port Binding", "Where a port is"), new("default-subnetpools", "Default Subnetpools", "A pool that subnets come from when none is named"), new("dhcp_agent_scheduler", "DHCP Agents", "Which nodes answer a network's DHCP: all"), new("dns-integration", "DNS Integration", "Names of ports"),
        new("empty-string-filtering", "Empty String Filtering", "Filters for empty values"), new("external-net", "External Networks", "Networks that lead outside"), new("extra_dhcp_opt", "Extra DHCP Options", "DHCP options of a port"), new("extraroute", "Extra Routes", "Static routes of routers"),
        new("extraroute-atomic", "Atomic Extra Routes", "Adding and removing single routes"), new("ext-gw-mode", "Gateway Modes", "Source NAT on or off"), new("filter-validation", "Filter Validation", "Filters by unknown attributes are refused"), new("fip-port-details", "Floating IP Port Details", "The port behind a floating IP"),
        new("l3_agent_scheduler", "L3 Agents", "Which node runs a router"), new("net-mtu", "Network MTU", "The MTU of networks"), new("net-mtu-writable", "Writable MTU", "The MTU may be given"), new("network_availability_zone", "Network Zones", "Zones of networks"), new("network-ip-availability", "Address Usage", "How full networks are"),
        new("pagination", "Pagination", "Pages of lists"), new("port-security", "Port Security", "Guards against forged addresses, port by port"), new("project-id", "project_id", "project_id beside tenant_id"), new("provider", "Provider Networks", "The segment of a network"), new("quotas", "Quotas", "Limits of projects"), new("quota_details", "Quota Details", "Limits and use"),
        new("router", "Routers", "Routing between networks, NAT and floating IPs"), new("router_availability_zone", "Router Zones", "Zones of routers"), new("security-group", "Security Groups", "Who may talk to whom"), new("service-type", "Service Providers", "Who provides a service"), new("sorting", "Sorting", "Order of lists"),
        new("standard-attr-description", "Descriptions", "Descriptions of everything"), new("standard-attr-revisions", "Revisions", "A number that grows with each change"), new("standard-attr-tag", "Tags", "Tags of everything"), new("standard-attr-timestamp", "Timestamps", "When things were made and changed"),
        new("stateful-security-group", "Stateful Security Groups", "Groups with or without memory of connections"), new("subnet_allocation", "Subnet Pools", "Pools that subnets come from"), new("tag-ports-during-bulk-creation", "Tags of New Ports", "Tags may be given when a port is made"),
    ];

    internal static JsonObject Document(Extension extension) => new() { ["name"] = extension.Name, ["alias"] = extension.Alias, ["description"] = extension.Description, ["updated"] = "2026-11-30T00:00:00-00:00", ["links"] = new JsonArray() };
}
