using System.Buffers;
using System.Text.Json;

namespace Gureum.Controllers.Common;

/// <summary>Small JSON merge patches (RFC 7396).</summary>
public static class MergePatches
{
    /// <summary>Sets one annotation, or removes it when the value is null.</summary>
    public static ReadOnlyMemory<byte> Annotation(string key, string? value) => Build(writer =>
    {
        writer.WriteStartObject("metadata"u8);
        writer.WriteStartObject("annotations"u8);
        if (value is null) writer.WriteNull(key);
        else writer.WriteString(key, value);
        writer.WriteEndObject();
        writer.WriteEndObject();
    });

    /// <summary>Replaces the finalizers of the object at this resourceVersion.</summary>
    public static ReadOnlyMemory<byte> Finalizers(IEnumerable<string> finalizers, string? resourceVersion) => Build(writer =>
    {
        writer.WriteStartObject("metadata"u8);
        writer.WriteString("resourceVersion"u8, resourceVersion);
        writer.WriteStartArray("finalizers"u8);
        foreach (var finalizer in finalizers) writer.WriteStringValue(finalizer);
        writer.WriteEndArray();
        writer.WriteEndObject();
    });

    /// <param name="content">Writes the members of the outermost object.</param>
    public static ReadOnlyMemory<byte> Build(Action<Utf8JsonWriter> content)
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            content(writer);
            writer.WriteEndObject();
        }
        return buffer.WrittenMemory;
    }
}
