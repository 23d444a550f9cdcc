using System.Text;

namespace Gureum.Node.Containerd;

/// <summary>Renders containerd's config.toml (version 2, which 1.6 to 2.x read). Pure.</summary>
internal static class ContainerdConfigFile
{
    /// <summary>The longest path a unix socket may have (sockaddr_un.sun_path, less its final NUL).</summary>
    internal const int MaxSocketPath = 107;

    /// <summary>All that is wrong with the settings; empty if nothing is.</summary>
    internal static IReadOnlyList<string> Validate(ContainerdSettings settings)
    {
        var errors = new List<string>();
        foreach ((string name, string path) in new[]
        {
            (nameof(settings.RootDirectory), settings.RootDirectory), (nameof(settings.StateDirectory), settings.StateDirectory),
            (nameof(settings.CniBinDirectory), settings.CniBinDirectory), (nameof(settings.CniConfigDirectory), settings.CniConfigDirectory),
            (nameof(settings.RegistryConfigDirectory), settings.EffectiveRegistryDirectory),
        })
        {
            if (!Path.IsPathFullyQualified(path)) errors.Add($"{name} is \"{path}\": give an absolute path");
        }

        // The shim's sockets live in /run/containerd/s; only ours depends on the state directory.
        int length = Encoding.UTF8.GetByteCount(settings.SocketPath + ".ttrpc");
        if (length > MaxSocketPath)
            errors.Add($"StateDirectory \"{settings.StateDirectory}\" makes a socket path of {length} bytes: at most {MaxSocketPath} are possible");
        if (settings.SandboxImage.Length == 0) errors.Add("SandboxImage is empty: name an image such as gureum.local/pause:1");
        if (settings.LogLevel is not ("trace" or "debug" or "info" or "warn" or "error"))
            errors.Add($"LogLevel is \"{settings.LogLevel}\": accepted are trace, debug, info, warn, error");
        return errors;
    }

    /// <summary>The file's text. <paramref name="runtimePath"/> is the absolute path of the OCI runtime.</summary>
    internal static string Render(ContainerdSettings settings, string runtimePath) =>
        $"""
        version = 2
        root = {Quote(settings.RootDirectory)}
        state = {Quote(settings.StateDirectory)}
        disabled_plugins = [
          "io.containerd.snapshotter.v1.aufs", "io.containerd.snapshotter.v1.btrfs",
          "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.zfs",
          "io.containerd.internal.v1.tracing", "io.containerd.tracing.processor.v1.otlp",
        ]

        [grpc]
        address = {Quote(settings.SocketPath)}

        [debug]
        level = {Quote(settings.LogLevel)}

        [plugins."io.containerd.grpc.v1.cri"]
        sandbox_image = {Quote(settings.SandboxImage)}
        disable_apparmor = {Bool(settings.DisableAppArmor)}
        disable_tcp_service = true
        enable_unprivileged_icmp = true
        enable_unprivileged_ports = true
        netns_mounts_under_state_dir = true
        restrict_oom_score_adj = true
        stream_server_address = "127.0.0.1"
        stream_server_port = "0"

        [plugins."io.containerd.grpc.v1.cri".cni]
        bin_dir = {Quote(settings.CniBinDirectory)}
        conf_dir = {Quote(settings.CniConfigDirectory)}
        max_conf_num = 1

        [plugins."io.containerd.grpc.v1.cri".containerd]
        snapshotter = {Quote(settings.Snapshotter)}
        default_runtime_name = "runc"

        [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
        runtime_type = "io.containerd.runc.v2"

        [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
        BinaryName = {Quote(runtimePath)}
        SystemdCgroup = false

        [plugins."io.containerd.grpc.v1.cri".registry]
        config_path = {Quote(settings.EffectiveRegistryDirectory)}

        """;

    /// <summary>
    /// The hosts.toml for every registry without one of its own: it sends look-ups to a port where nothing listens, so
    /// that a missing image fails at once and no name is ever resolved.
    /// </summary>
    internal const string AirGappedHosts =
        """
        server = "http://127.0.0.1:1"

        [host."http://127.0.0.1:1"]
        capabilities = ["pull", "resolve"]

        """;

    private static string Bool(bool value) => value ? "true" : "false";

    // TOML's basic string; paths with other control characters do not exist in practice and would be refused by TOML.
    private static string Quote(string value) =>
        $"\"{value.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)}\"";
}
