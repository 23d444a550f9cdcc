namespace Gureum.Bench;

/// <summary>
/// One benchmark: measures Gureum beside a real peer in the same run, and reports time and CPU-milliseconds for each
/// operation. It starts what it measures, bounds its load in count and time, and leaves nothing behind.
/// </summary>
internal interface IBenchmark
{
    /// <summary>What is typed after <c>gureum bench</c>.</summary>
    string Name { get; }

    /// <summary>One line: what it measures, against what.</summary>
    string Summary { get; }

    /// <summary>Its options with their defaults, for the list.</summary>
    IReadOnlyDictionary<string, string> Options { get; }

    /// <exception cref="BenchmarkFailure">What it needs is not there.</exception>
    Task RunAsync(BenchmarkOptions options, FigureTable figures, CancellationToken cancel);
}

/// <summary>A benchmark cannot run: what is missing and how to get it.</summary>
internal sealed class BenchmarkFailure(string message) : Exception(message);
