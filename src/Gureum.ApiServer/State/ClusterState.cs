using Gureum.Client;
using Gureum.Store;
using Gureum.Store.Tree;

namespace Gureum.ApiServer.State;

/// <summary>
/// The state of the cluster as a value (thread-safe state): the newest root, the recent ones, and the changes between
/// them. It is fed by the store's watch alone, so that every server over one store sees the same sequence.
/// </summary>
public sealed class ClusterState : IAsyncDisposable
{
    /// <summary>Changes remembered for watches and lists that ask for the past.</summary>
    public const int HistoryLimit = 10_000;

    /// <summary>Bytes of objects that those changes may hold, beyond the newest <see cref="HistoryFloor"/> of them.</summary>
    public const long HistoryBytes = 32L * 1024 * 1024;
    public const int HistoryFloor = 1_000;

    /// <summary>Most changes between two roots that are remembered: each root holds nodes of the tree that no other has.</summary>
    private const int MostBetweenRoots = 64;

    /// <summary>Changes that keep the frames that watchers were sent: one that lags further behind makes its own.</summary>
    private const int FreshLimit = 256;

    /// <summary>Changes that may wait for one watcher before it is cut off.</summary>
    public const int WatcherLimit = 8_192;

    private readonly IStore store;
    private readonly CancellationTokenSource stop = new();
    private readonly Lock gate = new();
    // Not every change has a root: what lies between two of them is made again of the earlier one.
    private readonly Queue<(StateChange Change, Root? Root)> history = new();
    private readonly Queue<StateChange> fresh = new();
    private readonly FanOut fanOut = new();
    private readonly Dictionary<string, long> changed = new(StringComparer.Ordinal);
    private readonly PriorityQueue<TaskCompletionSource, long> waiting = new();
    private volatile Root newest;
    private Root before;
    private long oldest, listable, historyBytes;
    private int sinceRoot;
    private Task feed = Task.CompletedTask;

    private ClusterState(IStore store, Root root)
    {
        this.store = store;
        // What was there before the first change that is remembered.
        newest = before = root;
        oldest = root.Revision;
    }

    /// <summary>The newest state.</summary>
    public Root Newest => newest;

    /// <summary>Why the newest write did not reach the store; null while writes succeed.</summary>
    public string? Problem { get; private set; }

    /// <summary>Reads the whole store and follows it from there.</summary>
    public static async Task<ClusterState> OpenAsync(IStore store, CancellationToken cancel = default)
    {
        var range = await store.RangeAsync(Keys.All, Keys.EndOf(Keys.All), cancel: cancel);
        var tree = SortedTree<StoredObject>.FromSorted(range.Entries.Select(e => new KeyValuePair<string, StoredObject>(e.Key, new StoredObject(e.Key, e.Value, e.CreateRevision, e.ModRevision))));
        var state = new ClusterState(store, new Root(range.Revision, tree));
        state.feed = Task.Run(() => state.FollowAsync(state.stop.Token), CancellationToken.None);
        return state;
    }

    /// <summary>Writes one object and completes when <see cref="Newest"/> shows it, or what was in the way.</summary>
    /// <exception cref="StoreUnavailableException">See <see cref="IStore"/>.</exception>
    public async ValueTask<WriteResult> WriteAsync(Write write)
    {
        try
        {
            var result = await store.WriteAsync(write);
            Problem = null;
            // Who lost a race and tries again must not start from what it started from before.
            if ((result.Succeeded ? result.Revision : result.Current?.ModRevision) is { } shown) await AppliedAsync(shown);
            return result;
        }
        catch (StoreUnavailableException e)
        {
            Problem = e.Message;
            throw;
        }
    }

    /// <summary>Completes when the state has reached the revision.</summary>
    public Task AppliedAsync(long revision)
    {
        if (newest.Revision >= revision) return Task.CompletedTask;
        lock (gate)
        {
            if (newest.Revision >= revision) return Task.CompletedTask;
            var source = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            waiting.Enqueue(source, revision);
            return source.Task;
        }
    }

    /// <summary>The state as of a revision, or null when it is no longer remembered.</summary>
    public Root? At(long revision)
    {
        lock (gate)
        {
            if (revision >= newest.Revision) return revision == newest.Revision ? newest : null;
            if (revision < oldest || revision < listable) return null;
            var found = before;
            foreach (var (change, root) in history)
            {
                if (change.Revision > revision) break;
                found = root is not null && root.Revision <= revision ? root : new Root(change.Revision, After(found.Objects, change.Key, change.Current));
            }
            // Between two changes the state stays as the earlier one left it.
            return found with { Revision = revision };
        }
    }

    /// <summary>States before a revision are not to be shown any more: lists that still want them expire, as those of a store that was compacted.</summary>
    public void ForgetBefore(long revision)
    {
        lock (gate) listable = Math.Max(listable, Math.Min(revision, newest.Revision));
    }

    /// <summary>The revision of the last change to a collection; 0 when it has not changed since the start.</summary>
    public long LastChange(string collection)
    {
        lock (gate) return changed.GetValueOrDefault(collection);
    }

    /// <summary>
    /// Subscribes to changes under a prefix of one collection after a revision. The past comes as a list, the rest through
    /// the watcher, without gap or repetition.
    /// </summary>
    /// <exception cref="RevisionCompactedException">The revision is older than what is remembered.</exception>
    public (Watcher Watcher, IReadOnlyList<StateChange> Past, Root Root) Watch(string prefix, long afterRevision)
    {
        var collection = Keys.CollectionOf(prefix);
        lock (gate)
        {
            if (afterRevision < oldest) throw new RevisionCompactedException(afterRevision, oldest);
            var past = afterRevision >= newest.Revision ? []
                : history.Where(h => h.Change.Revision > afterRevision && h.Change.Key.StartsWith(prefix, StringComparison.Ordinal)).Select(h => h.Change).ToList();
            // Who starts from a revision to come is told nothing before it.
            var watcher = new Watcher(collection, prefix, Math.Max(afterRevision, newest.Revision), WatcherLimit, fanOut);
            fanOut.Join(watcher);
            return (watcher, past, newest);
        }
    }

    /// <summary>Watchers connected now.</summary>
    public int WatcherCount => fanOut.Count;

    private async Task FollowAsync(CancellationToken cancel)
    {
        while (!cancel.IsCancellationRequested)
        {
            try
            {
                await foreach (var batch in store.WatchAsync(Keys.All, newest.Revision, cancel)) Apply(batch);
            }
            catch (OperationCanceledException) when (cancel.IsCancellationRequested) { return; }
            catch (StoreUnavailableException e)
            {
                Log.Current.Error("state", "the store's watch broke; reading on in a second", e);
                await Task.Delay(TimeSpan.FromSeconds(1), cancel).ContinueWith(static _ => { }, TaskScheduler.Default);
            }
        }
    }

    private void Apply(IReadOnlyList<Change> batch)
    {
        List<TaskCompletionSource>? ready = null;
        var steps = new List<StateChange>(batch.Count);
        lock (gate)
        {
            for (var i = 0; i < batch.Count; i++)
                if (Apply(batch[i], last: i == batch.Count - 1) is { } step) steps.Add(step);
            while (waiting.TryPeek(out var source, out var revision) && revision <= newest.Revision)
            {
                waiting.Dequeue();
                (ready ??= []).Add(source);
            }
        }
        if (ready is not null)
            foreach (var source in ready) source.TrySetResult();
        fanOut.Send(steps);
    }

    private StateChange? Apply(Change change, bool last)
    {
        var previous = newest.Get(change.Key);
        var current = change.Current is { } entry ? new StoredObject(entry.Key, entry.Value, entry.CreateRevision, entry.ModRevision) : null;
        newest = new Root(change.Revision, After(newest.Objects, change.Key, current));
        if (current is null && previous is null) return null;
        var step = new StateChange(change.Revision, change.Key, current, previous);
        sinceRoot = last || sinceRoot + 1 == MostBetweenRoots ? 0 : sinceRoot + 1;
        history.Enqueue((step, sinceRoot == 0 ? newest : null));
        historyBytes += Weight(step);
        while (history.Count > HistoryLimit || (historyBytes > HistoryBytes && history.Count > HistoryFloor)) Forget();
        fresh.Enqueue(step);
        if (fresh.Count > FreshLimit) fresh.Dequeue().ForgetFrames();
        changed[Keys.CollectionOf(change.Key)] = change.Revision;
        return step;
    }

    private static SortedTree<StoredObject> After(SortedTree<StoredObject> objects, string key, StoredObject? current) => current is null ? objects.Remove(key) : objects.Set(key, current);

    // As far as the next root.
    private void Forget()
    {
        Root? root;
        do
        {
            (var gone, root) = history.Dequeue();
            oldest = gone.Revision;
            historyBytes -= Weight(gone);
        }
        while (root is null);
        before = root;
    }

    private static long Weight(StateChange change) => change.Current?.Json.Length ?? change.Previous!.Json.Length;

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        await feed;
        await fanOut.DisposeAsync();
        lock (gate)
        {
            while (waiting.TryDequeue(out var source, out _)) source.TrySetException(new StoreUnavailableException("the server is stopping"));
        }
        stop.Dispose();
    }
}
