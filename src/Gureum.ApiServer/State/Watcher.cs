using System.Threading.Channels;

namespace Gureum.ApiServer.State;

/// <summary>
/// One subscription to changes of a collection (thread-safe state). Changes queue up to a limit; a reader that falls
/// further behind is cut off, so that it costs nobody else anything.
/// </summary>
public sealed class Watcher : IDisposable
{
    private readonly Channel<StateChange> queue;
    private readonly Action<Watcher> leave;
    private readonly long after;
    private readonly Func<long> delivered;
    private readonly CancellationTokenSource lost = new();

    internal Watcher(string collection, string prefix, long after, int capacity, FanOut fanOut)
    {
        delivered = () => fanOut.Delivered;
        leave = fanOut.Leave;
        Collection = collection;
        Prefix = prefix;
        this.after = after;
        queue = Channel.CreateBounded<StateChange>(new BoundedChannelOptions(capacity) { SingleReader = true, SingleWriter = true });
    }

    internal string Collection { get; }
    internal string Prefix { get; }

    /// <summary>Changes in revision order; completes when the watcher was cut off or the server stops.</summary>
    public ChannelReader<StateChange> Changes => queue.Reader;

    /// <summary>Whoever has read what waits now has seen every change up to this revision.</summary>
    public long Reached => Math.Max(after, delivered());

    /// <summary>True when the reader was too slow and lost changes: its client must start again from what it has.</summary>
    public bool CutOff => lost.IsCancellationRequested;

    /// <summary>Tells whoever is busy sending that the watcher was cut off; nothing runs under the lock of those who deliver.</summary>
    public CancellationToken Lost => lost.Token;

    /// <returns>False when the change is none of this watcher's: outside its prefix, of before it came, or after it was cut off.</returns>
    internal bool Offer(StateChange change)
    {
        if (change.Revision <= after || CutOff || !change.Key.StartsWith(Prefix, StringComparison.Ordinal)) return false;
        if (queue.Writer.TryWrite(change)) return true;
        // Of one who has left there is nothing to say.
        if (!queue.Writer.TryComplete()) return false;
        _ = lost.CancelAsync();
        return true;
    }

    internal void Complete() => queue.Writer.TryComplete();

    public void Dispose() => leave(this);
}
