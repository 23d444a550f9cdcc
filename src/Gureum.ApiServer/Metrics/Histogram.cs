namespace Gureum.ApiServer.Metrics;

/// <summary>How often values fell into which range (thread-safe counters).</summary>
/// <param name="bounds">Upper bounds of the buckets, ascending; what is above the last goes into one more.</param>
internal sealed class Histogram(double[] bounds)
{
    private readonly long[] buckets = new long[bounds.Length + 1];
    private double sum;

    internal bool IsEmpty => buckets.All(static b => b == 0);

    internal void Observe(double value)
    {
        var bucket = 0;
        while (bucket < bounds.Length && value > bounds[bucket]) bucket++;
        Interlocked.Increment(ref buckets[bucket]);
        double before;
        do before = Volatile.Read(ref sum);
        while (value != 0 && Interlocked.CompareExchange(ref sum, before + value, before) != before);
    }

    internal void Write(MetricText text, params ReadOnlySpan<(string Name, string Value)> labels) => text.AddHistogram(bounds, buckets, Volatile.Read(ref sum), labels);
}
