using System.Globalization;
using System.Text.Json.Nodes;
using Gureum.Objects.Json;

namespace Gureum.Objects.Patches;

/// <summary>JSON Patch (RFC 6902): add, remove, replace, move, copy, test, applied in order, all or nothing.</summary>
public static class JsonPatch
{
    public const int MostOperations = 10_000;

    /// <summary>Applies to the tree in place and gives its root.</summary>
    /// <exception cref="PatchException">A malformed patch, or an operation that does not fit the object.</exception>
    public static JsonNode? Apply(JsonNode? root, JsonNode? patch)
    {
        if (patch is not JsonArray operations) throw new PatchException(400, "a JSON patch is an array of operations");
        if (operations.Count > MostOperations) throw new PatchException(413, $"The allowed maximum operations in a JSON patch is {MostOperations}, got {operations.Count}");
        foreach (var item in operations)
        {
            if (item is not JsonObject operation || operation.Text("op") is not { } op || operation.Text("path") is not { } path)
                throw new PatchException(400, "each operation of a JSON patch needs \"op\" and \"path\"");
            root = Apply(root, operation, op, path);
        }
        return root;
    }

    private static JsonNode? Apply(JsonNode? root, JsonObject operation, string op, string path)
    {
        switch (op)
        {
            case "add": return Add(root, path, Value(operation));
            case "remove": return Remove(root, path, out _);
            case "replace": Find(root, path); return path.Length == 0 ? Value(operation) : Add(Remove(root, path, out _), path, Value(operation));
            case "test":
                return JsonNode.DeepEquals(Find(root, path), operation["value"]) ? root
                    : throw new PatchException(422, $"testing value {path} failed: it is {Find(root, path)?.ToJsonString() ?? "null"}");
            case "copy": return Add(root, path, Find(root, From(operation))?.DeepClone());
            case "move":
                if (path.StartsWith(From(operation) + "/", StringComparison.Ordinal)) throw new PatchException(422, $"cannot move {From(operation)} into itself");
                root = Remove(root, From(operation), out var moved);
                return Add(root, path, moved);
            default: throw new PatchException(400, $"unknown JSON patch operation \"{op}\"; use add, remove, replace, move, copy or test");
        }
    }

    private static JsonNode? Value(JsonObject operation) =>
        operation.TryGetPropertyValue("value", out var value) ? value?.DeepClone() : throw new PatchException(400, $"operation \"{operation.Text("op")}\" needs a \"value\"");

    private static string From(JsonObject operation) => operation.Text("from") ?? throw new PatchException(400, $"operation \"{operation.Text("op")}\" needs \"from\"");

    private static JsonNode? Add(JsonNode? root, string path, JsonNode? value)
    {
        if (path.Length == 0) return value;
        var (parent, last) = Parent(root, path);
        if (parent is JsonObject map) map[last] = value;
        else if (parent is JsonArray list)
        {
            if (last == "-") list.Add(value);
            else if (Index(last) is { } index && index <= list.Count) list.Insert(index, value);
            else throw new PatchException(422, $"add operation does not apply: the list at {path} has {list.Count} items");
        }
        else throw new PatchException(422, $"add operation does not apply: there is no object or list at the parent of {path}");
        return root;
    }

    private static JsonNode? Remove(JsonNode? root, string path, out JsonNode? removed)
    {
        removed = Find(root, path);
        if (path.Length == 0) return null;
        var (parent, last) = Parent(root, path);
        if (parent is JsonObject map) map.Remove(last);
        else if (parent is JsonArray list) list.RemoveAt(Index(last)!.Value);
        return root;
    }

    private static JsonNode? Find(JsonNode? root, string path)
    {
        if (path.Length == 0) return root;
        var (parent, last) = Parent(root, path);
        return parent switch
        {
            JsonObject map when map.TryGetPropertyValue(last, out var child) => child,
            JsonArray list when Index(last) is { } index && index < list.Count => list[index],
            _ => throw new PatchException(422, $"the path {path} does not exist"),
        };
    }

    private static (JsonNode? Parent, string Last) Parent(JsonNode? root, string path)
    {
        if (path[0] != '/') throw new PatchException(400, $"the path \"{path}\" does not start with /");
        var parts = path[1..].Split('/');
        var at = root;
        for (var i = 0; i < parts.Length - 1; i++)
        {
            var name = Unescape(parts[i]);
            at = at switch
            {
                JsonObject map when map.TryGetPropertyValue(name, out var child) => child,
                JsonArray list when Index(name) is { } index && index < list.Count => list[index],
                _ => throw new PatchException(422, $"the path {path} does not exist at \"{name}\""),
            };
        }
        return (at, Unescape(parts[^1]));
    }

    private static string Unescape(string part) => part.Replace("~1", "/").Replace("~0", "~");

    private static int? Index(string text) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var index) ? index : null;
}
