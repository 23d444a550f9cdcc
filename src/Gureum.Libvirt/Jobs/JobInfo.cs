namespace Gureum.Libvirt.Jobs;

/// <summary>How far a long job (migration, save, backup) is, or what the last one did. Times in milliseconds, sizes in bytes. Immutable.</summary>
public sealed record JobInfo
{
    private static readonly string[] Operations =
        ["Unknown", "Start", "Save", "Restore", "MigrationIn", "MigrationOut", "Snapshot", "SnapshotRevert", "Dump", "Backup", "SnapshotDelete"];

    /// <summary>Whether a job runs, and how the last one ended.</summary>
    public JobState State { get; init; }

    /// <summary>virDomainJobOperation: MigrationOut, MigrationIn, Save, Restore, Snapshot, Backup, …</summary>
    public string Operation { get; init; } = "Unknown";

    /// <summary>Time since it began.</summary>
    public ulong ElapsedMs { get; init; }

    /// <summary>For how long the guest stood still (known at the end), or is expected to.</summary>
    public ulong? DowntimeMs { get; init; }

    /// <summary>Memory and disks together.</summary>
    public ulong DataTotal { get; init; }

    /// <summary>What of it is done.</summary>
    public ulong DataProcessed { get; init; }

    /// <summary>What of it is left.</summary>
    public ulong DataRemaining { get; init; }

    /// <summary>The guest's memory.</summary>
    public ulong MemoryTotal { get; init; }

    /// <summary>What of it is copied.</summary>
    public ulong MemoryProcessed { get; init; }

    /// <summary>What of it is left.</summary>
    public ulong MemoryRemaining { get; init; }

    /// <summary>Memory pages that the guest dirties each second.</summary>
    public ulong? MemoryDirtyRate { get; init; }

    /// <summary>Rounds of copying memory so far.</summary>
    public ulong? MemoryIteration { get; init; }

    /// <summary>Bytes of memory copied each second.</summary>
    public ulong? MemoryBytesPerSecond { get; init; }

    /// <summary>Percent by which the guest's processors are slowed so that copying keeps up.</summary>
    public int? AutoConvergeThrottle { get; init; }

    /// <summary>Whether it succeeded, where libvirt says so.</summary>
    public bool? Succeeded { get; init; }

    /// <summary>Why it failed, where libvirt says so.</summary>
    public string? Error { get; init; }

    internal static JobInfo From(JobState state, Dictionary<string, object> values)
    {
        ulong? Number(string name) => values.TryGetValue(name, out object? value) ? value is ulong unsigned ? unsigned : (ulong)(long)value : null;
        int operation = (int)(Number("operation") ?? 0);
        return new JobInfo
        {
            State = state,
            Operation = operation < Operations.Length ? Operations[operation] : string.Create(null, $"{operation}"),
            ElapsedMs = Number("time_elapsed") ?? 0,
            DowntimeMs = Number("downtime"),
            DataTotal = Number("data_total") ?? 0,
            DataProcessed = Number("data_processed") ?? 0,
            DataRemaining = Number("data_remaining") ?? 0,
            MemoryTotal = Number("memory_total") ?? 0,
            MemoryProcessed = Number("memory_processed") ?? 0,
            MemoryRemaining = Number("memory_remaining") ?? 0,
            MemoryDirtyRate = Number("memory_dirty_rate"),
            MemoryIteration = Number("memory_iteration"),
            MemoryBytesPerSecond = Number("memory_bps"),
            AutoConvergeThrottle = (int?)Number("auto_converge_throttle"),
            Succeeded = values.TryGetValue("success", out object? success) ? (bool)success : null,
            Error = values.TryGetValue("errmsg", out object? error) ? (string)error : null,
        };
    }
}

/// <summary>Whether a job runs, and how the last one ended (virDomainJobType).</summary>
public enum JobState
{
    /// <summary>There is none.</summary>
    None = 0,

    /// <summary>It runs, and its end can be foreseen.</summary>
    Bounded = 1,

    /// <summary>It runs, and its end depends on the guest.</summary>
    Unbounded = 2,

    /// <summary>It is done.</summary>
    Completed = 3,

    /// <summary>It failed.</summary>
    Failed = 4,

    /// <summary>It was aborted.</summary>
    Cancelled = 5,
}
