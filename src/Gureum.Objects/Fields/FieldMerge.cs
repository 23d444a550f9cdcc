using System.Text.Json.Nodes;
using Gureum.Objects.Schemas;

namespace Gureum.Objects.Fields;

/// <summary>Puts an applied configuration over an object, and takes out what is applied no longer.</summary>
public static class FieldMerge
{
    /// <summary>Merges the configuration into the object, in place: shared structures part by part, the rest as a whole.</summary>
    public static void Merge(JsonObject target, JsonObject applied, SchemaNode schema, bool topLevel = true)
    {
        foreach (var (name, wish) in applied)
        {
            var node = topLevel && name == "metadata" ? ObjectFields.Metadata : ObjectFields.FieldNode(schema, name);
            if (wish is null) { target[name] = null; continue; }
            if (target[name] is { } present && ObjectFields.IsShared(wish, node) && ObjectFields.IsShared(present, node))
            {
                if (present is JsonObject inner && wish is JsonObject part) { Merge(inner, part, node, topLevel: false); continue; }
                if (present is JsonArray items && wish is JsonArray wishes) { MergeList(items, wishes, node); continue; }
            }
            target[name] = wish.DeepClone();
        }
    }

    // Applied items come in the order applied; what only the object has stays behind the item that it followed.
    private static void MergeList(JsonArray items, JsonArray wishes, SchemaNode list)
    {
        var wished = wishes.Select(w => ObjectFields.Element(w, list)).ToList();
        var known = new HashSet<string>(wished, StringComparer.Ordinal);
        var present = new Dictionary<string, JsonNode?>(StringComparer.Ordinal);
        var followers = new Dictionary<string, List<JsonNode?>>(StringComparer.Ordinal) { [""] = [] };
        var last = "";
        foreach (var item in items.ToList())
        {
            var element = ObjectFields.Element(item, list);
            if (known.Contains(element)) { present.TryAdd(element, item); last = element; followers.TryAdd(last, []); }
            else followers[last].Add(item);
        }
        items.Clear();
        foreach (var item in followers[""]) items.Add(item);
        for (var i = 0; i < wishes.Count; i++)
        {
            if (present.TryGetValue(wished[i], out var before) && before is JsonObject inner && wishes[i] is JsonObject part && ObjectFields.IsShared(part, list.Element!))
            {
                Merge(inner, part, list.Element!, topLevel: false);
                items.Add((JsonNode)inner);
            }
            else items.Add(wishes[i]?.DeepClone());
            foreach (var item in followers.GetValueOrDefault(wished[i]) ?? []) items.Add(item);
            // A key that is applied twice brings its followers once.
            followers.Remove(wished[i]);
            present.Remove(wished[i]);
        }
    }

    /// <summary>Removes fields of a set that nobody owns any more, in place.</summary>
    /// <param name="last">What the manager owned before.</param>
    /// <param name="owned">What all managers own now.</param>
    public static void Prune(JsonObject target, JsonObject last, JsonObject owned, SchemaNode schema, bool topLevel = true)
    {
        foreach (var (element, child) in last)
        {
            if (child is not JsonObject below || !element.StartsWith("f:", StringComparison.Ordinal)) continue;
            var name = element[2..];
            if (!target.TryGetPropertyValue(name, out var value)) continue;
            var node = topLevel && name == "metadata" ? ObjectFields.Metadata : ObjectFields.FieldNode(schema, name);
            if (IsGone(value, below, owned[element] as JsonObject, node)) target.Remove(name);
        }
    }

    // True when the value itself has to go.
    private static bool IsGone(JsonNode? value, JsonObject last, JsonObject? owned, SchemaNode schema)
    {
        if (owned is null && FieldSet.IsMember(last)) return true;
        switch (value)
        {
            case JsonObject map: Prune(map, last, owned ?? [], schema, topLevel: false); return owned is null && map.Count == 0;
            case JsonArray list when schema.Kind == SchemaKind.List && schema.ListType != ListType.Atomic:
                for (var i = list.Count - 1; i >= 0; i--)
                {
                    var element = ObjectFields.Element(list[i], schema);
                    if (last[element] is JsonObject below && IsGone(list[i], below, owned?[element] as JsonObject, schema.Element!)) list.RemoveAt(i);
                }
                return owned is null && list.Count == 0;
            default: return owned is null;
        }
    }
}
