namespace Gureum.Client;

/// <summary>
/// Keys waiting for work (thread-safe state). A key is handed out to one worker at a time; added again meanwhile it comes
/// once more afterwards. Failed keys come back with exponential back-off.
/// </summary>
public sealed class WorkQueue<TKey>(TimeProvider time) where TKey : notnull
{
    private static readonly TimeSpan LongestWait = TimeSpan.FromDays(1);

    private readonly Lock gate = new();
    private readonly LinkedList<TKey> order = new();
    private readonly HashSet<TKey> queued = [];
    private readonly HashSet<TKey> working = [];
    private readonly HashSet<TKey> again = [];
    private readonly Dictionary<TKey, int> failures = [];
    private readonly PriorityQueue<TKey, DateTimeOffset> delayed = new();
    private readonly Dictionary<TKey, DateTimeOffset> due = [];
    private readonly SemaphoreSlim available = new(0);
    private ITimer? timer;

    /// <summary>First retry delay; doubles with each failure up to <see cref="LongestRetry"/>.</summary>
    public TimeSpan FirstRetry { get; init; } = TimeSpan.FromMilliseconds(5);
    public TimeSpan LongestRetry { get; init; } = TimeSpan.FromSeconds(60);

    public void Add(TKey key)
    {
        lock (gate) Enqueue(key);
    }

    /// <summary>Adds the key after a delay; an earlier appointment of the same key stands, a later one is brought forward.</summary>
    public void AddAfter(TKey key, TimeSpan delay)
    {
        if (delay <= TimeSpan.Zero) { Add(key); return; }
        lock (gate)
        {
            var at = time.GetUtcNow() + delay;
            if (due.TryGetValue(key, out var known) && known <= at) return;
            due[key] = at;
            delayed.Enqueue(key, at);
            Arm();
        }
    }

    /// <summary>Adds the key after its back-off, one failure more.</summary>
    public void Retry(TKey key)
    {
        TimeSpan delay;
        lock (gate)
        {
            var count = failures[key] = failures.GetValueOrDefault(key) + 1;
            delay = TimeSpan.FromTicks((long)Math.Min(LongestRetry.Ticks, FirstRetry.Ticks * Math.Pow(2, Math.Min(count - 1, 40))));
        }
        AddAfter(key, delay);
    }

    public int Failures(TKey key)
    {
        lock (gate) return failures.GetValueOrDefault(key);
    }

    /// <summary>Forgets the failures of a key.</summary>
    public void Forget(TKey key)
    {
        lock (gate) failures.Remove(key);
    }

    /// <summary>The next key; call <see cref="Done"/> when its work has ended.</summary>
    public async Task<TKey> TakeAsync(CancellationToken cancel)
    {
        await available.WaitAsync(cancel);
        lock (gate) return TakeFirst();
    }

    /// <summary>The next key if there is one now.</summary>
    public bool TryTake(out TKey key)
    {
        key = default!;
        if (!available.Wait(0)) return false;
        lock (gate) key = TakeFirst();
        return true;
    }

    public void Done(TKey key)
    {
        lock (gate)
        {
            working.Remove(key);
            if (again.Remove(key)) Enqueue(key);
        }
    }

    private TKey TakeFirst()
    {
        var key = order.First!.Value;
        order.RemoveFirst();
        queued.Remove(key);
        working.Add(key);
        return key;
    }

    private void Enqueue(TKey key)
    {
        if (working.Contains(key)) { again.Add(key); return; }
        if (!queued.Add(key)) return;
        order.AddLast(key);
        available.Release();
    }

    private void Arm()
    {
        if (!delayed.TryPeek(out _, out var at)) return;
        var wait = at - time.GetUtcNow();
        // Timers cannot be set for longer than 49 days: a far appointment is looked at again on the way.
        wait = wait < TimeSpan.Zero ? TimeSpan.Zero : wait > LongestWait ? LongestWait : wait;
        if (timer is null) timer = time.CreateTimer(_ => Ring(), null, wait, Timeout.InfiniteTimeSpan);
        else timer.Change(wait, Timeout.InfiniteTimeSpan);
    }

    private void Ring()
    {
        lock (gate)
        {
            var now = time.GetUtcNow();
            while (delayed.TryPeek(out var key, out var at) && at <= now)
            {
                delayed.Dequeue();
                if (!due.TryGetValue(key, out var known) || known != at) continue;
                due.Remove(key);
                Enqueue(key);
            }
            Arm();
        }
    }
}
