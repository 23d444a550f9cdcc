using System.Globalization;
using System.Text.Json;
using Gureum.Objects.Core.V1;
using Gureum.OpenStack.Http;

namespace Gureum.OpenStack.Placement;

/// <summary>Where something would fit (https://docs.openstack.org/api-ref/placement/#allocation-candidates). What will be chosen is the scheduler's to say.</summary>
public sealed class AllocationCandidates(ResourceProviders providers, Consumers consumers)
{
    private static readonly Microversion V1_12 = new(1, 12), V1_17 = new(1, 17), V1_27 = new(1, 27), V1_29 = new(1, 29), V1_34 = new(1, 34);

    internal void Map(PlacementRoutes routes) => routes.Get("/allocation_candidates", new(1, 10), "allocation_candidates:list", List);

    private Answer List(Call call)
    {
        var query = PlacementQuery.Of(call);
        if (query.Resources.Count == 0) throw Fault.BadRequest("At least one request group with resources is required: ?resources=VCPU:1,MEMORY_MB:512 is accepted. Numbered groups are not: a Node has no providers below it.");
        var most = call.Query("limit") is not { } text ? int.MaxValue : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var limit) && limit > 0 ? limit : throw Fault.BadRequest($"Invalid query string parameters: limit is {text}; a whole number from 1 is accepted.");
        var used = providers.Nodes.ToDictionary(static n => n.Metadata.Uid!, n => consumers.UsedOf(n.Metadata.Uid!));
        var found = providers.Nodes.Where(n => query.Passes(n, used[n.Metadata.Uid!])).Take(most).ToList();
        return Answer.Json(json =>
        {
            json.WriteStartObject();
            json.Objects("allocation_requests", found, (_, node) => Request(json, call, node, query));
            json.Object("provider_summaries", _ => { foreach (var node in found) json.Object(node.Metadata.Uid!, _ => Summary(json, call, node, query, used[node.Metadata.Uid!])); });
            json.WriteEndObject();
        });
    }

    private static void Request(Utf8JsonWriter json, Call call, Node node, PlacementQuery query)
    {
        var id = node.Metadata.Uid!;
        if (call.Version >= V1_12) json.Object("allocations", _ => json.Object(id, _ => ResourceProviders.Resources(json, query.Resources)));
        else json.Objects("allocations", [0], (_, _) =>
        {
            json.Object("resource_provider", _ => json.WriteString("uuid", id));
            ResourceProviders.Resources(json, query.Resources);
        });
        if (call.Version >= V1_34) json.Object("mappings", _ => json.Texts("", [id]));
    }

    private static void Summary(Utf8JsonWriter json, Call call, Node node, PlacementQuery query, IReadOnlyDictionary<string, long> used)
    {
        json.Object("resources", _ =>
        {
            foreach (var (name, inventory) in ProviderInventory.Of(node).Where(i => call.Version >= V1_27 || query.Resources.ContainsKey(i.Key)))
                json.Object(name, _ =>
                {
                    json.WriteNumber("capacity", inventory.Capacity);
                    json.WriteNumber("used", used.GetValueOrDefault(name));
                });
        });
        if (call.Version >= V1_17) json.Texts("traits", ProviderInventory.Traits(node));
        if (call.Version < V1_29) return;
        json.WriteNull("parent_provider_uuid");
        json.WriteString("root_provider_uuid", node.Metadata.Uid);
    }
}
