using System.Text.Json;
using Gureum.Objects.Core.V1;
using Gureum.OpenStack.Http;
using Gureum.OpenStack.Identity;
using Gureum.OpenStack.Objects;

namespace Gureum.OpenStack.Placement;

/// <summary>Resource providers (https://docs.openstack.org/api-ref/placement/#resource-providers): each is a Node, and all that is said of it follows from its status and from what runs there.</summary>
public sealed class ResourceProviders(Cloud cloud, Consumers consumers)
{
    private static readonly Microversion V1_1 = new(1, 1), V1_6 = new(1, 6), V1_11 = new(1, 11), V1_12 = new(1, 12), V1_14 = new(1, 14), V1_19 = new(1, 19), V1_28 = new(1, 28), V1_38 = new(1, 38);

    internal void Map(PlacementRoutes routes)
    {
        routes.Get("/resource_providers", new(1, 0), "resource_providers:list", ListAsync);
        routes.Get("/resource_providers/{provider}", new(1, 0), "resource_providers:show", call => Write(call, Find(call), Provider));
        routes.Get("/resource_providers/{provider}/inventories", new(1, 0), "resource_providers:inventories:list", call => Write(call, Find(call), Inventories));
        routes.Get("/resource_providers/{provider}/inventories/{class}", new(1, 0), "resource_providers:inventories:show", ShowInventory);
        routes.Get("/resource_providers/{provider}/usages", new(1, 0), "resource_providers:usages", call => Write(call, Find(call), Usages));
        routes.Get("/resource_providers/{provider}/aggregates", V1_1, "resource_providers:aggregates:list", call => Write(call, Find(call), Aggregates));
        routes.Get("/resource_providers/{provider}/traits", V1_6, "resource_providers:traits:list", call => Write(call, Find(call), Traits));
        routes.Get("/resource_providers/{provider}/allocations", new(1, 0), "resource_providers:allocations:list", call => Write(call, Find(call), Allocations));
        routes.Get("/allocations/{consumer}", new(1, 0), "allocations:list", Consumer);
        routes.Get("/usages", new(1, 9), "usages", UsagesOf);
        const string node = "a resource provider is a Node: `gureum join` brings one, `kubectl delete node` takes it away", status = "an inventory is what the Node's status says of it", taken = "an allocation is what a pod, a virtual machine or a claim asks for: the scheduler gives it";
        routes.Refuse("POST", "/resource_providers", node);
        routes.Refuse("PUT", "/resource_providers/{provider}", node);
        routes.Refuse("DELETE", "/resource_providers/{provider}", node);
        foreach (var method in (string[])["POST", "PUT", "DELETE"]) routes.Refuse(method, "/resource_providers/{provider}/inventories", status);
        foreach (var method in (string[])["PUT", "DELETE"])
        {
            routes.Refuse(method, "/resource_providers/{provider}/inventories/{class}", status);
            routes.Refuse(method, "/resource_providers/{provider}/traits", $"a trait of one's own is a label of the Node: `kubectl label node NAME {ProviderInventory.TraitLabel}CUSTOM_X=`");
            routes.Refuse(method, "/allocations/{consumer}", taken);
        }
        routes.Refuse("PUT", "/resource_providers/{provider}/aggregates", "aggregates are Nova's, and zones: the label topology.kubernetes.io/zone of Nodes");
        routes.Refuse("POST", "/allocations", taken);
        routes.Refuse("POST", "/reshaper", status);
    }

    internal IEnumerable<Node> Nodes => cloud.Nodes.All.OrderBy(static n => n.Metadata.Name, StringComparer.Ordinal);

    private Node Find(Call call) => cloud.Nodes.Find(call.Part("provider")) ?? throw Fault.NotFound($"No resource provider with uuid {call.Part("provider")} found");

    private static Answer Write(Call call, Node node, Action<Utf8JsonWriter, Call, Node> write) => Answer.Json(json =>
    {
        json.WriteStartObject();
        write(json, call, node);
        json.WriteEndObject();
    });

    private Answer ListAsync(Call call)
    {
        var query = PlacementQuery.Of(call);
        var (name, id) = (call.Query("name"), call.Query("uuid"));
        if (id is not null && !Guid.TryParse(id, out _)) throw Fault.BadRequest($"Invalid query string parameters: '{id}' is not a 'uuid'");
        var found = Nodes.Where(n => (name is null || n.Metadata.Name == name) && (id is null || n.Metadata.Uid == id) && query.Passes(n, consumers.UsedOf(n.Metadata.Uid!))).ToList();
        return Answer.Json(json =>
        {
            json.WriteStartObject();
            json.Objects("resource_providers", found, (_, n) => Provider(json, call, n));
            json.WriteEndObject();
        });
    }

    private static void Provider(Utf8JsonWriter json, Call call, Node node)
    {
        var path = $"{new Uri(call.Service).AbsolutePath}/resource_providers/{node.Metadata.Uid}";
        json.WriteString("uuid", node.Metadata.Uid);
        json.WriteString("name", node.Metadata.Name);
        json.WriteNumber("generation", ProviderInventory.Generation(node));
        List<string> links = ["inventories", "usages"];
        if (call.Version >= V1_1) links.Add("aggregates");
        if (call.Version >= V1_6) links.Add("traits");
        if (call.Version >= V1_11) links.Add("allocations");
        json.Objects("links", links.Select(l => (l, path + "/" + l)).Prepend(("self", path)), static (j, l) =>
        {
            j.WriteString("rel", l.Item1);
            j.WriteString("href", l.Item2);
        });
        if (call.Version < V1_14) return;
        json.WriteNull("parent_provider_uuid");
        json.WriteString("root_provider_uuid", node.Metadata.Uid);
    }

    private static void Inventories(Utf8JsonWriter json, Call call, Node node)
    {
        json.Object("inventories", _ => { foreach (var (name, inventory) in ProviderInventory.Of(node)) json.Object(name, _ => Write(json, inventory)); });
        json.WriteNumber("resource_provider_generation", ProviderInventory.Generation(node));
    }

    private static void Write(Utf8JsonWriter json, Inventory inventory)
    {
        json.WriteNumber("total", inventory.Total);
        json.WriteNumber("reserved", inventory.Reserved);
        json.WriteNumber("min_unit", 1);
        json.WriteNumber("max_unit", inventory.Most);
        json.WriteNumber("step_size", 1);
        json.WritePropertyName("allocation_ratio");
        json.WriteRawValue(inventory.Ratio.ToString("0.0###", System.Globalization.CultureInfo.InvariantCulture));
    }

    private Answer ShowInventory(Call call)
    {
        var (node, name) = (Find(call), call.Part("class"));
        if (!ProviderInventory.Of(node).TryGetValue(name, out var inventory)) throw Fault.NotFound($"No inventory of class {name} for {node.Metadata.Uid}");
        return Write(call, node, (json, _, _) =>
        {
            Write(json, inventory);
            json.WriteNumber("resource_provider_generation", ProviderInventory.Generation(node));
        });
    }

    private void Usages(Utf8JsonWriter json, Call call, Node node)
    {
        json.WriteNumber("resource_provider_generation", ProviderInventory.Generation(node));
        var used = consumers.UsedOf(node.Metadata.Uid!);
        json.Object("usages", _ => { foreach (var name in ProviderInventory.Of(node).Keys) json.WriteNumber(name, used.GetValueOrDefault(name)); });
    }

    private static void Aggregates(Utf8JsonWriter json, Call call, Node node)
    {
        json.Texts("aggregates", ProviderInventory.Aggregates(node));
        if (call.Version >= V1_19) json.WriteNumber("resource_provider_generation", ProviderInventory.Generation(node));
    }

    private static void Traits(Utf8JsonWriter json, Call call, Node node)
    {
        json.Texts("traits", ProviderInventory.Traits(node));
        json.WriteNumber("resource_provider_generation", ProviderInventory.Generation(node));
    }

    internal static void Resources(Utf8JsonWriter json, IReadOnlyDictionary<string, long> resources) => json.Object("resources", _ => { foreach (var (name, amount) in resources.OrderBy(static r => Array.IndexOf(ProviderInventory.Classes, r.Key))) json.WriteNumber(name, amount); });

    private void Allocations(Utf8JsonWriter json, Call call, Node node)
    {
        json.Object("allocations", _ =>
        {
            foreach (var consumer in consumers.All.Where(c => c.Provider == node.Metadata.Uid).GroupBy(static c => c.Id))
                json.Object(consumer.Key, _ =>
                {
                    Resources(json, Consumers.Sum(consumer));
                    if (call.Version >= V1_28) json.WriteNumber("consumer_generation", 1);
                });
        });
        json.WriteNumber("resource_provider_generation", ProviderInventory.Generation(node));
    }

    private Answer Consumer(Call call)
    {
        var found = consumers.All.Where(c => c.Id == call.Part("consumer")).ToList();
        return Answer.Json(json =>
        {
            json.WriteStartObject();
            json.Object("allocations", _ =>
            {
                foreach (var provider in found.GroupBy(static c => c.Provider))
                    json.Object(provider.Key, _ =>
                    {
                        json.WriteNumber("generation", cloud.Nodes.Find(provider.Key) is { } node ? ProviderInventory.Generation(node) : 0);
                        Resources(json, Consumers.Sum(provider));
                    });
            });
            if (found.Count > 0 && call.Version >= V1_12)
            {
                json.Text("project_id", found[0].Project);
                json.WriteString("user_id", found[0].User);
                if (call.Version >= V1_28) json.WriteNumber("consumer_generation", 1);
                if (call.Version >= V1_38) json.WriteString("consumer_type", found[0].Type);
            }
            json.WriteEndObject();
        });
    }

    private Answer UsagesOf(Call call)
    {
        var project = call.Query("project_id") ?? throw Fault.BadRequest("Invalid query string parameters: 'project_id' is a required property");
        var found = consumers.All.Where(c => c.Project == project && (call.Query("user_id") is not { } user || c.User == user)).ToList();
        return Answer.Json(json =>
        {
            json.WriteStartObject();
            json.Object("usages", _ =>
            {
                if (call.Version < V1_38) { foreach (var (name, amount) in Consumers.Sum(found)) json.WriteNumber(name, amount); return; }
                foreach (var type in found.GroupBy(static c => c.Type))
                    json.Object(type.Key, _ =>
                    {
                        json.WriteNumber("consumer_count", type.Select(static c => c.Id).Distinct().Count());
                        foreach (var (name, amount) in Consumers.Sum(type)) json.WriteNumber(name, amount);
                    });
            });
            json.WriteEndObject();
        });
    }
}
