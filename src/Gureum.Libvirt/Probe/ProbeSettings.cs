namespace Gureum.Libvirt.Probe;

/// <summary>How to find out whether KVM works. Immutable.</summary>
public sealed record ProbeSettings
{
    /// <summary>Directory of the node in which the result is kept.</summary>
    public required string DataDirectory { get; init; }

    /// <summary>A Linux kernel to try (bzImage or PVH); null: the newest of the machine's own in /boot, if there is one.</summary>
    public string? Kernel { get; init; }

    /// <summary>The QEMU executable: a path, or a name to look up in PATH.</summary>
    public string Qemu { get; init; } = "qemu-system-x86_64";

    /// <summary>The device that KVM is reached by.</summary>
    public string Device { get; init; } = "/dev/kvm";

    /// <summary>How long the boot sector may take to say its word. With KVM it is a tenth of a second.</summary>
    public TimeSpan SectorLimit { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long Linux may take to its first line. With KVM it is half a second, and several where code is interpreted.</summary>
    public TimeSpan KernelLimit { get; init; } = TimeSpan.FromSeconds(6);
}
