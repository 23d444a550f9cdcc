using System.Buffers;
using System.Text.Json;
using System.Text.Json.Nodes;
using Gureum.Objects.Models;
using Gureum.Objects.Schemas;

namespace Gureum.Objects.Json;

/// <summary>Encodes an object in canonical order: kind, apiVersion, then the fields as the schema orders them, map keys sorted.</summary>
public static class ObjectEncoder
{
    /// <summary>Buffers beyond this size are not kept for the next object.</summary>
    private const int MostKept = 256 * 1024;

    [ThreadStatic]
    private static (ArrayBufferWriter<byte> Buffer, Utf8JsonWriter Writer)? kept;

    public static byte[] Encode(JsonObject value, SchemaNode schema) => Write((value, schema), static (writer, what) => WriteObject(writer, what.value, what.schema, topLevel: true));

    /// <summary>Encodes any JSON as it stands.</summary>
    public static byte[] EncodeAny(JsonNode? value) => Write(value, WriteAny);

    // Each thread keeps a writer and its buffer: growing a new one cost a fifth of all that a create allocates.
    private static byte[] Write<T>(T what, Action<Utf8JsonWriter, T> write)
    {
        var (buffer, writer) = kept ?? New();
        kept = null;
        write(writer, what);
        writer.Flush();
        var bytes = buffer.WrittenSpan.ToArray();
        if (buffer.Capacity <= MostKept)
        {
            buffer.ResetWrittenCount();
            writer.Reset();
            kept = (buffer, writer);
        }
        return bytes;
    }

    private static (ArrayBufferWriter<byte>, Utf8JsonWriter) New()
    {
        var buffer = new ArrayBufferWriter<byte>(4096);
        return (buffer, new Utf8JsonWriter(buffer, ModelJson.WriterOptions));
    }

    private static void WriteObject(Utf8JsonWriter writer, JsonObject value, SchemaNode schema, bool topLevel)
    {
        writer.WriteStartObject();
        if (topLevel)
        {
            if (value["kind"] is { } kind) { writer.WritePropertyName("kind"u8); WriteAny(writer, kind); }
            if (value["apiVersion"] is { } version) { writer.WritePropertyName("apiVersion"u8); WriteAny(writer, version); }
            if (value["metadata"] is { } metadata && !schema.Fields.ContainsKey("metadata"))
            {
                writer.WritePropertyName("metadata"u8);
                Write(writer, metadata, KubernetesSchema.Instance.Type("meta.v1.ObjectMeta"));
            }
        }
        var written = topLevel ? 0 : -1;
        foreach (var (name, field) in schema.Fields)
        {
            if (!value.TryGetPropertyValue(name, out var child)) continue;
            writer.WritePropertyName(name);
            Write(writer, child, field.Node);
            written++;
        }
        if (schema.PreservesUnknown || schema.Embedded)
            foreach (var (name, child) in value.OrderBy(p => p.Key, StringComparer.Ordinal))
            {
                if (schema.Fields.ContainsKey(name) || (topLevel && name is "kind" or "apiVersion" or "metadata" && topLevel)) continue;
                writer.WritePropertyName(name);
                WriteAny(writer, child);
            }
        writer.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter writer, JsonNode? value, SchemaNode schema)
    {
        switch (value)
        {
            case JsonObject map when schema.Kind == SchemaKind.Object: WriteObject(writer, map, schema, topLevel: false); break;
            case JsonObject map when schema.Kind == SchemaKind.Map:
                writer.WriteStartObject();
                if (map.Count == 1) WriteEntry(map.First());
                else foreach (var entry in map.OrderBy(p => p.Key, StringComparer.Ordinal)) WriteEntry(entry);
                writer.WriteEndObject();
                break;
            case JsonArray list when schema.Kind == SchemaKind.List:
                writer.WriteStartArray();
                foreach (var item in list) Write(writer, item, schema.Element!);
                writer.WriteEndArray();
                break;
            default: WriteAny(writer, value); break;
        }

        void WriteEntry(KeyValuePair<string, JsonNode?> entry)
        {
            writer.WritePropertyName(entry.Key);
            Write(writer, entry.Value, schema.Element!);
        }
    }

    private static void WriteAny(Utf8JsonWriter writer, JsonNode? value)
    {
        if (value is null) writer.WriteNullValue();
        else value.WriteTo(writer);
    }
}
