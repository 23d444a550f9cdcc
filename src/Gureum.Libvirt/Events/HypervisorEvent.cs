namespace Gureum.Libvirt.Events;

/// <summary>Something that happened at a hypervisor. Immutable.</summary>
public abstract record HypervisorEvent;

/// <summary>The connection is gone: nothing follows, and whoever watches must open another and look again.</summary>
/// <param name="Reason">Why.</param>
public sealed record ConnectionClosedEvent(ConnectionCloseReason Reason) : HypervisorEvent;

/// <summary>Why a connection ended (virConnectCloseReason).</summary>
public enum ConnectionCloseReason
{
    /// <summary>Reading or writing failed.</summary>
    Error = 0,

    /// <summary>libvirtd closed it or ended.</summary>
    EndOfFile = 1,

    /// <summary>libvirtd did not answer for a minute.</summary>
    KeepAlive = 2,

    /// <summary>We closed it.</summary>
    Client = 3,
}

/// <summary>Something that happened to a machine.</summary>
/// <param name="Machine">Its uuid.</param>
/// <param name="Name">Its name.</param>
public abstract record MachineEvent(Guid Machine, string Name) : HypervisorEvent;

/// <summary>A machine's life went on.</summary>
/// <param name="Machine">Its uuid.</param>
/// <param name="Name">Its name.</param>
/// <param name="Change">What happened.</param>
/// <param name="Detail">Why, a name of libvirt's in camel case, e.g. Booted, Destroyed, Migrated, IoError.</param>
public sealed record LifecycleEvent(Guid Machine, string Name, LifecycleChange Change, string Detail) : MachineEvent(Machine, Name);

/// <summary>What a <see cref="LifecycleEvent"/> tells (virDomainEventType).</summary>
public enum LifecycleChange
{
    /// <summary>Its definition was added or changed.</summary>
    Defined = 0,

    /// <summary>Its definition is gone.</summary>
    Undefined = 1,

    /// <summary>It runs.</summary>
    Started = 2,

    /// <summary>Its processors stand still.</summary>
    Suspended = 3,

    /// <summary>They go on.</summary>
    Resumed = 4,

    /// <summary>Its process is gone.</summary>
    Stopped = 5,

    /// <summary>The guest has shut itself down; the process follows.</summary>
    Shutdown = 6,

    /// <summary>The guest sleeps.</summary>
    PowerSuspended = 7,

    /// <summary>The guest panicked.</summary>
    Crashed = 8,
}

/// <summary>The guest was reset.</summary>
/// <param name="Machine">Its uuid.</param>
/// <param name="Name">Its name.</param>
public sealed record RebootEvent(Guid Machine, string Name) : MachineEvent(Machine, Name);

/// <summary>The guest agent came or went.</summary>
/// <param name="Machine">Its uuid.</param>
/// <param name="Name">Its name.</param>
/// <param name="Connected">True if it answers from now on.</param>
public sealed record AgentEvent(Guid Machine, string Name, bool Connected) : MachineEvent(Machine, Name);

/// <summary>A device came or went while the machine ran.</summary>
/// <param name="Machine">Its uuid.</param>
/// <param name="Name">Its name.</param>
/// <param name="Change">What happened.</param>
/// <param name="Alias">The device's alias, e.g. <c>ua-data</c> or <c>virtio-disk1</c>.</param>
public sealed record DeviceEvent(Guid Machine, string Name, DeviceChange Change, string Alias) : MachineEvent(Machine, Name);

/// <summary>What a <see cref="DeviceEvent"/> tells.</summary>
public enum DeviceChange
{
    /// <summary>It was plugged.</summary>
    Added,

    /// <summary>The guest has let it go.</summary>
    Removed,

    /// <summary>The guest refused to let it go.</summary>
    RemovalFailed,
}

/// <summary>A disk failed to read or write.</summary>
/// <param name="Machine">Its uuid.</param>
/// <param name="Name">Its name.</param>
/// <param name="Source">The disk's file or device.</param>
/// <param name="Alias">The disk's alias.</param>
/// <param name="Paused">True if the machine stands still because of it.</param>
/// <param name="Reason">What is known: <c>enospc</c> or empty.</param>
public sealed record IoErrorEvent(Guid Machine, string Name, string Source, string Alias, bool Paused, string Reason) : MachineEvent(Machine, Name);

/// <summary>A disk's long job went on.</summary>
/// <param name="Machine">Its uuid.</param>
/// <param name="Name">Its name.</param>
/// <param name="Disk">The disk's target, e.g. <c>vda</c>.</param>
/// <param name="Kind">Which job.</param>
/// <param name="Status">What became of it.</param>
public sealed record BlockJobEvent(Guid Machine, string Name, string Disk, BlockJobKind Kind, BlockJobStatus Status) : MachineEvent(Machine, Name);

/// <summary>A disk's long job (virDomainBlockJobType).</summary>
public enum BlockJobKind
{
    /// <summary>None, or one of a later libvirt.</summary>
    Unknown = 0,

    /// <summary>The overlay takes its base's content.</summary>
    Pull = 1,

    /// <summary>The disk is mirrored to another place.</summary>
    Copy = 2,

    /// <summary>An inner overlay is written into its base.</summary>
    Commit = 3,

    /// <summary>The topmost overlay is written into its base.</summary>
    ActiveCommit = 4,

    /// <summary>The disk as it was is copied away.</summary>
    Backup = 5,
}

/// <summary>What became of a disk's job (virConnectDomainEventBlockJobStatus).</summary>
public enum BlockJobStatus
{
    /// <summary>It is done.</summary>
    Completed = 0,

    /// <summary>It failed.</summary>
    Failed = 1,

    /// <summary>It was cancelled.</summary>
    Canceled = 2,

    /// <summary>Both sides are alike and are kept so: pivot or abort it.</summary>
    Ready = 3,
}

/// <summary>Another round of copying memory has begun.</summary>
/// <param name="Machine">Its uuid.</param>
/// <param name="Name">Its name.</param>
/// <param name="Iteration">Which, from 1.</param>
public sealed record MigrationIterationEvent(Guid Machine, string Name, int Iteration) : MachineEvent(Machine, Name);

/// <summary>A job such as a migration or a save is over.</summary>
/// <param name="Machine">Its uuid.</param>
/// <param name="Name">Its name.</param>
/// <param name="Job">What it did.</param>
public sealed record JobCompletedEvent(Guid Machine, string Name, Jobs.JobInfo Job) : MachineEvent(Machine, Name);

/// <summary>The guest's watchdog fired.</summary>
/// <param name="Machine">Its uuid.</param>
/// <param name="Name">Its name.</param>
/// <param name="Action">virDomainEventWatchdogAction: None, Pause, Reset, PowerOff, Shutdown, Debug, InjectNmi.</param>
public sealed record WatchdogEvent(Guid Machine, string Name, string Action) : MachineEvent(Machine, Name);
