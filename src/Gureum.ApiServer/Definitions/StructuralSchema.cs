using System.Text.Json.Nodes;
using Gureum.Objects.Json;
using Gureum.Objects.Schemas;

namespace Gureum.ApiServer.Definitions;

/// <summary>Turns an openAPIV3Schema of a definition into the schema that the registry works with.</summary>
internal static class StructuralSchema
{
    internal static SchemaNode Root(JsonObject? schema)
    {
        var root = schema is null ? SchemaNode.Any : Node(schema);
        var fields = new Dictionary<string, SchemaField>(StringComparer.Ordinal)
        {
            ["metadata"] = new SchemaField { Name = "metadata", Node = KubernetesSchema.Instance.Type("meta.v1.ObjectMeta") },
        };
        foreach (var (name, field) in root.Fields)
            if (name is not ("metadata" or "kind" or "apiVersion")) fields[name] = field;
        return new SchemaNode { Kind = SchemaKind.Object, Fields = fields, PreservesUnknown = schema is null || root.PreservesUnknown };
    }

    private static SchemaNode Node(JsonObject schema)
    {
        var nullable = schema.Flag("nullable") == true;
        if (schema.Flag("x-kubernetes-int-or-string") == true) return new SchemaNode { Lenient = true, Kind = SchemaKind.IntOrString, Nullable = nullable };
        var preserves = schema.Flag("x-kubernetes-preserve-unknown-fields") == true;
        switch (schema.Text("type"))
        {
            case "object" when schema["additionalProperties"] is JsonObject values: return new SchemaNode { Lenient = true, Kind = SchemaKind.Map, Element = Node(values), Nullable = nullable, Atomic = schema.Text("x-kubernetes-map-type") == "atomic" };
            case "object" when schema["additionalProperties"] is JsonValue any && any.TryGetValue<bool>(out var free) && free && schema.Child("properties") is null: return new SchemaNode { Lenient = true, Kind = SchemaKind.Map, Element = SchemaNode.Any, Nullable = nullable };
            case "object":
                return new SchemaNode
                {
                    Lenient = true, Kind = SchemaKind.Object, Fields = Fields(schema), PreservesUnknown = preserves, Nullable = nullable,
                    Embedded = schema.Flag("x-kubernetes-embedded-resource") == true, Atomic = schema.Text("x-kubernetes-map-type") == "atomic",
                };
            case "array":
                return new SchemaNode
                {
                    Lenient = true, Kind = SchemaKind.List, Element = schema.Child("items") is { } items ? Node(items) : SchemaNode.Any, Nullable = nullable,
                    ListType = schema.Text("x-kubernetes-list-type") switch { "map" => ListType.Map, "set" => ListType.Set, _ => ListType.Atomic },
                    ListKeys = [.. schema.Texts("x-kubernetes-list-map-keys")],
                };
            case "integer": return new SchemaNode { Lenient = true, Kind = SchemaKind.Int64, Nullable = nullable };
            case "number": return new SchemaNode { Lenient = true, Kind = SchemaKind.Double, Nullable = nullable };
            case "boolean": return new SchemaNode { Lenient = true, Kind = SchemaKind.Bool, Nullable = nullable };
            case "string": return new SchemaNode { Lenient = true, Kind = SchemaKind.String, Nullable = nullable };
            default: return preserves && schema.Child("properties") is not null ? new SchemaNode { Lenient = true, Kind = SchemaKind.Object, Fields = Fields(schema), PreservesUnknown = true } : SchemaNode.Any;
        }
    }

    private static Dictionary<string, SchemaField> Fields(JsonObject schema)
    {
        var required = schema.Texts("required").ToHashSet();
        var fields = new Dictionary<string, SchemaField>(StringComparer.Ordinal);
        var order = 0;
        foreach (var (name, child) in (schema.Child("properties") ?? []).OrderBy(p => p.Key, StringComparer.Ordinal))
            if (child is JsonObject inner)
                fields[name] = new SchemaField
                {
                    Name = name, Node = Node(inner), Required = required.Contains(name), Order = order++, Default = inner["default"]?.DeepClone(),
                };
        return fields;
    }
}
