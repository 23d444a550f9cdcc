namespace Gureum.ApiServer.Fairness;

/// <summary>One priority level: the seats that it uses (atomic), and who waits for more (guarded by its pool).</summary>
internal sealed class PriorityLevel
{
    private LevelLimits limits;
    private FairQueues? queues;
    private int used, waiting;

    internal PriorityLevel(string name, LevelLimits limits)
    {
        (Name, this.limits) = (name, limits);
        queues = Make(limits);
    }

    internal string Name { get; }
    internal LevelLimits Limits => Volatile.Read(ref limits);
    internal int Used => Volatile.Read(ref used);
    internal bool HasWaiting => Volatile.Read(ref waiting) > 0;
    internal WaitingRequest? Next => queues?.Next();

    private static FairQueues? Make(LevelLimits limits) => limits.Queues == 0 ? null : new FairQueues(limits.Queues, limits.HandSize, limits.QueueLength);

    /// <summary>Takes seats if so many are not all used.</summary>
    internal bool TryTake(int seats, int most)
    {
        if (Interlocked.Add(ref used, seats) <= most) return true;
        Interlocked.Add(ref used, -seats);
        return false;
    }

    internal void Take(int seats) => Interlocked.Add(ref used, seats);
    internal void Give(int seats) => Interlocked.Add(ref used, -seats);

    internal bool TryQueue(WaitingRequest request)
    {
        if (queues?.Add(request) != true) return false;
        Volatile.Write(ref waiting, queues.Count);
        return true;
    }

    internal void Dispatch(WaitingRequest request)
    {
        queues!.Dispatch(request);
        Volatile.Write(ref waiting, queues.Count);
    }

    internal void Abandon(WaitingRequest request)
    {
        queues!.Abandon(request);
        Volatile.Write(ref waiting, queues.Count);
    }

    internal IReadOnlyList<WaitingRequest> Drain()
    {
        Volatile.Write(ref waiting, 0);
        return queues?.Drain() ?? [];
    }

    /// <summary>Takes new limits; gives those that had waited and have no room in the new queues.</summary>
    internal IReadOnlyList<WaitingRequest> Configure(LevelLimits now)
    {
        var before = limits;
        Volatile.Write(ref limits, now);
        if ((before.Queues, before.HandSize, before.QueueLength) == (now.Queues, now.HandSize, now.QueueLength)) return [];
        var waited = Drain();
        queues = Make(now);
        return [.. waited.Where(request => !TryQueue(request))];
    }
}
