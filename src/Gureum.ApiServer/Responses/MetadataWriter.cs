using System.Buffers;
using System.Globalization;
using System.Text.Json;
using Gureum.ApiServer.Registry;
using Gureum.Objects.Json;
using Gureum.Objects.Protobuf;
using Gureum.Objects.Schemas;

namespace Gureum.ApiServer.Responses;

/// <summary>Writes PartialObjectMetadata of meta.k8s.io: objects without anything but metadata, of any kind.</summary>
internal static class MetadataWriter
{
    internal const string Kind = "PartialObjectMetadata";

    internal static ReadOnlyMemory<byte> Object(ReadOnlyMemory<byte> json, MediaChoice choice)
    {
        var buffer = new ArrayBufferWriter<byte>(512);
        using (var writer = new Utf8JsonWriter(buffer)) Write(writer, json.Span, choice.ApiVersion);
        return choice.Encoding == MediaEncoding.Protobuf ? ProtobufWriter.Wrap(ProtobufWriter.WriteBare(buffer.WrittenMemory, KubernetesSchema.PartialMetadata), choice.ApiVersion, Kind) : buffer.WrittenMemory;
    }

    internal static ReadOnlyMemory<byte> List(ListPage page, MediaChoice choice) => choice.Encoding == MediaEncoding.Protobuf ? ProtobufOf(page, choice) : JsonOf(page, choice);

    private static ReadOnlyMemory<byte> JsonOf(ListPage page, MediaChoice choice)
    {
        var buffer = new ArrayBufferWriter<byte>(4096);
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            writer.WriteString("kind"u8, Kind + "List");
            writer.WriteString("apiVersion"u8, choice.ApiVersion);
            ListHead.Metadata(writer, page.Revision, page.Continue, page.Remaining);
            writer.WriteStartArray("items"u8);
            foreach (var item in page.Items) Write(writer, item.Json, choice.ApiVersion);
            writer.WriteEndArray();
            writer.WriteEndObject();
        }
        return buffer.WrittenMemory;
    }

    private static byte[] ProtobufOf(ListPage page, MediaChoice choice)
    {
        var items = page.Items.Select(i => ProtobufWriter.WriteBare(Bare(i.Json), KubernetesSchema.PartialMetadata)).ToList();
        return new ProtobufList([.. items], page, choice.ApiVersion, Kind + "List").ToArray();
    }

    private static ReadOnlyMemory<byte> Bare(ReadOnlySpan<byte> json)
    {
        var buffer = new ArrayBufferWriter<byte>(512);
        using (var writer = new Utf8JsonWriter(buffer)) Write(writer, json, "");
        return buffer.WrittenMemory;
    }

    internal static void Write(Utf8JsonWriter writer, ReadOnlySpan<byte> json, string apiVersion)
    {
        writer.WriteStartObject();
        writer.WriteString("kind"u8, Kind);
        writer.WriteString("apiVersion"u8, apiVersion);
        writer.WritePropertyName("metadata"u8);
        writer.WriteRawValue(JsonPeek.Raw(json, ["metadata"]), skipInputValidation: true);
        writer.WriteEndObject();
    }
}

/// <summary>The metadata of a list.</summary>
internal static class ListHead
{
    internal static void Metadata(Utf8JsonWriter writer, long revision, string? next, long? remaining)
    {
        writer.WriteStartObject("metadata"u8);
        if (revision > 0) writer.WriteString("resourceVersion"u8, revision.ToString(CultureInfo.InvariantCulture));
        if (next is not null) writer.WriteString("continue"u8, next);
        if (remaining is > 0) writer.WriteNumber("remainingItemCount"u8, remaining.Value);
        writer.WriteEndObject();
    }
}
