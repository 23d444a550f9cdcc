using Gureum.Controllers.Common;
using Gureum.Controllers.Migrations;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Kubevirt.V1;
using Gureum.Objects.Machines;

namespace Gureum.Controllers.VirtualMachineInstances;

/// <summary>What an instance's pod says of it: its phase, where it runs, its address, whether it is ready. Pure.</summary>
internal static class InstancePhase
{
    internal const string Pending = "Pending", Scheduling = "Scheduling", Scheduled = "Scheduled", Running = "Running", Succeeded = "Succeeded", Failed = "Failed";
    internal const string Ready = "Ready", PodScheduled = "PodScheduled", Synchronized = "Synchronized";
    internal const string GuestNotRunning = "GuestNotRunning", PodNotExists = "PodNotExists", PodTerminating = "PodTerminating";

    internal static VirtualMachineInstanceStatus Of(VirtualMachineInstance instance, Pod? pod, DateTimeOffset now)
    {
        var status = instance.Status;
        var phase = PhaseOf(instance, pod);
        var node = pod?.Spec.NodeName is { Length: > 0 } name ? name : status.NodeName;
        var conditions = Set(status.Conditions, ReadyOf(pod, phase), now);
        conditions = Set(conditions, Unscheduled(pod), now, PodScheduled);
        if (phase == Running) conditions = HotPlugProgress.Set(instance, conditions, now);
        return status with
        {
            Phase = phase, NodeName = node, Reason = Why(pod), Conditions = conditions, QosClass = pod?.Status.QosClass ?? status.QosClass,
            ActivePods = pod?.Metadata.Uid is { } uid ? new Dictionary<string, string> { [uid] = pod.Spec.NodeName ?? "" } : phase is Succeeded or Failed ? new Dictionary<string, string>() : status.ActivePods,
            Interfaces = Interfaces(instance, pod), Memory = Memory(instance, status),
            PhaseTransitionTimestamps = phase == status.Phase ? status.PhaseTransitionTimestamps
                : [.. status.PhaseTransitionTimestamps.Where(t => t.Phase != phase), new VirtualMachineInstancePhaseTransitionTimestamp { Phase = phase, PhaseTransitionTimestamp = now }],
        };
    }

    private static string PhaseOf(VirtualMachineInstance instance, Pod? pod)
    {
        if (instance.IsFinal()) return instance.Status.Phase!;
        if (pod is null) return instance.Status.Phase is null or "" or Pending ? Pending : Failed;
        return pod.Status.Phase switch
        {
            // The source of a migration ends when its guest is elsewhere: the target's node says so in the same moment.
            "Succeeded" or "Failed" when instance.IsMigrating() => Running,
            "Succeeded" => Succeeded,
            "Failed" => Failed,
            "Running" => Running,
            // Once it ran, a pod that is Pending again is one that its node is just taking over.
            _ when instance.Status.Phase == Running => Running,
            _ => pod.Spec.NodeName is { Length: > 0 } ? Scheduled : Scheduling,
        };
    }

    private static string? Why(Pod? pod) => pod?.Status.Reason is { Length: > 0 } reason ? reason : null;

    private static VirtualMachineInstanceCondition ReadyOf(Pod? pod, string phase)
    {
        if (pod is null) return No(PodNotExists, "virt-launcher pod has not yet been scheduled");
        if (phase != Running) return No(GuestNotRunning, "Guest VM is not reported as running");
        if (pod.IsDeleting()) return No(PodTerminating, "virt-launcher pod is terminating");
        foreach (var condition in pod.Status.Conditions)
            if (condition.Type == Ready) return new VirtualMachineInstanceCondition { Type = Ready, Status = condition.Status, Reason = condition.Reason, Message = condition.Message };
        return No(GuestNotRunning, "Guest VM is not reported as running");

        static VirtualMachineInstanceCondition No(string reason, string message) => new() { Type = Ready, Status = "False", Reason = reason, Message = message };
    }

    // The scheduler's reason, as long as there is one.
    private static VirtualMachineInstanceCondition? Unscheduled(Pod? pod) =>
        pod?.Status.Conditions.FirstOrDefault(c => c.Type == PodScheduled && c.Status == "False") is { } condition
            ? new VirtualMachineInstanceCondition { Type = PodScheduled, Status = "False", Reason = condition.Reason, Message = condition.Message } : null;

    private static IReadOnlyList<VirtualMachineInstanceNetworkInterface> Interfaces(VirtualMachineInstance instance, Pod? pod)
    {
        var network = instance.Spec.Networks.FirstOrDefault(n => n.Pod is not null)?.Name;
        if (network is null || pod?.Status.PodIP is not { Length: > 0 } address) return instance.Status.Interfaces;
        var known = instance.Status.Interfaces.FirstOrDefault(i => i.Name == network) ?? new VirtualMachineInstanceNetworkInterface { Name = network, InfoSource = "domain" };
        return [known with { IpAddress = address, IpAddresses = [.. pod.Status.PodIPs.Select(ip => ip.Ip).OfType<string>()] }, .. instance.Status.Interfaces.Where(i => i.Name != network)];
    }

    private static MemoryStatus Memory(VirtualMachineInstance instance, VirtualMachineInstanceStatus status)
    {
        if (status.Memory is { } known) return known;
        var size = GuestSize.Of(instance.Spec);
        var guest = Objects.Quantity.FromBytes(size.Memory);
        return new MemoryStatus { GuestAtBoot = guest, GuestCurrent = guest, GuestRequested = guest, MemoryOverhead = Objects.Quantity.FromBytes(size.Overhead) };
    }

    /// <summary>The conditions with one set (its transition time is that of the last change of its status), or taken out.</summary>
    internal static IReadOnlyList<VirtualMachineInstanceCondition> Set(IReadOnlyList<VirtualMachineInstanceCondition> conditions, VirtualMachineInstanceCondition? condition, DateTimeOffset now, string? type = null)
    {
        type ??= condition!.Type;
        var old = conditions.FirstOrDefault(c => c.Type == type);
        if (condition is null) return old is null ? conditions : [.. conditions.Where(c => c.Type != type)];
        var wanted = condition with { LastTransitionTime = old?.Status == condition.Status ? old?.LastTransitionTime : now };
        return wanted.Equals(old) ? conditions : [.. conditions.Where(c => c.Type != type), wanted];
    }
}
