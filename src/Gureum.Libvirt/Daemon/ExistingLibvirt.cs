namespace Gureum.Libvirt.Daemon;

/// <summary>A libvirtd that somebody else runs: it is looked at, never started or stopped.</summary>
/// <param name="uri">libvirt's URI.</param>
/// <param name="time">The clock.</param>
public sealed class ExistingLibvirt(string uri = "qemu:///system", TimeProvider? time = null) : ILibvirt
{
    private static readonly TimeSpan CheckEvery = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan CheckTimeout = TimeSpan.FromSeconds(30);

    private readonly TimeProvider _time = time ?? TimeProvider.System;
    private readonly CancellationTokenSource _stopping = new();
    private volatile string? _problem = "not looked at yet";
    private Task _monitor = Task.CompletedTask;

    /// <inheritdoc/>
    public string Uri => uri;

    /// <inheritdoc/>
    public string? Problem => _problem;

    /// <inheritdoc/>
    public async Task StartAsync(CancellationToken cancel)
    {
        try
        {
            _problem = await LibvirtHealth.CheckAsync(uri, CheckTimeout, cancel).ConfigureAwait(false);
        }
        catch (DllNotFoundException e)
        {
            throw new LibvirtDaemonException(e.Message, e);
        }

        if (_problem is not null) throw new LibvirtDaemonException($"no libvirtd: {_problem}. Start libvirtd, or let Gureum run its own");
        _monitor = MonitorAsync();
    }

    /// <inheritdoc/>
    public int? ProcessOf(string name) => GuestProcesses.Find("/run/libvirt/qemu", name)?.Pid;

    /// <summary>Stops looking; libvirtd itself is left as it is.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync().ConfigureAwait(false);
        await _monitor.ConfigureAwait(false);
        _stopping.Dispose();
    }

    private async Task MonitorAsync()
    {
        using var timer = new PeriodicTimer(CheckEvery, _time);
        try
        {
            while (await timer.WaitForNextTickAsync(_stopping.Token).ConfigureAwait(false))
                _problem = await LibvirtHealth.CheckAsync(uri, CheckTimeout, _stopping.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            // disposed: the normal end
        }
    }
}
