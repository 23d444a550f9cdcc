namespace Gureum.Node.Cgroups;

/// <summary>What a group's processes, its children's included, have used.</summary>
/// <param name="Time">When it was read.</param>
/// <param name="CpuNanoseconds">CPU time since the group was made.</param>
/// <param name="MemoryBytes">Memory now, page cache included.</param>
/// <param name="WorkingSetBytes">Memory less the page cache that can go at once; what evictions look at.</param>
/// <param name="RssBytes">Anonymous memory.</param>
/// <param name="MemoryLimitBytes">Limit; null for none.</param>
/// <param name="PageFaults">Page faults.</param>
/// <param name="MajorPageFaults">Those that needed the disk.</param>
/// <param name="OomKills">Processes killed for want of memory; null if the kernel does not say.</param>
/// <param name="Processes">Processes and threads now.</param>
/// <param name="ThrottledNanoseconds">Time in which a CPU quota held processes back.</param>
public sealed record CgroupStats(
    DateTimeOffset Time, long CpuNanoseconds, long MemoryBytes, long WorkingSetBytes, long RssBytes, long? MemoryLimitBytes,
    long PageFaults, long MajorPageFaults, long? OomKills, long Processes, long ThrottledNanoseconds);
