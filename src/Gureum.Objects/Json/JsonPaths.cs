using System.Text.Json.Nodes;

namespace Gureum.Objects.Json;

/// <summary>Short ways through a JSON tree; a missing place or another type gives null.</summary>
public static class JsonPaths
{
    extension(JsonObject node)
    {
        public JsonObject? Child(string name) => node.TryGetPropertyValue(name, out var child) ? child as JsonObject : null;
        /// <summary>True when the list is missing or has no items.</summary>
        public bool IsEmptyList(string name) => node.Items(name) is not { Count: > 0 };

        public JsonArray? Items(string name) => node.TryGetPropertyValue(name, out var child) ? child as JsonArray : null;
        public string? Text(string name) => node.TryGetPropertyValue(name, out var child) && child is JsonValue value && value.TryGetValue<string>(out var text) ? text : null;
        public long? Number(string name) => node.TryGetPropertyValue(name, out var child) && child is JsonValue value && value.TryGetValue<long>(out var number) ? number : null;
        public bool? Flag(string name) => node.TryGetPropertyValue(name, out var child) && child is JsonValue value && value.TryGetValue<bool>(out var flag) ? flag : null;

        /// <summary>The child object, made when it is missing.</summary>
        public JsonObject Need(string name)
        {
            if (node.Child(name) is { } child) return child;
            var made = new JsonObject();
            node[name] = made;
            return made;
        }

        /// <summary>The list, made when it is missing.</summary>
        public JsonArray NeedItems(string name)
        {
            if (node.Items(name) is { } list) return list;
            var made = new JsonArray();
            node[name] = made;
            return made;
        }

        public IEnumerable<JsonObject> Objects(string name) => node.Items(name)?.OfType<JsonObject>() ?? [];
        public IEnumerable<string> Texts(string name) => node.Items(name)?.OfType<JsonValue>().Where(v => v.TryGetValue<string>(out _)).Select(v => v.GetValue<string>()) ?? [];

        /// <summary>The string entries of a map.</summary>
        public IEnumerable<KeyValuePair<string, string>> Map(string name) =>
            node.Child(name)?.Where(p => p.Value is JsonValue v && v.TryGetValue<string>(out _)).Select(p => KeyValuePair.Create(p.Key, p.Value!.GetValue<string>())) ?? [];

        /// <summary>The node at a path of names, or null.</summary>
        public JsonNode? At(params ReadOnlySpan<string> path)
        {
            JsonNode? at = node;
            foreach (var name in path) at = at is JsonObject map && map.TryGetPropertyValue(name, out var child) ? child : null;
            return at;
        }

        /// <summary>Sets a string, or removes the field for null.</summary>
        public void SetText(string name, string? text)
        {
            if (text is null) node.Remove(name);
            else node[name] = JsonValue.Create(text);
        }
    }
}
