using Gureum.OpenStack.Http;

namespace Gureum.OpenStack.Placement;

/// <summary>Resource classes and traits: those that Nodes have (https://docs.openstack.org/api-ref/placement/#resource-classes).</summary>
public sealed class PlacementWords(ResourceProviders providers)
{
    internal void Map(PlacementRoutes routes)
    {
        routes.Get("/resource_classes", new(1, 2), "resource_classes:list", call => Answer.Json(json =>
        {
            json.WriteStartObject();
            json.Objects("resource_classes", ProviderInventory.Classes, (_, name) => WriteClass(json, call, name));
            json.WriteEndObject();
        }));
        routes.Get("/resource_classes/{name}", new(1, 2), "resource_classes:show", call => ProviderInventory.Classes.Contains(call.Part("name")) ? Answer.Json(json =>
        {
            json.WriteStartObject();
            WriteClass(json, call, call.Part("name"));
            json.WriteEndObject();
        }) : throw Fault.NotFound($"No such resource class {call.Part("name")}."));
        routes.Get("/traits", new(1, 6), "traits:list", call => Answer.Json(json =>
        {
            json.WriteStartObject();
            json.Texts("traits", Traits.Where(t => Matches(t, call.Query("name"))));
            json.WriteEndObject();
        }));
        routes.Get("/traits/{name}", new(1, 6), "traits:show", call => Traits.Contains(call.Part("name")) ? Answer.NoContent : throw Fault.NotFound($"No such trait {call.Part("name")}."));
        const string classes = "the classes are those of which Nodes have something", traits = "a trait is there when a Node has it: a label of that Node";
        routes.Refuse("POST", "/resource_classes", classes);
        foreach (var method in (string[])["PUT", "DELETE"])
        {
            routes.Refuse(method, "/resource_classes/{name}", classes);
            routes.Refuse(method, "/traits/{name}", traits);
        }
    }

    private SortedSet<string> Traits => new(providers.Nodes.SelectMany(ProviderInventory.Traits), StringComparer.Ordinal);

    private static bool Matches(string trait, string? wanted) => wanted switch
    {
        null => true,
        _ when wanted.StartsWith("in:", StringComparison.Ordinal) => wanted["in:".Length..].Split(',').Contains(trait),
        _ when wanted.StartsWith("startswith:", StringComparison.Ordinal) => trait.StartsWith(wanted["startswith:".Length..], StringComparison.Ordinal),
        _ => throw Fault.BadRequest($"Badly formatted name parameter. Expected name query string parameter in form: ?name=[in|startswith]:[name1,name2|prefix]. Got: \"{wanted}\""),
    };

    private static void WriteClass(System.Text.Json.Utf8JsonWriter json, Call call, string name)
    {
        json.WriteString("name", name);
        json.Objects("links", [$"{new Uri(call.Service).AbsolutePath}/resource_classes/{name}"], static (j, href) =>
        {
            j.WriteString("rel", "self");
            j.WriteString("href", href);
        });
    }
}
