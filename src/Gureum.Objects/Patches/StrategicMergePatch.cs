using System.Text.Json.Nodes;
using Gureum.Objects.Json;
using Gureum.Objects.Schemas;

namespace Gureum.Objects.Patches;

/// <summary>
/// Strategic merge: a merge patch in which lists with a merge key merge item by item, with the directives $patch,
/// $retainKeys, $deleteFromPrimitiveList and $setElementOrder
/// (https://github.com/kubernetes/community/blob/master/contributors/devel/sig-api-machinery/strategic-merge-patch.md).
/// </summary>
public static class StrategicMergePatch
{
    private const string Patch = "$patch", Retain = "$retainKeys", DeleteFrom = "$deleteFromPrimitiveList/", Order = "$setElementOrder/";

    /// <summary>Applies to the object in place.</summary>
    /// <exception cref="PatchException">A malformed directive.</exception>
    public static JsonObject Apply(JsonObject target, JsonObject patch, SchemaNode schema)
    {
        if (patch.Text(Patch) is { } directive)
        {
            switch (directive)
            {
                case "replace":
                    target.Clear();
                    foreach (var (name, value) in patch) if (name != Patch) target[name] = value?.DeepClone();
                    return target;
                case "delete": target.Clear(); return target;
                case "merge": break;
                default: throw new PatchException(400, $"unknown patch directive \"{directive}\"; use replace, delete or merge");
            }
        }
        if (patch.TryGetPropertyValue(Retain, out var retained))
        {
            var keep = Retained(retained, patch);
            foreach (var name in target.Select(p => p.Key).Where(k => !keep.Contains(k)).ToList()) target.Remove(name);
        }
        foreach (var (name, change) in patch)
        {
            if (name is Patch or Retain || name.StartsWith(Order, StringComparison.Ordinal)) continue;
            if (name.StartsWith(DeleteFrom, StringComparison.Ordinal)) { DeletePrimitives(target, name[DeleteFrom.Length..], change); continue; }
            schema.Fields.TryGetValue(name, out var field);
            ApplyField(target, name, change, field, patch.Items(Order + name));
        }
        // An order may come for a list that the patch does not otherwise touch.
        foreach (var (name, order) in patch)
            if (name.StartsWith(Order, StringComparison.Ordinal) && name[Order.Length..] is var list && target.Items(list) is { } items && order is JsonArray wanted)
                Reorder(items, wanted, schema.Fields.GetValueOrDefault(list)?.MergeKey);
        return target;
    }

    // A list of names, among them all that the patch sets.
    private static HashSet<string> Retained(JsonNode? retained, JsonObject patch)
    {
        var names = (retained as JsonArray)?.Select(static k => k is JsonValue value && value.TryGetValue<string>(out var name) ? name : null).ToList();
        if (names is null || names.Contains(null) || patch.Any(p => p.Value is not null && !p.Key.StartsWith('$') && !names.Contains(p.Key))) throw new PatchException(400, "invalid patch format of retainKeys");
        return [.. names.OfType<string>()];
    }

    private static void ApplyField(JsonObject target, string name, JsonNode? change, SchemaField? field, JsonArray? order)
    {
        var schema = field?.Node ?? SchemaNode.Any;
        switch (change)
        {
            case null: target.Remove(name); break;
            case JsonObject changes when schema.Kind == SchemaKind.Map:
                if (target.Child(name) is { } map) ApplyMap(map, changes, schema);
                else target[name] = ApplyMap([], changes, schema);
                break;
            case JsonObject changes:
                if (target.Child(name) is { } inner) Apply(inner, changes, schema);
                else target[name] = Apply([], changes, schema);
                break;
            case JsonArray list when field?.MergeKey is { } key:
                var items = target.NeedItems(name);
                if (key == "*") MergePrimitives(items, list);
                else
                {
                    var before = items.Select(i => Id(i, key)).ToList();
                    MergeList(items, list, key, schema.Element!, name);
                    if (order is null) Interleave(items, list, key, before);
                }
                break;
            default: target[name] = change.DeepClone(); break;
        }
    }

    private static JsonObject ApplyMap(JsonObject map, JsonObject changes, SchemaNode schema)
    {
        if (changes.Text(Patch) == "replace") map.Clear();
        foreach (var (key, value) in changes)
        {
            if (key == Patch) continue;
            if (value is null) map.Remove(key);
            else if (value is JsonObject inner && map.Child(key) is { } existing && schema.Element!.Kind == SchemaKind.Object) Apply(existing, inner, schema.Element);
            else map[key] = value.DeepClone();
        }
        return map;
    }

    private static void MergePrimitives(JsonArray items, JsonArray changes)
    {
        foreach (var change in changes)
            if (!items.Any(i => JsonNode.DeepEquals(i, change))) items.Add(change?.DeepClone());
    }

    private static void DeletePrimitives(JsonObject target, string name, JsonNode? values)
    {
        if (target.Items(name) is not { } items || values is not JsonArray gone) return;
        for (var i = items.Count - 1; i >= 0; i--)
            if (gone.Any(g => JsonNode.DeepEquals(g, items[i]))) items.RemoveAt(i);
    }

    private static void MergeList(JsonArray items, JsonArray changes, string key, SchemaNode element, string name)
    {
        if (changes.OfType<JsonObject>().Any(c => c.Text(Patch) == "replace" && c.Count == 1))
        {
            items.Clear();
            foreach (var change in changes.OfType<JsonObject>()) if (change.Text(Patch) is null) items.Add((JsonNode)change.DeepClone());
            return;
        }
        foreach (var item in changes)
        {
            if (item is not JsonObject change) throw new PatchException(400, $"the items of \"{name}\" in the patch must be objects");
            if (!change.TryGetPropertyValue(key, out var id) || id is null)
                throw new PatchException(400, $"map: {change.ToJsonString()} does not contain declared merge key: {key}");
            var at = IndexOf(items, key, id);
            if (change.Text(Patch) == "delete") { if (at >= 0) items.RemoveAt(at); continue; }
            if (at >= 0) Apply((JsonObject)items[at]!, change, element);
            else items.Add((JsonNode)Apply([], change, element));
        }
    }

    // Without an order of the patch's own, what it names stands in its order, before what it does not name, unless that stood further ahead before.
    private static void Interleave(JsonArray items, JsonArray changes, string key, List<string> before)
    {
        var named = changes.Select(c => Id(c, key)).Distinct().ToList();
        var byId = items.ToLookup(i => Id(i, key), StringComparer.Ordinal);
        var right = new Queue<JsonNode?>(named.SelectMany(id => byId[id]));
        var left = new Queue<JsonNode?>(items.Where(i => !named.Contains(Id(i, key))));
        items.Clear();
        while (left.Count + right.Count > 0)
        {
            var fromLeft = right.Count == 0 || (left.Count > 0 && Place(left.Peek()) is >= 0 and var l && Place(right.Peek()) is >= 0 and var r && l < r);
            items.Add((fromLeft ? left : right).Dequeue());
        }

        int Place(JsonNode? item) => before.IndexOf(Id(item, key));
    }

    private static int IndexOf(JsonArray items, string key, JsonNode id)
    {
        for (var i = 0; i < items.Count; i++)
            if (items[i] is JsonObject item && item.TryGetPropertyValue(key, out var value) && JsonNode.DeepEquals(value, id)) return i;
        return -1;
    }

    // Items that the order names come in that order; the others keep their place relative to what stood before them.
    private static void Reorder(JsonArray items, JsonArray order, string? key)
    {
        var rank = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var (entry, i) in order.Select((e, i) => (e, i))) rank[Id(entry, key)] = i;
        var ranked = new List<(int Rank, int Index, JsonNode? Item)>();
        var last = -1;
        foreach (var (item, i) in items.Select((item, i) => (item, i)))
        {
            if (rank.TryGetValue(Id(item, key), out var place)) last = place;
            ranked.Add((rank.TryGetValue(Id(item, key), out var own) ? own : last, i, item));
        }
        items.Clear();
        foreach (var (_, _, item) in ranked.OrderBy(r => r.Rank).ThenBy(r => r.Index)) items.Add(item);
    }

    private static string Id(JsonNode? item, string? key) =>
        (item is JsonObject map && key is not null && key != "*" && map.TryGetPropertyValue(key, out var id) ? id : item)?.ToJsonString() ?? "null";
}
