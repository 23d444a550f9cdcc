using System.Text.Json.Nodes;
using Gureum.ApiServer.Errors;
using Gureum.Objects.Schemas;

namespace Gureum.ApiServer.Registry;

/// <summary>What the schema of a built-in kind demands: required fields, enumerations, unique list keys.</summary>
internal static class SchemaRules
{
    internal static void Validate(JsonObject value, SchemaNode schema, string path, FieldErrors errors)
    {
        foreach (var (name, field) in schema.Fields)
        {
            var place = path.Length == 0 ? name : path + "." + name;
            if (path.Length == 0 && name is "metadata" or "status" && path.Length == 0) continue;
            if (!value.TryGetPropertyValue(name, out var child) || child is null)
            {
                if (field.Required && field.Default is null && !(field.Node.Kind == SchemaKind.List && path.Length == 0)) Missing(field, place, errors);
                continue;
            }
            if (field.Required && child is JsonValue text && text.TryGetValue<string>(out var content) && content.Length == 0 && field.Enum.Count == 0 && name is "name" or "image" && path.Length > 0) errors.Required(place);
            if (field.Enum.Count > 0 && child is JsonValue choice && choice.TryGetValue<string>(out var chosen) && chosen.Length > 0 && !field.Enum.Contains(chosen))
                errors.Unsupported(place, chosen, field.Enum);
            Descend(child, field.Node, place, errors);
        }
    }

    private static void Missing(SchemaField field, string place, FieldErrors errors)
    {
        // A node whose last driver has gone keeps its CSINode; and in protobuf an empty list is a missing one.
        if (place == "spec.drivers") return;
        // Zero values of numbers, booleans and strings may be meant; what a kind demands of them its strategy says.
        if (field.Node.Kind is SchemaKind.List or SchemaKind.Object or SchemaKind.Map || field.Name is "name" or "key" or "topologyKey" or "mountPath" or "containerPort") errors.Required(place);
    }

    private static void Descend(JsonNode child, SchemaNode schema, string path, FieldErrors errors)
    {
        switch (child)
        {
            case JsonObject inner when schema.Kind == SchemaKind.Object: Validate(inner, schema, path, errors); break;
            case JsonObject map when schema is { Kind: SchemaKind.Map, Element.IsScalar: false }:
                foreach (var (key, item) in map) if (item is not null) Descend(item, schema.Element, $"{path}[{key}]", errors);
                break;
            case JsonArray list when schema is { Kind: SchemaKind.List }:
                if (!schema.Element!.IsScalar)
                    for (var i = 0; i < list.Count; i++) if (list[i] is { } item) Descend(item, schema.Element, $"{path}[{i}]", errors);
                if (schema.ListType == ListType.Map) Unique(list, schema, path, errors);
                break;
            default: break;
        }
    }

    private static void Unique(JsonArray list, SchemaNode schema, string path, FieldErrors errors)
    {
        if (list.Count < 2 || schema.ListKeys is not [var key] || key is "name" && schema.Element!.TypeName is "core.v1.EnvVar" || key is "uid" or "containerPort" or "ip" or "topologyKey" or "topologyKey") return;
        var seen = new HashSet<string>();
        for (var i = 0; i < list.Count; i++)
            if (list[i] is JsonObject item && item[key] is { } id && !seen.Add(id.ToJsonString())) errors.Duplicate($"{path}[{i}].{key}", id);
    }
}
