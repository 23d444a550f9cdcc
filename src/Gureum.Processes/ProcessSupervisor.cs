using Microsoft.Extensions.Logging;

namespace Gureum.Processes;

/// <summary>
/// Keeps a program running: adopts the one that an earlier Gureum left, starts one if there is none, starts it again when
/// it dies or hangs. The program outlives us. Thread-safe state.
/// </summary>
/// <param name="program">The program.</param>
/// <param name="log">Where to tell of it.</param>
/// <param name="time">The clock.</param>
public sealed partial class ProcessSupervisor(SupervisedProgram program, ILogger log, TimeProvider time) : IAsyncDisposable
{
    private static readonly TimeSpan StopTimeout = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan HealthTimeout = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(500);

    // Ten seconds between health calls, and a busy disk may make it slow: only a long silence means that it hangs.
    private const int LooksPerHealthCall = 20, SilencesBeforeRestart = 6;

    private readonly ILogger _log = log;
    private readonly CancellationTokenSource _stopping = new();
    private readonly SemaphoreSlim _lifecycle = new(1, 1);
    private volatile ProcessIdentity? _process;
    private volatile string? _problem = "not started";
    private Task _monitor = Task.CompletedTask;
    private long _startedAt;

    /// <summary>What is wrong with it just now; null if nothing is.</summary>
    public string? Problem => _problem;

    /// <summary>Process id of the one that runs now; null while none does.</summary>
    public int? ProcessId => _process?.Pid;

    /// <summary>Returns once it answers.</summary>
    /// <param name="configure">Writes its configuration; true if that changed, so that a running one is replaced.</param>
    /// <param name="cancel">Gives up.</param>
    /// <exception cref="SupervisionException">It does not.</exception>
    public async Task StartAsync(Func<bool> configure, CancellationToken cancel)
    {
        await _lifecycle.WaitAsync(cancel).ConfigureAwait(false);
        try
        {
            bool changed = configure();
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

    /// <summary>Stops it. The next <see cref="StartAsync"/> starts another.</summary>
    /// <exception cref="SupervisionException">It survived SIGKILL, e.g. because a disk hangs.</exception>
    public async Task StopAsync(CancellationToken cancel)
    {
        await EndMonitorAsync().ConfigureAwait(false);
        await _lifecycle.WaitAsync(cancel).ConfigureAwait(false);
        try
        {
            if ((_process ?? ProcessIdentity.Load(program.IdentityPath)) is { } process) await EndAsync(process, cancel).ConfigureAwait(false);
            _process = null;
            _problem = "stopped";
            if (File.Exists(program.IdentityPath)) File.Delete(program.IdentityPath);
        }
        finally
        {
            _lifecycle.Release();
        }
    }

    /// <summary>Stops supervising. The program keeps running, to be adopted by the next supervisor.</summary>
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

    private async Task<bool> AdoptAsync(bool configurationChanged, CancellationToken cancel)
    {
        if (ProcessIdentity.Load(program.IdentityPath) is not { } known || !known.IsAlive()) return false;
        if (configurationChanged)
        {
            LogReconfigured(program.Name, known.Pid);
            await EndAsync(known, cancel).ConfigureAwait(false);
            return false;
        }

        if (await program.CheckHealth(HealthTimeout, cancel).ConfigureAwait(false) is { } problem)
        {
            LogReplaced(program.Name, known.Pid, problem);
            await EndAsync(known, cancel).ConfigureAwait(false);
            return false;
        }

        _process = known;
        _problem = null;
        _startedAt = time.GetTimestamp();
        LogAdopted(program.Name, known.Pid, program.Address);
        _monitor = MonitorAsync();
        return true;
    }

    private void Launch()
    {
        ProcessIdentity process = program.Launch();
        process.Save(program.IdentityPath);
        _process = process;
        _startedAt = time.GetTimestamp();
        LogStarted(program.Name, process.Pid, program.Address);
    }

    private async Task AwaitHealthAsync(CancellationToken cancel)
    {
        long began = time.GetTimestamp();
        while (true)
        {
            _problem = await program.CheckHealth(TimeSpan.FromSeconds(5), cancel).ConfigureAwait(false);
            if (_problem is null) return;
            if (_process is not { } process || !process.IsAlive())
            {
                if (_process is { } dead) DetachedProcess.Reap(dead.Pid);
                throw new SupervisionException($"{program.Name} ended while starting: {LastLogLine()}. The whole log is {program.LogPath}");
            }

            if (time.GetElapsedTime(began) > program.StartTimeout)
                throw new SupervisionException($"{program.Name} (process {process.Pid}) does not serve after {program.StartTimeout.TotalSeconds} s: {_problem}. Look into {program.LogPath}");
            await Task.Delay(TimeSpan.FromMilliseconds(50), time, cancel).ConfigureAwait(false);
        }
    }

    private async Task EndAsync(ProcessIdentity process, CancellationToken cancel)
    {
        foreach (int signal in new[] { ProcessCalls.SIGTERM, ProcessCalls.SIGKILL })
        {
            process.Signal(signal);
            long began = time.GetTimestamp();
            while (process.IsAlive() && time.GetElapsedTime(began) < StopTimeout)
                await Task.Delay(TimeSpan.FromMilliseconds(20), time, cancel).ConfigureAwait(false);
            DetachedProcess.Reap(process.Pid);
            if (!process.IsAlive()) return;
        }

        throw new SupervisionException($"{program.Name} (process {process.Pid}) does not end, not even by SIGKILL: a disk or a mount that it uses hangs");
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
                await Task.Delay(LookEvery, time, cancel).ConfigureAwait(false);
                ProcessIdentity? process = _process;
                if (process is null || !process.IsAlive())
                {
                    if (process is not null) DetachedProcess.Reap(process.Pid);
                    backOff = backOff.AfterDeath(time.GetElapsedTime(_startedAt));
                    silences = 0;
                    _problem = $"{program.Name} ended: {LastLogLine()}";
                    LogDied(program.Name, process?.Pid ?? 0, backOff.Delay.TotalSeconds);
                    await Task.Delay(backOff.Delay, time, cancel).ConfigureAwait(false);
                    await RelaunchAsync(cancel).ConfigureAwait(false);
                }
                else if (++looks % LooksPerHealthCall == 0)
                {
                    _problem = await program.CheckHealth(HealthTimeout, cancel).ConfigureAwait(false);
                    silences = _problem is null ? 0 : silences + 1;
                    if (silences < SilencesBeforeRestart) continue;
                    LogReplaced(program.Name, process.Pid, _problem!);
                    await EndAsync(process, cancel).ConfigureAwait(false);
                }
            }
        }
#pragma warning disable CA1031 // a health call that is cut off may fail by whatever its protocol throws
        catch (Exception) when (cancel.IsCancellationRequested)
#pragma warning restore CA1031
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
        catch (Exception e) when (e is SupervisionException or IOException or UnauthorizedAccessException)
        {
            // The loop sees the dead process and comes back, later each time.
            _problem = e.Message;
            LogRelaunchFailed(program.Name, e.Message);
        }
    }

    private string LastLogLine() =>
        File.Exists(program.LogPath) && File.ReadLines(program.LogPath).LastOrDefault(l => l.Length > 0) is { } line
            ? line
            : "it wrote no log";

    [LoggerMessage(EventId = 100, Level = LogLevel.Information, Message = "{Program} {Pid} started on {Address}")]
    private partial void LogStarted(string program, int pid, string address);

    [LoggerMessage(EventId = 101, Level = LogLevel.Information, Message = "{Program} {Pid} adopted on {Address}")]
    private partial void LogAdopted(string program, int pid, string address);

    [LoggerMessage(EventId = 102, Level = LogLevel.Information, Message = "{Program} {Pid} is restarted: its configuration changed")]
    private partial void LogReconfigured(string program, int pid);

    [LoggerMessage(EventId = 103, Level = LogLevel.Warning, Message = "{Program} {Pid} is replaced: {Problem}")]
    private partial void LogReplaced(string program, int pid, string problem);

    [LoggerMessage(EventId = 104, Level = LogLevel.Warning, Message = "{Program} {Pid} died; next start in {Seconds} s")]
    private partial void LogDied(string program, int pid, double seconds);

    [LoggerMessage(EventId = 105, Level = LogLevel.Error, Message = "{Program} did not come back: {Problem}")]
    private partial void LogRelaunchFailed(string program, string problem);
}
