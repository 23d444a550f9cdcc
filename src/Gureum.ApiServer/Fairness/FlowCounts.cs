using Gureum.ApiServer.Metrics;

namespace Gureum.ApiServer.Fairness;

/// <summary>What has become of the requests of one flow schema in one priority level (thread-safe counters).</summary>
internal sealed class FlowCounts(string schema, string level)
{
    private long dispatched, executing, waiting, queueFull, concurrencyLimit, timedOut;

    private static readonly double[] WaitBounds = [0, 0.005, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30];

    /// <summary>Seconds that requests waited, of those that ran then, and of those that were refused.</summary>
    internal Histogram Waited { get; } = new(WaitBounds);
    internal Histogram WaitedInVain { get; } = new(WaitBounds);

    internal string Schema => schema;
    internal string Level => level;
    internal long Dispatched => Interlocked.Read(ref dispatched);
    internal long Executing => Interlocked.Read(ref executing);
    internal long Waiting => Interlocked.Read(ref waiting);

    internal IEnumerable<(string Reason, long Count)> Rejected =>
        [("queue-full", Interlocked.Read(ref queueFull)), ("concurrency-limit", Interlocked.Read(ref concurrencyLimit)), ("time-out", Interlocked.Read(ref timedOut))];

    internal void Begin()
    {
        Interlocked.Increment(ref dispatched);
        Interlocked.Increment(ref executing);
    }

    internal void End() => Interlocked.Decrement(ref executing);
    internal void Wait(int delta) => Interlocked.Add(ref waiting, delta);

    internal void Reject(Rejection why)
    {
        switch (why)
        {
            case Rejection.QueueFull: Interlocked.Increment(ref queueFull); break;
            case Rejection.ConcurrencyLimit: Interlocked.Increment(ref concurrencyLimit); break;
            default: Interlocked.Increment(ref timedOut); break;
        }
    }
}

internal enum Rejection { QueueFull, ConcurrencyLimit, TimeOut }
