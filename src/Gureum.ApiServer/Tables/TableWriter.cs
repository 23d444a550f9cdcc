using System.Buffers;
using System.Text.Json;
using System.Text.Json.Nodes;
using Gureum.ApiServer.Errors;
using Gureum.ApiServer.Registry;
using Gureum.ApiServer.Responses;
using Gureum.ApiServer.State;
using Gureum.Objects.Json;

namespace Gureum.ApiServer.Tables;

/// <summary>Writes Tables of meta.k8s.io: what `kubectl get` prints (immutable).</summary>
internal sealed class TableWriter
{
    private readonly string apiVersion, include;
    private readonly DateTimeOffset now;

    /// <param name="include">What comes beside the cells of a row: Object, None, or Metadata, which is meant when nothing is said.</param>
    /// <exception cref="ApiError">400: it is something else.</exception>
    internal TableWriter(string apiVersion, string? include, DateTimeOffset now)
    {
        (this.apiVersion, this.now) = (apiVersion, now);
        this.include = include switch
        {
            null or "" => "Metadata",
            "Metadata" or "Object" or "None" => include,
            _ => throw ApiError.BadRequest($"Unable to convert to Table as requested: includeObject: Invalid value: {FieldErrors.Quote(include)}: must be 'Metadata', 'Object', 'None', or empty"),
        };
    }

    internal ReadOnlyMemory<byte> Write(Resource resource, IReadOnlyList<StoredObject> items, long revision, string? next, long? remaining) =>
        Write(resource, items.Select(i => (ReadOnlyMemory<byte>)i.Json), w => ListHead.Metadata(w, revision, next, remaining), true);

    internal ReadOnlyMemory<byte> WriteOne(Resource resource, ReadOnlyMemory<byte> json, bool columns) =>
        Write(resource, [json], w => { w.WriteStartObject("metadata"u8); w.WriteString("resourceVersion"u8, JsonPeek.Text(json.Span, ["metadata", "resourceVersion"])); w.WriteEndObject(); }, columns);

    private ReadOnlyMemory<byte> Write(Resource resource, IEnumerable<ReadOnlyMemory<byte>> items, Action<Utf8JsonWriter> metadata, bool columns)
    {
        var printer = TablePrinters.For(resource);
        var buffer = new ArrayBufferWriter<byte>(4096);
        using (var writer = new Utf8JsonWriter(buffer, Gureum.Objects.Models.ModelJson.WriterOptions))
        {
            writer.WriteStartObject();
            writer.WriteString("kind"u8, "Table"u8);
            writer.WriteString("apiVersion"u8, apiVersion);
            metadata(writer);
            if (columns) WriteColumns(writer, printer.Columns);
            else writer.WriteNull("columnDefinitions"u8);
            writer.WriteStartArray("rows"u8);
            foreach (var json in items) WriteRow(writer, resource, printer, json);
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

    private void WriteRow(Utf8JsonWriter writer, Resource resource, ITablePrinter printer, ReadOnlyMemory<byte> json)
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
            if (include == "Metadata") MetadataWriter.Write(writer, json.Span, apiVersion);
            else writer.WriteRawValue(resource.Converter is null ? json.Span : ObjectEncoder.Encode(value, resource.Schema), skipInputValidation: true);
        }
        writer.WriteEndObject();
    }
}
