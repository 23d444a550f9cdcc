using System.Text;
using System.Text.Json.Nodes;
using Google.Protobuf;
using Gureum.Objects.Json;
using Gureum.Objects.Schemas;

namespace Gureum.Objects.Protobuf;

/// <summary>What the envelope of a protobuf body says: kind, and the object's own bytes.</summary>
public sealed record ProtobufEnvelope(string ApiVersion, string Kind, ReadOnlyMemory<byte> Raw);

/// <summary>
/// Reads application/vnd.kubernetes.protobuf (https://kubernetes.io/docs/reference/using-api/api-concepts/#protobuf-encoding)
/// by the numbers of the schema. Unknown numbers are skipped, as protobuf demands.
/// </summary>
public static class ProtobufReader
{
    private static readonly byte[] Magic = "k8s\0"u8.ToArray();

    /// <exception cref="DecodeException">The bytes do not start with the magic number, or are no envelope.</exception>
    public static ProtobufEnvelope Open(ReadOnlyMemory<byte> body)
    {
        if (!body.Span.StartsWith(Magic)) throw new DecodeException("provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]");
        return Guard(() =>
        {
            var input = new CodedInputStream(body[4..].ToArray());
            var (version, kind, raw) = ("", "", ReadOnlyMemory<byte>.Empty);
            uint tag;
            while ((tag = input.ReadTag()) != 0)
                switch (WireFormat.GetTagFieldNumber(tag))
                {
                    case 1: (version, kind) = TypeMeta(input.ReadBytes()); break;
                    case 2: raw = input.ReadBytes().Memory; break;
                    default: input.SkipLastField(); break;
                }
            return new ProtobufEnvelope(version, kind, raw);
        });
    }

    /// <summary>Reads an object of the schema, with the envelope's kind and version.</summary>
    /// <exception cref="DecodeException">The bytes are damaged or too deep.</exception>
    public static JsonObject Read(ProtobufEnvelope envelope, SchemaNode schema)
    {
        var value = Guard(() => ReadObject(new CodedInputStream(envelope.Raw.ToArray()), schema, 0));
        if (envelope.Kind.Length > 0) value["kind"] = envelope.Kind;
        if (envelope.ApiVersion.Length > 0) value["apiVersion"] = envelope.ApiVersion;
        return value;
    }

    private static T Guard<T>(Func<T> read)
    {
        try { return read(); }
        catch (InvalidProtocolBufferException e) { throw new DecodeException("couldn't parse the body as protobuf: " + e.Message); }
    }

    private static (string, string) TypeMeta(ByteString bytes)
    {
        var input = bytes.CreateCodedInput();
        var (version, kind) = ("", "");
        uint tag;
        while ((tag = input.ReadTag()) != 0)
            switch (WireFormat.GetTagFieldNumber(tag))
            {
                case 1: version = input.ReadString(); break;
                case 2: kind = input.ReadString(); break;
                default: input.SkipLastField(); break;
            }
        return (version, kind);
    }

    private static JsonObject ReadObject(CodedInputStream input, SchemaNode schema, int depth)
    {
        if (depth > ObjectDecoder.MaxDepth) throw new DecodeException($"the object nests deeper than {ObjectDecoder.MaxDepth}");
        var value = new JsonObject();
        ReadFields(input, ProtobufNumbers.Of(schema), value, depth);
        return value;
    }

    private static void ReadFields(CodedInputStream input, WireMessage message, JsonObject value, int depth)
    {
        uint tag;
        while ((tag = input.ReadTag()) != 0)
        {
            if (message.Find(WireFormat.GetTagFieldNumber(tag)) is not { } entry) { input.SkipLastField(); continue; }
            if (entry.Inner is { } inner) { ReadFields(input.ReadBytes().CreateCodedInput(), inner, value, depth); continue; }
            var field = entry.Field!;
            switch (field.Node.Kind)
            {
                case SchemaKind.List: value.NeedItems(field.Name).Add(ReadValue(input, field.Node.Element!, depth)); break;
                case SchemaKind.Map: ReadEntry(input.ReadBytes().CreateCodedInput(), value.Need(field.Name), field.Node.Element!, depth); break;
                default:
                    var child = ReadValue(input, field.Node, depth);
                    if (child is not null && !ProtobufNumbers.IsZero(field, child)) value[field.Name] = child;
                    break;
            }
        }
    }

    private static void ReadEntry(CodedInputStream input, JsonObject map, SchemaNode element, int depth)
    {
        var key = "";
        JsonNode? value = null;
        uint tag;
        while ((tag = input.ReadTag()) != 0)
            switch (WireFormat.GetTagFieldNumber(tag))
            {
                case 1: key = input.ReadString(); break;
                // A list as the value of a map is a message of its own on the wire: {items = 1}.
                case 2 when element.Kind == SchemaKind.List: value = Items(input.ReadBytes().CreateCodedInput()); break;
                case 2: value = ReadValue(input, element, depth); break;
                default: input.SkipLastField(); break;
            }
        map[key] = value ?? element.Kind switch
        {
            SchemaKind.String => JsonValue.Create(""),
            SchemaKind.Time or SchemaKind.MicroTime => null,
            _ => new JsonObject(),
        };
    }

    private static JsonArray Items(CodedInputStream input)
    {
        var items = new JsonArray();
        uint tag;
        while ((tag = input.ReadTag()) != 0)
            if (WireFormat.GetTagFieldNumber(tag) == 1) items.Add((JsonNode)JsonValue.Create(input.ReadString()));
            else input.SkipLastField();
        return items;
    }

    private static JsonNode? ReadValue(CodedInputStream input, SchemaNode schema, int depth)
    {
        switch (schema.Kind)
        {
            case SchemaKind.String: return JsonValue.Create(input.ReadString());
            case SchemaKind.Bytes: return JsonValue.Create(input.ReadBytes().ToBase64());
            case SchemaKind.Int32: return JsonValue.Create((long)input.ReadInt32());
            case SchemaKind.Int64: return JsonValue.Create(input.ReadInt64());
            case SchemaKind.Double: return JsonValue.Create(input.ReadDouble());
            case SchemaKind.Bool: return JsonValue.Create(input.ReadBool());
            case SchemaKind.Time or SchemaKind.MicroTime: return Time(input.ReadBytes().CreateCodedInput(), schema.Kind);
            case SchemaKind.Quantity:
                var amount = FirstString(input.ReadBytes().CreateCodedInput());
                return Quantity.TryParse(amount, out var quantity) ? JsonValue.Create(quantity.ToString()) : throw new DecodeException($"\"{amount}\" is not a quantity");
            case SchemaKind.IntOrString: return IntOrString(input.ReadBytes().CreateCodedInput());
            case SchemaKind.Any: return Any(input.ReadBytes(), schema, depth);
            default: return ReadObject(input.ReadBytes().CreateCodedInput(), schema, depth + 1);
        }
    }

    private static JsonValue? Time(CodedInputStream input, SchemaKind kind)
    {
        var (seconds, nanos) = (0L, 0);
        var any = false;
        uint tag;
        while ((tag = input.ReadTag()) != 0)
        {
            any = true;
            switch (WireFormat.GetTagFieldNumber(tag))
            {
                case 1: seconds = input.ReadInt64(); break;
                case 2: nanos = input.ReadInt32(); break;
                default: input.SkipLastField(); break;
            }
        }
        // The zero time of an unset field is an empty message.
        if (!any || seconds is < -62135596800L or > 253402300799L) return null;
        var time = DateTimeOffset.FromUnixTimeSeconds(seconds).AddTicks(nanos / 100);
        return seconds <= -62135596800L ? null : JsonValue.Create(kind == SchemaKind.Time ? Times.Format(time) : Times.FormatMicro(time));
    }

    private static string FirstString(CodedInputStream input)
    {
        var text = "";
        uint tag;
        while ((tag = input.ReadTag()) != 0)
            if (WireFormat.GetTagFieldNumber(tag) == 1) text = input.ReadString();
            else input.SkipLastField();
        return text;
    }

    private static JsonValue IntOrString(CodedInputStream input)
    {
        var (isText, number, text) = (false, 0, "");
        uint tag;
        while ((tag = input.ReadTag()) != 0)
            switch (WireFormat.GetTagFieldNumber(tag))
            {
                case 1: isText = input.ReadInt64() == 1; break;
                case 2: number = input.ReadInt32(); break;
                case 3: text = input.ReadString(); break;
                default: input.SkipLastField(); break;
            }
        return isText ? JsonValue.Create(text) : JsonValue.Create((long)number);
    }

    // Free-form content travels as JSON inside; the unions of schemas have forms of their own.
    private static JsonNode? Any(ByteString bytes, SchemaNode schema, int depth)
    {
        var input = bytes.CreateCodedInput();
        var schemas = KubernetesSchema.Instance.FindType("apiextensions.v1.JSONSchemaProps");
        JsonNode? result = null;
        uint tag;
        while ((tag = input.ReadTag()) != 0)
            switch (schema.TypeName, WireFormat.GetTagFieldNumber(tag))
            {
                case ("schemaorbool", 1): result ??= JsonValue.Create(input.ReadBool()); break;
                case ("schemaorbool", 2) or ("schemaorarray", 1) or ("schemaorstrings", 1): result = ReadObject(input.ReadBytes().CreateCodedInput(), schemas!, depth + 1); break;
                case ("schemaorarray", 2): (result = result as JsonArray ?? []).AsArray().Add((JsonNode)ReadObject(input.ReadBytes().CreateCodedInput(), schemas!, depth + 1)); break;
                case ("schemaorstrings", 2): (result = result as JsonArray ?? []).AsArray().Add((JsonNode)JsonValue.Create(input.ReadString())); break;
                case (_, 1): result = ObjectDecoder.DecodeAny(input.ReadBytes().Span); break;
                default: input.SkipLastField(); break;
            }
        return result;
    }
}
