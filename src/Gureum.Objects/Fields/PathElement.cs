using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Gureum.Objects.Json;
using Gureum.Objects.Schemas;

namespace Gureum.Objects.Fields;

/// <summary>The steps that paths are made of: f:NAME, k:{KEYS} of an item in a keyed list, v:VALUE of an item in a set.</summary>
internal static class PathElement
{
    internal static string Field(string name) => "f:" + name;
    internal static string Value(JsonNode? item) => "v:" + Json(item);

    /// <summary>The keys of an item, in alphabetical order; null when one is missing and has no default.</summary>
    internal static string? Keys(JsonNode? item, SchemaNode list)
    {
        if (item is not JsonObject map) return null;
        if (list.ListKeys is [var only]) return Key(map, only, list) is { } id ? $"k:{{{Json(only)}:{id}}}" : null;
        var text = new StringBuilder("k:{");
        foreach (var key in list.ListKeys.Order(StringComparer.Ordinal))
        {
            if (Key(map, key, list) is not { } id) continue;
            if (text.Length > 3) text.Append(',');
            text.Append(Json(key)).Append(':').Append(id);
        }
        return text.Length == 3 ? null : text.Append('}').ToString();
    }

    private static string? Key(JsonObject item, string key, SchemaNode list) =>
        item.TryGetPropertyValue(key, out var id) && id is not null ? Json(id)
        : list.Element!.Fields.GetValueOrDefault(key)?.Default is { } fallback ? Json(fallback) : null;

    /// <summary>The step as conflict messages show it.</summary>
    internal static string Text(string element)
    {
        if (element.StartsWith("f:", StringComparison.Ordinal)) return "." + element[2..];
        if (element.StartsWith("v:", StringComparison.Ordinal)) return $"[={element[2..]}]";
        if (!element.StartsWith("k:", StringComparison.Ordinal) || ObjectDecoder.DecodeAny(Encoding.UTF8.GetBytes(element[2..])) is not JsonObject keys) return $"[{element}]";
        return $"[{string.Join(',', keys.Select(k => $"{k.Key}={Json(k.Value)}"))}]";
    }

    private static string Json(string text) => "\"" + JsonEncodedText.Encode(text, Models.ModelJson.WriterOptions.Encoder) + "\"";
    private static string Json(JsonNode? value) => value is JsonValue scalar && scalar.TryGetValue<string>(out var text) ? Json(text) : value?.ToJsonString() ?? "null";
}
