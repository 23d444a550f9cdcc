using System.Text.Json.Nodes;
using Gureum.Objects.Schemas;

namespace Gureum.Objects.Fields;

/// <summary>What became of the fields between two states of an object.</summary>
/// <param name="Changed">Added, or now of another value.</param>
public sealed record FieldChanges(JsonObject Changed, JsonObject Removed)
{
    public bool Any => Changed.Count > 0 || Removed.Count > 0;
}

/// <summary>The fields of objects by their schema: maps and structs field by field, keyed lists item by item, the rest as a whole.</summary>
public static class ObjectFields
{
    /// <summary>All fields that an object sets.</summary>
    /// <param name="skip">Top-level fields, and fields of metadata as "metadata.name", that are nobody's.</param>
    public static JsonObject Of(JsonObject value, SchemaNode schema, IReadOnlySet<string> skip, bool whole = false)
    {
        var set = new JsonObject();
        foreach (var (name, child) in value)
        {
            if (skip.Contains(name)) continue;
            var field = name == "metadata" ? Metadata : FieldNode(schema, name);
            if (name != "metadata") { Insert(set, PathElement.Field(name), child, field, struc: schema.Fields.ContainsKey(name), whole); continue; }
            var inner = new JsonObject();
            foreach (var (key, part) in child as JsonObject ?? [])
                if (!skip.Contains("metadata." + key)) Insert(inner, PathElement.Field(key), part, FieldNode(field, key), struc: true, whole);
            if (inner.Count > 0) set[PathElement.Field(name)] = inner;
        }
        return set;
    }

    /// <summary>The difference of two states.</summary>
    public static FieldChanges Compare(JsonObject old, JsonObject value, SchemaNode schema, IReadOnlySet<string> skip)
    {
        var (changed, removed) = (new JsonObject(), new JsonObject());
        foreach (var name in Names(old, value))
        {
            if (skip.Contains(name)) continue;
            if (name != "metadata") { Compare(PathElement.Field(name), old[name], value[name], FieldNode(schema, name), schema.Fields.ContainsKey(name), changed, removed); continue; }
            var (innerChanged, innerRemoved) = (new JsonObject(), new JsonObject());
            var (before, after) = (old[name] as JsonObject ?? [], value[name] as JsonObject ?? []);
            foreach (var key in Names(before, after))
                if (!skip.Contains("metadata." + key)) Compare(PathElement.Field(key), before[key], after[key], FieldNode(Metadata, key), true, innerChanged, innerRemoved);
            if (innerChanged.Count > 0) changed[PathElement.Field(name)] = innerChanged;
            if (innerRemoved.Count > 0) removed[PathElement.Field(name)] = innerRemoved;
        }
        return new FieldChanges(changed, removed);
    }

    internal static SchemaNode Metadata => KubernetesSchema.Instance.Type("meta.v1.ObjectMeta");

    internal static SchemaNode FieldNode(SchemaNode schema, string name) =>
        schema.Fields.TryGetValue(name, out var field) ? field.Node : schema.Kind is SchemaKind.Map ? schema.Element! : SchemaNode.Any;

    /// <summary>True when parts of the value belong to different managers.</summary>
    internal static bool IsShared(JsonNode? value, SchemaNode schema) => value switch
    {
        JsonObject => schema.Kind switch
        {
            SchemaKind.Object or SchemaKind.Map => !schema.Atomic,
            // Free-form content has no owner for each part where its type says so by a name.
            SchemaKind.Any => schema.TypeName is null,
            _ => false,
        },
        JsonArray list => schema.Kind == SchemaKind.List && schema.ListType switch
        {
            ListType.Set => true,
            ListType.Map => list.All(i => PathElement.Keys(i, schema) is not null),
            _ => false,
        },
        _ => false,
    };

    internal static string Element(JsonNode? item, SchemaNode list) => list.ListType == ListType.Map ? PathElement.Keys(item, list) ?? PathElement.Value(item) : PathElement.Value(item);

    // Items and entries of maps are members themselves; fields of structs only through what they hold.
    private static void Insert(JsonObject set, string element, JsonNode? value, SchemaNode schema, bool struc, bool whole)
    {
        if (!IsShared(value, schema)) { set[element] = new JsonObject(); return; }
        var node = new JsonObject();
        if (value is JsonObject map)
        {
            var fields = schema.Kind == SchemaKind.Object;
            foreach (var (name, child) in map) Insert(node, PathElement.Field(name), child, FieldNode(schema, name), fields && schema.Fields.ContainsKey(name), whole);
            if (!struc || (whole && !fields && node.Count > 0)) FieldSet.Mark(node);
        }
        else
        {
            foreach (var item in (JsonArray)value!) Insert(node, Element(item, schema), item, schema.Element!, struc: false, whole);
            if (!struc) FieldSet.Mark(node);
        }
        if (set[element] is JsonObject twice) FieldSet.UnionInto(twice, node);
        else set[element] = node;
    }

    private static void Compare(string element, JsonNode? old, JsonNode? value, SchemaNode schema, bool struc, JsonObject changed, JsonObject removed)
    {
        if (value is null && old is null) return;
        if (old is null) { Insert(changed, element, value, schema, struc, whole: true); return; }
        if (value is null) { Insert(removed, element, old, schema, struc, whole: true); return; }
        if (!IsShared(value, schema) || !IsShared(old, schema))
        {
            if (!JsonNode.DeepEquals(old, value)) changed[element] = new JsonObject();
            return;
        }
        var (innerChanged, innerRemoved) = (new JsonObject(), new JsonObject());
        if (value is JsonObject map && old is JsonObject before)
        {
            foreach (var name in Names(before, map))
                Compare(PathElement.Field(name), before[name], map[name], FieldNode(schema, name), schema.Kind == SchemaKind.Object && schema.Fields.ContainsKey(name), innerChanged, innerRemoved);
        }
        else if (value is JsonArray list && old is JsonArray earlier) CompareLists(earlier, list, schema, innerChanged, innerRemoved);
        if (innerChanged.Count > 0) changed[element] = innerChanged;
        if (innerRemoved.Count > 0) removed[element] = innerRemoved;
    }

    private static void CompareLists(JsonArray old, JsonArray list, SchemaNode schema, JsonObject changed, JsonObject removed)
    {
        var before = new Dictionary<string, JsonNode?>(StringComparer.Ordinal);
        foreach (var item in old) before.TryAdd(Element(item, schema), item);
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var item in list)
        {
            var element = Element(item, schema);
            if (!seen.Add(element)) continue;
            Compare(element, before.GetValueOrDefault(element), item, schema.Element!, struc: false, changed, removed);
        }
        foreach (var (element, item) in before)
            if (!seen.Contains(element)) Insert(removed, element, item, schema.Element!, struc: false, whole: true);
    }

    private static IEnumerable<string> Names(JsonObject a, JsonObject b)
    {
        foreach (var (name, _) in a) yield return name;
        foreach (var (name, _) in b)
            if (!a.ContainsKey(name)) yield return name;
    }
}
