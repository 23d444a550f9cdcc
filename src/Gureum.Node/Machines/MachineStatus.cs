using Gureum.Node.Pods;
using Gureum.Node.Probes;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Machines;

namespace Gureum.Node.Machines;

/// <summary>From what is known of a guest to the status of its pod. Pure.</summary>
internal static class MachineStatus
{
    private static readonly string[] Ours = ["PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled", ContainerResize.Pending, ContainerResize.InProgress];

    /// <param name="record">Null before the guest was made.</param>
    /// <param name="waiting">Why it does not run yet.</param>
    /// <param name="resize">Why it has not got what its pod asks for by now; null when it has.</param>
    internal static PodStatus Of(Pod pod, MachineRecord? record, string? address, ProbeVerdict verdict, Waiting? waiting, PodSettings settings, DateTimeOffset now, PodCondition? resize = null)
    {
        var phase = pod.Status.Phase is ("Succeeded" or "Failed") and var over ? over : record switch
        {
            { Ended: not null, ExitCode: 0 } => "Succeeded",
            { Ended: not null } => "Failed",
            { Started: not null } when waiting is null => "Running",
            _ => "Pending",
        };
        var running = phase == "Running";
        var ready = running && verdict is { Started: true, Ready: true };
        address ??= pod.Status.PodIP;
        return pod.Status with
        {
            Phase = phase, HostIP = settings.NodeAddress, HostIPs = [new HostIP { Ip = settings.NodeAddress }], PodIP = address, PodIPs = address is { Length: > 0 } ? [new PodIP { Ip = address }] : [],
            StartTime = pod.Status.StartTime ?? now, ObservedGeneration = pod.Metadata.Generation, ContainerStatuses = [Container(pod, record, running, ready, waiting, resize)],
            Conditions =
            [
                // A machine may be on tenants' networks alone, where it has no pod's address.
                Condition(pod, "PodReadyToStartContainers", running || address is { Length: > 0 }, now),
                Condition(pod, "Initialized", true, now),
                ReadyCondition(pod, "Ready", ready, phase, now),
                ReadyCondition(pod, "ContainersReady", ready, phase, now),
                .. pod.Status.Conditions.Where(c => !Ours.Contains(c.Type)),
                .. resize is null ? (PodCondition[])[] : [Resizing(pod, resize, now)],
                pod.Status.Conditions.FirstOrDefault(c => c.Type == "PodScheduled") ?? Condition(pod, "PodScheduled", true, now),
            ],
        };
    }

    private static ContainerStatus Container(Pod pod, MachineRecord? record, bool running, bool ready, Waiting? waiting, PodCondition? resize)
    {
        var before = pod.Status.ContainerStatuses.FirstOrDefault(s => s.Name == MachineNames.Compute);
        var status = new ContainerStatus
        {
            Name = MachineNames.Compute, Image = pod.Spec.Containers[0].Image, ImageID = "", RestartCount = 0, Ready = ready, Started = running,
            ContainerID = record?.Started is null ? null : Id(record),
        };
        // What it has: all that it asks for, unless a resize waits.
        if (running && (resize is null ? pod.Spec.Containers[0].Resources : before?.Resources) is { } has) status = status with { Resources = has, AllocatedResources = has.Requests };
        if (record is { Ended: { } ended })
            return status with { Ready = false, Started = false, State = new ContainerState { Terminated = new ContainerStateTerminated { ExitCode = record.ExitCode, Reason = record.ExitCode == 0 ? "Completed" : "Error", Message = record.Reason.Length > 0 ? record.Reason : null, StartedAt = record.Started, FinishedAt = ended, ContainerID = record.Started is null ? null : Id(record) } } };
        if (running) return status with { State = new ContainerState { Running = new ContainerStateRunning { StartedAt = record!.Started } } };
        return status with { State = before?.State?.Terminated is { } last ? new ContainerState { Terminated = last } : new ContainerState { Waiting = new ContainerStateWaiting { Reason = waiting?.Reason ?? "ContainerCreating", Message = waiting?.Message } } };

        static string Id(MachineRecord record) => $"libvirt://{record.Domain:D}";
    }

    private static PodCondition Resizing(Pod pod, PodCondition resize, DateTimeOffset now) =>
        resize with { ObservedGeneration = pod.Metadata.Generation, LastTransitionTime = pod.Status.Conditions.FirstOrDefault(c => c.Type == resize.Type && c.Reason == resize.Reason)?.LastTransitionTime ?? now };

    private static PodCondition ReadyCondition(Pod pod, string type, bool ready, string phase, DateTimeOffset now) => phase switch
    {
        "Succeeded" => Condition(pod, type, false, now, "PodCompleted"),
        "Failed" => Condition(pod, type, false, now, "PodFailed"),
        _ => Condition(pod, type, ready, now, ready ? null : "ContainersNotReady", ready ? null : $"containers with unready status: [{MachineNames.Compute}]"),
    };

    private static PodCondition Condition(Pod pod, string type, bool holds, DateTimeOffset now, string? reason = null, string? message = null)
    {
        var (before, status) = (pod.Status.Conditions.FirstOrDefault(c => c.Type == type), holds ? "True" : "False");
        return new PodCondition { Type = type, Status = status, Reason = reason, Message = message, ObservedGeneration = pod.Metadata.Generation, LastTransitionTime = before?.Status == status ? before.LastTransitionTime : now };
    }
}
