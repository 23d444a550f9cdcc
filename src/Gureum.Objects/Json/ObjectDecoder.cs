using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Gureum.Objects.Schemas;

namespace Gureum.Objects.Json;

/// <summary>A field that decoding dropped: unknown to the schema, or written twice.</summary>
/// <param name="Message">As upstream words it: unknown field "spec.foo".</param>
public sealed record DecodeIssue(string Message)
{
    public bool IsDuplicate => Message.StartsWith("duplicate ", StringComparison.Ordinal);
}

/// <summary>What a body became.</summary>
public sealed record Decoded(JsonObject Object, IReadOnlyList<DecodeIssue> Issues);

/// <summary>The body is not JSON, or holds another type than its schema says; the message names place and type.</summary>
public sealed class DecodeException(string message) : Exception(message);

/// <summary>
/// Decodes JSON by a schema in one pass: unknown fields are dropped and reported, duplicates reported (the last wins), nulls
/// dropped, numbers normalized to long or double. Depth is limited to <see cref="MaxDepth"/>.
/// </summary>
public static class ObjectDecoder
{
    public const int MaxDepth = 128;

    /// <exception cref="DecodeException">See there.</exception>
    public static Decoded Decode(ReadOnlySpan<byte> json, SchemaNode schema)
    {
        var issues = new List<DecodeIssue>();
        try
        {
            var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = MaxDepth });
            if (!reader.Read()) throw new DecodeException("the body is empty; send an object");
            if (reader.TokenType != JsonTokenType.StartObject) throw new DecodeException($"expected an object, found {Describe(reader.TokenType)}");
            var node = ReadObject(ref reader, schema, new Place(null, ""), issues, topLevel: true);
            if (reader.Read()) throw new DecodeException("there is more after the end of the object");
            return new Decoded(node, issues);
        }
        catch (JsonException e) { throw new DecodeException("couldn't parse the body as JSON: " + e.Message); }
        catch (InvalidOperationException e) { throw new DecodeException("couldn't parse the body as JSON: " + e.Message); }
    }

    /// <summary>Decodes any JSON without a schema.</summary>
    /// <exception cref="DecodeException">The text is not JSON or too deep.</exception>
    public static JsonNode? DecodeAny(ReadOnlySpan<byte> json)
    {
        try
        {
            var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = MaxDepth });
            if (!reader.Read()) throw new DecodeException("the body is empty");
            var node = ReadAny(ref reader);
            return reader.Read() ? throw new DecodeException("there is more after the end of the value") : node;
        }
        catch (JsonException e) { throw new DecodeException("couldn't parse the body as JSON: " + e.Message); }
        catch (InvalidOperationException e) { throw new DecodeException("couldn't parse the body as JSON: " + e.Message); }
    }

    // A place is only turned into text when something is wrong there.
    private sealed class Place(Place? parent, string name, int index = -1, string? owner = null)
    {
        /// <summary>The name that clients know a wrong field by: the type that has it, and the names on the way to it.</summary>
        internal string Field
        {
            get
            {
                var (names, type) = (new Stack<string>(), (string?)null);
                // Keys of maps and indexes of lists are no fields.
                for (var at = this; at is not null; at = at.Parent)
                {
                    if (at.Owner is null) continue;
                    type ??= at.Owner;
                    names.Push(at.Name);
                }
                return type is null ? ToString() : $"{type[(type.LastIndexOf('.') + 1)..]}.{string.Join('.', names)}";
            }
        }

        private Place? Parent => parent;
        private string Name => name;
        private string? Owner => owner;


        public override string ToString()
        {
            var prefix = parent?.ToString() ?? "";
            if (index >= 0) return $"{prefix}[{index}]";
            return prefix.Length == 0 ? name : name.Length == 0 ? prefix : prefix + "." + name;
        }
    }

    private static JsonObject ReadObject(ref Utf8JsonReader reader, SchemaNode schema, Place place, List<DecodeIssue> issues, bool topLevel = false)
    {
        var result = new JsonObject();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var name = reader.GetString()!;
            reader.Read();
            if ((topLevel || schema.Embedded) && name is "kind" or "apiVersion" && (topLevel || schema.Embedded))
            {
                if (result.ContainsKey(name)) issues.Add(new($"duplicate field \"{new Place(place, name)}\""));
                if (reader.TokenType == JsonTokenType.Null) continue;
                result[name] = JsonValue.Create(Text(ref reader, new Place(place, name)));
                continue;
            }
            if (!schema.Fields.TryGetValue(name, out var field))
            {
                if (schema.Embedded && name == "metadata")
                {
                    result[name] = Read(ref reader, KubernetesSchema.Instance.Type("meta.v1.ObjectMeta"), new Place(place, name), issues);
                    continue;
                }
                if (schema.PreservesUnknown)
                {
                    var kept = schema.Element is { } element ? Read(ref reader, element, new Place(place, name), issues) : ReadAny(ref reader);
                    result[name] = kept;
                    continue;
                }
                issues.Add(new($"unknown field \"{new Place(place, name)}\""));
                reader.Skip();
                continue;
            }
            if (result.ContainsKey(field.Name)) issues.Add(new($"duplicate field \"{new Place(place, name)}\""));
            if (reader.TokenType == JsonTokenType.Null)
            {
                if (field.Node.Nullable || field.Node is { Kind: SchemaKind.Any }) result[field.Name] = null;
                else result.Remove(field.Name);
                continue;
            }
            result[field.Name] = Read(ref reader, field.Node, new Place(place, field.Name, owner: schema.TypeName), issues);
        }
        return result;
    }

    private static JsonNode? Read(ref Utf8JsonReader reader, SchemaNode schema, Place place, List<DecodeIssue> issues)
    {
        if (schema.Lenient && !Fits(reader, schema)) return ReadAny(ref reader);
        switch (schema.Kind)
        {
            case SchemaKind.Object:
                if (reader.TokenType == JsonTokenType.Null) return schema.Nullable ? null : new JsonObject();
                Expect(ref reader, JsonTokenType.StartObject, "object", place);
                return ReadObject(ref reader, schema, place, issues);
            case SchemaKind.List: return ReadList(ref reader, schema, place, issues);
            case SchemaKind.Map: return ReadMap(ref reader, schema, place, issues);
            case SchemaKind.Any: return ReadAny(ref reader);
            default: return reader.TokenType == JsonTokenType.Null && schema.Nullable ? null : ReadScalar(ref reader, schema.Kind, place);
        }
    }

    // Takes a copy of the reader: looking moves nothing.
    private static bool Fits(Utf8JsonReader reader, SchemaNode schema) => schema.Kind switch
    {
        SchemaKind.Any => true,
        SchemaKind.Object or SchemaKind.Map => reader.TokenType is JsonTokenType.StartObject,
        SchemaKind.List => reader.TokenType is JsonTokenType.StartArray,
        SchemaKind.String => reader.TokenType is JsonTokenType.String,
        SchemaKind.Bool => reader.TokenType is JsonTokenType.True or JsonTokenType.False,
        SchemaKind.Double => reader.TokenType is JsonTokenType.Number,
        SchemaKind.Int64 => reader.TokenType is JsonTokenType.Number && Integer(ref reader, out _),
        SchemaKind.IntOrString => reader.TokenType is JsonTokenType.String || (reader.TokenType is JsonTokenType.Number && Integer(ref reader, out var number) && number is >= int.MinValue and <= int.MaxValue),
        _ => true,
    };

    private static JsonNode? ReadList(ref Utf8JsonReader reader, SchemaNode schema, Place place, List<DecodeIssue> issues)
    {
        if (reader.TokenType == JsonTokenType.Null) return schema.Nullable ? null : new JsonArray();
        Expect(ref reader, JsonTokenType.StartArray, "array", place);
        var list = new JsonArray();
        for (var i = 0; reader.Read() && reader.TokenType != JsonTokenType.EndArray; i++)
            list.Add(Read(ref reader, schema.Element!, new Place(place, "", i), issues));
        return list;
    }

    private static JsonNode? ReadMap(ref Utf8JsonReader reader, SchemaNode schema, Place place, List<DecodeIssue> issues)
    {
        if (reader.TokenType == JsonTokenType.Null) return schema.Nullable ? null : new JsonObject();
        Expect(ref reader, JsonTokenType.StartObject, "object", place);
        var map = new JsonObject();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var key = reader.GetString()!;
            reader.Read();
            if (map.ContainsKey(key)) issues.Add(new($"duplicate field \"{new Place(place, key)}\""));
            if (reader.TokenType == JsonTokenType.Null && (schema.Element!.Kind is SchemaKind.String or SchemaKind.Time or SchemaKind.MicroTime))
            {
                // A time without a value stays null; a text without one is empty.
                map[key] = schema.Element!.Kind == SchemaKind.String ? JsonValue.Create("") : null;
                continue;
            }
            map[key] = Read(ref reader, schema.Element!, new Place(place, key), issues);
        }
        return map;
    }

    private static JsonValue ReadScalar(ref Utf8JsonReader reader, SchemaKind kind, Place place)
    {
        switch (kind)
        {
            case SchemaKind.String: return JsonValue.Create(Text(ref reader, place))!;
            case SchemaKind.Bool:
                if (reader.TokenType is not (JsonTokenType.True or JsonTokenType.False)) throw Mismatch(ref reader, "bool", place);
                return JsonValue.Create(reader.GetBoolean());
            case SchemaKind.Int32:
                return reader.TokenType == JsonTokenType.Number && Integer(ref reader, out var small) && small is >= int.MinValue and <= int.MaxValue
                    ? JsonValue.Create(small) : throw Mismatch(ref reader, "int32", place);
            case SchemaKind.Int64:
                return reader.TokenType == JsonTokenType.Number && Integer(ref reader, out var whole) ? JsonValue.Create(whole) : throw Mismatch(ref reader, "int64", place);
            case SchemaKind.Double:
                return reader.TokenType == JsonTokenType.Number ? Number(ref reader) : throw Mismatch(ref reader, "float64", place);
            case SchemaKind.Bytes:
                var text = Text(ref reader, place);
                if (!System.Buffers.Text.Base64.IsValid(text)) throw new DecodeException($"illegal base64 data at input byte {FirstWrong(text)}");
                return JsonValue.Create(text)!;
            case SchemaKind.Time or SchemaKind.MicroTime:
                var time = Text(ref reader, place);
                return Times.TryParse(time, out var instant) ? JsonValue.Create(kind == SchemaKind.Time ? Times.Format(instant) : Times.FormatMicro(instant))!
                    : throw new DecodeException($"{place}: parsing time \"{time}\": write it as in RFC 3339, for example 2026-01-02T15:04:05Z");
            case SchemaKind.Quantity:
                var amount = reader.TokenType == JsonTokenType.Number ? Encoding.UTF8.GetString(reader.ValueSpan) : Text(ref reader, place);
                return Quantity.TryParse(amount, out var quantity) ? JsonValue.Create(quantity.ToString())!
                    : throw new DecodeException("quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'");
            default: // IntOrString
                if (reader.TokenType == JsonTokenType.String) return JsonValue.Create(reader.GetString())!;
                return reader.TokenType == JsonTokenType.Number && Integer(ref reader, out var number) && number is >= int.MinValue and <= int.MaxValue
                    ? JsonValue.Create(number) : throw Mismatch(ref reader, "intstr.IntOrString", place);
        }
    }

    // Where decoding base64 stops: at the first character that is none of its, or at the end of what is too short.
    private static int FirstWrong(string text)
    {
        for (var i = 0; i < text.Length; i++)
            if (!char.IsAsciiLetterOrDigit(text[i]) && text[i] is not ('+' or '/' or '\r' or '\n')) return i;
        return text.Length / 4 * 4;
    }

    private static JsonNode? ReadAny(ref Utf8JsonReader reader)
    {
        switch (reader.TokenType)
        {
            case JsonTokenType.StartObject:
                var map = new JsonObject();
                while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
                {
                    var key = reader.GetString()!;
                    reader.Read();
                    map[key] = ReadAny(ref reader);
                }
                return map;
            case JsonTokenType.StartArray:
                var list = new JsonArray();
                while (reader.Read() && reader.TokenType != JsonTokenType.EndArray) list.Add(ReadAny(ref reader));
                return list;
            case JsonTokenType.String: return JsonValue.Create(reader.GetString());
            case JsonTokenType.Number: return Number(ref reader);
            case JsonTokenType.True or JsonTokenType.False: return JsonValue.Create(reader.GetBoolean());
            default: return null;
        }
    }

    private static JsonValue Number(ref Utf8JsonReader reader) =>
        reader.TryGetInt64(out var whole) ? JsonValue.Create(whole)
        : reader.TryGetDouble(out var real) && double.IsFinite(real) ? JsonValue.Create(real)
        : throw new DecodeException($"the number {Encoding.UTF8.GetString(reader.ValueSpan)} is out of range");

    // 1.0 and 1e3 are whole numbers too, as in Go's decoder of unstructured content.
    private static bool Integer(ref Utf8JsonReader reader, out long value)
    {
        if (reader.TryGetInt64(out value)) return true;
        if (reader.TryGetDouble(out var real) && real == Math.Truncate(real) && Math.Abs(real) < 9e15) { value = (long)real; return true; }
        return false;
    }

    private static string Text(ref Utf8JsonReader reader, Place place) =>
        reader.TokenType == JsonTokenType.String ? reader.GetString()! : throw Mismatch(ref reader, "string", place);

    private static void Expect(ref Utf8JsonReader reader, JsonTokenType token, string type, Place place)
    {
        if (reader.TokenType != token) throw Mismatch(ref reader, type, place);
    }

    private static DecodeException Mismatch(ref Utf8JsonReader reader, string type, Place place) =>
        new($"json: cannot unmarshal {Describe(reader.TokenType)} into Go struct field {place.Field} of type {type}");

    private static string Describe(JsonTokenType token) => token switch
    {
        JsonTokenType.StartObject => "object",
        JsonTokenType.StartArray => "array",
        JsonTokenType.Number => "number",
        JsonTokenType.True or JsonTokenType.False => "bool",
        JsonTokenType.Null => "null",
        _ => "string",
    };
}
