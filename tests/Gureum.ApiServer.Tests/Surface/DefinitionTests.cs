using System.Text.Json.Nodes;
using Gureum.ApiServer.Tests.Support;
using Gureum.Objects.Json;

namespace Gureum.ApiServer.Tests.Surface;

/// <summary>The schemas that we publish, against upstream's: the same properties, types, formats, required fields and extensions. Descriptions may differ.</summary>
public sealed class DefinitionTests(SurfaceServer server) : IClassFixture<SurfaceServer>
{
    [Fact]
    public async Task Definitions_OfTheSecondForm_AreUpstreams()
    {
        var ours = (await server.Admin.GetAsync("/openapi/v2")).Ok().Child("definitions")!.Where(d => !Beyond.Definition(d.Key)).ToList();
        var theirs = Reference.Swagger.Child("definitions")!;
        Same(Served(), ours.Select(d => d.Key));
        None(ours.Select(d => Difference(d.Key, Plain(theirs[d.Key]), Second(Plain(d.Value)))).OfType<string>());
    }

    [Fact]
    public async Task Definitions_OfTheThirdForm_AreUpstreams()
    {
        var theirs = Reference.Swagger.Child("definitions")!;
        var (differences, seen) = (new List<string>(), new HashSet<string>());
        foreach (var (_, document) in (await server.Admin.GetAsync("/openapi/v3")).Ok().Child("paths")!)
        {
            var schemas = (await server.Admin.GetAsync(document!["serverRelativeURL"]!.GetValue<string>())).Ok().Child("components")!.Child("schemas")!;
            foreach (var (name, schema) in schemas)
                if (!Beyond.Definition(name) && seen.Add(name) && Difference(name, OfOneVersion(Plain(theirs[name])), OfOneVersion(Second(Plain(schema)))) is { } difference) differences.Add(difference);
        }
        None(differences);
        Same(Served(), seen);
    }

    // What the served paths refer to, and what that refers to.
    private static HashSet<string> Served()
    {
        var definitions = Reference.Swagger.Child("definitions")!;
        var found = new HashSet<string>();
        var pending = new Queue<JsonNode?>(Reference.Swagger.Child("paths")!.Where(p => !LeftOut.Has(p.Key)).Select(p => p.Value));
        foreach (var parameter in Reference.Swagger.Child("parameters")!) pending.Enqueue(parameter.Value);
        while (pending.TryDequeue(out var node))
            foreach (var name in References(node))
                if (found.Add(name)) pending.Enqueue(definitions[name]);
        return found;
    }

    private static IEnumerable<string> References(JsonNode? node) => node switch
    {
        JsonObject map => map.SelectMany(p => p.Key == "$ref" && p.Value is JsonValue text && text.GetValue<string>() is var to && to.StartsWith("#/definitions/", StringComparison.Ordinal) ? [to["#/definitions/".Length..]] : References(p.Value)),
        JsonArray list => list.SelectMany(References),
        _ => [],
    };

    private static void Same(IReadOnlyCollection<string> theirs, IEnumerable<string> ours)
    {
        var names = ours.ToHashSet();
        None([.. theirs.Except(names).Select(n => "missing " + n), .. names.Except(theirs).Select(n => "not upstream's " + n)]);
    }

    private static void None(IEnumerable<string> differences)
    {
        var all = differences.ToList();
        Assert.True(all.Count == 0, string.Join('\n', all));
    }

    private static string? Difference(string name, JsonNode? theirs, JsonNode? ours) =>
        JsonNode.DeepEquals(theirs, ours) ? null : string.Join('\n', Differences(name, theirs, ours));

    private static IEnumerable<string> Differences(string at, JsonNode? theirs, JsonNode? ours)
    {
        if (theirs is JsonObject a && ours is JsonObject b)
            return a.Select(p => p.Key).Union(b.Select(p => p.Key)).SelectMany(k => Differences(at + "." + k, a[k], b[k]));
        return JsonNode.DeepEquals(theirs, ours) ? [] : [$"{at}: upstream {theirs?.ToJsonString() ?? "has none"}, here {ours?.ToJsonString() ?? "there is none"}"];
    }

    // What travels with every group is said to be of the document's own only, in the third form.
    private static JsonNode? OfOneVersion(JsonNode? definition)
    {
        if (definition?["x-kubernetes-group-version-kind"] is JsonArray { Count: > 1 } kinds)
            foreach (var kind in kinds.Where(k => k!["group"]!.GetValue<string>().Length > 0).ToList()) kinds.Remove(kind);
        return definition;
    }

    // Without descriptions; lists whose order means nothing are sorted.
    private static JsonNode? Plain(JsonNode? node, bool properties = false) => node switch
    {
        JsonObject map => new JsonObject(map.Where(p => properties || p.Key != "description").Select(p => KeyValuePair.Create(p.Key, p.Key is "required" or "x-kubernetes-group-version-kind" && !properties ? Sorted(p.Value!) : Plain(p.Value, p.Key == "properties" && !properties)))),
        JsonArray list => new JsonArray([.. list.Select(i => Plain(i))]),
        _ => node?.DeepClone(),
    };

    private static JsonArray Sorted(JsonNode list) => new([.. list.AsArray().OrderBy(i => i is JsonObject o ? $"{o.Text("group")}/{o.Text("version")}/{o.Text("kind")}" : i!.GetValue<string>(), StringComparer.Ordinal).Select(i => i!.DeepClone())]);

    // The third form in the words of the second: defaults and enums are said only there, references have something around them, and some values may have one of two types.
    private static JsonNode? Second(JsonNode? node, bool properties = false)
    {
        if (node is JsonArray list) return new JsonArray([.. list.Select(i => Second(i))]);
        if (node is not JsonObject map) return node is JsonValue text && text.TryGetValue<string>(out var to) ? to.Replace("#/components/schemas/", "#/definitions/", StringComparison.Ordinal) : node?.DeepClone();
        var made = new JsonObject();
        foreach (var (key, value) in map)
        {
            if (properties) made[key] = Second(value);
            else if (key == "allOf") made["$ref"] = Second(value![0]!["$ref"]);
            else if (key == "oneOf") made["type"] = "string";
            else if (key is not ("default" or "enum")) made[key] = Second(value, key == "properties");
        }
        return made;
    }
}
