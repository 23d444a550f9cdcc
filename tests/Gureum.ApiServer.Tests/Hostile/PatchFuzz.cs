using System.Text.Json.Nodes;
using Gureum.ApiServer.Tests.Support;
using Gureum.Objects.Json;
using Gureum.Objects.Schemas;

namespace Gureum.ApiServer.Tests.Hostile;

/// <summary>Makes patches of every type against an object: some that fit, many that do not.</summary>
internal sealed class PatchFuzz(Draw draw, ObjectFuzz values, SchemaNode schema)
{
    private static readonly string[] OddPaths =
        ["", "/", "//", "a/b", "/metadata", "/metadata/name", "/metadata/uid", "/metadata/labels/a~1b", "/metadata/labels/~2", "/metadata/managedFields", "/metadata/managedFields/0", "/metadata/finalizers/-", "/spec", "/status", "/spec/-", "/spec/-1", "/spec/99999999999999999999", "/spec/01", "/kind", "/apiVersion", "/~0~1", "/\u0000"];

    private static readonly string[] Operations = ["add", "add", "remove", "replace", "replace", "move", "copy", "test", "merge", ""];
    private static readonly string[] Orders = ["delete", "replace", "merge", "bogus", ""];

    internal JsonNode? Next(string type, JsonObject stored) => type switch
    {
        Api.JsonPatch => draw.Chance(10) ? values.Value(SchemaNode.Any, "") : new JsonArray([.. Enumerable.Range(0, 1 + draw.Below(4)).Select(_ => Operation(stored))]),
        Api.Apply => Applied(stored),
        _ => draw.Chance(5) ? values.Value(SchemaNode.Any, "") : Merged(stored, type == Api.Strategic),
    };

    private JsonNode? Operation(JsonObject stored)
    {
        if (draw.Chance(5)) return values.Value(SchemaNode.Any, "");
        var operation = new JsonObject { ["op"] = draw.Of(Operations), ["path"] = Path(stored) };
        if (draw.Chance(85)) operation["value"] = values.Value(SchemaNode.Any, "");
        if (draw.Chance(50)) operation["from"] = Path(stored);
        if (draw.Chance(8)) operation[draw.Of(["op", "path", "from"])] = values.Value(SchemaNode.Any, "");
        return operation;
    }

    // The way to some place in the object, now and then one further.
    private string Path(JsonNode at)
    {
        if (draw.Chance(30)) return draw.Of(OddPaths);
        var path = "";
        while (true)
        {
            if (at is JsonObject { Count: > 0 } map)
            {
                var (key, value) = draw.Of([.. map]);
                path += "/" + key.Replace("~", "~0", StringComparison.Ordinal).Replace("/", "~1", StringComparison.Ordinal);
                at = value!;
            }
            else if (at is JsonArray { Count: > 0 } list)
            {
                var index = draw.Below(list.Count);
                path += "/" + index;
                at = list[index]!;
            }
            else return draw.Chance(20) ? path + draw.Of(["/-", "/x", "/0"]) : path;
            if (draw.Chance(25)) return path;
        }
    }

    private JsonObject Merged(JsonObject stored, bool strategic)
    {
        var patch = Part(stored, 0);
        values.Spoil(patch, schema, 1 + draw.Below(3));
        if (draw.Chance(90)) patch.Child("metadata")?.Remove("resourceVersion");
        if (strategic) Direct(patch);
        return patch;
    }

    private JsonObject Part(JsonObject of, int depth)
    {
        var part = new JsonObject();
        foreach (var (key, value) in of)
            if (draw.Chance(depth == 0 ? 60 : 40)) part[key] = value is JsonObject inner ? Part(inner, depth + 1) : draw.Chance(8) ? null : value?.DeepClone();
        return part;
    }

    // Directives where they belong, and where they do not.
    private void Direct(JsonNode? at)
    {
        switch (at)
        {
            case JsonObject map:
                foreach (var (_, value) in map.ToList()) Direct(value);
                if (draw.Chance(15)) map["$patch"] = draw.Chance(85) ? draw.Of(Orders) : values.Value(SchemaNode.Any, "");
                if (draw.Chance(8)) map["$retainKeys"] = draw.Chance(50) ? new JsonArray([.. map.Select(p => (JsonNode)p.Key)]) : values.Value(SchemaNode.Any, "");
                foreach (var (key, value) in map.Where(p => p.Value is JsonArray).ToList())
                {
                    if (draw.Chance(20)) map["$setElementOrder/" + key] = draw.Chance(60) ? value!.DeepClone() : values.Value(SchemaNode.Any, "");
                    if (draw.Chance(20)) map["$deleteFromPrimitiveList/" + key] = draw.Chance(60) ? value!.DeepClone() : values.Value(SchemaNode.Any, "");
                }
                if (draw.Chance(3)) map["$setElementOrder/" + draw.Of(["", "a", "finalizers"])] = values.Value(SchemaNode.Any, "");
                break;
            case JsonArray list:
                foreach (var item in list.ToList()) Direct(item);
                if (draw.Chance(10)) list.Add((JsonNode)new JsonObject { ["$patch"] = draw.Of(Orders) });
                if (draw.Chance(5)) list.Add(values.Value(SchemaNode.Any, ""));
                break;
            default: break;
        }
    }

    private JsonNode? Applied(JsonObject stored)
    {
        if (draw.Chance(5)) return values.Value(SchemaNode.Any, "");
        var applied = Part(stored, 0);
        values.Spoil(applied, schema, 1 + draw.Below(3));
        if (draw.Chance(95)) (applied["kind"], applied["apiVersion"]) = (stored["kind"]?.DeepClone(), stored["apiVersion"]?.DeepClone());
        if (applied.Child("metadata") is { } metadata && draw.Chance(90)) foreach (var given in (string[])["managedFields", "resourceVersion", "uid", "creationTimestamp"]) metadata.Remove(given);
        return applied;
    }
}
