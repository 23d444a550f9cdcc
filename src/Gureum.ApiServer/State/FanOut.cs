namespace Gureum.ApiServer.State;

/// <summary>
/// Hands changes to watchers (thread-safe state). A change goes out at once, unless so many watchers were woken just before
/// that waking them again would cost more than the change: then changes gather for <see cref="Pace"/>, and each watcher gets
/// them in one go, as one write on its connection.
/// </summary>
internal sealed class FanOut : IAsyncDisposable
{
    /// <summary>How long changes gather while many watch.</summary>
    internal static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(2);

    /// <summary>From this many woken watchers on, changes gather.</summary>
    internal const int Many = 16;

    private readonly Lock gate = new();
    private readonly Dictionary<string, List<Watcher>> watchers = new(StringComparer.Ordinal);
    private readonly CancellationTokenSource stop = new();
    private List<StateChange> gathered = [];
    private Task pause = Task.CompletedTask;
    private long delivered;

    /// <summary>Every change up to this revision waits with its watchers, if it has not been sent already.</summary>
    internal long Delivered => Volatile.Read(ref delivered);

    internal int Count
    {
        get { lock (gate) return watchers.Values.Sum(w => w.Count); }
    }

    internal void Join(Watcher watcher)
    {
        lock (gate)
        {
            if (!watchers.TryGetValue(watcher.Collection, out var list)) watchers[watcher.Collection] = list = [];
            list.Add(watcher);
        }
    }

    internal void Leave(Watcher watcher)
    {
        lock (gate)
        {
            if (watchers.TryGetValue(watcher.Collection, out var list) && list.Remove(watcher) && list.Count == 0) watchers.Remove(watcher.Collection);
        }
        watcher.Complete();
    }

    /// <summary>Takes changes in revision order.</summary>
    internal void Send(IReadOnlyList<StateChange> changes)
    {
        lock (gate)
        {
            gathered.AddRange(changes);
            if (pause.IsCompleted) Deliver();
        }
    }

    // Under the gate.
    private void Deliver()
    {
        var (changes, woken) = (gathered, new HashSet<Watcher>());
        gathered = [];
        foreach (var change in changes)
            if (watchers.TryGetValue(Keys.CollectionOf(change.Key), out var list))
                foreach (var watcher in list)
                    if (watcher.Offer(change)) woken.Add(watcher);
        if (changes.Count > 0) Volatile.Write(ref delivered, changes[^1].Revision);
        if (woken.Count >= Many && !stop.IsCancellationRequested) pause = GatherAsync();
    }

    private async Task GatherAsync()
    {
        await Task.Delay(Pace, stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ForceYielding);
        lock (gate)
        {
            pause = Task.CompletedTask;
            if (gathered.Count > 0) Deliver();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        Task last;
        lock (gate) last = pause;
        await last;
        lock (gate)
        {
            foreach (var watcher in watchers.Values.SelectMany(w => w)) watcher.Complete();
        }
        stop.Dispose();
    }
}
