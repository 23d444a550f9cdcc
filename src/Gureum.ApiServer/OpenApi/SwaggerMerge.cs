using System.Text.Json.Nodes;
using Gureum.ApiServer.Aggregation;
using Gureum.Objects.Json;

namespace Gureum.ApiServer.OpenApi;

/// <summary>Puts the OpenAPI v2 documents of remote APIs into this server's own: their paths, and the definitions that those lead to. Pure.</summary>
internal static class SwaggerMerge
{
    private const string Reference = "#/definitions/";

    /// <param name="own">Changed in place.</param>
    internal static void Into(JsonObject own, IEnumerable<RemoteService> services)
    {
        foreach (var service in services)
            if (service.Documents.Swagger is { } swagger) Add(own.Need("paths"), own.Need("definitions"), swagger, service.Path);
    }

    private static void Add(JsonObject paths, JsonObject definitions, JsonObject swagger, string prefix)
    {
        var theirs = swagger.Child("definitions") ?? [];
        var taken = (swagger.Child("paths") ?? []).Where(p => p.Value is JsonObject && (p.Key == prefix || p.Key.StartsWith(prefix + "/", StringComparison.Ordinal))).Select(p => KeyValuePair.Create(p.Key, p.Value!.DeepClone())).ToList();
        var needed = new HashSet<string>(StringComparer.Ordinal);
        foreach (var path in taken) Collect(path.Value, theirs, needed);
        // What names its kind is looked for by it, whether a path leads there or not.
        foreach (var (name, definition) in theirs)
            if (definition is JsonObject d && d.Objects("x-kubernetes-group-version-kind").Any(k => prefix.EndsWith($"/{k.Text("group")}/{k.Text("version")}", StringComparison.Ordinal)) && needed.Add(name)) Collect(d, theirs, needed);
        var names = needed.Where(theirs.ContainsKey).ToDictionary(n => n, n => NameFor(n, definitions, theirs[n]), StringComparer.Ordinal);
        foreach (var (name, made) in names)
            if (!definitions.ContainsKey(made)) definitions[made] = Renamed(theirs[name]!.DeepClone(), names);
        foreach (var (path, item) in taken) paths[path] = Renamed(item, names);
    }

    // A definition of the same name and content serves both; another content gets another name.
    private static string NameFor(string name, JsonObject definitions, JsonNode? content)
    {
        if (!definitions.TryGetPropertyValue(name, out var own) || JsonNode.DeepEquals(own, content)) return name;
        for (var i = 2; ; i++)
            if (!definitions.ContainsKey($"{name}_v{i}")) return $"{name}_v{i}";
    }

    private static void Collect(JsonNode? node, JsonObject theirs, HashSet<string> needed)
    {
        switch (node)
        {
            case JsonObject map:
                if (map.Text("$ref") is { } target && target.StartsWith(Reference, StringComparison.Ordinal) && needed.Add(target[Reference.Length..])) Collect(theirs[target[Reference.Length..]], theirs, needed);
                foreach (var (_, child) in map) Collect(child, theirs, needed);
                break;
            case JsonArray list:
                foreach (var child in list) Collect(child, theirs, needed);
                break;
            default: break;
        }
    }

    private static JsonNode Renamed(JsonNode node, Dictionary<string, string> names)
    {
        switch (node)
        {
            case JsonObject map:
                if (map.Text("$ref") is { } target && target.StartsWith(Reference, StringComparison.Ordinal) && names.TryGetValue(target[Reference.Length..], out var made)) map["$ref"] = Reference + made;
                foreach (var (_, child) in map.ToList()) if (child is not null) Renamed(child, names);
                break;
            case JsonArray list:
                foreach (var child in list) if (child is not null) Renamed(child, names);
                break;
            default: break;
        }
        return node;
    }
}
