using Gureum.Objects;
using Gureum.Objects.Kubevirt.V1;

namespace Gureum.Controllers.VirtualMachines;

/// <summary>What a changed machine means for its instance that runs (immutable).</summary>
/// <param name="Spec">What the instance is to become where it runs; null when nothing of it changes.</param>
/// <param name="Restart">Why the machine's template takes effect at the next start only; null when it does not differ, or does so at once.</param>
internal sealed record LiveStep(VirtualMachineInstanceSpec? Spec, string? Restart);

/// <summary>
/// Which changes of a machine reach its running instance, as KubeVirt's roll-out strategy LiveUpdate has it: sockets, memory, placement and cards
/// (https://kubevirt.io/user-guide/user_workloads/vm_rollout_strategies/). Pure.
/// </summary>
internal static class LiveUpdate
{
    internal const string RestartRequired = "RestartRequired";
    private const string HotMemoryChange = "HotMemoryChange", HotProcessorChange = "HotVCPUChange";

    /// <param name="wanted">The template as it is now, with instancetype and preference.</param>
    /// <param name="now">The machine's spec as it is now.</param>
    /// <param name="started">The machine's spec that the instance was started from; null when that is not known.</param>
    internal static LiveStep Of(VirtualMachineInstanceSpec wanted, VirtualMachineSpec now, VirtualMachineSpec? started, VirtualMachineInstance instance)
    {
        if (started is not null && (!Fixed(now).Equals(Fixed(started)) || !Same(now.Preference?.Name, started.Preference?.Name) || !Same(now.Preference?.Kind, started.Preference?.Kind)))
            return new LiveStep(null, "a non-live-updatable field was changed in the template spec");
        // Where it moves to is read when it moves.
        var spec = instance.Spec with { NodeSelector = wanted.NodeSelector, Affinity = wanted.Affinity, Tolerations = wanted.Tolerations };
        spec = LiveCards.Follow(spec, wanted);
        (spec, var processors) = Processors(spec, wanted, instance);
        (spec, var memory) = Memory(spec, wanted, instance);
        return new LiveStep(spec.Equals(instance.Spec) ? null : spec, processors ?? memory);
    }

    // What of a template takes effect at a start only: all but what is copied to the instance, and disks that came while it ran.
    private static VirtualMachineInstanceSpec Fixed(VirtualMachineSpec machine)
    {
        var spec = machine.Template.Spec;
        var domain = spec.Domain ?? DomainSpec.Empty;
        var plugged = spec.Volumes.Where(v => v.PersistentVolumeClaim?.Hotpluggable == true || v.DataVolume?.Hotpluggable == true).Select(v => v.Name).ToHashSet();
        spec = LiveCards.Without(spec);
        domain = spec.Domain ?? DomainSpec.Empty;
        return spec with
        {
            NodeSelector = new Dictionary<string, string>(), Affinity = null, Tolerations = [], Volumes = [.. spec.Volumes.Where(v => !plugged.Contains(v.Name))],
            Domain = domain with
            {
                Cpu = domain.Cpu is { } cpu ? cpu with { Sockets = null } : null, Memory = domain.Memory is { } memory ? memory with { Guest = null } : null,
                Devices = domain.Devices is { } devices ? devices with { Disks = [.. devices.Disks.Where(d => !plugged.Contains(d.Name))] } : null,
            },
        };
    }

    private static bool Same(string? a, string? b) => string.Equals(a ?? "", b ?? "", StringComparison.OrdinalIgnoreCase);

    private static (VirtualMachineInstanceSpec Spec, string? Restart) Processors(VirtualMachineInstanceSpec spec, VirtualMachineInstanceSpec wanted, VirtualMachineInstance instance)
    {
        if (wanted.Domain?.Cpu is not { } cpu || instance.Spec.Domain?.Cpu is not { } has) return (spec, null);
        if (Count(cpu.Cores) != Count(has.Cores) || Count(cpu.Threads) != Count(has.Threads) || !Same(cpu.Model, has.Model)) return (spec, "a non-live-updatable field was changed in the template spec");
        var (sockets, before) = (Count(cpu.Sockets), Count(has.Sockets));
        if (sockets == before) return (spec, null);
        if (sockets > (has.MaxSockets ?? 0)) return (spec, "CPU sockets updated in template spec to a value higher than what's available");
        if (sockets < before) return (spec, "Reduction of CPU socket count requires a restart");
        // One after the other.
        if (Holds(instance, HotProcessorChange, "True")) return (spec, null);
        var more = Quantity.FromWhole((sockets - before) * Count(cpu.Cores) * Count(cpu.Threads));
        return (spec with { Domain = spec.Domain! with { Cpu = has with { Sockets = sockets }, Resources = Grown(spec.Domain.Resources, "cpu", more) } }, null);
    }

    private static (VirtualMachineInstanceSpec Spec, string? Restart) Memory(VirtualMachineInstanceSpec spec, VirtualMachineInstanceSpec wanted, VirtualMachineInstance instance)
    {
        if (wanted.Domain?.Memory?.Guest is not { } guest || instance.Spec.Domain?.Memory is not { Guest: { } before } has) return (spec, null);
        if (Holds(instance, HotMemoryChange, "False")) return (spec, "memory updated in template spec. Memory-hotplug failed and is not available for this VM configuration");
        if (guest == before) return (spec, null);
        if (has.MaxGuest is not { } most) return (spec, "memory updated in template spec. Memory-hotplug is not available for this VM configuration");
        if (guest.Whole % (2 << 20) != 0) return (spec, "memory hotplug not supported, Guest memory must be 2Mi aligned");
        if (instance.Status.Memory?.GuestAtBoot is { } booted && guest < booted) return (spec, "memory updated in template spec to a value lower than what the VM started with");
        if (guest > most) return (spec, "memory updated in template spec to a value higher than what's available");
        if (Holds(instance, HotMemoryChange, "True")) return (spec, null);
        return (spec with { Domain = spec.Domain! with { Memory = has with { Guest = guest }, Resources = Grown(spec.Domain.Resources, "memory", guest - before) } }, null);
    }

    // What the machine asks of its node grows along, where it asks for an amount.
    private static ResourceRequirements? Grown(ResourceRequirements? resources, string name, Quantity more) => resources is null ? null : resources with { Requests = Grown(resources.Requests, name, more), Limits = Grown(resources.Limits, name, more) };

    private static IReadOnlyDictionary<string, Quantity> Grown(IReadOnlyDictionary<string, Quantity> amounts, string name, Quantity more) =>
        !amounts.TryGetValue(name, out var amount) ? amounts : new Dictionary<string, Quantity>(amounts) { [name] = amount + more };

    private static long Count(long? given) => given is > 0 and var count ? count : 1;

    private static bool Holds(VirtualMachineInstance instance, string type, string status) => MachineStatusText.Condition(instance, type)?.Status == status;
}
