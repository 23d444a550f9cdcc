using Gureum.Objects;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Kubevirt.V1;
using Gureum.Objects.Machines;

namespace Gureum.Controllers.VirtualMachineInstances;

/// <summary>What an instance is to have more than its guest has got, and what its pod must ask for meanwhile. Pure.</summary>
internal static class HotPlugProgress
{
    internal const string ProcessorChange = "HotVCPUChange", MemoryChange = "HotMemoryChange";

    /// <summary>The instance's conditions, by what its node says that the guest has.</summary>
    internal static IReadOnlyList<VirtualMachineInstanceCondition> Set(VirtualMachineInstance instance, IReadOnlyList<VirtualMachineInstanceCondition> conditions, DateTimeOffset now)
    {
        var (wanted, status) = (GuestSize.Of(instance.Spec), instance.Status);
        var more = status.CurrentCPUTopology is { } has && has.Sockets * has.Cores * has.Threads != wanted.Processors;
        conditions = InstancePhase.Set(conditions, more ? new VirtualMachineInstanceCondition { Type = ProcessorChange, Status = "True" } : null, now, ProcessorChange);
        var grows = instance.Spec.Domain?.Memory is { MaxGuest: not null, Guest: { } guest } && status.Memory?.GuestRequested is { } requested && requested != guest;
        // One that failed stays: its node says so, and its machine must be started anew.
        if (conditions.Any(c => c is { Type: MemoryChange, Status: "False" })) return conditions;
        return InstancePhase.Set(conditions, grows ? new VirtualMachineInstanceCondition { Type = MemoryChange, Status = "True" } : null, now, MemoryChange);
    }

    /// <summary>What the pod must ask for, when it asks for something else; null when it does not.</summary>
    internal static Objects.Core.V1.ResourceRequirements? Resize(VirtualMachineInstance instance, Pod pod)
    {
        var (wanted, has) = (LauncherPod.Resources(instance.Spec), pod.Spec.Containers[0].Resources);
        return Same(wanted.Requests, has?.Requests) && Same(wanted.Limits, has?.Limits) ? null : new Objects.Core.V1.ResourceRequirements { Requests = Merged(has?.Requests, wanted.Requests), Limits = Merged(has?.Limits, wanted.Limits) };
    }

    // Only these two can be changed while a pod runs; a default that a limit range gave stays.
    private static bool Same(IReadOnlyDictionary<string, Quantity> wanted, IReadOnlyDictionary<string, Quantity>? has) =>
        ((string[])["cpu", "memory"]).All(name => !wanted.TryGetValue(name, out var amount) || (has is not null && has.TryGetValue(name, out var now) && now == amount));

    private static Dictionary<string, Quantity> Merged(IReadOnlyDictionary<string, Quantity>? has, IReadOnlyDictionary<string, Quantity> wanted)
    {
        var all = new Dictionary<string, Quantity>(has ?? new Dictionary<string, Quantity>());
        foreach (var name in (string[])["cpu", "memory"])
            if (wanted.TryGetValue(name, out var amount)) all[name] = amount;
        return all;
    }
}
