using System.Text.Json.Nodes;
using Gureum.Objects.Json;

namespace Gureum.ApiServer.OpenApi;

/// <summary>From the schema of a definition to what is published of it: what OpenAPI 2.0 has no words for goes, what every object has comes. Pure.</summary>
/// <param name="place">Where definitions stand in the document: "#/definitions/".</param>
internal sealed class DefinedSchemas(Descriptions descriptions, string place, bool v3)
{
    /// <summary>What every object says of its type, with our words for it: the package of descriptions has none.</summary>
    internal static IReadOnlyList<(string Name, string Text)> TypeFields { get; } =
        [("apiVersion", "APIVersion defines the schema of this object: GROUP/VERSION."), ("kind", "Kind says what this object is, in CamelCase. It cannot change.")];

    // Whose words for its metadata are every kind's.
    private const string Example = "core.v1.ConfigMap";

    internal JsonObject Publish(JsonObject? defined)
    {
        // Properties would forbid all others in the eyes of kubectl: where anything may stand there are none.
        if (defined is null || (!v3 && defined.Flag("x-kubernetes-preserve-unknown-fields") == true)) return new JsonObject { ["type"] = "object" };
        var schema = defined.DeepClone().AsObject();
        if (!v3) Reduce(schema);
        Describe(schema.Need("properties"), described: true);
        Embed(schema);
        return schema;
    }

    private void Describe(JsonObject properties, bool described)
    {
        foreach (var (field, text) in TypeFields)
            if (described || !properties.ContainsKey(field)) properties[field] = new JsonObject { ["description"] = text, ["type"] = "string" };
        var reference = new JsonObject { ["$ref"] = place + TypeNames.ObjectMeta };
        // OpenAPI 3.0 knows no words beside a reference.
        var metadata = v3 ? new JsonObject { ["allOf"] = new JsonArray((JsonNode)reference), ["default"] = new JsonObject() } : reference;
        if (descriptions.Find(Example + ".metadata") is { } words) metadata["description"] = words;
        properties["metadata"] = metadata;
    }

    // An embedded object has what the outer one has.
    private void Embed(JsonObject schema)
    {
        foreach (var (_, child) in schema.Child("properties") ?? [])
            if (child is JsonObject map) Within(map);
        foreach (var part in (ReadOnlySpan<string>)["items", "additionalProperties"])
            if (schema[part] is JsonObject map) Within(map);

        void Within(JsonObject map)
        {
            Embed(map);
            if (map.Flag("x-kubernetes-embedded-resource") != true || (!v3 && map.Flag("x-kubernetes-preserve-unknown-fields") == true)) return;
            Describe(map.Need("properties"), described: false);
            var required = map.Texts("required").ToList();
            map["required"] = new JsonArray([.. required.Concat(((string[])["kind", "apiVersion"]).Where(f => !required.Contains(f))).Select(f => (JsonNode)JsonValue.Create(f))]);
        }
    }

    private static void Reduce(JsonObject schema)
    {
        foreach (var word in (ReadOnlySpan<string>)["allOf", "oneOf", "anyOf", "not"]) schema.Remove(word);
        var nullable = schema.Flag("nullable") == true;
        var open = schema.Flag("x-kubernetes-preserve-unknown-fields") == true;
        if (nullable || open)
        {
            schema.Remove("items");
            schema.Remove("properties");
            schema.Remove("nullable");
        }
        // kubectl cannot do with lists of nothing, nor with objects that may hold anything.
        if (nullable || (schema.Text("type") == "array" && schema["items"] is null) || (open && schema.Text("type") == "object")) schema.Remove("type");
        // What may be null may be left out, in words that 2.0 has.
        var optional = (schema.Child("properties") ?? []).Where(p => p.Value is JsonObject child && child.Flag("nullable") == true).Select(p => p.Key).ToHashSet(StringComparer.Ordinal);
        if (schema.Child("additionalProperties")?.Flag("nullable") == true) schema.Remove("required");
        else if (optional.Count > 0 && schema.Texts("required").Where(r => !optional.Contains(r)).ToList() is var left)
        {
            if (left.Count == 0) schema.Remove("required");
            else schema["required"] = new JsonArray([.. left.Select(r => (JsonNode)JsonValue.Create(r))]);
        }
        foreach (var (_, child) in schema.Child("properties") ?? [])
            if (child is JsonObject map) Reduce(map);
        foreach (var part in (ReadOnlySpan<string>)["items", "additionalProperties"])
            if (schema[part] is JsonObject map) Reduce(map);
    }
}
