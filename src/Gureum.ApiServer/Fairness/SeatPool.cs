namespace Gureum.ApiServer.Fairness;

/// <summary>
/// The seats of one server, shared by its priority levels (thread-safe state). Each level has seats of its own; what it lends out goes to whoever
/// needs it, but first to levels that have less than their share. While a level uses only what is its own, entering and leaving is
/// one atomic addition.
/// </summary>
/// <param name="time">For how long requests run.</param>
internal sealed class SeatPool(TimeProvider time)
{
    /// <summary>What a request is thought to take before anything is known of it.</summary>
    internal static readonly TimeSpan UsualTime = TimeSpan.FromMilliseconds(3);

    private readonly Lock gate = new();
    private readonly List<PriorityLevel> levels = [];
    private int lendable, waiting;

    /// <summary>Requests that wait now.</summary>
    internal int Waiting => Volatile.Read(ref waiting);

    internal IReadOnlyList<PriorityLevel> Levels
    {
        get { lock (gate) return [.. levels]; }
    }

    /// <summary>Takes over new limits; levels keep what runs and waits in them.</summary>
    internal IReadOnlyDictionary<string, PriorityLevel> Configure(IReadOnlyDictionary<string, LevelLimits> limits)
    {
        lock (gate)
        {
            foreach (var gone in levels.Where(l => !limits.ContainsKey(l.Name)).ToList())
            {
                levels.Remove(gone);
                foreach (var request in gone.Drain()) { gone.Take(request.Seats); Interlocked.Decrement(ref waiting); request.Counts.Wait(-1); request.Decision.TrySetResult(true); }
            }
            foreach (var (name, limit) in limits)
            {
                if (levels.FirstOrDefault(l => l.Name == name) is { } known) { foreach (var lost in known.Configure(limit)) Refuse(lost, Rejection.QueueFull); }
                else levels.Add(new PriorityLevel(name, limit));
            }
            lendable = levels.Where(static l => !l.Limits.IsExempt).Sum(static l => l.Limits.Nominal - l.Limits.Lower);
            DispatchWaiting();
            return levels.ToDictionary(static l => l.Name, StringComparer.Ordinal);
        }
    }

    /// <summary>Takes seats that are the level's own and free: what nearly every request does.</summary>
    internal bool TryEnter(PriorityLevel level, FlowCounts counts, int seats, out Seats taken)
    {
        var limits = level.Limits;
        taken = default;
        if (limits.IsExempt) level.Take(seats);
        else if (level.HasWaiting || !level.TryTake(seats, limits.Lower)) return false;
        counts.Begin();
        taken = new Seats(this, level, counts, seats, null, 0);
        return true;
    }

    /// <summary>Borrows seats, or waits for some.</summary>
    /// <param name="flow">The hash of the request's flow.</param>
    /// <param name="patience">How long at most.</param>
    /// <exception cref="RejectedException">There is no room to wait, or it took too long.</exception>
    internal async ValueTask<Seats> EnterAsync(PriorityLevel level, FlowCounts counts, int seats, ulong flow, TimeSpan patience, CancellationToken cancel)
    {
        WaitingRequest request;
        lock (gate)
        {
            // Counted first: who leaves from now on looks for those that wait.
            Interlocked.Increment(ref waiting);
            if (!level.HasWaiting && MayRun(level, seats))
            {
                level.Take(seats);
                Interlocked.Decrement(ref waiting);
                counts.Begin();
                return new Seats(this, level, counts, seats, null, 0);
            }
            request = new WaitingRequest(seats, flow, counts);
            if (!level.TryQueue(request))
            {
                Interlocked.Decrement(ref waiting);
                var why = level.Limits.Queues == 0 ? Rejection.ConcurrencyLimit : Rejection.QueueFull;
                counts.Reject(why);
                throw new RejectedException(why);
            }
            counts.Wait(1);
            DispatchWaiting();
        }
        var (began, ran) = (time.GetTimestamp(), false);
        try
        {
            await AwaitTurnAsync(level, request, patience, cancel);
            ran = true;
        }
        finally { (ran ? counts.Waited : counts.WaitedInVain).Observe(time.GetElapsedTime(began).TotalSeconds); }
        counts.Begin();
        return new Seats(this, level, counts, seats, request, time.GetTimestamp());
    }

    private async Task AwaitTurnAsync(PriorityLevel level, WaitingRequest request, TimeSpan patience, CancellationToken cancel)
    {
        try { await request.Decision.Task.WaitAsync(patience, time, cancel); }
        catch (TimeoutException) when (GiveUp(level, request))
        {
            request.Counts.Reject(Rejection.TimeOut);
            throw new RejectedException(Rejection.TimeOut);
        }
        catch (TimeoutException) { /* its turn came in the same moment */ }
        catch (OperationCanceledException)
        {
            // Nobody is there any more to use the seats that it may have got in the same moment.
            if (!GiveUp(level, request) && await request.Decision.Task) Leave(level, request.Seats, null, 0);
            throw;
        }
        if (!await request.Decision.Task) throw new RejectedException(Rejection.QueueFull);
    }

    // False when its turn has come meanwhile.
    private bool GiveUp(PriorityLevel level, WaitingRequest request)
    {
        lock (gate)
        {
            if (request.Decision.Task.IsCompleted) return false;
            level.Abandon(request);
            request.Decision.TrySetResult(false);
            Interlocked.Decrement(ref waiting);
            request.Counts.Wait(-1);
            return true;
        }
    }

    private void Refuse(WaitingRequest request, Rejection why)
    {
        Interlocked.Decrement(ref waiting);
        request.Counts.Wait(-1);
        request.Counts.Reject(why);
        request.Decision.TrySetResult(false);
    }

    internal void Leave(PriorityLevel level, int seats, WaitingRequest? queued, long began)
    {
        level.Give(seats);
        if (queued is null && Volatile.Read(ref waiting) == 0) return;
        lock (gate)
        {
            if (queued is not null) FairQueues.Finished(queued, Math.Max(0.1, time.GetElapsedTime(began) / UsualTime));
            DispatchWaiting();
        }
    }

    // Under the gate. Those below their share come first: what they lent out is theirs again.
    private void DispatchWaiting()
    {
        while (true)
        {
            PriorityLevel? chosen = null;
            WaitingRequest? next = null;
            foreach (var level in levels)
            {
                if (level.Next is not { } first || !MayRun(level, first.Seats)) continue;
                if (chosen is null || Need(level) < Need(chosen)) (chosen, next) = (level, first);
            }
            if (chosen is null) return;
            chosen.Take(next!.Seats);
            chosen.Dispatch(next);
            Interlocked.Decrement(ref waiting);
            next.Counts.Wait(-1);
            next.Decision.TrySetResult(true);
        }
    }

    // How much of its share a level has.
    private static double Need(PriorityLevel level) => (double)level.Used / Math.Max(1, level.Limits.Nominal);

    // Under the gate.
    private bool MayRun(PriorityLevel level, int seats)
    {
        var (used, limits) = (level.Used, level.Limits);
        // One that is wider than all that there is runs alone.
        if (used == 0 && limits.Nominal > 0) return true;
        if (used + seats <= limits.Lower) return true;
        if (used + seats > limits.Upper) return false;
        var lent = 0;
        foreach (var other in levels)
            if (!other.Limits.IsExempt) lent += Math.Max(0, other.Used - other.Limits.Lower);
        return lent + Math.Min(seats, used + seats - limits.Lower) <= lendable;
    }
}

/// <summary>A request may not run, and not wait either.</summary>
internal sealed class RejectedException(Rejection why) : Exception(why.ToString())
{
    internal Rejection Why => why;
}

/// <summary>Seats that a request has; they must be given back once.</summary>
internal readonly struct Seats
{
    private readonly SeatPool? pool;
    private readonly PriorityLevel level;
    private readonly FlowCounts counts;
    private readonly int seats;
    private readonly WaitingRequest? queued;
    private readonly long began;

    internal Seats(SeatPool pool, PriorityLevel level, FlowCounts counts, int seats, WaitingRequest? queued, long began) =>
        (this.pool, this.level, this.counts, this.seats, this.queued, this.began) = (pool, level, counts, seats, queued, began);

    internal void Leave()
    {
        if (pool is null) return;
        counts.End();
        pool.Leave(level, seats, queued, began);
    }
}
