namespace Gureum.Running;

/// <summary>
/// Gives the memory that a burst left behind back to the machine once the process is quiet: the collector keeps it for the next
/// burst, which on a laptop or a small node may come tomorrow.
/// </summary>
internal static class IdleMemory
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(30);

    /// <summary>Bytes allocated in one interval up to which the process counts as quiet.</summary>
    private const long QuietBytes = 32L * 1024 * 1024;

    /// <summary>Bytes of the heap beyond what lives that are worth a collection.</summary>
    private const long WorthBytes = 8L * 1024 * 1024;

    /// <summary>Runs until cancelled.</summary>
    internal static async Task RunAsync(TimeProvider time, CancellationToken cancel)
    {
        using var timer = new PeriodicTimer(Interval, time);
        var before = GC.GetTotalAllocatedBytes();
        try
        {
            while (await timer.WaitForNextTickAsync(cancel))
            {
                var allocated = GC.GetTotalAllocatedBytes();
                var quiet = allocated - before < QuietBytes;
                before = allocated;
                var heap = GC.GetGCMemoryInfo();
                if (quiet && heap.TotalCommittedBytes - (heap.HeapSizeBytes - heap.FragmentedBytes) > WorthBytes) GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
            }
        }
        catch (OperationCanceledException) { /* the end of the run */ }
    }
}
