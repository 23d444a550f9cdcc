using System.Globalization;
using System.Text;
using Gureum.ApiServer.Registry;
using Gureum.ApiServer.State;

namespace Gureum.ApiServer.Responses;

/// <summary>
/// One client's view of a watch: it turns changes of the collection into the frames that this client's selectors let
/// through. Not thread-safe: one loop drives it.
/// </summary>
public sealed class WatchStream(Resource resource, ListRequest request, Watcher? watcher, IReadOnlyList<StateChange> past, Root root, WatchForm form) : IDisposable
{
    private static readonly System.Threading.Channels.ChannelReader<StateChange> Nothing = Ended();

    /// <summary>A watch that cannot be had: it says why, and ends.</summary>
    internal static WatchStream Failed(Resource resource, ListRequest request, Root root, WatchForm form, Errors.ApiError why) => new(resource, request, null, [], root, form) { Failure = why };

    private static readonly TimeSpan BookmarkInterval = TimeSpan.FromSeconds(50), BeforeTheEnd = TimeSpan.FromSeconds(2);

    private enum LastWord { Far, Next, Said }

    private LastWord lastWord;

    public TimeSpan Timeout { get; } = request.Timeout ?? TimeSpan.FromSeconds(1800 + Random.Shared.Next(1800));

    /// <summary>Objects that are there already, sent as added before the changes; empty unless the client wants them.</summary>
    public IReadOnlyList<StoredObject> Initial { get; set; } = [];

    public bool Binary => form.Binary;

    /// <summary>
    /// How long to wait for changes before a bookmark goes out: about a minute, or less just before the end, so that the
    /// client comes again from where it was. Endless when the client does not want any.
    /// </summary>
    /// <param name="past">How long the watch has been going on.</param>
    public TimeSpan UntilBookmark(TimeSpan past)
    {
        var last = Timeout - BeforeTheEnd - past;
        if (!request.Bookmarks || last <= TimeSpan.Zero || lastWord == LastWord.Said) return System.Threading.Timeout.InfiniteTimeSpan;
        if (last >= BookmarkInterval) return BookmarkInterval;
        lastWord = LastWord.Next;
        return last;
    }

    /// <summary>Why there is nothing to watch; null for a watch that is on.</summary>
    public Errors.ApiError? Failure { get; private init; }

    /// <summary>What converts the watcher's changes on their way; null where they go out as they are.</summary>
    internal Definitions.Conversion.ConvertedChanges? Through { get; private set; }

    /// <summary>Has somebody outside convert all that is shown; selectors are for what comes of it.</summary>
    internal async ValueTask ConvertAsync(CancellationToken cancel)
    {
        if (watcher is null) return;
        try
        {
            Initial = [.. (await ObjectRegistry.ShowAsync(resource, Initial, cancel)).Where(o => ObjectRegistry.Matches(resource, request, o))];
            past = await Definitions.Conversion.ConvertedChanges.ConvertAsync(resource, past, cancel);
            Through = new Definitions.Conversion.ConvertedChanges(resource, watcher);
        }
        catch
        {
            watcher.Dispose();
            throw;
        }
    }

    public System.Threading.Channels.ChannelReader<StateChange> Changes => Through?.Reader ?? watcher?.Changes ?? Nothing;

    /// <summary>Set when the client has fallen so far behind that it has lost changes: what waits may still be sent.</summary>
    public CancellationToken Lost => watcher?.Lost ?? CancellationToken.None;

    public long Revision { get; private set; } = root.Revision;

    /// <summary>Frames to send before any live change.</summary>
    public IEnumerable<ReadOnlyMemory<byte>> Opening()
    {
        if (Failure is { } failure)
        {
            yield return form.OfError(Gureum.Objects.Models.ModelJson.Encode(new StatusDocument(failure.Status)));
            yield break;
        }
        foreach (var stored in Initial) yield return form.OfFrame(WatchFrames.Encode("ADDED"u8, stored.Json));
        if (request.SendInitialEvents == true && request.Bookmarks) yield return Bookmark(initialEventsEnd: true);
        foreach (var change in past)
            if (Frame(change) is { } frame) yield return frame;
    }

    /// <summary>The frame of a change for this client, or null when it does not concern it.</summary>
    public ReadOnlyMemory<byte>? Frame(StateChange change)
    {
        Revision = change.Revision;
        var was = change.Previous is { } previous && ObjectRegistry.Matches(resource, request, previous);
        var matches = change.Current is { } current && ObjectRegistry.Matches(resource, request, current);
        if (!was && !matches) return null;
        return form.OfChange(change, !matches ? ChangeKind.Deleted : was ? ChangeKind.Modified : ChangeKind.Added);
    }

    /// <summary>How far the watch will have come once everything that waits has been read; ask before reading it.</summary>
    public long Reached => Through is null ? Math.Max(Revision, watcher?.Reached ?? 0) : Revision;

    /// <summary>Tells how far the watch has come.</summary>
    public ReadOnlyMemory<byte> Bookmark(long reached)
    {
        Revision = Math.Max(Revision, reached);
        if (lastWord == LastWord.Next) lastWord = LastWord.Said;
        return Bookmark(initialEventsEnd: false);
    }

    private ReadOnlyMemory<byte> Bookmark(bool initialEventsEnd)
    {
        var annotations = initialEventsEnd ? ",\"annotations\":{\"k8s.io/initial-events-end\":\"true\"}" : "";
        var (kind, version, revision) = (resource.Type.Kind, resource.Type.ApiVersion, Revision.ToString(CultureInfo.InvariantCulture));
        return form.OfFrame(Encoding.UTF8.GetBytes("{\"type\":\"BOOKMARK\",\"object\":{\"kind\":\"" + kind + "\",\"apiVersion\":\"" + version
            + "\",\"metadata\":{\"resourceVersion\":\"" + revision + "\",\"creationTimestamp\":null" + annotations + "}}}\n"));
    }

    private static System.Threading.Channels.ChannelReader<StateChange> Ended()
    {
        var channel = System.Threading.Channels.Channel.CreateUnbounded<StateChange>();
        channel.Writer.Complete();
        return channel.Reader;
    }

    /// <summary>Called once: when what was there at first has been sent, or the watch ends before.</summary>
    internal Action? Opened { get; set; }

    internal void HasOpened()
    {
        var opened = Opened;
        Opened = null;
        opened?.Invoke();
    }

    public void Dispose()
    {
        HasOpened();
        Through?.Dispose();
        watcher?.Dispose();
    }
}
