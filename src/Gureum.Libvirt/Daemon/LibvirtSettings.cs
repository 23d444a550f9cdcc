namespace Gureum.Libvirt.Daemon;

/// <summary>Configuration of the libvirtd that Gureum starts for itself. Immutable.</summary>
public sealed record LibvirtSettings
{
    /// <summary>Directory for what must survive a reboot: definitions, managed saves, caches, logs. Others must be able to search it and those above it.</summary>
    public required string RootDirectory { get; init; }

    /// <summary>Directory for what must not survive a reboot: sockets, process ids. Short: a unix socket's path has at most 107 bytes.</summary>
    public required string RunDirectory { get; init; }

    /// <summary>Names this hypervisor among others; migration refuses two with the same. Keep it with the node.</summary>
    public required Guid HostUuid { get; init; }

    /// <summary>
    /// Directories in which mounts that are made later must be seen by guests (volumes, container disks). libvirtd and QEMU live in a
    /// mount namespace of their own, which sees later mounts below shared mounts alone: these directories are made such.
    /// </summary>
    public IReadOnlyList<string> SharedDirectories { get; init; } = [];

    /// <summary>
    /// What the node's guests are run by, as the probe found. TCG hides KVM's device from libvirt, which would else offer it and ask QEMU
    /// about it again and again; KVM gives <see cref="Group"/> the right to open it.
    /// </summary>
    public required Probe.Accelerator Accelerator { get; init; }

    /// <summary>The user that QEMU runs as. The package libvirt-daemon-system makes <c>libvirt-qemu</c>.</summary>
    public string User { get; init; } = "libvirt-qemu";

    /// <summary>The group that QEMU runs as.</summary>
    public string Group { get; init; } = "kvm";

    /// <summary>First and last port on which migrating guests are received.</summary>
    public (int First, int Last) MigrationPorts { get; init; } = (49152, 49215);

    /// <summary>The libvirtd executable: a path, or a name to look up in PATH.</summary>
    public string Binary { get; init; } = "libvirtd";

    /// <summary>What libvirtd writes to its log: 1 debug, 2 information, 3 warnings, 4 errors.</summary>
    public int LogLevel { get; init; } = 3;

    /// <summary>The unix socket of its API.</summary>
    public string SocketPath => Path.Combine(RunDirectory, "libvirt-sock");

    internal string ConfigPath => Path.Combine(RootDirectory, "libvirtd.conf");

    internal string LogPath => Path.Combine(RootDirectory, "libvirtd.log");

    internal string IdentityPath => Path.Combine(RunDirectory, "libvirtd.pid");
}
