using System.Buffers;
using System.Text.Json;

namespace Gureum.Client;

/// <summary>The merge patch by which an event is told again. Pure.</summary>
internal static class EventPatch
{
    /// <param name="message">The newest message of a combined event; null leaves it.</param>
    internal static ReadOnlyMemory<byte> Raise(int count, DateTimeOffset last, string? message)
    {
        var buffer = new ArrayBufferWriter<byte>(128);
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            writer.WriteNumber("count"u8, count);
            writer.WriteString("lastTimestamp"u8, Objects.Times.Format(last));
            if (message is not null) writer.WriteString("message"u8, message);
            writer.WriteEndObject();
        }
        return buffer.WrittenMemory;
    }
}
