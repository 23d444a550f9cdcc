using System.Buffers;
using System.Text.Json;
using System.Text.Json.Nodes;
using Gureum.ApiServer.Registry;
using Gureum.ApiServer.Responses;
using Gureum.ApiServer.State;

namespace Gureum.ApiServer.Tables;

/// <summary>Writes meta.k8s.io/v1 Tables: what `kubectl get` prints.</summary>
internal static class TableWriter
{
    internal static ReadOnlyMemory<byte> Write(Resource resource, IReadOnlyList<StoredObject> items, long revision, string? next, long? remaining, string? include, DateTimeOffset now) =>
        Write(resource, items.Select(i => (ReadOnlyMemory<byte>)i.Json), w => ListHead.Metadata(w, revision, next, remaining), include, true, now);

    internal static ReadOnlyMemory<byte> WriteOne(Resource resource, ReadOnlyMemory<byte> json, string? include, bool columns, DateTimeOffset now) =>
        Write(resource, [json], w => { w.WriteStartObject("metadata"u8); w.WriteEndObject(); }, include, columns, now);

    private static ReadOnlyMemory<byte> Write(Resource resource, IEnumerable<ReadOnlyMemory<byte>> items, Action<Utf8JsonWriter> metadata, string? include, bool columns, DateTimeOffset now)
    {
        var printer = TablePrinters.For(resource);
        var buffer = new ArrayBufferWriter<byte>(4096);
        using (var writer = new Utf8JsonWriter(buffer, Gureum.Objects.Models.ModelJson.WriterOptions))
        {
            writer.WriteStartObject();
            writer.WriteString("kind"u8, "Table"u8);
            writer.WriteString("apiVersion"u8, "meta.k8s.io/v1"u8);
            metadata(writer);
            if (columns) WriteColumns(writer, printer.Columns);
            else { writer.WriteNull("columnDefinitions"u8); }
            writer.WriteStartArray("rows"u8);
            foreach (var json in items) WriteRow(writer, resource, printer, json, include, now);
            writer.WriteEndArray();
            writer.WriteEndObject();
        }
        return buffer.WrittenMemory;
    }

    private static void WriteColumns(Utf8JsonWriter writer, IReadOnlyList<TableColumn> columns)
    {
        writer.WriteStartArray("columnDefinitions"u8);
        foreach (var column in columns)
        {
            writer.WriteStartObject();
            writer.WriteString("name"u8, column.Name);
            writer.WriteString("type"u8, column.Type);
            writer.WriteString("format"u8, column.Format);
            writer.WriteString("description"u8, column.Description);
            writer.WriteNumber("priority"u8, column.Priority);
            writer.WriteEndObject();
        }
        writer.WriteEndArray();
    }

    private static void WriteRow(Utf8JsonWriter writer, Resource resource, ITablePrinter printer, ReadOnlyMemory<byte> json, string? include, DateTimeOffset now)
    {
        var value = ObjectRegistry.Decode(resource, json.Span);
        writer.WriteStartObject();
        writer.WriteStartArray("cells"u8);
        foreach (var cell in printer.Cells(value, now))
        {
            if (cell is null) writer.WriteNullValue();
            else cell.WriteTo(writer);
        }
        writer.WriteEndArray();
        if (include != "None")
        {
            writer.WritePropertyName("object"u8);
            if (include == "Object") writer.WriteRawValue(json.Span, skipInputValidation: true);
            else MetadataWriter.Write(writer, json.Span);
        }
        writer.WriteEndObject();
    }
}
