using Gureum.Libvirt.Native;

namespace Gureum.Libvirt.Jobs;

/// <summary>How to migrate. Immutable.</summary>
public sealed record MigrationOptions
{
    /// <summary>The kind of migration.</summary>
    public MigrationFlags Flags { get; init; } = MigrationFlags.Live;

    /// <summary>
    /// How QEMU reaches QEMU: <c>tcp://host:port</c>, or <c>unix:///path</c> for a socket that somebody forwards; null: libvirt's choice
    /// by host name.
    /// </summary>
    public string? MigrationUri { get; init; }

    /// <summary>The same for disks that are copied along.</summary>
    public string? DisksUri { get; init; }

    /// <summary>Where the destination listens; null: everywhere.</summary>
    public string? ListenAddress { get; init; }

    /// <summary>Its name at the destination; null: unchanged.</summary>
    public string? DestinationName { get; init; }

    /// <summary>Its XML at the destination (other paths, other taps); the guest must not see a difference.</summary>
    public string? DestinationXml { get; init; }

    /// <summary>Its definition at the destination, with <see cref="MigrationFlags.PersistDestination"/>.</summary>
    public string? PersistentXml { get; init; }

    /// <summary>Disks to copy along (targets such as <c>vda</c>), with <see cref="MigrationFlags.NonSharedDisk"/>; none: all that can be.</summary>
    public IReadOnlyList<string> Disks { get; init; } = [];

    /// <summary>Limit in MiB a second; null: none.</summary>
    public ulong? BandwidthMiB { get; init; }

    /// <summary>Connections at the same time, with <see cref="MigrationFlags.Parallel"/>.</summary>
    public int? ParallelConnections { get; init; }

    internal ParameterList ToParameters()
    {
        var list = new ParameterList();
        try
        {
            list.Add("migrate_uri", MigrationUri);
            list.Add("disks_uri", DisksUri);
            list.Add("listen_address", ListenAddress);
            list.Add("destination_name", DestinationName);
            list.Add("destination_xml", DestinationXml);
            list.Add("persistent_xml", PersistentXml);
            foreach (string disk in Disks) list.Add("migrate_disks", disk);
            list.Add("bandwidth", BandwidthMiB);
            list.Add("parallel.connections", ParallelConnections);
            return list;
        }
        catch
        {
            list.Dispose();
            throw;
        }
    }
}

/// <summary>The kind of migration (virDomainMigrateFlags).</summary>
[Flags]
public enum MigrationFlags
{
    /// <summary>The guest stands still meanwhile.</summary>
    None = 0,

    /// <summary>The guest goes on meanwhile.</summary>
    Live = 1,

    /// <summary>The source's libvirtd directs it.</summary>
    PeerToPeer = 1 << 1,

    /// <summary>Everything goes through libvirtd's own connection.</summary>
    Tunnelled = 1 << 2,

    /// <summary>It has a definition at the destination.</summary>
    PersistDestination = 1 << 3,

    /// <summary>Its definition at the source goes.</summary>
    UndefineSource = 1 << 4,

    /// <summary>It stands still at the destination.</summary>
    Paused = 1 << 5,

    /// <summary>Disks are copied along, whole.</summary>
    NonSharedDisk = 1 << 6,

    /// <summary>Disks are copied along, down to a base that both sides have.</summary>
    NonSharedIncremental = 1 << 7,

    /// <summary>Nobody may change it meanwhile.</summary>
    ChangeProtection = 1 << 8,

    /// <summary>libvirt's doubts about its disks' caches are set aside.</summary>
    Unsafe = 1 << 9,

    /// <summary>Memory is compressed.</summary>
    Compressed = 1 << 11,

    /// <summary>A failing disk aborts it.</summary>
    AbortOnError = 1 << 12,

    /// <summary>The guest is slowed down until copying keeps up.</summary>
    AutoConverge = 1 << 13,

    /// <summary>It may go on at the destination before its memory is there.</summary>
    PostCopy = 1 << 15,

    /// <summary>QEMU's connection is encrypted.</summary>
    Tls = 1 << 16,

    /// <summary>Several connections.</summary>
    Parallel = 1 << 17,
}
