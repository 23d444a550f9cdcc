using Gureum.Objects.Json;

namespace Gureum.ApiServer.Responses;

/// <summary>Takes the object out of an encoded watch frame and puts another form of it in.</summary>
internal static class WatchForms
{
    internal static ReadOnlyMemory<byte> Rewrite(ReadOnlyMemory<byte> frame, Func<ReadOnlyMemory<byte>, ReadOnlyMemory<byte>> form)
    {
        // Frames are made by WatchFrames and bookmarks: {"type":"T","object":O} and a line feed.
        var marker = "\",\"object\":"u8;
        var at = frame.Span.IndexOf(marker);
        var start = at + marker.Length;
        var type = frame["{\"type\":\"".Length..at];
        return State.WatchFrames.Encode(type.Span, form(frame[start..^2]).Span);
    }
}
