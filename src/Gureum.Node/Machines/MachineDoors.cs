using Gureum.Client;
using Gureum.Node.Networking;
using PodNetwork = Gureum.Network.Pods.PodNetwork;

namespace Gureum.Node.Machines;

/// <summary>How others get at a node's guests, put together: what is asked of them, what is told of them, what they say on their consoles.</summary>
internal sealed class MachineDoors : IAsyncDisposable
{
    private readonly MachineStore store;
    private readonly TimeProvider time;
    private readonly InstanceReporter reporter;
    private readonly CancellationTokenSource stop = new();
    private Task loops = Task.CompletedTask;

    private MachineDoors(MachineStore store, MachineEndpoints endpoints, InstanceReporter reporter, TimeProvider time) => (this.store, Endpoints, this.reporter, this.time) = (store, endpoints, reporter, time);

    internal MachineEndpoints Endpoints { get; }

    internal static MachineDoors Open(MachineHost host, MachineStore store, PodNetwork network, TenantFollower tenants, ApiClient client, Func<string, string?> memoryFailure, TimeProvider time)
    {
        InstanceReporter? reporter = null;
        var endpoints = new MachineEndpoints(() => host.Hypervisor, store, uid => network.Leases.FirstOrDefault(l => l.ContainerId == uid)?.Address, (uid, cancel) => reporter!.ReportAsync(uid, cancel), time) { Known = uid => reporter!.Known(uid) };
        reporter = new InstanceReporter(() => host.Hypervisor, store, client, endpoints.Thaws.IsFrozen, memoryFailure, tenants.AddressesOf, time);
        return new MachineDoors(store, endpoints, reporter, time);
    }

    internal void Start() => loops = Task.WhenAll(reporter.RunAsync(stop.Token), Task.Run(() => ConsoleLogs.RunAsync(store, time, stop.Token), CancellationToken.None));

    /// <summary>Something happened to the guest of a pod.</summary>
    internal void Changed(string uid) => reporter.Note(uid);

    /// <summary>The hypervisor can be reached, for the first time or again.</summary>
    internal void HypervisorBack() => Endpoints.Thaws.Restore();

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        await loops;
        await Endpoints.DisposeAsync();
        stop.Dispose();
    }
}
