namespace Gureum.Scheduler;

/// <summary>Settings of the scheduler (configuration, immutable).</summary>
public sealed record SchedulerOptions
{
    /// <summary>Pods that name this scheduler are its own.</summary>
    public string Name { get; init; } = "default-scheduler";

    /// <summary>Bindings under way at the same time.</summary>
    public int MostBindings { get; init; } = 64;

    /// <summary>How long a pod waits for its claims to be bound after its node was chosen.</summary>
    public TimeSpan VolumeTimeout { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Chance among equal nodes: the same seed gives the same choices.</summary>
    public int? Seed { get; init; }
}
