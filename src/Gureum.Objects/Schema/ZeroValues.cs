using System.Runtime.CompilerServices;
using System.Text.Json.Nodes;

namespace Gureum.Objects.Schemas;

/// <summary>
/// Zeros that say nothing. Fields that upstream holds by value know no difference between "" and missing: the one is what the other
/// is, whichever a client wrote. Fields that it holds by pointer do, and are left alone. Lists and maps that hold nothing are missing.
/// </summary>
public static class ZeroValues
{
    private static readonly ConditionalWeakTable<SchemaNode, SchemaField[]> Always = [];

    /// <summary>Removes the zeros that say nothing.</summary>
    public static void Remove(JsonObject value, SchemaNode schema)
    {
        List<string>? gone = null;
        foreach (var (name, child) in value)
            // Who wrote what stands as it was written: its owner reads it in its own way.
            if (name != "managedFields" && schema.Fields.TryGetValue(name, out var field) && IsNothing(child, field)) (gone ??= []).Add(name);
        foreach (var name in gone ?? []) value.Remove(name);
    }

    /// <summary>Makes the objects that are always there, so that they get their defaults.</summary>
    public static void MakeObjects(JsonObject value, SchemaNode schema)
    {
        foreach (var field in Always.GetValue(schema, Shown))
            if (field.Node.Kind == SchemaKind.Object && !value.ContainsKey(field.Name)) value[field.Name] = new JsonObject();
        foreach (var (name, child) in value)
            if (schema.Fields.TryGetValue(name, out var field)) Descend(child, field.Node, MakeObjects);
    }

    private static SchemaField[] Shown(SchemaNode schema) => [.. schema.Fields.Values.Where(f => Zero(f) is not null)];

    /// <summary>Writes those that are always shown: what is required, and objects that hold nothing. Metadata is left as it is: who wrote what is added later.</summary>
    public static void Show(JsonObject value, SchemaNode schema)
    {
        foreach (var field in Always.GetValue(schema, Shown))
            if (!value.ContainsKey(field.Name)) value[field.Name] = Zero(field);
        foreach (var (name, child) in value)
            if (schema.Fields.TryGetValue(name, out var field) && field.Node.TypeName != "meta.v1.ObjectMeta") Descend(child, field.Node, Show);
    }

    // True when there is nothing left of it.
    private static bool IsNothing(JsonNode? child, SchemaField field)
    {
        Descend(child, field.Node, Remove);
        return child switch
        {
            JsonArray { Count: 0 } => field.Node is { Kind: SchemaKind.List },
            JsonObject { Count: 0 } => field.Node is { Kind: SchemaKind.Map },
            JsonValue scalar when field.AlwaysOnWire => field.Node.Kind switch
            {
                SchemaKind.String or SchemaKind.Bytes => scalar.TryGetValue<string>(out var text) && text.Length == 0,
                SchemaKind.Int32 => scalar.TryGetValue<int>(out var small) ? small == 0 : scalar.TryGetValue<long>(out var number) && number == 0,
                SchemaKind.Int64 => scalar.TryGetValue<long>(out var number) && number == 0,
                SchemaKind.Bool => scalar.TryGetValue<bool>(out var flag) && !flag,
                _ => false,
            },
            _ => false,
        };
    }

    private static JsonNode? Zero(SchemaField field) => !field.AlwaysOnWire ? null : field.Node.Kind switch
    {
        SchemaKind.Object when field.Node.TypeName is not null => new JsonObject(),
        SchemaKind.String when field.Required => JsonValue.Create(""),
        SchemaKind.Int32 or SchemaKind.Int64 when field.Required => JsonValue.Create(0L),
        SchemaKind.Bool when field.Required => JsonValue.Create(false),
        SchemaKind.Quantity => JsonValue.Create("0"),
        _ => null,
    };

    private static void Descend(JsonNode? child, SchemaNode schema, Action<JsonObject, SchemaNode> apply)
    {
        switch (child)
        {
            case JsonObject inner when schema.Kind == SchemaKind.Object: apply(inner, schema); break;
            case JsonObject map when schema is { Kind: SchemaKind.Map, Element.IsScalar: false }:
                foreach (var (_, item) in map) Descend(item, schema.Element, apply);
                break;
            case JsonArray list when schema is { Kind: SchemaKind.List, Element.IsScalar: false }:
                foreach (var item in list) Descend(item, schema.Element, apply);
                break;
            default: break;
        }
    }
}
