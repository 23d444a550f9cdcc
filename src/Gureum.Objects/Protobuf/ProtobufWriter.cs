using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text.Json;
using Gureum.Objects.Json;
using Gureum.Objects.Schemas;

namespace Gureum.Objects.Protobuf;

/// <summary>
/// Writes application/vnd.kubernetes.protobuf by the numbers of the schema: fields in the order of their numbers, maps by
/// key, and zeros where Go holds a field by value, as kube-apiserver does to the byte.
/// </summary>
public static class ProtobufWriter
{
    private static readonly ConditionalWeakTable<SchemaNode, object> Whole = [];

    /// <summary>True when every field of the kind, and of all that it holds, has a number: otherwise it travels as JSON only.</summary>
    public static bool Knows(SchemaNode schema) => schema.TypeName is not null && schema.Fields.Count > 0 && (bool)Whole.GetValue(schema, static node => IsWhole(node, []));

    private static bool IsWhole(SchemaNode node, HashSet<SchemaNode> seen) =>
        !seen.Add(node) || ((node.Element is null || IsWhole(node.Element, seen)) && node.Fields.Values.All(f => f.Wire.Count > 0 && IsWhole(f.Node, seen)));

    /// <summary>The object in its envelope, with the magic number in front.</summary>
    /// <param name="json">The object as JSON of its schema, with kind and apiVersion.</param>
    public static byte[] Write(ReadOnlyMemory<byte> json, SchemaNode schema) =>
        Wrap(WriteBare(json, schema), JsonPeek.Text(json.Span, ["apiVersion"]), JsonPeek.Text(json.Span, ["kind"]));

    /// <summary>The object alone, as it stands in lists and inside envelopes.</summary>
    /// <param name="json">The object as JSON of its schema.</param>
    public static byte[] WriteBare(ReadOnlyMemory<byte> json, SchemaNode schema)
    {
        using var document = JsonDocument.Parse(json, new JsonDocumentOptions { MaxDepth = ObjectDecoder.MaxDepth });
        var buffer = ReverseBuffer.Rent();
        WriteObject(buffer, document.RootElement, schema);
        return buffer.Return();
    }

    /// <summary>Puts a bare object into its envelope.</summary>
    public static byte[] Wrap(ReadOnlySpan<byte> bare, string apiVersion, string kind)
    {
        var buffer = ReverseBuffer.Rent();
        Tail(buffer);
        var mark = buffer.Length;
        buffer.Bytes(bare);
        buffer.Close(2, mark);
        return Head(buffer, apiVersion, kind);
    }

    /// <summary>What stands before and after the items of a list: each item is <see cref="ItemPrefix"/>, then the bare object.</summary>
    /// <param name="metadata">A ListMeta as JSON: resourceVersion, continue and remainingItemCount.</param>
    /// <param name="itemBytes">Length of all items with their prefixes.</param>
    public static (byte[] Head, byte[] Tail) WriteListFrame(ReadOnlyMemory<byte> metadata, long itemBytes, string apiVersion, string kind)
    {
        var tail = ReverseBuffer.Rent();
        Tail(tail);
        var head = ReverseBuffer.Rent();
        head.Bytes(WriteBare(metadata, KubernetesSchema.Instance.Type("meta.v1.ListMeta")));
        head.Close(1, 0);
        head.Varint((ulong)(head.Length + itemBytes));
        head.Tag(2, 2);
        return (Head(head, apiVersion, kind), tail.Return());
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
        var buffer = ReverseBuffer.Rent();
        buffer.Bytes(envelope);
        buffer.Close(1, 0);
        buffer.Close(2, 0);
        Text(buffer, 1, type);
        Span<byte> length = stackalloc byte[4];
        System.Buffers.Binary.BinaryPrimitives.WriteInt32BigEndian(length, buffer.Length);
        buffer.Bytes(length);
        return buffer.Return();
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
        return buffer.Return();
    }

    private static void WriteObject(ReverseBuffer buffer, JsonElement value, SchemaNode schema) => WriteFields(buffer, value, ProtobufNumbers.Of(schema));

    private static void WriteFields(ReverseBuffer buffer, JsonElement value, WireMessage message)
    {
        foreach (var entry in message.Descending)
        {
            if (entry.Field is { } field)
            {
                if (value.ValueKind == JsonValueKind.Object && value.TryGetProperty(entry.Name.Span, out var child) && child.ValueKind != JsonValueKind.Null) WriteField(buffer, entry.Number, child, field.Node);
                else if (entry.Always) WriteZero(buffer, entry.Number, field.Node);
                continue;
            }
            var mark = buffer.Length;
            WriteFields(buffer, value, entry.Inner!);
            if (buffer.Length > mark || entry.Always) buffer.Close(entry.Number, mark);
        }
    }

    // What Go writes for a field that it holds by value and that nobody set.
    private static void WriteZero(ReverseBuffer buffer, int number, SchemaNode schema)
    {
        var mark = buffer.Length;
        switch (schema.Kind)
        {
            case SchemaKind.List or SchemaKind.Map: return;
            case SchemaKind.Int32 or SchemaKind.Int64 or SchemaKind.Bool: Number(buffer, number, 0); return;
            case SchemaKind.Double: buffer.Fixed64(0); buffer.Tag(number, 1); return;
            case SchemaKind.Object: WriteFields(buffer, default, ProtobufNumbers.Of(schema)); break;
            case SchemaKind.Quantity: Text(buffer, 1, "0"); break;
            case SchemaKind.IntOrString:
                Text(buffer, 3, "");
                Number(buffer, 2, 0);
                Number(buffer, 1, 0);
                break;
            default: break;
        }
        buffer.Close(number, mark);
    }

    private static void WriteField(ReverseBuffer buffer, int number, JsonElement value, SchemaNode schema)
    {
        switch (schema.Kind)
        {
            case SchemaKind.List:
                for (var i = value.GetArrayLength() - 1; i >= 0; i--) if (value[i] is { ValueKind: not JsonValueKind.Null } item) WriteField(buffer, number, item, schema.Element!);
                break;
            case SchemaKind.Map: WriteMap(buffer, number, value, schema.Element!); break;
            case SchemaKind.String: Text(buffer, number, value); break;
            case SchemaKind.Bytes:
                var bytes = value.GetBytesFromBase64();
                buffer.Bytes(bytes);
                buffer.Close(number, buffer.Length - bytes.Length);
                break;
            case SchemaKind.Int32 or SchemaKind.Int64: Number(buffer, number, value.GetInt64()); break;
            case SchemaKind.Bool: Number(buffer, number, value.GetBoolean() ? 1 : 0); break;
            case SchemaKind.Double: buffer.Fixed64(value.GetDouble()); buffer.Tag(number, 1); break;
            default: Message(buffer, number, value, schema); break;
        }
    }

    private static void Message(ReverseBuffer buffer, int number, JsonElement value, SchemaNode schema)
    {
        var mark = buffer.Length;
        switch (schema.Kind)
        {
            case SchemaKind.Object: WriteObject(buffer, value, schema); break;
            case SchemaKind.Time or SchemaKind.MicroTime:
                var time = Times.Parse(value.GetString()!);
                Number(buffer, 2, time.Ticks % TimeSpan.TicksPerSecond * 100);
                Number(buffer, 1, time.ToUnixTimeSeconds());
                break;
            case SchemaKind.Quantity when value.ValueKind == JsonValueKind.Number: Text(buffer, 1, value.GetRawText()); break;
            case SchemaKind.Quantity: Text(buffer, 1, value); break;
            case SchemaKind.IntOrString when value.ValueKind == JsonValueKind.String:
                Text(buffer, 3, value);
                Number(buffer, 2, 0);
                Number(buffer, 1, 1);
                break;
            case SchemaKind.IntOrString:
                Text(buffer, 3, "");
                Number(buffer, 2, value.GetInt64());
                Number(buffer, 1, 0);
                break;
            default: Free(buffer, value, schema); break;
        }
        buffer.Close(number, mark);
    }

    // Free-form content is JSON inside; the unions of schemas have forms of their own.
    private static void Free(ReverseBuffer buffer, JsonElement value, SchemaNode schema)
    {
        SchemaNode Schemas() => KubernetesSchema.Instance.Type("apiextensions.v1.JSONSchemaProps");
        switch (schema.TypeName, value.ValueKind)
        {
            case ("schemaorbool", JsonValueKind.Object): Inner(buffer, 2, value, Schemas()); Number(buffer, 1, 1); break;
            case ("schemaorbool", _): Number(buffer, 1, value.GetBoolean() ? 1 : 0); break;
            case ("schemaorarray" or "schemaorstrings", JsonValueKind.Object): Inner(buffer, 1, value, Schemas()); break;
            case ("schemaorarray", JsonValueKind.Array):
                for (var i = value.GetArrayLength() - 1; i >= 0; i--) Inner(buffer, 2, value[i], Schemas());
                break;
            case ("schemaorstrings", JsonValueKind.Array):
                for (var i = value.GetArrayLength() - 1; i >= 0; i--) Text(buffer, 2, value[i]);
                break;
            default:
                var mark = buffer.Length;
                buffer.Bytes(JsonMarshal.GetRawUtf8Value(value));
                buffer.Close(1, mark);
                break;
        }
    }

    private static void Inner(ReverseBuffer buffer, int number, JsonElement value, SchemaNode schema)
    {
        var mark = buffer.Length;
        WriteObject(buffer, value, schema);
        buffer.Close(number, mark);
    }

    private static void WriteMap(ReverseBuffer buffer, int number, JsonElement map, SchemaNode element)
    {
        var entries = map.EnumerateObject().ToArray();
        if (entries.Length > 1) Array.Sort(entries, static (a, b) => string.CompareOrdinal(b.Name, a.Name));
        foreach (var entry in entries)
        {
            var mark = buffer.Length;
            if (element.Kind == SchemaKind.List) Items(buffer, entry.Value, element.Element!);
            else if (entry.Value.ValueKind != JsonValueKind.Null) WriteField(buffer, 2, entry.Value, element);
            else buffer.Close(2, mark);
            Text(buffer, 1, entry.Name);
            buffer.Close(number, mark);
        }
    }

    // A list as the value of a map is a message of its own.
    private static void Items(ReverseBuffer buffer, JsonElement items, SchemaNode element)
    {
        var mark = buffer.Length;
        if (items.ValueKind == JsonValueKind.Array)
            for (var i = items.GetArrayLength() - 1; i >= 0; i--) WriteField(buffer, 1, items[i], element);
        buffer.Close(2, mark);
    }

    // What is not escaped goes over as it stands: both sides are UTF-8.
    private static void Text(ReverseBuffer buffer, int number, JsonElement value)
    {
        var raw = JsonMarshal.GetRawUtf8Value(value);
        if (raw[0] != '"' || raw.Contains((byte)'\\')) { Text(buffer, number, value.GetString() ?? ""); return; }
        var mark = buffer.Length;
        buffer.Bytes(raw[1..^1]);
        buffer.Close(number, mark);
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
}
