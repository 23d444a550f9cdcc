namespace Gureum.Node.Containerd;

/// <summary>A containerd that somebody else runs: it is looked at, never started or stopped.</summary>
/// <param name="socketPath">Its unix socket, e.g. <c>/run/containerd/containerd.sock</c>.</param>
/// <param name="time">The clock.</param>
public sealed class ExistingContainerd(string socketPath, TimeProvider? time = null) : IContainerd
{
    private static readonly TimeSpan CheckEvery = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan CheckTimeout = TimeSpan.FromSeconds(5);

    private readonly TimeProvider _time = time ?? TimeProvider.System;
    private readonly CancellationTokenSource _stopping = new();
    private volatile string? _problem = "not looked at yet";
    private Task _monitor = Task.CompletedTask;

    /// <inheritdoc/>
    public string SocketPath => socketPath;

    /// <inheritdoc/>
    public string? Problem => _problem;

    /// <inheritdoc/>
    public async Task StartAsync(CancellationToken cancel)
    {
        _problem = await ContainerdHealth.CheckAsync(socketPath, CheckTimeout, cancel).ConfigureAwait(false);
        if (_problem is not null)
            throw new ContainerdException($"no CRI service: {_problem}. Start containerd with its cri plugin enabled, or let Gureum run its own");
        _monitor = MonitorAsync();
    }

    /// <summary>Stops looking; containerd itself is left as it is.</summary>
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
                _problem = await ContainerdHealth.CheckAsync(socketPath, CheckTimeout, _stopping.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            // disposed: the normal end
        }
        catch (Grpc.Core.RpcException) when (_stopping.IsCancellationRequested)
        {
            // disposed in the middle of a check
        }
    }
}
