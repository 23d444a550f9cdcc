using System.Net;
using Gureum.Client;
using Gureum.Images;
using Gureum.Images.Recipes;
using Gureum.Network.Dns;
using Gureum.Network.Netlink;
using Gureum.Network.Pods;
using Gureum.Network.Policies;
using Gureum.Network.Services;
using Gureum.Network.Tenants;
using Gureum.Node.Admission;
using Gureum.Node.Cgroups;
using Gureum.Node.Containerd;
using Gureum.Node.Imports;
using Gureum.Node.Logs;
using Gureum.Node.Machines;
using Gureum.Node.Machines.Metadata;
using Gureum.Node.Networking;
using Gureum.Node.Pods;
using Gureum.Node.Probes;
using Gureum.Node.Pulling;
using Gureum.Node.Registration;
using Gureum.Node.Runtime;
using Gureum.Node.Server;
using Gureum.Node.Volumes;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Kubevirt.V1;
using Microsoft.Extensions.Logging.Abstractions;
using PodNetwork = Gureum.Network.Pods.PodNetwork;
using NodeObject = Gureum.Objects.Core.V1.Node;

namespace Gureum.Node;

/// <summary>
/// The agent of one node: containerd, the pod network, Services and names, and a worker for each pod. It talks to the API
/// server only through its client, as this node. What it started keeps running when it is disposed.
/// </summary>
public sealed class NodeAgent : IAsyncDisposable
{
    private static readonly TimeSpan Relist = TimeSpan.FromSeconds(30), LogInterval = TimeSpan.FromSeconds(10);

    private readonly NodeAgentOptions options;
    private readonly TimeProvider time;
    private readonly CancellationTokenSource stop = new();
    private readonly List<Task> loops = [];
    private readonly List<IAsyncDisposable> parts = [];
    private readonly CriConnection connection;
    private readonly IContainerd containerd;
    private readonly CriRuntime runtime;
    private readonly CgroupTree cgroups;

    private NodeAgent(NodeAgentOptions options, TimeProvider time)
    {
        (this.options, this.time) = (options, time);
        containerd = ContainerdOf(options, time);
        connection = new CriConnection(containerd.SocketPath);
        runtime = new CriRuntime(connection, Path.Combine(options.RunDirectory, "fifos"));
        cgroups = new CgroupTree(CgroupLayout.Detect(), options.DataDirectory, time);
    }

    /// <summary>The port of the agent's server.</summary>
    public int Port { get; private set; }

    /// <summary>Completes when the node has been reported Ready.</summary>
    public Task Ready { get; private set; } = Task.CompletedTask;

    private static IContainerd ContainerdOf(NodeAgentOptions options, TimeProvider time) => options.ContainerdSocket is { } socket
        ? new ExistingContainerd(socket)
        : new ContainerdSupervisor(new ContainerdSettings
        {
            RootDirectory = Path.Combine(options.DataDirectory, "containerd"), StateDirectory = options.Containerd, SandboxImage = options.SandboxImage,
            CniBinDirectory = options.CniBin, CniConfigDirectory = options.CniConfiguration, AirGapped = options.AirGapped,
        }, NullLogger<ContainerdSupervisor>.Instance, time);

    /// <summary>Starts everything, and registers the node. Returns when its pods are looked after.</summary>
    /// <param name="client">Acts as this node.</param>
    public static async Task<NodeAgent> StartAsync(NodeAgentOptions options, ApiClient client, TimeProvider time, CancellationToken cancel = default)
    {
        var agent = new NodeAgent(options, time);
        try
        {
            await agent.RunAsync(client, cancel);
            return agent;
        }
        catch
        {
            await agent.DisposeAsync();
            throw;
        }
    }

    private async Task RunAsync(ApiClient client, CancellationToken cancel)
    {
        foreach (var directory in (string[])[options.DataDirectory, options.RunDirectory, options.PodsDirectory, options.LogsDirectory]) Directory.CreateDirectory(directory);
        // Pods weigh as much as the machine has processors, whatever else runs on it; a group of the kernel's own making, as one process.
        cgroups.Prepare(new ResourceLimits { CpuShares = Environment.ProcessorCount * PodResources.SharesOfACore });
        var images = new CriImageStore(connection);
        await CniFiles.InstallPluginsAsync(options.CniBin, cancel);
        var events = new EventRecorder(client, "kubelet", options.Name, time);
        var informers = new InformerFactory(client, time);
        var pods = informers.Select<Pod>(new ListQuery(FieldSelector: "spec.nodeName=" + options.Name));
        var instances = informers.Select<VirtualMachineInstance>(new ListQuery(FieldSelector: "status.nodeName=" + options.Name));
        var self = informers.Select<NodeObject>(new ListQuery(FieldSelector: "metadata.name=" + options.Name));
        var settings = PodSettings.Of(options);
        Port = await ServeAsync(new NodePods(pods, runtime, cgroups, settings, new MachinePods(new MachineStore(options.MachinesDirectory))));
        var registration = new NodeRegistration(client, new NodeDescription
        {
            Name = options.Name, Address = options.Address.ToString(), AgentPort = Port, PodCidr = options.PodCidr?.ToString(), DataDirectory = options.DataDirectory, Version = options.Version,
        }, containerd, runtime, images, time);
        var follower = await NetworkAsync(client, informers, pods, registration, cancel);
        await containerd.StartAsync(cancel);
        parts.Add(containerd);
        await EnsurePauseAsync(images, cancel);
        PodWorkers? workers = null;
        (Rejection?, Rejection?) Room(Pod pod) => self.Get(null, options.Name) is not { } node ? (null, null)
            : (PodAdmission.Lacking(pod, node, [.. pods.List().Where(p => p.Metadata.Uid != pod.Metadata.Uid && p.Status.Phase is not ("Succeeded" or "Failed"))]), PodAdmission.Lacking(pod, node, []));
        var prober = new Prober(runtime);
        var probes = new ProbeManager(prober, events, time, uid => workers?.Wake(uid));
        var puller = new ImagePuller(images, client, events, time);
        var files = new SnapshotImageFiles(connection, ContainerdSettings.DefaultSnapshotter);
        var volumes = new VolumeManager(client, puller, files, settings, time);
        IPodRuntime all = new CriPodRuntime(runtime, new RuntimeHandlers(client), puller, volumes,
            new PodEnvironment(client, informers.Get<Service>()), probes, new LifecycleHooks(runtime, prober, time), cgroups, settings, events, Room, time) { Attachments = new PodAttachments(tenants!, network!) };
        var room = options.Machines ? MachineRoom.Open(options, Port, client, network!, tenants!, pods, instances, volumes, probes, cgroups, settings, events, Room, time) : null;
        if (room is not null)
        {
            parts.Add(room);
            migrations = room.Migrations;
            all = new RuntimeChoice(all, room.Runtime, room.Store);
            server!.Machines = room.Doors.Endpoints;
        }
        var uploads = new UploadDoor();
        server!.Uploads = uploads;
        var disks = new DiskDoor(client, options.ExportsDirectory);
        disks.Clear();
        server!.Disks = disks;
        var imports = new ImportPodRuntime(volumes, options.MayImportFrom, uploads, client, settings, events, time, room is null ? null : room.Holds.HoldAsync);
        parts.Add(imports);
        all = new ImportChoice(all, imports);
        await informers.StartAsync(stop.Token).WaitAsync(cancel);
        await policies!.StartAsync(stop.Token).WaitAsync(cancel);
        loops.Add(Task.Run(() => policies.RunAsync(stop.Token), CancellationToken.None));
        workers = new PodWorkers(all, client, events, pods, (pod, others) => self.Get(null, options.Name) is { } node ? PodAdmission.Judge(pod, node, others) : null, time);
        parts.Add(workers);
        loops.Add(Task.Run(() => follower.RunAsync(stop.Token), CancellationToken.None));
        if (peers is not null) loops.Add(Task.Run(() => peers.RunAsync(stop.Token), CancellationToken.None));
        loops.Add(Task.Run(() => tenants!.RunAsync(stop.Token), CancellationToken.None));
        volumes.Blocks.Sweep();
        await new Leftovers(runtime, all, cgroups, pods).SweepAsync(network!, room?.Store.Uids ?? [], cancel);
        tenants!.Collect(pods.List().Select(p => p.Metadata.Uid!).ToHashSet());
        BurstableWeight.Follow(pods, cgroups);
        workers.Start();
        imports.Wake = workers.Wake;
        room?.Start(workers.Wake);
        loops.Add(Task.Run(() => ListenAsync(workers), CancellationToken.None));
        loops.Add(Task.Run(() => RotateAsync(new LogRotator(LogLimits.Default, time)), CancellationToken.None));
        Ready = WaitReadyAsync(registration);
    }

    private PodNetwork? network;
    private volatile Machines.Migration.MigrationEndpoint? migrations;
    private Overlay? overlay;
    private PeerFollower? peers;
    private PolicyFollower? policies;
    private TenantFollower? tenants;
    private NodeServer? server;

    private async Task WaitReadyAsync(NodeRegistration registration)
    {
        while (!registration.IsReady) await Task.Delay(TimeSpan.FromMilliseconds(20), time, stop.Token);
    }

    private async Task<int> ServeAsync(IPodEndpoints endpoints)
    {
        var authorities = new System.Security.Cryptography.X509Certificates.X509Certificate2Collection(options.ClientAuthority);
        server = new NodeServer(new NodeServerSettings
        {
            Listen = new IPEndPoint(IPAddress.Any, options.Port), Certificate = options.Certificate, ClientAuthorities = () => authorities, ClientNames = new HashSet<string> { options.ApiServerName },
            Peers = (context, node) => migrations is { } guests ? guests.HandleAsync(context, node) : throw new NodeRequestException(503, "no virtual machines are run here"),
        }, endpoints, NullLogger<NodeServer>.Instance, time);
        await server.StartAsync(CancellationToken.None);
        parts.Add(server);
        return server.Port;
    }

    // The network wants the node's range of addresses: the one that it asked for at its registration, unless its Node had another.
    private async Task<ServiceFollower> NetworkAsync(ApiClient client, InformerFactory informers, Informer<Pod> pods, NodeRegistration registration, CancellationToken cancel)
    {
        loops.Add(Task.Run(() => registration.RunAsync(stop.Token), CancellationToken.None));
        var cidr = await PodCidrAsync(client, cancel);
        NodeNetworks.KeepRange(options, cidr);
        network = new PodNetwork(NodeNetworks.Of(options, cidr));
        network.Setup();
        if (NodeNetworks.OverlayOf(options, network.Options) is { } tunnel)
        {
            (overlay = tunnel).Setup(network.Mtu);
            peers = new PeerFollower(informers, network, tunnel, options.Name, options.ClusterCidr, time);
        }
        policies = new PolicyFollower(informers, pods, network, new PolicyEnforcer(new PolicyOptions { NodeName = options.Name }), options.Name, time);
        var upstreams = new Upstreams("/etc/resolv.conf", [options.ClusterDns], time);
        var metadata = new MetadataService(new MachineStore(options.MachinesDirectory));
        var bridges = new TenantNetworks(NodeNetworks.TenantsOf(options, network.Mtu, tunnels: overlay is not null) with
        {
            Forwarder = new DnsForwarder(upstreams, NetNamespace.Current, time), Metadata = metadata.AnswerAsync, OnFault = (what, e) => Log.Current.Error("tenants", what, e),
        });
        parts.Add(metadata.Tenants = tenants = new TenantFollower(informers, bridges, options.Name, options.ClusterCidr, time));
        CniFiles.WriteConfiguration(options.CniConfiguration, options.CniSocket);
        parts.Add(CniServer.Start(network, options.CniSocket));
        var proxy = new ServiceProxy(new ServiceProxyOptions { NodeName = options.Name, PodCidr = cidr, ClusterCidr = options.ClusterCidr, ServiceCidr = options.ServiceCidr, LocallyServed = [options.ClusterDns] });
        var names = new DnsTable();
        var zone = new ClusterZone(new ClusterZoneOptions { Zone = options.ClusterDomain, ServerAddress = options.ClusterDns, OwnRanges = [options.ClusterCidr, options.ServiceCidr] }, names);
        parts.Add(await DnsServer.StartAsync(zone, new DnsForwarder(upstreams, NetNamespace.Current, time), NetNamespace.Current, [new IPEndPoint(options.ClusterDns, 53)], e => Log.Current.Error("dns", "a question failed", e)));
        return new ServiceFollower(informers, proxy, names, time);
    }

    private async Task<IPNetwork> PodCidrAsync(ApiClient client, CancellationToken cancel)
    {
        for (var tries = 0; ; tries++)
        {
            try
            {
                var node = await client.FindAsync<NodeObject>(null, options.Name, cancel);
                if (node?.Spec.PodCIDR is { Length: > 0 } cidr) return IPNetwork.Parse(cidr);
            }
            catch (ApiUnreachableException) when (NodeNetworks.KnownRange(options) is not null) { return NodeNetworks.KnownRange(options)!.Value; }
            if (tries == 1500) throw new InvalidOperationException($"node {options.Name} got no range of pod addresses within 30 s; is the node controller running, and is the cluster's range {options.ClusterCidr} used up?");
            await Task.Delay(TimeSpan.FromMilliseconds(20), time, cancel);
        }
    }

    private async Task EnsurePauseAsync(IImageStore images, CancellationToken cancel)
    {
        if (await images.FindAsync(options.SandboxImage, cancel) is not null) return;
        var archive = await PauseImage.EnsureAsync(Path.Combine(options.DataDirectory, "images"), cancel);
        await new ImageImporter(containerd.SocketPath).ImportAsync(archive, cancel);
    }

    // containerd's events wake the pod at once; a look at everything now and then makes up for lost ones.
    private async Task ListenAsync(PodWorkers workers)
    {
        var events = new TaskEvents(connection);
        while (!stop.IsCancellationRequested)
        {
            try
            {
                foreach (var uid in workers.Uids) workers.Wake(uid);
                using var limit = CancellationTokenSource.CreateLinkedTokenSource(stop.Token);
                limit.CancelAfter(Relist * 20);
                await foreach (var id in events.ReadAsync(limit.Token)) _ = Task.Run(() => WakeOwnerAsync(workers, id), CancellationToken.None);
            }
            catch (OperationCanceledException) { /* time to look at everything, or to stop */ }
            catch (ContainerRuntimeException e)
            {
                Log.Current.Debug("node", e.Message);
                await Task.Delay(TimeSpan.FromSeconds(1), time, stop.Token).ContinueWith(static _ => { }, TaskScheduler.Default);
            }
        }
    }

    // containerd tells of an exit before its CRI plugin has taken note of it: the pod is woken when both agree.
    private async Task WakeOwnerAsync(PodWorkers workers, string containerId)
    {
        try
        {
            for (var tries = 0; ; tries++)
            {
                var info = await FindAsync(containerId);
                if (info is null) return;
                if (info.Value.Ended || tries == 80)
                {
                    workers.Wake(info.Value.Uid);
                    return;
                }
                await Task.Delay(TimeSpan.FromMilliseconds(25), time, stop.Token);
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested) { /* the agent stops */ }
        catch (ContainerRuntimeException e) { Log.Current.Debug("node", e.Message); }
    }

    private async Task<(string Uid, bool Ended)?> FindAsync(string containerId)
    {
        try
        {
            var info = (await runtime.GetContainerAsync(containerId, stop.Token)).Info;
            return info.Labels.TryGetValue(PodLabels.Uid, out var uid) ? (uid, info.Stage == ContainerStage.Exited) : null;
        }
        catch (ContainerRuntimeException e) when (e.Failure == RuntimeFailure.NotFound)
        {
            // It may be a sandbox, whose end concerns its pod as well.
            try
            {
                var info = (await runtime.GetSandboxAsync(containerId, stop.Token)).Info;
                return info.Labels.TryGetValue(PodLabels.Uid, out var uid) ? (uid, !info.Ready) : null;
            }
            catch (ContainerRuntimeException gone) when (gone.Failure == RuntimeFailure.NotFound) { return null; }
        }
    }

    private async Task RotateAsync(LogRotator rotator)
    {
        while (!stop.IsCancellationRequested)
        {
            try
            {
                await Task.Delay(LogInterval, time, stop.Token);
                foreach (var file in Directory.EnumerateFiles(options.LogsDirectory, "*.log", SearchOption.AllDirectories).Where(f => new FileInfo(f).Length > LogLimits.Default.MaxBytes))
                    await RotateOneAsync(rotator, file);
            }
            catch (OperationCanceledException) { return; }
            catch (Exception e) when (e is IOException or ContainerRuntimeException or UnauthorizedAccessException) { Log.Current.Error("logs", "rotation failed", e); }
        }
    }

    private async Task RotateOneAsync(LogRotator rotator, string file)
    {
        foreach (var info in await runtime.ListContainersAsync(null, stop.Token))
        {
            if (info.Stage != ContainerStage.Running || (await runtime.GetContainerAsync(info.Id, stop.Token)).LogPath != file) continue;
            await rotator.RotateIfNeededAsync(file, token => runtime.ReopenLogAsync(info.Id, token), stop.Token);
            return;
        }
    }

    /// <summary>Stops looking after pods; everything that runs goes on, to be adopted by the next agent.</summary>
    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        foreach (var part in Enumerable.Reverse(parts)) await part.DisposeAsync();
        await Task.WhenAll(loops).ContinueWith(static _ => { }, TaskScheduler.Default);
        overlay?.Dispose();
        network?.Dispose();
        connection.Dispose();
    }
}
