namespace Gureum.ApiServer.Fairness;

/// <summary>A request that waits for seats. Guarded by its level.</summary>
internal sealed class WaitingRequest(int seats, ulong hash, FlowCounts counts)
{
    internal int Seats => seats;
    internal ulong Hash => hash;
    internal FlowCounts Counts => counts;

    /// <summary>Done with true when it may run, with false when it may not wait any longer.</summary>
    internal TaskCompletionSource<bool> Decision { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    internal FairQueue? Queue { get; set; }

    /// <summary>When it would begin in the virtual time of its queues.</summary>
    internal double Start { get; set; }
}

/// <summary>One queue. Guarded by its level.</summary>
internal sealed class FairQueue
{
    internal LinkedList<WaitingRequest> Waiting { get; } = [];

    /// <summary>Seats of what waits, and of what was let in from here and still runs.</summary>
    internal int WaitingSeats { get; set; }
    internal int RunningSeats { get; set; }

    /// <summary>The virtual time at which the last request that came here would end.</summary>
    internal double Finish { get; set; }
}

/// <summary>
/// Queues served by start-time fair queuing (Goyal, Vin, Cheng 1996): every queue that waits gets its turn in proportion to the seats that its
/// requests take, however many it holds. Knows no clock; not thread-safe.
/// </summary>
internal sealed class FairQueues
{
    private readonly FairQueue[] queues;
    private readonly int handSize, mostInQueue;
    private double now;

    internal FairQueues(int count, int handSize, int mostInQueue)
    {
        (this.handSize, this.mostInQueue) = (Math.Min(handSize, count), mostInQueue);
        queues = new FairQueue[count];
        for (var i = 0; i < count; i++) queues[i] = new FairQueue();
    }

    internal int Count { get; private set; }

    /// <summary>Puts a request into the emptiest queue of its flow's hand.</summary>
    /// <returns>False when that is full.</returns>
    internal bool Add(WaitingRequest request)
    {
        var queue = Choose(request.Hash);
        if (queue.Waiting.Count >= mostInQueue) return false;
        request.Queue = queue;
        request.Start = Math.Max(now, queue.Finish);
        queue.Finish = request.Start + request.Seats;
        queue.Waiting.AddLast(request);
        queue.WaitingSeats += request.Seats;
        Count++;
        return true;
    }

    private FairQueue Choose(ulong hash)
    {
        if (queues.Length == 1) return queues[0];
        Span<int> hand = stackalloc int[handSize];
        ShuffleShard.Deal(hash, queues.Length, hand);
        var best = queues[hand[0]];
        foreach (var card in hand[1..])
        {
            var other = queues[card];
            if (other.WaitingSeats + other.RunningSeats < best.WaitingSeats + best.RunningSeats) best = other;
        }
        return best;
    }

    /// <summary>Whose turn it is; null when nobody waits.</summary>
    internal WaitingRequest? Next()
    {
        if (Count == 0) return null;
        WaitingRequest? next = null;
        foreach (var queue in queues)
            if (queue.Waiting.First is { Value: var first } && (next is null || first.Start < next.Start)) next = first;
        return next;
    }

    /// <summary>Takes a request out to run.</summary>
    internal void Dispatch(WaitingRequest request)
    {
        Take(request);
        now = Math.Max(now, request.Start);
        request.Queue!.RunningSeats += request.Seats;
    }

    /// <summary>Takes out a request that gave up, and what it would have cost its queue.</summary>
    internal void Abandon(WaitingRequest request)
    {
        var queue = request.Queue!;
        for (var later = queue.Waiting.Find(request)?.Next; later is not null; later = later.Next) later.Value.Start -= request.Seats;
        queue.Finish -= request.Seats;
        Take(request);
    }

    private void Take(WaitingRequest request)
    {
        request.Queue!.Waiting.Remove(request);
        request.Queue.WaitingSeats -= request.Seats;
        Count--;
    }

    /// <summary>A request that was let in from here has ended.</summary>
    /// <param name="weight">How long it took, as a multiple of what a request was thought to take: who takes longer comes later again.</param>
    internal static void Finished(WaitingRequest request, double weight)
    {
        var queue = request.Queue!;
        queue.RunningSeats -= request.Seats;
        var more = request.Seats * (weight - 1);
        foreach (var waiting in queue.Waiting) waiting.Start += more;
        queue.Finish += more;
    }

    /// <summary>Everything that waits, in the order of its turn.</summary>
    internal List<WaitingRequest> Drain()
    {
        var all = new List<WaitingRequest>(Count);
        while (Next() is { } next)
        {
            Take(next);
            all.Add(next);
        }
        return all;
    }
}
