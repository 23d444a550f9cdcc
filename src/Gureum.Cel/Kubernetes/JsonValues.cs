using System.Text.Json;
using System.Text.Json.Nodes;
using Gureum.Cel.Values;

namespace Gureum.Cel.Kubernetes;

/// <summary>Values over JSON. Parts are made when an expression reads them. A <see cref="JsonElement"/> comes in as <c>JsonObject.Create(element)</c>, which is lazy too.</summary>
public static class JsonValues
{
    /// <summary>Without a schema: whole numbers are int, others double; objects are maps by their plain names.</summary>
    public static CelValue Of(JsonNode? node) => node switch
    {
        null => CelNull.Value,
        JsonObject o => new JsonMap(o, null),
        JsonArray a => new JsonList(a, null),
        JsonValue v => v.GetValueKind() switch
        {
            JsonValueKind.String => new CelString(v.GetValue<string>()),
            JsonValueKind.True => CelBool.True,
            JsonValueKind.False => CelBool.False,
            JsonValueKind.Null => CelNull.Value,
            _ => JsonNumbers.IsWritten(v) && JsonNumbers.Whole(v) is { } whole ? CelInt.Of(whole) : new CelDouble(JsonNumbers.Real(v)),
        },
        _ => CelError.Of("unknown JSON node"),
    };

    /// <summary>By a structural schema, whose types the checker used. What does not fit the schema is an error.</summary>
    public static CelValue Of(JsonNode? node, CelSchema schema)
    {
        if (node is null || node.GetValueKind() == JsonValueKind.Null) return schema.Nullable ? CelNull.Value : CelError.Of("invalid data, got null for schema with nullable=false");
        if (schema.IntOrString) return node.GetValueKind() is JsonValueKind.String or JsonValueKind.Number ? Of(node) : CelError.Of($"invalid data, expected string or integer, got {node.GetValueKind()}");
        switch (schema.Type)
        {
            case "object":
                if (node is not JsonObject o) return CelError.Of("invalid data, expected a map for the provided schema with type=object");
                return new JsonMap(o, schema.Embedded ? schema.AsResource() : schema);
            case "array":
                if (node is not JsonArray a) return CelError.Of("invalid data, expected an array for the provided schema with type=array");
                if (schema.Items is null) return CelError.Of("invalid array type, expected Items with a non-empty Schema");
                return schema.ListType switch { "set" => new JsonSet(a, schema), "map" => new JsonMapList(a, schema), _ => new JsonList(a, schema) };
            case "string":
                return node.GetValueKind() == JsonValueKind.String ? Text(node.GetValue<string>(), schema.Format) : CelError.Of($"invalid data, expected string, got {node.GetValueKind()}");
            case "integer":
                return node is JsonValue i && i.GetValueKind() == JsonValueKind.Number && JsonNumbers.Whole(i) is { } whole ? CelInt.Of(whole) : CelError.Of($"invalid data, expected int, got {node.GetValueKind()}");
            case "number":
                return node is JsonValue d && d.GetValueKind() == JsonValueKind.Number ? new CelDouble(JsonNumbers.Real(d)) : CelError.Of($"invalid data, expected float, got {node.GetValueKind()}");
            case "boolean":
                return node.GetValueKind() is JsonValueKind.True or JsonValueKind.False ? CelBool.Of(node.GetValueKind() == JsonValueKind.True) : CelError.Of($"invalid data, expected bool, got {node.GetValueKind()}");
            default:
                return schema.PreservesUnknown ? Of(node) : CelError.Of($"invalid type, expected object, array, number, integer, boolean or string, or no type with x-kubernetes-int-or-string or x-kubernetes-preserve-unknown-fields is true, got {schema.Type}");
        }
    }

    private static CelValue Text(string text, string format)
    {
        switch (format)
        {
            case "duration":
                return (CelValue?)TimeText.ParseDuration(text) ?? CelError.Of($"Invalid duration {text}");
            case "date":
                return text.Length == 10 && TimeText.ParseTimestamp(text + "T00:00:00Z") is { } date ? date : CelError.Of($"Invalid date formatted string {text}");
            case "date-time":
                return TimeText.ParseTimestamp(text) ?? CelError.Of($"Invalid date-time formatted string {text}");
            case "byte":
                var bytes = new byte[text.Length];
                return Convert.TryFromBase64String(text, bytes, out int length) ? new CelBytes(bytes[..length]) : CelError.Of($"Invalid byte formatted string {text}");
            default:
                return new CelString(text);
        }
    }
}

/// <summary>A JSON object: by a schema with properties its fields have escaped names, else it is a map.</summary>
internal sealed class JsonMap(JsonObject node, CelSchema? schema) : CelMap
{
    internal JsonObject Node => node;

    // The fields that the schema knows are all that an expression sees.
    private bool IsStruct => schema?.Properties is not null;

    public override int Count => IsStruct ? Keys.Count() : node.Count;

    public override IEnumerable<CelValue> Keys => IsStruct
        ? node.Where(p => schema!.Properties!.ContainsKey(p.Key)).Select(p => PropertyNames.Escape(p.Key)).OfType<string>().Select(k => new CelString(k))
        : node.Select(p => new CelString(p.Key));

    public override bool TryGet(CelValue key, out CelValue value)
    {
        value = CelNull.Value;
        if (key is not CelString name) return false;
        string? property = IsStruct ? PropertyNames.Unescape(name.Value) : name.Value;
        if (property is null || !node.TryGetPropertyValue(property, out JsonNode? found)) return false;
        if (schema is null)
        {
            value = JsonValues.Of(found);
            return true;
        }

        CelSchema? of = IsStruct ? schema.Properties!.GetValueOrDefault(property) : schema.AdditionalProperties;
        if (of is null) return false;
        value = JsonValues.Of(found, of);
        return true;
    }
}

/// <summary>A JSON array.</summary>
internal class JsonList(JsonArray node, CelSchema? schema) : CelList
{
    protected CelSchema? Schema => schema;

    internal JsonArray Node => node;

    public sealed override int Count => node.Count;

    public sealed override CelValue this[int index] => schema is null ? JsonValues.Of(node[index]) : JsonValues.Of(node[index], schema.Items!);
}

/// <summary>x-kubernetes-list-type=set: equal whatever the order; a sum has every element once.</summary>
internal sealed class JsonSet(JsonArray node, CelSchema schema) : JsonList(node, schema)
{
    public override bool EqualTo(CelValue other)
    {
        if (other is not CelList list || list.Count != Count) return false;
        var own = new HashSet<CelValue>(ToArray());
        return list.ToArray().All(own.Contains);
    }

    public override int Hash() => Count;

    public override CelValue Concat(CelList other)
    {
        var seen = new HashSet<CelValue>(ToArray());
        return Of([.. ToArray(), .. other.ToArray().Where(seen.Add)]);
    }
}

/// <summary>x-kubernetes-list-type=map: equal whatever the order; in a sum, an element with a known key takes the place of the first's.</summary>
internal sealed class JsonMapList(JsonArray node, CelSchema schema) : JsonList(node, schema)
{
    public override bool EqualTo(CelValue other)
    {
        if (other is not CelList list || list.Count != Count) return false;
        var own = new Dictionary<CelValue, CelValue>();
        foreach (CelValue item in ToArray()) own[KeyOf(item)] = item;
        var seen = new HashSet<CelValue>();
        foreach (CelValue item in list.ToArray())
        {
            CelValue key = KeyOf(item);
            if (!own.TryGetValue(key, out CelValue? mine) || !mine.EqualTo(item)) return false;
            seen.Add(key);
        }

        return seen.Count == own.Count;
    }

    public override int Hash() => Count;

    public override CelValue Concat(CelList other)
    {
        var items = new List<CelValue>(ToArray());
        var places = new Dictionary<CelValue, int>();
        for (int i = 0; i < items.Count; i++) places[KeyOf(items[i])] = i;
        foreach (CelValue item in other.ToArray())
        {
            CelValue key = KeyOf(item);
            if (places.TryGetValue(key, out int at))
            {
                items[at] = item;
            }
            else
            {
                places[key] = items.Count;
                items.Add(item);
            }
        }

        return Of([.. items]);
    }

    private CelList KeyOf(CelValue item) =>
        Of([.. Schema!.ListKeys.Select(k => item is CelMap map && map.TryGet(new CelString(PropertyNames.Escape(k) ?? k), out CelValue part) ? part : CelNull.Value)]);
}
