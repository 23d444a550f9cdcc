using Gureum.Node.Native;
using Microsoft.Extensions.Logging;

namespace Gureum.Node.Containerd;

/// <summary>
/// Runs a containerd of our own: adopts the one that an earlier Gureum left running, starts one if there is none, starts
/// it again when it dies. Containers belong to their shims and outlive both. Thread-safe state.
/// </summary>
public sealed partial class ContainerdSupervisor : IContainerd
{
    private static readonly TimeSpan StartTimeout = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan StopTimeout = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan HealthTimeout = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(500);

    // Ten seconds between health calls, and a busy disk may make it slow: only a long silence means that it hangs.
    private const int LooksPerHealthCall = 20, SilencesBeforeRestart = 6;

    private readonly ContainerdSettings _settings;
    private readonly ILogger _log;
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _stopping = new();
    private readonly SemaphoreSlim _lifecycle = new(1, 1);
    private volatile ProcessIdentity? _process;
    private volatile string? _problem = "not started";
    private Task _monitor = Task.CompletedTask;
    private long _startedAt;

    /// <summary>Prepares a supervisor; nothing runs before <see cref="StartAsync"/>.</summary>
    public ContainerdSupervisor(ContainerdSettings settings, ILogger<ContainerdSupervisor> log, TimeProvider? time = null)
    {
        _settings = settings;
        _log = log;
        _time = time ?? TimeProvider.System;
    }

    /// <inheritdoc/>
    public string SocketPath => _settings.SocketPath;

    /// <inheritdoc/>
    public string? Problem => _problem;

    /// <summary>Process id of the containerd that runs now; null while none does.</summary>
    public int? ProcessId => _process?.Pid;

    /// <inheritdoc/>
    public async Task StartAsync(CancellationToken cancel)
    {
        IReadOnlyList<string> errors = ContainerdConfigFile.Validate(_settings);
        if (errors.Count > 0) throw new ContainerdException("containerd's settings are refused: " + string.Join("; ", errors));

        await _lifecycle.WaitAsync(cancel).ConfigureAwait(false);
        try
        {
            bool changed = WriteConfiguration();
            if (await AdoptAsync(changed, cancel).ConfigureAwait(false)) return;
            Launch();
            await AwaitHealthAsync(cancel).ConfigureAwait(false);
        }
        finally
        {
            _lifecycle.Release();
        }

        _monitor = MonitorAsync();
    }

    /// <summary>Stops containerd. Containers keep running, and the next <see cref="StartAsync"/> finds them again.</summary>
    /// <exception cref="ContainerdException">It survived SIGKILL, e.g. because a disk hangs.</exception>
    public async Task StopAsync(CancellationToken cancel)
    {
        await EndMonitorAsync().ConfigureAwait(false);
        await _lifecycle.WaitAsync(cancel).ConfigureAwait(false);
        try
        {
            if (_process is { } process) await EndAsync(process, cancel).ConfigureAwait(false);
            _process = null;
            _problem = "stopped";
            File.Delete(_settings.IdentityPath);
        }
        finally
        {
            _lifecycle.Release();
        }
    }

    /// <summary>Stops supervising. containerd keeps running, to be adopted by the next supervisor.</summary>
    public async ValueTask DisposeAsync()
    {
        await EndMonitorAsync().ConfigureAwait(false);
        _stopping.Dispose();
        _lifecycle.Dispose();
    }

    private async Task EndMonitorAsync()
    {
        if (_stopping.IsCancellationRequested) return;
        await _stopping.CancelAsync().ConfigureAwait(false);
        await _monitor.ConfigureAwait(false);
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

    private async Task<bool> AdoptAsync(bool configurationChanged, CancellationToken cancel)
    {
        if (ProcessIdentity.Load(_settings.IdentityPath) is not { } known || !known.IsAlive()) return false;
        if (configurationChanged)
        {
            LogReconfigured(known.Pid);
            await EndAsync(known, cancel).ConfigureAwait(false);
            return false;
        }

        if (await ContainerdHealth.CheckAsync(SocketPath, HealthTimeout, cancel).ConfigureAwait(false) is { } problem)
        {
            LogReplaced(known.Pid, problem);
            await EndAsync(known, cancel).ConfigureAwait(false);
            return false;
        }

        _process = known;
        _problem = null;
        _startedAt = _time.GetTimestamp();
        LogAdopted(known.Pid, SocketPath);
        _monitor = MonitorAsync();
        return true;
    }

    private void Launch()
    {
        string binary = Executables.Find(_settings.ContainerdBinary, "containerd");
        var environment = new Dictionary<string, string> { ["PATH"] = Executables.SearchPath, ["HOME"] = _settings.RootDirectory };
        foreach (string name in new[] { "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy", "SSL_CERT_FILE", "SSL_CERT_DIR", "TMPDIR" })
        {
            if (Environment.GetEnvironmentVariable(name) is { Length: > 0 } value) environment[name] = value;
        }

        ProcessIdentity process = DetachedProcess.Start(binary, ["--config", _settings.ConfigPath], environment, _settings.LogPath);
        process.Save(_settings.IdentityPath);
        _process = process;
        _startedAt = _time.GetTimestamp();
        LogStarted(process.Pid, SocketPath);
    }

    private async Task AwaitHealthAsync(CancellationToken cancel)
    {
        long began = _time.GetTimestamp();
        while (true)
        {
            _problem = await ContainerdHealth.CheckAsync(SocketPath, TimeSpan.FromSeconds(5), cancel).ConfigureAwait(false);
            if (_problem is null) return;
            if (_process is not { } process || !process.IsAlive())
            {
                if (_process is { } dead) DetachedProcess.Reap(dead.Pid);
                throw new ContainerdException($"containerd ended while starting: {LastLogLine()}. The whole log is {_settings.LogPath}");
            }

            if (_time.GetElapsedTime(began) > StartTimeout)
                throw new ContainerdException($"containerd (process {process.Pid}) serves no CRI after {StartTimeout.TotalSeconds} s: {_problem}. Look into {_settings.LogPath}");
            await Task.Delay(TimeSpan.FromMilliseconds(50), _time, cancel).ConfigureAwait(false);
        }
    }

    private async Task EndAsync(ProcessIdentity process, CancellationToken cancel)
    {
        foreach (int signal in new[] { Libc.SIGTERM, Libc.SIGKILL })
        {
            process.Signal(signal);
            long began = _time.GetTimestamp();
            while (process.IsAlive() && _time.GetElapsedTime(began) < StopTimeout)
                await Task.Delay(TimeSpan.FromMilliseconds(20), _time, cancel).ConfigureAwait(false);
            DetachedProcess.Reap(process.Pid);
            if (!process.IsAlive()) return;
        }

        throw new ContainerdException($"containerd (process {process.Pid}) does not end, not even by SIGKILL: a disk or a mount below {_settings.RootDirectory} hangs");
    }

    private async Task MonitorAsync()
    {
        CancellationToken cancel = _stopping.Token;
        var backOff = new RestartBackOff(0);
        int looks = 0, silences = 0;
        try
        {
            while (true)
            {
                await Task.Delay(LookEvery, _time, cancel).ConfigureAwait(false);
                ProcessIdentity? process = _process;
                if (process is null || !process.IsAlive())
                {
                    if (process is not null) DetachedProcess.Reap(process.Pid);
                    backOff = backOff.AfterDeath(_time.GetElapsedTime(_startedAt));
                    silences = 0;
                    _problem = $"containerd ended: {LastLogLine()}";
                    LogDied(process?.Pid ?? 0, backOff.Delay.TotalSeconds);
                    await Task.Delay(backOff.Delay, _time, cancel).ConfigureAwait(false);
                    await RelaunchAsync(cancel).ConfigureAwait(false);
                }
                else if (++looks % LooksPerHealthCall == 0)
                {
                    _problem = await ContainerdHealth.CheckAsync(SocketPath, HealthTimeout, cancel).ConfigureAwait(false);
                    silences = _problem is null ? 0 : silences + 1;
                    if (silences < SilencesBeforeRestart) continue;
                    LogReplaced(process.Pid, _problem!);
                    await EndAsync(process, cancel).ConfigureAwait(false);
                }
            }
        }
        catch (Exception e) when (cancel.IsCancellationRequested && e is OperationCanceledException or Grpc.Core.RpcException)
        {
            // disposed or stopped: the normal end
        }
    }

    private async Task RelaunchAsync(CancellationToken cancel)
    {
        try
        {
            Launch();
            await AwaitHealthAsync(cancel).ConfigureAwait(false);
        }
        catch (Exception e) when (e is ContainerdException or IOException or UnauthorizedAccessException)
        {
            // The loop sees the dead process and comes back, later each time.
            _problem = e.Message;
            LogRelaunchFailed(e.Message);
        }
    }

    private string LastLogLine() =>
        File.Exists(_settings.LogPath) && File.ReadLines(_settings.LogPath).LastOrDefault(l => l.Length > 0) is { } line
            ? line
            : "it wrote no log";

    [LoggerMessage(EventId = 100, Level = LogLevel.Information, Message = "containerd {Pid} started on {Socket}")]
    private partial void LogStarted(int pid, string socket);

    [LoggerMessage(EventId = 101, Level = LogLevel.Information, Message = "containerd {Pid} adopted on {Socket}")]
    private partial void LogAdopted(int pid, string socket);

    [LoggerMessage(EventId = 102, Level = LogLevel.Information, Message = "containerd {Pid} is restarted: its configuration changed")]
    private partial void LogReconfigured(int pid);

    [LoggerMessage(EventId = 103, Level = LogLevel.Warning, Message = "containerd {Pid} is replaced: {Problem}")]
    private partial void LogReplaced(int pid, string problem);

    [LoggerMessage(EventId = 104, Level = LogLevel.Warning, Message = "containerd {Pid} died; next start in {Seconds} s")]
    private partial void LogDied(int pid, double seconds);

    [LoggerMessage(EventId = 105, Level = LogLevel.Error, Message = "containerd did not come back: {Problem}")]
    private partial void LogRelaunchFailed(string problem);
}
