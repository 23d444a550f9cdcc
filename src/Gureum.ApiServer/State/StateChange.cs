namespace Gureum.ApiServer.State;

/// <summary>
/// One step from one root to the next (immutable). The frames that watchers send are encoded once, by whoever needs them
/// first.
/// </summary>
public sealed class StateChange(long revision, string key, StoredObject? current, StoredObject? previous)
{
    private byte[]? added, modified, deleted;

    public long Revision => revision;
    public string Key => key;
    public StoredObject? Current => current;
    public StoredObject? Previous => previous;

    /// <summary>{"type":"ADDED","object":…} and a line feed.</summary>
    public byte[] AddedFrame => added ??= WatchFrames.Encode("ADDED"u8, current!.Json);
    public byte[] ModifiedFrame => modified ??= WatchFrames.Encode("MODIFIED"u8, current!.Json);

    /// <summary>The last state of the object, as of the revision that took it away from the watcher.</summary>
    public byte[] DeletedFrame => deleted ??= WatchFrames.Encode("DELETED"u8, previous!.At(revision).Json);
}

internal static class WatchFrames
{
    internal static byte[] Encode(ReadOnlySpan<byte> type, ReadOnlySpan<byte> json)
    {
        ReadOnlySpan<byte> head = "{\"type\":\""u8, middle = "\",\"object\":"u8;
        var frame = new byte[head.Length + type.Length + middle.Length + json.Length + 2];
        var rest = frame.AsSpan();
        head.CopyTo(rest); rest = rest[head.Length..];
        type.CopyTo(rest); rest = rest[type.Length..];
        middle.CopyTo(rest); rest = rest[middle.Length..];
        json.CopyTo(rest); rest = rest[json.Length..];
        rest[0] = (byte)'}';
        rest[1] = (byte)'\n';
        return frame;
    }
}
