using Gureum.Objects.Json;

namespace Gureum.ApiServer.Responses;

/// <summary>Takes the object out of an encoded watch frame and puts another form of it in.</summary>
internal static class WatchForms
{
    internal static ReadOnlyMemory<byte> Rewrite(ReadOnlyMemory<byte> frame, Func<ReadOnlyMemory<byte>, ReadOnlyMemory<byte>> form)
    {
        var (type, json) = Split(frame);
        return State.WatchFrames.Encode(type.Span, form(json).Span);
    }

    /// <summary>Type and object of a frame, as WatchFrames and bookmarks make them: {"type":"T","object":O} and a line feed.</summary>
    internal static (ReadOnlyMemory<byte> Type, ReadOnlyMemory<byte> Json) Split(ReadOnlyMemory<byte> frame)
    {
        var marker = "\",\"object\":"u8;
        var at = frame.Span.IndexOf(marker);
        return (frame["{\"type\":\"".Length..at], frame[(at + marker.Length)..^2]);
    }
}
