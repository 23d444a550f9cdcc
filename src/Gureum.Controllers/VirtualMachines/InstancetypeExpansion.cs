using Gureum.Objects;
using Gureum.Objects.Instancetype.V1beta1;
using Gureum.Objects.Kubevirt.V1;

namespace Gureum.Controllers.VirtualMachines;

/// <summary>
/// The spec of an instance from a machine's template, its instancetype and its preference. An instancetype says what the guest has; a preference
/// fills only what is not said (https://kubevirt.io/user-guide/user_workloads/instancetypes/). Pure.
/// </summary>
internal static class InstancetypeExpansion
{
    internal static VirtualMachineInstanceSpec Expand(VirtualMachineInstanceSpec spec, VirtualMachineInstancetypeSpec? type, VirtualMachinePreferenceSpec? preference)
    {
        if (type is not null) spec = Sized(spec, type, preference?.Cpu?.PreferredCPUTopology);
        return preference is null ? spec : Preferred(spec, preference);
    }

    private static VirtualMachineInstanceSpec Sized(VirtualMachineInstanceSpec spec, VirtualMachineInstancetypeSpec type, string? topology)
    {
        var domain = spec.Domain ?? DomainSpec.Empty;
        var count = type.Cpu?.Guest ?? 1;
        var cpu = (domain.Cpu ?? CPU.Empty) with
        {
            Sockets = topology is "cores" or "preferCores" or "threads" or "preferThreads" ? 1 : count,
            Cores = topology is "cores" or "preferCores" ? count : 1,
            Threads = topology is "threads" or "preferThreads" ? count : 1,
            Model = type.Cpu?.Model ?? domain.Cpu?.Model, MaxSockets = type.Cpu?.MaxSockets ?? domain.Cpu?.MaxSockets,
        };
        var memory = (domain.Memory ?? Memory.Empty) with { Guest = type.Memory?.Guest, MaxGuest = type.Memory?.MaxGuest ?? domain.Memory?.MaxGuest };
        // Of overcommitted memory only a part is asked of the node.
        var resources = domain.Resources;
        if (type.Memory is { OvercommitPercent: > 0 and var percent, Guest: { } guest })
            resources = (resources ?? ResourceRequirements.Empty) with { Requests = new Dictionary<string, Quantity>(resources?.Requests ?? new Dictionary<string, Quantity>()) { ["memory"] = Quantity.FromWhole(guest.Whole * (100 - percent) / 100) } };
        return spec with
        {
            Domain = domain with { Cpu = cpu, Memory = memory, Resources = resources }, SchedulerName = spec.SchedulerName ?? type.SchedulerName,
            NodeSelector = type.NodeSelector.Count == 0 ? spec.NodeSelector : new Dictionary<string, string>([.. type.NodeSelector.Where(s => !spec.NodeSelector.ContainsKey(s.Key)), .. spec.NodeSelector]),
        };
    }

    private static VirtualMachineInstanceSpec Preferred(VirtualMachineInstanceSpec spec, VirtualMachinePreferenceSpec preference)
    {
        var domain = spec.Domain ?? DomainSpec.Empty;
        var (devices, wanted) = (domain.Devices ?? Devices.Empty, preference.Devices);
        devices = devices with
        {
            Disks = [.. devices.Disks.Select(d => Preferred(d, wanted))],
            Interfaces = [.. devices.Interfaces.Select(i => i with { Model = i.Model ?? wanted?.PreferredInterfaceModel })],
            Rng = devices.Rng ?? wanted?.PreferredRng,
            AutoattachGraphicsDevice = devices.AutoattachGraphicsDevice ?? wanted?.PreferredAutoattachGraphicsDevice,
            AutoattachSerialConsole = devices.AutoattachSerialConsole ?? wanted?.PreferredAutoattachSerialConsole,
            AutoattachMemBalloon = devices.AutoattachMemBalloon ?? wanted?.PreferredAutoattachMemBalloon,
            NetworkInterfaceMultiqueue = devices.NetworkInterfaceMultiqueue ?? wanted?.PreferredNetworkInterfaceMultiQueue,
            BlockMultiQueue = devices.BlockMultiQueue ?? wanted?.PreferredBlockMultiQueue,
        };
        var clock = domain.Clock is null && preference.Clock is { } time ? new Clock { Timer = time.PreferredTimer, Timezone = time.PreferredClockOffset?.Timezone, Utc = time.PreferredClockOffset?.Utc } : domain.Clock;
        var features = preference.Features is not { } asked ? domain.Features : (domain.Features ?? Features.Empty) with
        {
            Acpi = domain.Features?.Acpi ?? asked.PreferredAcpi, Apic = domain.Features?.Apic ?? asked.PreferredApic, Kvm = domain.Features?.Kvm ?? asked.PreferredKvm,
            Smm = domain.Features?.Smm ?? asked.PreferredSmm, Pvspinlock = domain.Features?.Pvspinlock ?? asked.PreferredPvspinlock,
        };
        return spec with
        {
            Domain = domain with { Devices = devices, Clock = clock, Features = features, Machine = domain.Machine ?? (preference.Machine?.PreferredMachineType is { } machine ? new Machine { Type = machine } : null) },
            TerminationGracePeriodSeconds = spec.TerminationGracePeriodSeconds ?? preference.PreferredTerminationGracePeriodSeconds, Subdomain = spec.Subdomain ?? preference.PreferredSubdomain,
        };
    }

    private static Disk Preferred(Disk disk, DevicePreferences? wanted)
    {
        var target = disk.DiskValue is { Bus: null } plain && wanted?.PreferredDiskBus is { } bus ? plain with { Bus = bus } : disk.DiskValue;
        var drive = disk.Cdrom is { Bus: null } cd && wanted?.PreferredCdromBus is { } driveBus ? cd with { Bus = driveBus } : disk.Cdrom;
        return disk with { DiskValue = target, Cdrom = drive, Cache = disk.Cache ?? wanted?.PreferredDiskCache, Io = disk.Io ?? wanted?.PreferredDiskIO };
    }

    /// <summary>Why a guest does not meet its preference's requirements; null when it does.</summary>
    internal static string? Refusal(VirtualMachineInstanceSpec spec, VirtualMachinePreferenceSpec? preference)
    {
        if (preference?.Requirements is not { } requirements) return null;
        var size = Objects.Machines.GuestSize.Of(spec);
        if (requirements.Cpu?.Guest is { } cpus && size.Processors < cpus) return $"the preference requires {cpus} vCPUs and the guest has {size.Processors}";
        if (requirements.Memory?.Guest is { } memory && size.Memory < memory.Whole) return $"the preference requires {memory} of memory and the guest has {Quantity.FromBytes(size.Memory)}";
        return null;
    }
}
