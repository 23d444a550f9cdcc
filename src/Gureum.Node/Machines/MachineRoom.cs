using System.Net;
using Gureum.Client;
using Gureum.Libvirt;
using Gureum.Network.Dhcp;
using Gureum.Network.Netlink;
using Gureum.Network.Pods;
using Gureum.Node.Cgroups;
using Gureum.Node.Machines.Migration;
using Gureum.Node.Admission;
using Gureum.Node.Networking;
using Gureum.Node.Pods;
using Gureum.Node.Probes;
using Gureum.Node.Volumes;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Kubevirt.V1;
using Gureum.Objects.Machines;
using PodNetwork = Gureum.Network.Pods.PodNetwork;

namespace Gureum.Node.Machines;

/// <summary>Everything of a node that is there for its virtual machines, put together. What runs goes on when it is disposed.</summary>
internal sealed class MachineRoom : IAsyncDisposable
{
    private readonly MachineHost host;
    private readonly DhcpServer dhcp;
    private readonly HypervisorReport report;
    private readonly CancellationTokenSource stop = new();
    private readonly Informer<Pod> pods;
    private readonly Informer<VirtualMachineInstance> instances;
    private readonly TenantFollower tenants;
    private Task reporting = Task.CompletedTask;

    private MachineRoom(TenantFollower tenants, MachineHost host, MachineStore store, DhcpServer dhcp, HypervisorReport report, MachinePodRuntime runtime, Informer<Pod> pods, Informer<VirtualMachineInstance> instances, MachineDoors doors)
    {
        this.tenants = tenants;
        (this.host, Store, this.dhcp, this.report, Runtime) = (host, store, dhcp, report, runtime);
        (this.pods, this.instances, Doors) = (pods, instances, doors);
    }

    /// <summary>What others see of the guests, and ask of them.</summary>
    internal MachineDoors Doors { get; }

    internal MachineStore Store { get; }
    internal MachinePodRuntime Runtime { get; }
    internal MachineHost Host => host;
    internal required Departures Departures { get; init; }
    internal required MigrationEndpoint Migrations { get; init; }
    internal required GuestHolds Holds { get; init; }

    internal static MachineRoom Open(NodeAgentOptions options, int port, ApiClient client, PodNetwork network, TenantFollower tenants, Informer<Pod> pods, Informer<VirtualMachineInstance> instances, VolumeManager volumes, ProbeManager probes, CgroupTree cgroups, PodSettings settings, EventRecorder events, Func<Pod, (Rejection? Now, Rejection? Ever)> room, TimeProvider time)
    {
        var host = new MachineHost(MachineHostOptions.Of(options), time);
        var store = new MachineStore(options.MachinesDirectory);
        var dhcp = DhcpServer.Start(network.Options.Bridge, NetNamespace.Current, e => Log.Current.Warn("dhcp", e.Message));
        var arriving = new ArrivingGuests(options.Libvirt);
        var arrivals = new Arrivals(arriving, new IPEndPoint(options.Address, port), client, time);
        MachineDoors? doors = null;
        var growth = new GuestGrowth(room, uid => doors!.Changed(uid), events, cgroups, MachinePodRuntime.MostProcesses);
        doors = MachineDoors.Open(host, store, network, tenants, client, growth.FailureOf, time);
        var networks = new GuestNetwork(network, dhcp, tenants, settings);
        var runtime = new MachinePodRuntime(host, store, arrivals, networks, new HotPlug(store, volumes, client, pods, events), new CardPlug(networks, events), growth, volumes, probes, cgroups, client, instances, settings, events, time);
        return new MachineRoom(tenants, host, store, dhcp, new HypervisorReport(host, client, options.Name, time), runtime, pods, instances, doors)
        {
            Departures = new Departures(options, host, store, arriving, client, time), Migrations = new MigrationEndpoint(options.Name, client, arriving), Holds = new GuestHolds(host, store, time),
        };
    }

    /// <summary>Brings up the hypervisor, in its own time; guests of an earlier life of this agent are taken up again.</summary>
    /// <param name="wake">Has a pod looked at, by its uid.</param>
    internal void Start(Action<string> wake)
    {
        host.Changed = domain =>
        {
            foreach (var uid in Store.Uids)
                if (Store.Find(uid)?.Domain == domain) { wake(uid); Doors.Changed(uid); }
        };
        host.StateChanged = () =>
        {
            report.Changed();
            if (host.Problem is not null) return;
            Doors.HypervisorBack();
            _ = Task.Run(() => Holds.ReleaseStaleAsync(stop.Token), CancellationToken.None);
            foreach (var pod in pods.List().Where(RuntimeChoice.IsMachine)) wake(pod.Metadata.Uid!);
            _ = Task.Run(SweepAsync, CancellationToken.None);
        };
        instances.AddHandler((old, current) =>
        {
            if (current is not null) Departures.Consider(current);
            if (old is null || current is null || old.Metadata.Generation == current.Metadata.Generation) return;
            foreach (var pod in pods.List(current.Metadata.Namespace ?? "").Where(p => p.Metadata.OwnerReferences.Any(o => o.Uid == current.Metadata.Uid))) { wake(pod.Metadata.Uid!); Doors.Changed(pod.Metadata.Uid!); }
        });
        // A disk for a running guest has come to this node, or goes.
        pods.AddHandler((old, current) =>
        {
            var pod = (current ?? old)!;
            if (pod.Metadata.Labels.GetValueOrDefault(MachineNames.App) != MachineNames.HotplugDisk) return;
            foreach (var owner in pod.Metadata.OwnerReferences) { wake(owner.Uid!); Doors.Changed(owner.Uid!); }
        });
        // A port that machines wait for is there, or one that they had is gone.
        tenants.Ports.AddHandler((old, current) =>
        {
            if (old is not null && current is not null) return;
            foreach (var pod in pods.List((current ?? old)!.Metadata.Namespace!).Where(RuntimeChoice.IsMachine)) wake(pod.Metadata.Uid!);
        });
        Doors.Start();
        host.Start();
        reporting = Task.Run(() => report.RunAsync(stop.Token), CancellationToken.None);
    }

    // Guests whose pods went while the agent was away.
    private async Task SweepAsync()
    {
        var alive = pods.List().Select(p => p.Metadata.Uid!).ToHashSet();
        foreach (var uid in Store.Uids.Where(u => !alive.Contains(u)))
        {
            try
            {
                if (Store.Find(uid) is not { } record) continue;
                Log.Current.Info("machines", $"removing {record.Namespace}/{record.Instance}, whose pod the API no longer has on this node");
                await Runtime.RemoveAsync(uid, record.Namespace, record.PodName, stop.Token);
            }
            catch (Exception e) when (e is LibvirtException or PodNotReadyException or IOException or CgroupException or OperationCanceledException) { Log.Current.Warn("machines", $"{uid}: {e.Message}"); }
        }
    }

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        await reporting;
        await Doors.DisposeAsync();
        await Departures.DisposeAsync();
        await host.DisposeAsync();
        await dhcp.DisposeAsync();
        stop.Dispose();
    }
}
