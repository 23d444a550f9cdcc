using Gureum.Client;
using Gureum.Scheduler.Snapshots;

namespace Gureum.Scheduler.Queue;

/// <summary>
/// Pods waiting to be scheduled (thread-safe state): ready ones by priority and age; refused ones wait until something
/// changes that may help them, and at least for their back-off (1 s doubling to 10 s); after five minutes they try anyway.
/// </summary>
public sealed class SchedulingQueue(TimeProvider time)
{
    private sealed class Entry(PodInfo pod, long order)
    {
        internal PodInfo Pod = pod;
        internal readonly long Order = order;
        internal int Attempts;
        internal State State;
        internal DateTimeOffset BackedOffUntil, Since;
        internal IReadOnlySet<string> Rules = NoRules;
        // Changes while the pod was being tried: what it was refused for may be over already.
        internal long SeenChanges;
    }

    private enum State { Ready, InWork, BackingOff, Refused }

    private static readonly IReadOnlySet<string> NoRules = new HashSet<string>();
    private static readonly TimeSpan FirstBackOff = TimeSpan.FromSeconds(1), LongestBackOff = TimeSpan.FromSeconds(10), Longest = TimeSpan.FromMinutes(5);

    private readonly Lock gate = new();
    private readonly Dictionary<ObjectKey, Entry> entries = [];
    private readonly PriorityQueue<Entry, (int, long)> ready = new();
    private readonly PriorityQueue<Entry, DateTimeOffset> backingOff = new();
    private readonly List<(long Number, ClusterChange Change)> recent = [];
    private readonly SemaphoreSlim available = new(0);
    private long orders, changes;

    /// <summary>How many pods wait, in work or not.</summary>
    public int Count { get { lock (gate) return entries.Count; } }

    /// <summary>Adds a new pod, or takes over a changed one; a change of its own may make a refused pod schedulable.</summary>
    public void Set(PodInfo pod, bool specChanged)
    {
        lock (gate)
        {
            if (entries.TryGetValue(pod.Key, out var entry) && entry.Pod.Uid == pod.Uid)
            {
                entry.Pod = pod;
                if (specChanged && entry.State == State.Refused) Admit(entry);
                return;
            }
            entries[pod.Key] = entry = new Entry(pod, orders++);
            MakeReady(entry);
        }
    }

    public void Remove(ObjectKey key)
    {
        lock (gate) entries.Remove(key);
    }

    /// <summary>The next pod to try; afterwards <see cref="Done"/> or <see cref="Refuse"/> it.</summary>
    public async Task<PodInfo> TakeAsync(CancellationToken cancel)
    {
        while (true)
        {
            await available.WaitAsync(cancel);
            lock (gate)
            {
                if (!ready.TryDequeue(out var entry, out _) || entry.State != State.Ready || entries.GetValueOrDefault(entry.Pod.Key) != entry) continue;
                (entry.State, entry.SeenChanges) = (State.InWork, changes);
                entry.Attempts++;
                return entry.Pod;
            }
        }
    }

    /// <summary>The pod is placed.</summary>
    public void Done(PodInfo pod)
    {
        lock (gate) if (entries.TryGetValue(pod.Key, out var entry) && entry.Pod.Uid == pod.Uid) entries.Remove(pod.Key);
    }

    /// <summary>The pod found no node; no rules given means that trying failed, and it tries again after its back-off.</summary>
    public void Refuse(PodInfo pod, IReadOnlySet<string>? rules)
    {
        lock (gate)
        {
            if (!entries.TryGetValue(pod.Key, out var entry) || entry.Pod.Uid != pod.Uid) return;
            entry.Rules = rules ?? NoRules;
            entry.Since = time.GetUtcNow();
            entry.BackedOffUntil = entry.Since + BackOff(entry.Attempts);
            entry.State = State.Refused;
            if (rules is null || recent.Exists(r => r.Number > entry.SeenChanges && Helps(entry, r.Change))) Admit(entry);
        }
    }

    /// <summary>Something changed: pods that it may help come back.</summary>
    public void Move(ClusterChange change)
    {
        lock (gate)
        {
            recent.Add((++changes, change));
            if (recent.Count > 64) recent.RemoveRange(0, 32);
            foreach (var (_, entry) in entries)
                if (entry.State == State.Refused && Helps(entry, change)) Admit(entry);
        }
    }

    /// <summary>Brings back what has waited long enough; call it now and then.</summary>
    public void Tick()
    {
        lock (gate)
        {
            var now = time.GetUtcNow();
            while (backingOff.TryPeek(out var entry, out var at) && at <= now)
            {
                backingOff.Dequeue();
                if (entry.State == State.BackingOff) MakeReady(entry);
            }
            foreach (var (_, entry) in entries)
                if (entry.State == State.Refused && now - entry.Since > Longest) Admit(entry);
        }
    }

    private static bool Helps(Entry entry, ClusterChange change)
    {
        foreach (var rule in entry.Rules)
            if (Hopes.May(change, rule)) return true;
        return entry.Rules.Count == 0;
    }

    private void Admit(Entry entry)
    {
        if (entry.BackedOffUntil <= time.GetUtcNow()) { MakeReady(entry); return; }
        entry.State = State.BackingOff;
        backingOff.Enqueue(entry, entry.BackedOffUntil);
    }

    private void MakeReady(Entry entry)
    {
        entry.State = State.Ready;
        ready.Enqueue(entry, (-entry.Pod.Priority, entry.Order));
        available.Release();
    }

    private static TimeSpan BackOff(int attempts)
    {
        var delay = FirstBackOff * Math.Pow(2, Math.Min(attempts - 1, 10));
        return delay < LongestBackOff ? delay : LongestBackOff;
    }
}
