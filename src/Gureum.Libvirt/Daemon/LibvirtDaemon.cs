using Gureum.Processes;
using Microsoft.Extensions.Logging;

namespace Gureum.Libvirt.Daemon;

/// <summary>
/// Runs a libvirtd of our own: adopts the one that an earlier Gureum left running, starts one if there is none, starts it
/// again when it dies. It lives in a mount namespace in which libvirt's fixed directories (/etc, /var and /run/libvirt) are ours,
/// so that it never meets the system's. QEMU's processes belong to nobody: they outlive libvirtd and us. Thread-safe state.
/// </summary>
public sealed class LibvirtDaemon : ILibvirt
{
    private static readonly TimeSpan StartTimeout = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan EndTimeout = TimeSpan.FromSeconds(10);

    private readonly LibvirtSettings _settings;
    private readonly ProcessSupervisor _supervisor;

    /// <summary>Prepares a supervisor; nothing runs before <see cref="StartAsync"/>.</summary>
    public LibvirtDaemon(LibvirtSettings settings, ILogger<LibvirtDaemon> log, TimeProvider? time = null)
    {
        _settings = settings;
        Uri = "qemu+unix:///system?mode=legacy&socket=" + System.Uri.EscapeDataString(settings.SocketPath).Replace("%2F", "/", StringComparison.Ordinal);
        _supervisor = new ProcessSupervisor(
            new SupervisedProgram(
                "libvirtd", Launch, (timeout, cancel) => LibvirtHealth.CheckAsync(Uri, timeout, cancel),
                settings.IdentityPath, settings.LogPath, settings.SocketPath, StartTimeout),
            log, time ?? TimeProvider.System);
    }

    /// <inheritdoc/>
    public string Uri { get; }

    /// <inheritdoc/>
    public string? Problem => _supervisor.Problem;

    /// <summary>Process id of the libvirtd that runs now; null while none does.</summary>
    public int? ProcessId => _supervisor.ProcessId;

    private string StateDirectory => Path.Combine(_settings.RunDirectory, "run", "qemu");

    /// <inheritdoc/>
    public async Task StartAsync(CancellationToken cancel)
    {
        IReadOnlyList<string> errors = ConfigFiles.Validate(_settings);
        if (errors.Count > 0) throw new LibvirtDaemonException("libvirtd's settings are refused: " + string.Join("; ", errors));
        await TranslateAsync(async () =>
        {
            await _supervisor.StartAsync(Configure, cancel).ConfigureAwait(false);
            await LibvirtHealth.FindQemuAsync(Uri, cancel).ConfigureAwait(false);
        }).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public int? ProcessOf(string name) => GuestProcesses.Find(StateDirectory, name)?.Pid;

    /// <summary>Stops libvirtd. Machines go on, and the next <see cref="StartAsync"/> finds them again.</summary>
    /// <exception cref="LibvirtDaemonException">It survived SIGKILL, e.g. because a disk hangs.</exception>
    public Task StopAsync(CancellationToken cancel) => TranslateAsync(() => _supervisor.StopAsync(cancel));

    /// <summary>Ends every machine and libvirtd, and leaves no process, mount, socket or process id. Definitions stay in the root directory.</summary>
    /// <exception cref="LibvirtDaemonException">A process survived SIGKILL.</exception>
    public async Task TeardownAsync(CancellationToken cancel)
    {
        await StopAsync(cancel).ConfigureAwait(false);
        foreach (ProcessIdentity guest in GuestProcesses.FindAll(StateDirectory)) await EndAsync(guest, cancel).ConfigureAwait(false);
        foreach (string directory in _settings.SharedDirectories.Reverse()) SharedMounts.Undo(directory);
        if (Directory.Exists(_settings.RunDirectory)) Directory.Delete(_settings.RunDirectory, recursive: true);
        // /run/libvirt itself stays, an empty directory: removing it would tear our mount off it in the namespace of every other libvirtd.
    }

    /// <summary>Stops supervising. libvirtd keeps running, to be adopted by the next supervisor.</summary>
    public ValueTask DisposeAsync() => _supervisor.DisposeAsync();

    private static async Task TranslateAsync(Func<Task> step)
    {
        try
        {
            await step().ConfigureAwait(false);
        }
        catch (SupervisionException e)
        {
            throw new LibvirtDaemonException(e.Message, e);
        }
        catch (Exception e) when (e is DllNotFoundException or FileNotFoundException or LibvirtException)
        {
            throw new LibvirtDaemonException(e.Message, e);
        }
    }

    /// <summary>Makes directories and files. True if a running libvirtd has others.</summary>
    private bool Configure()
    {
        // Not for others to read, but QEMU, which is another user, passes through.
        const UnixFileMode Searchable = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;
        Directory.CreateDirectory(_settings.RootDirectory, Searchable);
        Directory.CreateDirectory(_settings.RunDirectory, Searchable);
        foreach ((string ours, string system) in NamespaceScript.Bindings(_settings))
        {
            Directory.CreateDirectory(ours, Searchable);
            Directory.CreateDirectory(system);
        }

        foreach (string directory in _settings.SharedDirectories) SharedMounts.Ensure(directory);
        bool changed = Write(_settings.ConfigPath, ConfigFiles.Libvirtd(_settings)) | Write(Path.Combine(_settings.RootDirectory, "etc", "qemu.conf"), ConfigFiles.Qemu(_settings));
        // Not a file of libvirt's: it makes a change of the namespace a change of the configuration.
        return Write(Path.Combine(_settings.RootDirectory, "namespace"), NamespaceScript.Render(_settings) + string.Concat(_settings.SharedDirectories.Select(d => $"# {d}\n"))) | changed;
    }

    private static bool Write(string path, string text)
    {
        if (File.Exists(path) && File.ReadAllText(path) == text) return false;
        string temporary = path + ".new";
        File.WriteAllText(temporary, text);
        File.Move(temporary, path, overwrite: true);
        return true;
    }

    private ProcessIdentity Launch()
    {
        string libvirtd = Executables.Find(_settings.Binary, "libvirt-daemon-system");
        var environment = new Dictionary<string, string> { ["PATH"] = Executables.SearchPath, ["HOME"] = _settings.RootDirectory, ["LC_ALL"] = "C.UTF-8" };
        return DetachedProcess.Start(
            Executables.Find("unshare", "util-linux"), ["--mount", "--propagation", "slave", "--", "/bin/sh", "-c", NamespaceScript.Render(_settings), libvirtd], environment, _settings.LogPath);
    }

    private static async Task EndAsync(ProcessIdentity guest, CancellationToken cancel)
    {
        foreach (int signal in new[] { 15, 9 })
        {
            guest.Signal(signal);
            long began = TimeProvider.System.GetTimestamp();
            while (guest.IsAlive() && TimeProvider.System.GetElapsedTime(began) < EndTimeout) await Task.Delay(TimeSpan.FromMilliseconds(20), cancel).ConfigureAwait(false);
            if (!guest.IsAlive()) return;
        }

        throw new LibvirtDaemonException($"the guest process {guest.Pid} does not end, not even by SIGKILL: a disk that it uses hangs");
    }
}
