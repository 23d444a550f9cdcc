using System.Runtime.CompilerServices;
using System.Text.Json.Nodes;
using Gureum.Objects.Json;
using Gureum.Objects.Schemas;

namespace Gureum.Objects.Protobuf;

/// <summary>
/// Writes application/vnd.kubernetes.protobuf by the numbers of the schema: fields in the order of their numbers, maps by
/// key, as every other server does. Fields that are missing are left out.
/// </summary>
public static class ProtobufWriter
{
    private static readonly ConditionalWeakTable<SchemaNode, object> Whole = [];

    /// <summary>True when every field of the kind, and of all that it holds, has a number: otherwise it travels as JSON only.</summary>
    public static bool Knows(SchemaNode schema) => schema.TypeName is not null && schema.Fields.Count > 0 && (bool)Whole.GetValue(schema, static node => IsWhole(node, []));

    private static bool IsWhole(SchemaNode node, HashSet<SchemaNode> seen) =>
        !seen.Add(node) || ((node.Element is null || IsWhole(node.Element, seen)) && node.Fields.Values.All(f => f.Wire.Count > 0 && IsWhole(f.Node, seen)));

    /// <summary>The object in its envelope, with the magic number in front.</summary>
    public static byte[] Write(JsonObject value, SchemaNode schema)
    {
        var buffer = new ReverseBuffer();
        Tail(buffer);
        var mark = buffer.Length;
        WriteObject(buffer, value, schema);
        buffer.Close(2, mark);
        return Head(buffer, value.Text("apiVersion") ?? "", value.Text("kind") ?? "");
    }

    /// <summary>The object alone, as it stands in lists and inside envelopes.</summary>
    public static byte[] WriteBare(JsonObject value, SchemaNode schema)
    {
        var buffer = new ReverseBuffer();
        WriteObject(buffer, value, schema);
        return buffer.Written.ToArray();
    }

    /// <summary>Puts a bare object into its envelope.</summary>
    public static byte[] Wrap(ReadOnlySpan<byte> bare, string apiVersion, string kind)
    {
        var buffer = new ReverseBuffer();
        Tail(buffer);
        var mark = buffer.Length;
        buffer.Bytes(bare);
        buffer.Close(2, mark);
        return Head(buffer, apiVersion, kind);
    }

    /// <summary>What stands before and after the items of a list: each item is <see cref="ItemPrefix"/>, then the bare object.</summary>
    /// <param name="metadata">resourceVersion, continue and remainingItemCount.</param>
    /// <param name="itemBytes">Length of all items with their prefixes.</param>
    public static (byte[] Head, byte[] Tail) WriteListFrame(JsonObject metadata, long itemBytes, string apiVersion, string kind)
    {
        var tail = new ReverseBuffer();
        Tail(tail);
        var head = new ReverseBuffer();
        WriteObject(head, metadata, KubernetesSchema.Instance.Type("meta.v1.ListMeta"));
        head.Close(1, 0);
        head.Varint((ulong)(head.Length + itemBytes));
        head.Tag(2, 2);
        return (Head(head, apiVersion, kind), tail.Written.ToArray());
    }

    /// <summary>Field number and length of an item of a list.</summary>
    /// <returns>Bytes written, at most 11.</returns>
    public static int ItemPrefix(int length, Span<byte> into)
    {
        into[0] = 2 << 3 | 2;
        var at = 1;
        var rest = (uint)length;
        for (; rest > 0x7f; rest >>= 7) into[at++] = (byte)(rest | 0x80);
        into[at++] = (byte)rest;
        return at;
    }

    /// <summary>A frame of a watch: the length (four bytes, big-endian), then an event whose object has an envelope of its own.</summary>
    public static byte[] WriteEvent(string type, ReadOnlySpan<byte> envelope)
    {
        var buffer = new ReverseBuffer();
        buffer.Bytes(envelope);
        buffer.Close(1, 0);
        buffer.Close(2, 0);
        Text(buffer, 1, type);
        Span<byte> length = stackalloc byte[4];
        System.Buffers.Binary.BinaryPrimitives.WriteInt32BigEndian(length, buffer.Length);
        buffer.Bytes(length);
        return buffer.Written.ToArray();
    }

    // Content encoding and type, which nobody uses, end the envelope.
    private static void Tail(ReverseBuffer buffer)
    {
        Text(buffer, 4, "");
        Text(buffer, 3, "");
    }

    private static byte[] Head(ReverseBuffer buffer, string apiVersion, string kind)
    {
        var mark = buffer.Length;
        Text(buffer, 2, kind);
        Text(buffer, 1, apiVersion);
        buffer.Close(1, mark);
        buffer.Bytes("k8s\0"u8);
        return buffer.Written.ToArray();
    }

    private static void WriteObject(ReverseBuffer buffer, JsonObject value, SchemaNode schema)
    {
        WriteFields(buffer, value, ProtobufNumbers.Of(schema));
    }

    private static void WriteFields(ReverseBuffer buffer, JsonObject value, WireMessage message)
    {
        foreach (var entry in message.Descending)
        {
            if (entry.Field is { } field)
            {
                if (value.TryGetPropertyValue(field.Name, out var child) && child is not null) WriteField(buffer, entry.Number, child, field.Node);
                continue;
            }
            var mark = buffer.Length;
            WriteFields(buffer, value, entry.Inner!);
            if (buffer.Length > mark) buffer.Close(entry.Number, mark);
        }
    }

    private static void WriteField(ReverseBuffer buffer, int number, JsonNode value, SchemaNode schema)
    {
        switch (schema.Kind)
        {
            case SchemaKind.List:
                var list = (JsonArray)value;
                for (var i = list.Count - 1; i >= 0; i--) if (list[i] is { } item) WriteField(buffer, number, item, schema.Element!);
                break;
            case SchemaKind.Map: WriteMap(buffer, number, (JsonObject)value, schema.Element!); break;
            case SchemaKind.String: Text(buffer, number, value.GetValue<string>()); break;
            case SchemaKind.Bytes:
                var bytes = Convert.FromBase64String(value.GetValue<string>());
                buffer.Bytes(bytes);
                buffer.Close(number, buffer.Length - bytes.Length);
                break;
            case SchemaKind.Int32 or SchemaKind.Int64: Number(buffer, number, value.GetValue<long>()); break;
            case SchemaKind.Bool: Number(buffer, number, value.GetValue<bool>() ? 1 : 0); break;
            case SchemaKind.Double: buffer.Fixed64(Real(value)); buffer.Tag(number, 1); break;
            default: Message(buffer, number, value, schema); break;
        }
    }

    private static void Message(ReverseBuffer buffer, int number, JsonNode value, SchemaNode schema)
    {
        var mark = buffer.Length;
        switch (schema.Kind)
        {
            case SchemaKind.Object: WriteObject(buffer, (JsonObject)value, schema); break;
            case SchemaKind.Time or SchemaKind.MicroTime:
                var time = Times.Parse(value.GetValue<string>());
                Number(buffer, 2, time.Ticks % TimeSpan.TicksPerSecond * 100);
                Number(buffer, 1, time.ToUnixTimeSeconds());
                break;
            case SchemaKind.Quantity: Text(buffer, 1, value.GetValue<string>()); break;
            case SchemaKind.IntOrString:
                var text = value is JsonValue scalar && scalar.TryGetValue<string>(out var found) ? found : null;
                Text(buffer, 3, text ?? "");
                Number(buffer, 2, text is null ? value.GetValue<long>() : 0);
                Number(buffer, 1, text is null ? 0 : 1);
                break;
            default: Free(buffer, value, schema); break;
        }
        buffer.Close(number, mark);
    }

    // Free-form content is JSON inside; the unions of schemas have forms of their own.
    private static void Free(ReverseBuffer buffer, JsonNode value, SchemaNode schema)
    {
        SchemaNode Schemas() => KubernetesSchema.Instance.Type("apiextensions.v1.JSONSchemaProps");
        switch (schema.TypeName, value)
        {
            case ("schemaorbool", JsonObject map): Inner(buffer, 2, map, Schemas()); Number(buffer, 1, 1); break;
            case ("schemaorbool", _): Number(buffer, 1, value.GetValue<bool>() ? 1 : 0); break;
            case ("schemaorarray" or "schemaorstrings", JsonObject map): Inner(buffer, 1, map, Schemas()); break;
            case ("schemaorarray", JsonArray list):
                for (var i = list.Count - 1; i >= 0; i--) Inner(buffer, 2, (JsonObject)list[i]!, Schemas());
                break;
            case ("schemaorstrings", JsonArray list):
                for (var i = list.Count - 1; i >= 0; i--) Text(buffer, 2, list[i]!.GetValue<string>());
                break;
            default:
                var mark = buffer.Length;
                buffer.Bytes(ObjectEncoder.EncodeAny(value));
                buffer.Close(1, mark);
                break;
        }
    }

    private static void Inner(ReverseBuffer buffer, int number, JsonObject value, SchemaNode schema)
    {
        var mark = buffer.Length;
        WriteObject(buffer, value, schema);
        buffer.Close(number, mark);
    }

    private static void WriteMap(ReverseBuffer buffer, int number, JsonObject map, SchemaNode element)
    {
        foreach (var (key, child) in map.OrderByDescending(p => p.Key, StringComparer.Ordinal))
        {
            var mark = buffer.Length;
            if (element.Kind == SchemaKind.List) Items(buffer, child as JsonArray ?? [], element.Element!);
            else if (child is not null) WriteField(buffer, 2, child, element);
            else buffer.Close(2, mark);
            Text(buffer, 1, key);
            buffer.Close(number, mark);
        }
    }

    // A list as the value of a map is a message of its own.
    private static void Items(ReverseBuffer buffer, JsonArray items, SchemaNode element)
    {
        var mark = buffer.Length;
        for (var i = items.Count - 1; i >= 0; i--) WriteField(buffer, 1, items[i]!, element);
        buffer.Close(2, mark);
    }

    private static void Text(ReverseBuffer buffer, int number, string value)
    {
        var mark = buffer.Length;
        buffer.Text(value);
        buffer.Close(number, mark);
    }

    private static void Number(ReverseBuffer buffer, int number, long value)
    {
        buffer.Varint((ulong)value);
        buffer.Tag(number, 0);
    }

    private static double Real(JsonNode value) => value is JsonValue number && number.TryGetValue<long>(out var whole) ? whole : value.GetValue<double>();
}
