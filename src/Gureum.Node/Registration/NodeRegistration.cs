using Gureum.Client;
using Gureum.Node.Containerd;
using Gureum.Node.Runtime;
using Gureum.Objects;
using Gureum.Objects.Coordination.V1;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Meta.V1;
using NodeObject = Gureum.Objects.Core.V1.Node;

namespace Gureum.Node.Registration;

/// <summary>What a node says of itself at its registration (immutable configuration).</summary>
public sealed record NodeDescription
{
    public required string Name { get; init; }
    public required string Address { get; init; }
    public required int AgentPort { get; init; }

    /// <summary>The range of pod addresses that a new Node asks for (spec.podCIDR); null when the node controller shall choose.</summary>
    public string? PodCidr { get; init; }
    public required string DataDirectory { get; init; }
    public int MostPods { get; init; } = 110;
    public required string Version { get; init; }
    public IReadOnlyDictionary<string, string> Labels { get; init; } = new Dictionary<string, string>();
}

/// <summary>Keeps the node's own objects: its Node with status and images, and the lease that says it lives.</summary>
internal sealed class NodeRegistration(ApiClient client, NodeDescription description, IContainerd containerd, IContainerRuntime runtime, IImageStore images, TimeProvider time)
{
    private const string LeaseNamespace = "kube-node-lease";
    private const int LeaseSeconds = 40, MostImages = 50, MostConflicts = 10;
    private static readonly TimeSpan LeaseInterval = TimeSpan.FromSeconds(10), StatusInterval = TimeSpan.FromSeconds(60), QuickInterval = TimeSpan.FromSeconds(1);

    private NodeStatus? reported;
    private DateTimeOffset reportedAt;

    /// <summary>True once the Node has been reported Ready.</summary>
    internal bool IsReady { get; private set; }

    /// <summary>Registers and reports until cancelled.</summary>
    internal async Task RunAsync(CancellationToken cancel)
    {
        var renewed = DateTimeOffset.MinValue;
        while (!cancel.IsCancellationRequested)
        {
            try
            {
                var now = time.GetUtcNow();
                await ReportAsync(cancel);
                if (now - renewed >= LeaseInterval)
                {
                    await RenewAsync(cancel);
                    renewed = now;
                }
            }
            catch (OperationCanceledException) when (cancel.IsCancellationRequested) { return; }
            catch (Exception e) when (e is ApiException or ApiUnreachableException or ContainerRuntimeException) { Log.Current.Debug("node", e.Message); }
            try { await Task.Delay(IsReady ? LeaseInterval : QuickInterval, time, cancel); }
            catch (OperationCanceledException) { return; }
        }
    }

    private async Task ReportAsync(CancellationToken cancel)
    {
        for (var tries = 1; ; tries++)
        {
            var node = await client.FindAsync<NodeObject>(null, description.Name, cancel) ?? await RegisterAsync(cancel);
            var status = await StatusAsync(node, cancel);
            // Unchanged status is written anew only now and then: the lease says often enough that the node lives.
            if (reported is not null && Same(reported, status) && time.GetUtcNow() - reportedAt < StatusInterval * 5 && node.Status.Conditions.Any(c => c is { Type: "Ready" } && c.Status == status.Conditions.First(x => x.Type == "Ready").Status)) return;
            try { await client.UpdateStatusAsync(node with { Status = status }, cancel: cancel); }
            catch (ApiException e) when (e.IsConflict && tries < MostConflicts) { continue; }
            (reported, reportedAt) = (status, time.GetUtcNow());
            IsReady = status.Conditions.Any(c => c is { Type: "Ready", Status: "True" });
            return;
        }
    }

    private static bool Same(NodeStatus a, NodeStatus b) => Bare(a).Equals(Bare(b));

    private static NodeStatus Bare(NodeStatus status) => status with { Conditions = [.. status.Conditions.Select(c => c with { LastHeartbeatTime = null })] };

    private async Task<NodeObject> RegisterAsync(CancellationToken cancel)
    {
        var labels = new Dictionary<string, string>(description.Labels)
        {
            ["kubernetes.io/hostname"] = description.Name, ["kubernetes.io/os"] = "linux", ["kubernetes.io/arch"] = MachineFacts.Architecture,
            ["beta.kubernetes.io/os"] = "linux", ["beta.kubernetes.io/arch"] = MachineFacts.Architecture,
        };
        try { return await client.CreateAsync(new NodeObject { Metadata = new ObjectMeta { Name = description.Name, Labels = labels }, Spec = description.PodCidr is { } range ? new NodeSpec { PodCIDR = range, PodCIDRs = [range] } : new NodeSpec() }, cancel); }
        catch (ApiException e) when (e.IsAlreadyExists) { return await client.GetAsync<NodeObject>(null, description.Name, cancel); }
    }

    private async Task<NodeStatus> StatusAsync(NodeObject node, CancellationToken cancel)
    {
        var (ready, why) = await HealthAsync(cancel);
        var disk = new DriveInfo(description.DataDirectory);
        var memoryShort = MachineFacts.AvailableBytes() < 100L << 20;
        var diskShort = disk.AvailableFreeSpace < disk.TotalSize / 20;
        var capacity = new Dictionary<string, Quantity>
        {
            ["cpu"] = Quantity.FromWhole(Environment.ProcessorCount), ["memory"] = Quantity.FromBytes(MachineFacts.MemoryBytes()), ["pods"] = Quantity.FromWhole(description.MostPods),
            ["ephemeral-storage"] = Quantity.FromBytes(disk.TotalSize),
        };
        var present = ready ? await images.ListAsync(cancel) : [];
        var health = ready ? await runtime.GetHealthAsync(cancel) : null;
        return node.Status with
        {
            Capacity = capacity, Allocatable = capacity,
            Addresses = [new NodeAddress { Type = "InternalIP", Address = description.Address }, new NodeAddress { Type = "Hostname", Address = description.Name }],
            DaemonEndpoints = new NodeDaemonEndpoints { KubeletEndpoint = new DaemonEndpoint { Port = description.AgentPort } },
            NodeInfo = new NodeSystemInfo
            {
                MachineID = MachineFacts.MachineId, SystemUUID = MachineFacts.MachineId, BootID = MachineFacts.BootId, KernelVersion = MachineFacts.KernelVersion, OsImage = MachineFacts.OsImage,
                ContainerRuntimeVersion = health is null ? node.Status.NodeInfo?.ContainerRuntimeVersion : $"{health.Name}://{health.Version}", KubeletVersion = description.Version, KubeProxyVersion = description.Version,
                OperatingSystem = "linux", Architecture = MachineFacts.Architecture,
            },
            Images = [.. present.OrderByDescending(i => i.SizeBytes).Take(MostImages).Select(i => new ContainerImage { Names = [.. i.Digests, .. i.Tags], SizeBytes = i.SizeBytes })],
            Conditions =
            [
                Condition(node, "MemoryPressure", memoryShort, memoryShort ? "KubeletHasInsufficientMemory" : "KubeletHasSufficientMemory", memoryShort ? "less than 100 MiB of memory are available" : "kubelet has sufficient memory available"),
                Condition(node, "DiskPressure", diskShort, diskShort ? "KubeletHasDiskPressure" : "KubeletHasNoDiskPressure", diskShort ? $"less than 5 % of the disk of {description.DataDirectory} are free" : "kubelet has no disk pressure"),
                Condition(node, "PIDPressure", false, "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
                Condition(node, "Ready", ready, ready ? "KubeletReady" : "KubeletNotReady", why),
                .. node.Status.Conditions.Where(c => c.Type is not ("MemoryPressure" or "DiskPressure" or "PIDPressure" or "Ready")),
            ],
        };
    }

    private async Task<(bool Ready, string Message)> HealthAsync(CancellationToken cancel)
    {
        if (containerd.Problem is { } problem) return (false, problem);
        try
        {
            var health = await runtime.GetHealthAsync(cancel);
            return health is { RuntimeReady: true, NetworkReady: true } ? (true, "the node agent is posting ready status") : (false, health.Message);
        }
        catch (ContainerRuntimeException e) { return (false, e.Message); }
    }

    private NodeCondition Condition(NodeObject node, string type, bool holds, string reason, string message)
    {
        var (before, now, status) = (node.Status.Conditions.FirstOrDefault(c => c.Type == type), time.GetUtcNow(), holds ? "True" : "False");
        return new NodeCondition { Type = type, Status = status, Reason = reason, Message = message, LastHeartbeatTime = now, LastTransitionTime = before?.Status == status ? before.LastTransitionTime : now };
    }

    private async Task RenewAsync(CancellationToken cancel)
    {
        var now = time.GetUtcNow();
        var lease = await client.FindAsync<Lease>(LeaseNamespace, description.Name, cancel);
        if (lease is null)
            await client.CreateAsync(new Lease { Metadata = new ObjectMeta { Name = description.Name, Namespace = LeaseNamespace }, Spec = new LeaseSpec { HolderIdentity = description.Name, LeaseDurationSeconds = LeaseSeconds, RenewTime = now } }, cancel);
        else await client.UpdateAsync(lease with { Spec = lease.Spec with { HolderIdentity = description.Name, LeaseDurationSeconds = LeaseSeconds, RenewTime = now } }, cancel);
    }
}
