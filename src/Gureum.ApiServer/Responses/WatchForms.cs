using Gureum.Objects.Json;
using Gureum.Objects.Protobuf;
using Gureum.Objects.Schemas;

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

/// <summary>The form in which a watch sends its frames (immutable).</summary>
/// <param name="OfFrame">Turns a frame of JSON that stands for no change (a bookmark, what was there before) into the form.</param>
/// <param name="OfChange">Makes the frame of a change.</param>
public sealed record WatchForm(Func<ReadOnlyMemory<byte>, ReadOnlyMemory<byte>> OfFrame, Func<State.StateChange, State.ChangeKind, ReadOnlyMemory<byte>> OfChange)
{
    /// <summary>Frames go out as they are kept.</summary>
    internal static readonly WatchForm Stored = new(static frame => frame, static (change, kind) => change.Frame(kind));

    /// <summary>Frames are protobuf, and so are bookmarks.</summary>
    public bool Binary { get; init; }

    /// <summary>The frame that says why a watch ends: a Status, whatever form objects have.</summary>
    internal ReadOnlyMemory<byte> OfError(ReadOnlyMemory<byte> status) =>
        Binary ? ProtobufWriter.WriteEvent("ERROR", ProtobufWriter.Write(status, KubernetesSchema.Instance.Type("meta.v1.Status"))) : State.WatchFrames.Encode("ERROR"u8, status.Span);
}
