using System.Text.Json.Nodes;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Network.V1;
using Gureum.OpenStack.Http;
using Gureum.OpenStack.Identity;
using Gureum.OpenStack.Objects;

namespace Gureum.OpenStack.Networking;

/// <summary>What Neutron tells of itself: agents (nodes), zones, how full networks are, providers, and what it can do (https://docs.openstack.org/api-ref/network/v2/).</summary>
internal sealed class NetworkFacts(Cloud cloud, Topology topology, Networks networks)
{
    private const string Agents = "/v2.0/agents";

    internal void Map(Routes routes)
    {
        routes.Get(Agents, async call => await AgentsAsync(call));
        routes.Get(Agents + "/{id}", async call => One("agent", await AgentAsync(call)));
        routes.Get("/v2.0/networks/{id}/dhcp-agents", async call =>
        {
            await RequireNodesAsync(call);
            networks.Find(call.Caller, call.Part("id"));
            return List("agents", cloud.Nodes.All.Select(Agent));
        });
        routes.Get(Agents + "/{id}/dhcp-networks", async call =>
        {
            await AgentAsync(call);
            return List("networks", cloud.Networks.All.Select(n => networks.Document(call.Caller, n)));
        });
        routes.Get(Agents + "/{id}/l3-routers", async call =>
        {
            var agent = await AgentAsync(call);
            return List("routers", cloud.Routers.All.Where(r => r.Status?.Node == (string?)agent["host"]).Select(static r => new JsonObject { ["id"] = r.Metadata.Uid }));
        });
        routes.Get("/v2.0/availability_zones", call => Task.FromResult(List("availability_zones", ((string[])["network", "router"]).Select(static r => new JsonObject { ["name"] = NetworkService.Zone, ["resource"] = r, ["state"] = "available" }))));
        routes.Get("/v2.0/network-ip-availabilities", AvailabilitiesAsync);
        routes.Get("/v2.0/network-ip-availabilities/{id}", async call =>
        {
            await Judge.RequireAsync(call.Caller, "list", Port.Resource, null, "get_network_ip_availability", call.Cancel);
            return One("network_ip_availability", Availability(networks.Find(call.Caller, call.Part("id"))));
        });
        routes.Get("/v2.0/service-providers", call => Task.FromResult(new ListQuery(call, ["service_type", "name", "default"]).Answer("service_providers", [new JsonObject { ["id"] = "single_node", ["service_type"] = "L3_ROUTER_NAT", ["name"] = "single_node", ["default"] = true }])));
        routes.Get("/v2.0/extensions", static _ => Task.FromResult(List("extensions", NetworkExtensions.All.Select(NetworkExtensions.Document))));
        routes.Get("/v2.0/extensions/{alias}", static call => Task.FromResult(NetworkExtensions.All.FirstOrDefault(e => e.Alias == call.Part("alias")) is { Alias: not null } found
            ? One("extension", NetworkExtensions.Document(found)) : throw Neutron.Refusal(404, "HTTPNotFound", $"Extension with alias {call.Part("alias")} does not exist")));
    }

    private static Answer List(string name, IEnumerable<JsonObject> items) => One(name, new JsonArray([.. items]));

    private static Answer One(string name, JsonNode value) => Answer.Json(json =>
    {
        json.WriteStartObject();
        json.Node(name, value);
        json.WriteEndObject();
    });

    private static Task RequireNodesAsync(Call call) => Judge.RequireAsync(call.Caller, "list", Node.Resource, null, "get_agent", call.Cancel);

    private async Task<Answer> AgentsAsync(Call call)
    {
        // Whoever may not see them sees none.
        var seen = await Judge.AllowsAsync(call.Caller, "list", Node.Resource, null, call.Cancel) ? cloud.Nodes.All : [];
        var query = new ListQuery(call, ["id", "agent_type", "alive", "admin_state_up", "binary", "host", "topic", "description", "availability_zone"]);
        return query.Answer("agents", query.Filter(seen.Select(Agent)));
    }

    private async Task<JsonObject> AgentAsync(Call call)
    {
        await RequireNodesAsync(call);
        return cloud.Nodes.Find(call.Part("id")) is { } node ? Agent(node) : throw Neutron.NotFound("Agent", "Agent", call.Part("id"));
    }

    // One agent does everything on its node.
    private static JsonObject Agent(Node node)
    {
        var ready = node.Status?.Conditions.FirstOrDefault(static c => c.Type == "Ready");
        string? Time(DateTimeOffset? time) => time?.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss", System.Globalization.CultureInfo.InvariantCulture);
        return new JsonObject
        {
            ["id"] = node.Metadata.Uid, ["agent_type"] = "DHCP agent", ["binary"] = "gureum", ["host"] = node.Metadata.Name, ["topic"] = "node", ["admin_state_up"] = node.Spec?.Unschedulable != true, ["alive"] = ready?.Status == "True", ["availability_zone"] = NetworkService.Zone,
            ["created_at"] = Time(node.Metadata.CreationTimestamp), ["started_at"] = Time(ready?.LastTransitionTime), ["heartbeat_timestamp"] = Time(ready?.LastHeartbeatTime ?? ready?.LastTransitionTime), ["description"] = null, ["configurations"] = new JsonObject(), ["resources_synced"] = null,
        };
    }

    private async Task<Answer> AvailabilitiesAsync(Call call)
    {
        await Judge.RequireAsync(call.Caller, "list", Port.Resource, null, "get_network_ip_availabilities", call.Cancel);
        var query = new ListQuery(call, ["network_id", "network_name", "tenant_id", "project_id", "ip_version"]);
        return query.Answer("network_ip_availabilities", query.Filter(cloud.Networks.All.Where(static n => n.Metadata.DeletionTimestamp is null).Select(n =>
        {
            var document = Availability(n);
            // It is asked for by version, and shows none.
            if (call.Query("ip_version") is "4" or "6") document["ip_version"] = 4;
            return document;
        })));
    }

    private JsonObject Availability(Network network)
    {
        var subnets = topology.SubnetsOf(network).Select(s => (Subnet: s, Total: Addresses.Pools(s).Sum(static p => p.Count), Used: topology.Taken(network, s).Count)).ToList();
        var project = Gureum.Identity.KeystoneNames.Id(cloud.Projects.Get(null, network.Metadata.Namespace)?.Metadata.Uid);
        return new JsonObject
        {
            ["id"] = network.Metadata.Uid, ["network_id"] = network.Metadata.Uid, ["network_name"] = Networks.NameOf(network), ["tenant_id"] = project, ["project_id"] = project, ["total_ips"] = subnets.Sum(static s => s.Total), ["used_ips"] = subnets.Sum(static s => s.Used),
            ["subnet_ip_availability"] = new JsonArray([.. subnets.Select(static s => new JsonObject { ["subnet_id"] = s.Subnet.Metadata.Uid, ["subnet_name"] = Subnets.NameOf(s.Subnet), ["ip_version"] = 4, ["cidr"] = s.Subnet.Spec.Cidr, ["total_ips"] = s.Total, ["used_ips"] = s.Used })]),
        };
    }
}
