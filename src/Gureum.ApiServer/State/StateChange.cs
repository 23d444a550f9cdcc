namespace Gureum.ApiServer.State;

/// <summary>What a change is to a watcher.</summary>
public enum ChangeKind { Added, Modified, Deleted }

/// <summary>
/// One step from one state to the next (immutable). The frames that watchers send are encoded once, by whoever needs them
/// first, and kept while the change is new.
/// </summary>
public sealed class StateChange(long revision, string key, StoredObject? current, StoredObject? previous)
{
    private readonly byte[]?[] frames = new byte[]?[3];
    private OtherFrames? others;
    private StoredObject? deleted;

    public long Revision => revision;
    public string Key => key;
    public StoredObject? Current => current;
    public StoredObject? Previous => previous;

    /// <summary>The object that a frame shows: after a deletion the last state, as of the revision that took it away from the watcher.</summary>
    public StoredObject Shown(ChangeKind kind) => kind == ChangeKind.Deleted ? deleted ??= previous!.At(revision) : current!;

    /// <summary>{"type":"ADDED","object":…} and a line feed.</summary>
    public byte[] Frame(ChangeKind kind) => frames[(int)kind] ??= WatchFrames.Encode(WatchFrames.Name(kind), Shown(kind).Json);

    /// <summary>The frame in another form, which watchers that ask for the same one share; one other is kept.</summary>
    /// <param name="form">What tells forms apart.</param>
    public byte[] Frame(ChangeKind kind, object form, Func<StateChange, ChangeKind, byte[]> encode)
    {
        var kept = others ??= new OtherFrames(form, new byte[]?[3]);
        return kept.Form == form ? kept.Frames[(int)kind] ??= encode(this, kind) : encode(this, kind);
    }

    /// <summary>Lets go of the frames: those who watch have been sent them.</summary>
    internal void ForgetFrames()
    {
        Array.Clear(frames);
        others = null;
    }

    private sealed record OtherFrames(object Form, byte[]?[] Frames);
}

/// <summary>Frames of watches as JSON.</summary>
internal static class WatchFrames
{
    /// <summary>The type of an event, as clients know it.</summary>
    internal static ReadOnlySpan<byte> Name(ChangeKind kind) => kind switch { ChangeKind.Added => "ADDED"u8, ChangeKind.Modified => "MODIFIED"u8, _ => "DELETED"u8 };

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
