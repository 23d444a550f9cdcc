using Gureum.Libvirt;
using Gureum.Objects;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Kubevirt.V1;
using Volume = Gureum.Objects.Kubevirt.V1.Volume;
using VolumeStatus = Gureum.Objects.Kubevirt.V1.VolumeStatus;

namespace Gureum.Node.Machines;

/// <summary>What a node knows of a guest that runs (immutable).</summary>
/// <param name="Guest">What its agent said last, under libvirt's names; null without an agent.</param>
/// <param name="Sizes">Bytes of disks, by their targets, as far as they are known.</param>
/// <param name="Claims">The claims of its volumes, by the volumes' names.</param>
internal sealed record GuestFacts(Libvirt.MachineStatus State, DomainView Domain, IReadOnlyDictionary<string, object>? Guest, IReadOnlyDictionary<string, long> Sizes, IReadOnlyDictionary<string, PersistentVolumeClaim> Claims, bool Frozen)
{
    /// <summary>Why its memory could not be changed; null when nothing failed.</summary>
    internal string? MemoryFailure { get; init; }

    /// <summary>Addresses on tenants' networks, by the cards' hardware addresses.</summary>
    internal IReadOnlyDictionary<string, IReadOnlyList<string>> Addresses { get; init; } = new Dictionary<string, IReadOnlyList<string>>();
}

/// <summary>
/// From what a node knows of a guest to the status of its instance. Phase, readiness, node and addresses are the controller's and stay as they are. Pure.
/// </summary>
internal static class InstanceReport
{
    internal const string Paused = "Paused", AgentConnected = "AgentConnected", LiveMigratable = "LiveMigratable";
    internal const string PausedByUser = "PausedByUser", PausedIOError = "PausedIOError", DisksNotLiveMigratable = "DisksNotLiveMigratable";
    private const string HotMemoryChange = "HotMemoryChange";
    private const string LocalProvisioner = "gureum.io/local", ProvisionerAnnotation = "volume.kubernetes.io/storage-provisioner", FromDomain = "domain", FromAgent = "guest-agent";

    internal static VirtualMachineInstanceStatus Of(VirtualMachineInstance instance, GuestFacts facts, DateTimeOffset now)
    {
        var status = instance.Status;
        var migratable = Migratable(instance, facts.Claims);
        var conditions = Set(status.Conditions, PausedOf(instance, facts.State), Paused, now);
        conditions = Set(conditions, facts.Domain.AgentConnected ? new VirtualMachineInstanceCondition { Type = AgentConnected, Status = "True" } : null, AgentConnected, now);
        conditions = Set(conditions, migratable, LiveMigratable, now);
        if (facts.MemoryFailure is { } failure) conditions = Set(conditions, Condition(HotMemoryChange, "False", "MemoryHotplugFailed", $"memory hotplug failed, the VM configuration is not supported: {failure}"), HotMemoryChange, now);
        return status with
        {
            Conditions = conditions,
            Interfaces = Interfaces(status.Interfaces, facts),
            GuestOSInfo = facts.Guest is { } guest ? GuestAgentText.Os(guest) ?? status.GuestOSInfo : status.GuestOSInfo,
            VolumeStatus = [.. instance.Spec.Volumes.Select(v => VolumeOf(v, status, facts)).OfType<VolumeStatus>()],
            CurrentCPUTopology = facts.Domain.Topology is var (sockets, cores, threads) ? new CPUTopology { Sockets = sockets, Cores = cores, Threads = threads } : status.CurrentCPUTopology,
            Machine = facts.Domain.MachineType is { } type ? new Objects.Kubevirt.V1.Machine { Type = type } : status.Machine,
            MigrationMethod = instance.Spec.Volumes.Any(v => ClaimName(v) is null || v.Ephemeral is not null) ? "BlockMigration" : "LiveMigration",
            Memory = Memory(status.Memory, facts.Domain.PluggedMemory),
            FsFreezeStatus = facts.Frozen ? "frozen" : null,
        };
    }

    private static MemoryStatus? Memory(MemoryStatus? known, DomainMemory? plugged) => known?.GuestAtBoot is not { } booted || plugged is null ? known
        : known with { GuestRequested = Quantity.FromBytes(booted.Whole + plugged.Requested), GuestCurrent = Quantity.FromBytes(booted.Whole + plugged.Current) };

    /// <summary>The claim that a volume is, or lies on.</summary>
    internal static string? ClaimName(Volume volume) => volume.PersistentVolumeClaim?.ClaimName ?? volume.DataVolume?.Name ?? volume.Ephemeral?.PersistentVolumeClaim?.ClaimName;

    private static VirtualMachineInstanceCondition? PausedOf(VirtualMachineInstance instance, Libvirt.MachineStatus state) => state switch
    {
        { State: MachineState.Paused, Reason: "IoError" } => Condition(Paused, "True", PausedIOError, "VMI was paused, low-level IO error detected"),
        { State: MachineState.Paused, Reason: "User" } => Condition(Paused, "True", PausedByUser, "VMI was paused by user"),
        { State: MachineState.Paused, Reason: "StartingUp" } when instance.Spec.StartStrategy == "Paused" => Condition(Paused, "True", PausedByUser, "VMI was paused by user"),
        // On its way elsewhere, into a file, or to its first instruction: nobody's pause.
        _ => null,
    };

    private static VirtualMachineInstanceCondition Migratable(VirtualMachineInstance instance, IReadOnlyDictionary<string, PersistentVolumeClaim> claims)
    {
        foreach (var volume in instance.Spec.Volumes)
        {
            if (ClaimName(volume) is not { } name || (claims.TryGetValue(volume.Name!, out var claim) && IsShared(claim))) continue;
            return Condition(LiveMigratable, "False", DisksNotLiveMigratable, $"cannot migrate VMI: PVC {name} is not shared, live migration requires that all PVCs must be shared (using ReadWriteMany access mode)");
        }
        return Condition(LiveMigratable, "True");
    }

    // A local volume is on one node, whatever access its claim asks for.
    private static bool IsShared(PersistentVolumeClaim claim) =>
        claim.Metadata.Annotations.GetValueOrDefault(ProvisionerAnnotation) != LocalProvisioner && (claim.Status.AccessModes.Count > 0 ? claim.Status.AccessModes : claim.Spec.AccessModes).Contains("ReadWriteMany");

    private static List<VirtualMachineInstanceNetworkInterface> Interfaces(IReadOnlyList<VirtualMachineInstanceNetworkInterface> known, GuestFacts facts)
    {
        var seen = facts.Guest is { } guest ? GuestAgentText.Interfaces(guest) : [];
        var all = new List<VirtualMachineInstanceNetworkInterface>();
        foreach (var card in facts.Domain.Cards)
        {
            var inside = seen.FirstOrDefault(i => i.Mac == card.Mac);
            var before = known.FirstOrDefault(i => i.Name == card.Network) ?? new VirtualMachineInstanceNetworkInterface { Name = card.Network };
            if (facts.Addresses.GetValueOrDefault(card.Mac) is { Count: > 0 } addresses) before = before with { IpAddress = addresses[0], IpAddresses = addresses };
            all.Add(before with
            {
                Mac = card.Mac, InterfaceName = inside?.Name ?? (facts.Domain.AgentConnected ? before.InterfaceName : null), InfoSource = inside is null ? FromDomain : $"{FromDomain}, {FromAgent}",
                LinkState = card.Up ? "up" : "down", QueueCount = card.Queues,
            });
        }
        // The controller's, for cards that the domain has not got yet.
        all.AddRange(known.Where(i => i.Name is { Length: > 0 } && facts.Domain.Cards.All(c => c.Network != i.Name)));
        // Made in the guest: bridges, tunnels.
        foreach (var made in seen.Where(i => i.Name != "lo" && facts.Domain.Cards.All(c => c.Mac != i.Mac)))
            all.Add(new VirtualMachineInstanceNetworkInterface { InterfaceName = made.Name, Mac = made.Mac, InfoSource = FromAgent, IpAddress = made.Addresses.Count > 0 ? made.Addresses[0] : null, IpAddresses = made.Addresses });
        return all;
    }

    private static VolumeStatus? VolumeOf(Volume volume, VirtualMachineInstanceStatus status, GuestFacts facts)
    {
        var known = status.VolumeStatus.FirstOrDefault(s => s.Name == volume.Name);
        // What is not plugged in yet is somebody else's to speak of.
        if (facts.Domain.Disks.FirstOrDefault(d => d.Volume == volume.Name) is not { } disk) return known;
        var claim = facts.Claims.GetValueOrDefault(volume.Name!);
        return (known ?? new VolumeStatus { Name = volume.Name! }) with
        {
            Target = disk.Target, Phase = "Ready", Size = claim is null && facts.Sizes.TryGetValue(disk.Target, out var bytes) ? bytes : known?.Size,
            PersistentVolumeClaimInfo = claim is null ? null : new PersistentVolumeClaimInfo
            {
                ClaimName = claim.Metadata.Name, AccessModes = claim.Status.AccessModes.Count > 0 ? claim.Status.AccessModes : claim.Spec.AccessModes, Capacity = claim.Status.Capacity,
                Requests = claim.Spec.Resources?.Requests ?? new Dictionary<string, Objects.Quantity>(), VolumeMode = claim.Spec.VolumeMode ?? "Filesystem",
            },
        };
    }

    private static VirtualMachineInstanceCondition Condition(string type, string status, string? reason = null, string? message = null) => new() { Type = type, Status = status, Reason = reason, Message = message };

    // The transition time is that of the last change of a condition's status.
    private static IReadOnlyList<VirtualMachineInstanceCondition> Set(IReadOnlyList<VirtualMachineInstanceCondition> conditions, VirtualMachineInstanceCondition? condition, string type, DateTimeOffset now)
    {
        var old = conditions.FirstOrDefault(c => c.Type == type);
        if (condition is null) return old is null ? conditions : [.. conditions.Where(c => c.Type != type)];
        var wanted = condition with { LastTransitionTime = old?.Status == condition.Status ? old?.LastTransitionTime : now };
        return wanted.Equals(old) ? conditions : [.. conditions.Select(c => c.Type == type ? wanted : c), .. old is null ? (VirtualMachineInstanceCondition[])[wanted] : []];
    }
}
