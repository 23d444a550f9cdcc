namespace Gureum.Node.Containerd;

/// <summary>Configuration of the containerd that Gureum starts for itself. Immutable.</summary>
public sealed record ContainerdSettings
{
    /// <summary>Directory for what must survive a reboot: images, snapshots, container metadata.</summary>
    public required string RootDirectory { get; init; }

    /// <summary>
    /// Directory for what must not survive a reboot: the socket, shim sockets, FIFOs, network namespaces. Short:
    /// a unix socket's path has at most 107 bytes.
    /// </summary>
    public required string StateDirectory { get; init; }

    /// <summary>Name of the sandbox ("pause") image, e.g. <c>gureum.local/pause:1</c>.</summary>
    public required string SandboxImage { get; init; }

    /// <summary>Directory of the CNI plugins' executables; it must hold <c>loopback</c>.</summary>
    public string CniBinDirectory { get; init; } = "/opt/cni/bin";

    /// <summary>Directory of the CNI configuration; the first file in order of names counts.</summary>
    public string CniConfigDirectory { get; init; } = "/etc/cni/net.d";

    /// <summary>The containerd executable: a path, or a name to look up in PATH.</summary>
    public string ContainerdBinary { get; init; } = "containerd";

    /// <summary>The OCI runtime executable: a path, or a name to look up in PATH.</summary>
    public string RuntimeBinary { get; init; } = "runc";

    /// <summary>containerd's snapshotter.</summary>
    public string Snapshotter { get; init; } = DefaultSnapshotter;

    /// <summary>What a containerd uses that was told nothing else.</summary>
    public const string DefaultSnapshotter = "overlayfs";

    /// <summary>Directory of <c>&lt;registry host&gt;/hosts.toml</c> files; null: one under <see cref="RootDirectory"/>.</summary>
    public string? RegistryConfigDirectory { get; init; }

    /// <summary>True: images come from imports and named mirrors only; a missing image is never looked up outside.</summary>
    public bool AirGapped { get; init; }

    /// <summary>True if a missing AppArmor (no <c>/sys/kernel/security/apparmor</c>) must not fail containers.</summary>
    public bool DisableAppArmor { get; init; } = !Directory.Exists("/sys/kernel/security/apparmor");

    /// <summary>containerd's log level: trace, debug, info, warn or error.</summary>
    public string LogLevel { get; init; } = "info";

    /// <summary>The unix socket of the gRPC API.</summary>
    public string SocketPath => Path.Combine(StateDirectory, "containerd.sock");

    internal string ConfigPath => Path.Combine(RootDirectory, "config.toml");

    internal string LogPath => Path.Combine(RootDirectory, "containerd.log");

    internal string IdentityPath => Path.Combine(StateDirectory, "containerd.pid");

    internal string EffectiveRegistryDirectory => RegistryConfigDirectory ?? Path.Combine(RootDirectory, "registries");
}
