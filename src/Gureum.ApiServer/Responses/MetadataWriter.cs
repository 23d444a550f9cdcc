using System.Buffers;
using System.Globalization;
using System.Text.Json;
using Gureum.ApiServer.Registry;
using Gureum.ApiServer.State;
using Gureum.Objects.Json;

namespace Gureum.ApiServer.Responses;

/// <summary>Writes PartialObjectMetadata of meta.k8s.io/v1: objects without anything but metadata.</summary>
internal static class MetadataWriter
{
    internal static ReadOnlyMemory<byte> Object(Resource resource, StoredObject stored) => Object(resource, stored.Json);

    internal static ReadOnlyMemory<byte> Object(Resource resource, ReadOnlyMemory<byte> json)
    {
        _ = resource;
        var buffer = new ArrayBufferWriter<byte>(512);
        using (var writer = new Utf8JsonWriter(buffer)) Write(writer, json.Span);
        return buffer.WrittenMemory;
    }

    internal static ReadOnlyMemory<byte> List(Resource resource, ListPage page)
    {
        _ = resource;
        var buffer = new ArrayBufferWriter<byte>(4096);
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            writer.WriteString("kind"u8, "PartialObjectMetadataList"u8);
            writer.WriteString("apiVersion"u8, "meta.k8s.io/v1"u8);
            ListHead.Metadata(writer, page.Revision, page.Continue, page.Remaining);
            writer.WriteStartArray("items"u8);
            foreach (var item in page.Items) Write(writer, item.Json);
            writer.WriteEndArray();
            writer.WriteEndObject();
        }
        return buffer.WrittenMemory;
    }

    internal static void Write(Utf8JsonWriter writer, ReadOnlySpan<byte> json)
    {
        writer.WriteStartObject();
        writer.WriteString("kind"u8, "PartialObjectMetadata"u8);
        writer.WriteString("apiVersion"u8, "meta.k8s.io/v1"u8);
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
        writer.WriteString("resourceVersion"u8, revision.ToString(CultureInfo.InvariantCulture));
        if (next is not null) writer.WriteString("continue"u8, next);
        if (remaining is > 0) writer.WriteNumber("remainingItemCount"u8, remaining.Value);
        writer.WriteEndObject();
    }
}
