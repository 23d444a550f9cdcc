using System.Text.Json.Nodes;

namespace Gureum.Objects.Schemas;

/// <summary>Fills missing fields with the defaults of their schema, top down; what is there is never changed.</summary>
public static class Defaulting
{
    public static void Apply(JsonObject value, SchemaNode schema)
    {
        foreach (var (name, field) in schema.Fields)
        {
            var present = value.TryGetPropertyValue(name, out var child);
            if (field.Default is { } fallback && (!present || (child is null && !field.Node.Nullable))) value[name] = child = fallback.DeepClone();
            Descend(child, field.Node);
        }
        if (schema.PreservesUnknown && schema.Element is { } element)
            foreach (var (name, child) in value)
                if (!schema.Fields.ContainsKey(name)) Descend(child, element);
    }

    private static void Descend(JsonNode? child, SchemaNode schema)
    {
        switch (child)
        {
            case JsonObject inner when schema.Kind == SchemaKind.Object: Apply(inner, schema); break;
            case JsonObject map when schema.Kind == SchemaKind.Map && !schema.Element!.IsScalar:
                foreach (var (_, item) in map) Descend(item, schema.Element!);
                break;
            case JsonArray list when schema.Kind == SchemaKind.List && !schema.Element!.IsScalar:
                foreach (var item in list) Descend(item, schema.Element!);
                break;
            default: break;
        }
    }
}
