using Gureum.Processes;
using Microsoft.Extensions.Logging;

namespace Gureum.Node.Containerd;

/// <summary>
/// Runs a containerd of our own: adopts the one that an earlier Gureum left running, starts one if there is none, starts
/// it again when it dies. Containers belong to their shims and outlive both. Thread-safe state.
/// </summary>
public sealed class ContainerdSupervisor : IContainerd
{
    private static readonly TimeSpan StartTimeout = TimeSpan.FromSeconds(60);

    private readonly ContainerdSettings _settings;
    private readonly ProcessSupervisor _supervisor;

    /// <summary>Prepares a supervisor; nothing runs before <see cref="StartAsync"/>.</summary>
    public ContainerdSupervisor(ContainerdSettings settings, ILogger<ContainerdSupervisor> log, TimeProvider? time = null)
    {
        _settings = settings;
        _supervisor = new ProcessSupervisor(
            new SupervisedProgram(
                "containerd", Launch, (timeout, cancel) => ContainerdHealth.CheckAsync(SocketPath, timeout, cancel),
                settings.IdentityPath, settings.LogPath, settings.SocketPath, StartTimeout),
            log, time ?? TimeProvider.System);
    }

    /// <inheritdoc/>
    public string SocketPath => _settings.SocketPath;

    /// <inheritdoc/>
    public string? Problem => _supervisor.Problem;

    /// <summary>Process id of the containerd that runs now; null while none does.</summary>
    public int? ProcessId => _supervisor.ProcessId;

    /// <inheritdoc/>
    public async Task StartAsync(CancellationToken cancel)
    {
        IReadOnlyList<string> errors = ContainerdConfigFile.Validate(_settings);
        if (errors.Count > 0) throw new ContainerdException("containerd's settings are refused: " + string.Join("; ", errors));
        await TranslateAsync(() => _supervisor.StartAsync(WriteConfiguration, cancel)).ConfigureAwait(false);
    }

    /// <summary>Stops containerd. Containers keep running, and the next <see cref="StartAsync"/> finds them again.</summary>
    /// <exception cref="ContainerdException">It survived SIGKILL, e.g. because a disk hangs.</exception>
    public Task StopAsync(CancellationToken cancel) => TranslateAsync(() => _supervisor.StopAsync(cancel));

    /// <summary>Stops supervising. containerd keeps running, to be adopted by the next supervisor.</summary>
    public ValueTask DisposeAsync() => _supervisor.DisposeAsync();

    private static async Task TranslateAsync(Func<Task> step)
    {
        try
        {
            await step().ConfigureAwait(false);
        }
        catch (SupervisionException e)
        {
            throw new ContainerdException(e.Message, e);
        }
    }

    /// <summary>Writes config.toml and, if air-gapped, the catch-all hosts.toml. True if containerd's configuration changed.</summary>
    private bool WriteConfiguration()
    {
        string runtime = Executables.Find(_settings.RuntimeBinary, "runc");
        Directory.CreateDirectory(_settings.RootDirectory, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute);
        Directory.CreateDirectory(_settings.StateDirectory, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute);
        Directory.CreateDirectory(_settings.CniConfigDirectory);

        string catchAll = Path.Combine(_settings.EffectiveRegistryDirectory, "_default", "hosts.toml");
        Directory.CreateDirectory(Path.GetDirectoryName(catchAll)!);
        if (_settings.AirGapped)
            File.WriteAllText(catchAll, ContainerdConfigFile.AirGappedHosts);
        else if (File.Exists(catchAll) && File.ReadAllText(catchAll) == ContainerdConfigFile.AirGappedHosts)
            File.Delete(catchAll); // ours, from a time when the node was air-gapped; a user's own file stays

        string text = ContainerdConfigFile.Render(_settings, runtime);
        if (File.Exists(_settings.ConfigPath) && File.ReadAllText(_settings.ConfigPath) == text) return false;
        string temporary = _settings.ConfigPath + ".new";
        File.WriteAllText(temporary, text);
        File.Move(temporary, _settings.ConfigPath, overwrite: true);
        return true;
    }

    private ProcessIdentity Launch()
    {
        string binary = Executables.Find(_settings.ContainerdBinary, "containerd");
        var environment = new Dictionary<string, string> { ["PATH"] = Executables.SearchPath, ["HOME"] = _settings.RootDirectory };
        foreach (string name in new[] { "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy", "SSL_CERT_FILE", "SSL_CERT_DIR", "TMPDIR" })
        {
            if (Environment.GetEnvironmentVariable(name) is { Length: > 0 } value) environment[name] = value;
        }

        return DetachedProcess.Start(binary, ["--config", _settings.ConfigPath], environment, _settings.LogPath);
    }
}
