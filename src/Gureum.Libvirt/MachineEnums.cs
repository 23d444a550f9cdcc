namespace Gureum.Libvirt;

/// <summary>What a machine is doing (virDomainState).</summary>
public enum MachineState
{
    /// <summary>Not known.</summary>
    None = 0,

    /// <summary>It runs.</summary>
    Running = 1,

    /// <summary>It waits for the host (other hypervisors only).</summary>
    Blocked = 2,

    /// <summary>Its processors stand still.</summary>
    Paused = 3,

    /// <summary>The guest is about to end.</summary>
    Shutdown = 4,

    /// <summary>It has no process.</summary>
    ShutOff = 5,

    /// <summary>The guest panicked.</summary>
    Crashed = 6,

    /// <summary>The guest sleeps.</summary>
    PowerSuspended = 7,
}

/// <summary>What a machine is doing, and why.</summary>
/// <param name="State">What.</param>
/// <param name="Reason">Why, a name of libvirt's in camel case: Booted, User, IoError, Destroyed, Crashed, Migrated, Saved, …</param>
public readonly record struct MachineStatus(MachineState State, string Reason);

/// <summary>How to start (virDomainCreateFlags).</summary>
[Flags]
public enum StartOptions
{
    /// <summary>As usual; from the managed save, if there is one.</summary>
    None = 0,

    /// <summary>The processors wait for <see cref="Machine.ResumeAsync"/>.</summary>
    Paused = 1,

    /// <summary>It ends with our connection.</summary>
    AutoDestroy = 2,

    /// <summary>A managed save is thrown away.</summary>
    ForceBoot = 8,

    /// <summary>The XML is held against libvirt's schema.</summary>
    Validate = 16,
}

/// <summary>How to ask a guest to end or to boot again (virDomainShutdownFlagValues, virDomainRebootFlagValues).</summary>
[Flags]
public enum GuestSignal
{
    /// <summary>The agent if it is connected, else ACPI.</summary>
    Default = 0,

    /// <summary>The power button.</summary>
    Acpi = 1,

    /// <summary>The guest agent.</summary>
    Agent = 2,
}

/// <summary>What of a machine that runs and has a definition is changed (virDomainModificationImpact).</summary>
[Flags]
public enum Affects
{
    /// <summary>The running machine if it runs, else its definition.</summary>
    Current = 0,

    /// <summary>The running machine.</summary>
    Live = 1,

    /// <summary>The definition, for the next start.</summary>
    Config = 2,

    /// <summary>Both.</summary>
    Both = Live | Config,
}

/// <summary>What goes with a definition (virDomainUndefineFlagsValues). Without the fitting flag libvirt refuses to undefine a machine that has it.</summary>
[Flags]
public enum UndefineOptions
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>Its managed save.</summary>
    ManagedSave = 1,

    /// <summary>What libvirt knows of its snapshots; the disks stay as they are.</summary>
    SnapshotsMetadata = 2,

    /// <summary>Its UEFI variables.</summary>
    Nvram = 4,

    /// <summary>Its UEFI variables stay.</summary>
    KeepNvram = 8,

    /// <summary>What libvirt knows of its checkpoints.</summary>
    CheckpointsMetadata = 16,

    /// <summary>Its TPM's state.</summary>
    Tpm = 32,

    /// <summary>Its TPM's state stays.</summary>
    KeepTpm = 64,

    /// <summary>All that libvirt holds for it.</summary>
    Everything = ManagedSave | SnapshotsMetadata | Nvram | CheckpointsMetadata | Tpm,
}

/// <summary>Which XML of a machine (virDomainXMLFlags).</summary>
[Flags]
public enum XmlOptions
{
    /// <summary>Of the running machine if it runs, without secrets.</summary>
    None = 0,

    /// <summary>With passwords.</summary>
    Secure = 1,

    /// <summary>The definition for the next start.</summary>
    Inactive = 2,

    /// <summary>Fit to be given to another host.</summary>
    Migratable = 8,
}

/// <summary>What a guest agent is asked (virDomainGuestInfoTypes).</summary>
[Flags]
public enum GuestInfoTypes
{
    /// <summary>All that it knows.</summary>
    All = 0,

    /// <summary>Users that are signed in.</summary>
    Users = 1,

    /// <summary>The operating system.</summary>
    Os = 2,

    /// <summary>The time zone.</summary>
    TimeZone = 4,

    /// <summary>The host name.</summary>
    HostName = 8,

    /// <summary>File systems.</summary>
    FileSystems = 16,

    /// <summary>Disks.</summary>
    Disks = 32,

    /// <summary>Network interfaces with their addresses.</summary>
    Interfaces = 64,
}

/// <summary>How to copy a disk (virDomainBlockCopyFlags).</summary>
[Flags]
public enum BlockCopyOptions
{
    /// <summary>The whole content, into a file that libvirt makes.</summary>
    None = 0,

    /// <summary>The topmost overlay alone; the copy has the same base.</summary>
    Shallow = 1,

    /// <summary>The destination exists already.</summary>
    ReuseExternal = 2,

    /// <summary>A machine with a definition may do it; the job does not survive its end.</summary>
    TransientJob = 4,
}

/// <summary>How to write overlays into their base (virDomainBlockCommitFlags).</summary>
[Flags]
public enum BlockCommitOptions
{
    /// <summary>An inner overlay.</summary>
    None = 0,

    /// <summary>The overlays' files are deleted at the end.</summary>
    Delete = 2,

    /// <summary>The topmost overlay may be among them: end the job by pivot.</summary>
    Active = 4,
}

/// <summary>How to end a disk's job.</summary>
public enum BlockJobEnd
{
    /// <summary>The disk stays where it was.</summary>
    Abort = 0,

    /// <summary>The disk goes on in its copy or base; the job must be ready.</summary>
    Pivot = 2,
}

/// <summary>How to make a snapshot (virDomainSnapshotCreateFlags).</summary>
[Flags]
public enum SnapshotOptions
{
    /// <summary>Disks and, if the machine runs, memory: internal unless the XML says otherwise.</summary>
    None = 0,

    /// <summary>libvirt shall not keep it in mind: the caller looks after the chain of overlays.</summary>
    NoMetadata = 4,

    /// <summary>The machine ends with it.</summary>
    Halt = 8,

    /// <summary>Disks alone; memory is not saved.</summary>
    DiskOnly = 16,

    /// <summary>The overlays exist already.</summary>
    ReuseExternal = 32,

    /// <summary>The agent freezes the guest's file systems meanwhile, or it fails.</summary>
    Quiesce = 64,

    /// <summary>All disks or none.</summary>
    Atomic = 128,
}

/// <summary>What a machine does after going back to a snapshot (virDomainSnapshotRevertFlags).</summary>
[Flags]
public enum RevertOptions
{
    /// <summary>What it did when the snapshot was made.</summary>
    None = 0,

    /// <summary>It runs.</summary>
    Running = 1,

    /// <summary>It stands still.</summary>
    Paused = 2,

    /// <summary>Reverting is done even where it cannot be undone.</summary>
    Force = 4,
}

/// <summary>A disk's sizes in bytes.</summary>
/// <param name="Capacity">What the guest sees.</param>
/// <param name="Allocation">What is written of it.</param>
/// <param name="Physical">The size of its file or device.</param>
public readonly record struct BlockSize(ulong Capacity, ulong Allocation, ulong Physical);

/// <summary>How far a disk's job is.</summary>
/// <param name="Kind">Which job.</param>
/// <param name="Done">How much is done, in units of the hypervisor's.</param>
/// <param name="Total">When <paramref name="Done"/> reaches it, the job is ready or over.</param>
public readonly record struct BlockJobProgress(Events.BlockJobKind Kind, ulong Done, ulong Total);
