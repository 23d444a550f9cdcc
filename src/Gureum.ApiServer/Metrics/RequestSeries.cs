namespace Gureum.ApiServer.Metrics;

/// <summary>What requests of one kind have come to (thread-safe counters).</summary>
internal sealed class RequestSeries
{
    /// <summary>Upper bounds of the buckets of durations, in seconds: upstream's.</summary>
    internal static readonly double[] Bounds = [0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45, 60];

    private static readonly double[] SizeBounds = [1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9];

    private readonly long[] buckets = new long[Bounds.Length + 1];
    private volatile CodeCount[] codes = [];
    private long ticks, running;

    /// <summary>Requests of this kind that go on for long and are on now.</summary>
    internal long Running => Interlocked.Read(ref running);

    internal IEnumerable<(int Code, long Count)> Codes => codes.Select(static c => (c.Code, c.Count));

    internal (long[] Counts, double Seconds) Durations
    {
        get
        {
            var copy = new long[buckets.Length];
            for (var i = 0; i < copy.Length; i++) copy[i] = Interlocked.Read(ref buckets[i]);
            return (copy, TimeSpan.FromTicks(Interlocked.Read(ref ticks)).TotalSeconds);
        }
    }

    /// <summary>Bytes of the answers of reads.</summary>
    internal Histogram Sizes { get; } = new(SizeBounds);

    internal void Begin() => Interlocked.Increment(ref running);

    /// <param name="took">Null for requests that go on for long: how long says nothing of the server.</param>
    internal void End(int code, TimeSpan? took)
    {
        Count(code);
        if (took is not { } time) { Interlocked.Decrement(ref running); return; }
        Interlocked.Add(ref ticks, time.Ticks);
        var (bucket, seconds) = (0, time.TotalSeconds);
        while (bucket < Bounds.Length && seconds > Bounds[bucket]) bucket++;
        Interlocked.Increment(ref buckets[bucket]);
    }

    private void Count(int code)
    {
        foreach (var known in codes)
            if (known.Code == code) { known.Increment(); return; }
        lock (buckets)
        {
            var found = codes.FirstOrDefault(c => c.Code == code);
            if (found is null) codes = [.. codes, found = new CodeCount(code)];
            found.Increment();
        }
    }

    private sealed class CodeCount(int code)
    {
        private long count;

        internal int Code => code;
        internal long Count => Interlocked.Read(ref count);
        internal void Increment() => Interlocked.Increment(ref count);
    }
}
