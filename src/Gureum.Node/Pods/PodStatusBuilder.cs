using Gureum.Node.Probes;
using Gureum.Node.Runtime;
using Gureum.Objects.Core.V1;

namespace Gureum.Node.Pods;

/// <summary>Why a container that should run does not: reason and message of its waiting state.</summary>
internal sealed record Waiting(string Reason, string Message);

/// <summary>From what the runtime and the probes say to the pod's status. Pure, but for the termination messages that it is given.</summary>
internal sealed class PodStatusBuilder(PodSettings settings, Pod pod, RuntimePod runtime, Func<string, ProbeVerdict> verdicts, IReadOnlyDictionary<string, Waiting> waiting, Func<ContainerDetails, string?> terminationMessage, Func<ContainerDetails, ResourceRequirements?> given, DateTimeOffset now)
{
    internal PodStatus Build()
    {
        var init = pod.Spec.InitContainers.Select(c => Of(c, c.RestartPolicy == "Always")).ToList();
        var main = pod.Spec.Containers.Select(c => Of(c, true)).ToList();
        var initialized = InitializedNow(init);
        var phase = Phase(main, initialized);
        var ready = main.All(c => c.Ready == true) && pod.Spec.InitContainers.Zip(init).All(p => p.First.RestartPolicy != "Always" || p.Second.Ready == true);
        var address = pod.Spec.HostNetwork == true ? settings.NodeAddress : runtime.Sandbox?.Addresses.FirstOrDefault()?.ToString() ?? pod.Status.PodIP;
        List<PodCondition> conditions =
        [
            Condition("PodReadyToStartContainers", runtime.Sandbox?.Info.Ready == true),
            Condition("Initialized", initialized || phase == "Succeeded", phase == "Succeeded" ? "PodCompleted" : initialized ? null : "ContainersNotInitialized", initialized ? null : $"containers with incomplete status: [{string.Join(' ', NotDone(init))}]"),
            ReadyCondition("Ready", ready && Gates(), main, phase),
            ReadyCondition("ContainersReady", ready, main, phase),
            .. pod.Status.Conditions.Where(c => c.Type is not ("PodReadyToStartContainers" or "Initialized" or "Ready" or "ContainersReady" or "PodScheduled" or ContainerResize.Pending or ContainerResize.InProgress)),
            .. Resizing(),
            Scheduled(),
        ];
        return pod.Status with
        {
            Phase = phase, Conditions = conditions, HostIP = settings.NodeAddress, HostIPs = [new HostIP { Ip = settings.NodeAddress }], PodIP = address,
            PodIPs = address is { Length: > 0 } ? [new PodIP { Ip = address }] : [], StartTime = pod.Status.StartTime ?? now,
            InitContainerStatuses = init, ContainerStatuses = main, EphemeralContainerStatuses = [.. pod.Spec.EphemeralContainers.Select(c => Of(c.AsContainer(), false) with { Ready = false })], ObservedGeneration = pod.Metadata.Generation,
        };
    }

    /// <summary>Why a resize waits or fails; null when every container has what its spec asks for.</summary>
    internal PodCondition? Resize { get; init; }

    private ContainerStatus Of(Container container, bool keepsRunning)
    {
        var newest = runtime.Newest(container.Name!);
        var before = pod.Status.ContainerStatuses.Concat(pod.Status.InitContainerStatuses).Concat(pod.Status.EphemeralContainerStatuses).FirstOrDefault(s => s.Name == container.Name);
        var status = new ContainerStatus
        {
            Name = container.Name, Image = container.Image, ImageID = before?.ImageID ?? "", RestartCount = before?.RestartCount ?? 0, LastState = before?.LastState,
            Ready = false, Started = false, State = Wait(container.Name!),
        };
        if (newest is null) return status;
        var previous = runtime.Previous(container.Name!);
        status = status with
        {
            ContainerID = "containerd://" + newest.Info.Id, ImageID = newest.ImageDigestRef.Length > 0 ? newest.ImageDigestRef : newest.Info.ImageId, RestartCount = (int)newest.Info.Attempt,
            LastState = previous is { Info.Stage: ContainerStage.Exited } ? new ContainerState { Terminated = Ended(previous) } : status.LastState,
        };
        if (given(newest) is { } resources) status = status with { Resources = resources, AllocatedResources = resources.Requests };
        switch (newest.Info.Stage)
        {
            case ContainerStage.Running:
                var verdict = verdicts(newest.Info.Id);
                var started = verdict.Started == true;
                return status with { State = new ContainerState { Running = new ContainerStateRunning { StartedAt = newest.StartedAt } }, Started = started, Ready = keepsRunning && started && verdict.Ready };
            case ContainerStage.Exited:
                // Waiting to be started again shows as waiting; what ended shows as the last state.
                if (waiting.ContainsKey(container.Name!)) return status with { State = Wait(container.Name!), LastState = new ContainerState { Terminated = Ended(newest) } };
                return status with { State = new ContainerState { Terminated = Ended(newest) }, Ready = !keepsRunning && newest.ExitCode == 0 };
            default: return status;
        }
    }

    private IEnumerable<PodCondition> Resizing()
    {
        if (Resize is null) return [];
        var before = pod.Status.Conditions.FirstOrDefault(c => c.Type == Resize.Type);
        return [Resize with { LastTransitionTime = before is not null && before.Reason == Resize.Reason ? before.LastTransitionTime : now, ObservedGeneration = pod.Metadata.Generation }];
    }

    private ContainerState Wait(string name) => new()
    {
        Waiting = waiting.TryGetValue(name, out var why) ? new ContainerStateWaiting { Reason = why.Reason, Message = why.Message.Length > 0 ? why.Message : null }
            : new ContainerStateWaiting { Reason = pod.Spec.InitContainers.Count > 0 ? "PodInitializing" : "ContainerCreating" },
    };

    private ContainerStateTerminated Ended(ContainerDetails details) => new()
    {
        ExitCode = details.ExitCode, Reason = details.Reason.Length > 0 ? details.Reason : details.ExitCode == 0 ? "Completed" : "Error",
        Message = terminationMessage(details) is { Length: > 0 } text ? text : details.Message.Length > 0 ? details.Message : null,
        StartedAt = details.StartedAt, FinishedAt = details.FinishedAt, ContainerID = "containerd://" + details.Info.Id,
    };

    private bool InitializedNow(List<ContainerStatus> init)
    {
        // Once main containers run, they were initialized; a sidecar that restarts does not undo it.
        if (pod.Spec.Containers.Any(c => runtime.Newest(c.Name!) is not null)) return true;
        return pod.Spec.InitContainers.Zip(init).All(p => p.First.RestartPolicy == "Always" ? p.Second.Started == true : p.Second.State?.Terminated?.ExitCode == 0);
    }

    private IEnumerable<string?> NotDone(List<ContainerStatus> init) =>
        pod.Spec.InitContainers.Zip(init).Where(p => p.First.RestartPolicy == "Always" ? p.Second.Started != true : p.Second.State?.Terminated?.ExitCode != 0).Select(p => p.First.Name);

    private string Phase(List<ContainerStatus> main, bool initialized)
    {
        if (pod.Status.Phase is "Succeeded" or "Failed") return pod.Status.Phase;
        var policy = pod.Spec.RestartPolicy ?? "Always";
        if (!initialized)
        {
            var failed = policy == "Never" && pod.Spec.InitContainers.Any(c => c.RestartPolicy != "Always" && runtime.Newest(c.Name!) is { Info.Stage: ContainerStage.Exited, ExitCode: not 0 });
            return failed ? "Failed" : "Pending";
        }
        if (main.All(c => c.State?.Waiting is not null && c.LastState?.Terminated is null)) return "Pending";
        if (main.Any(c => c.State?.Running is not null || c.State?.Waiting is not null)) return "Running";
        if (policy == "Always") return "Running";
        if (main.All(c => c.State?.Terminated?.ExitCode == 0)) return "Succeeded";
        return policy == "Never" ? "Failed" : "Running";
    }

    private bool Gates() => pod.Spec.ReadinessGates.All(g => pod.Status.Conditions.Any(c => c.Type == g.ConditionType && c.Status == "True"));

    private PodCondition ReadyCondition(string type, bool ready, List<ContainerStatus> main, string phase)
    {
        if (phase is "Succeeded") return Condition(type, false, "PodCompleted");
        if (phase is "Failed") return Condition(type, false, "PodFailed");
        var unready = main.Where(c => c.Ready != true).Select(c => c.Name).ToList();
        return ready ? Condition(type, true) : unready.Count > 0 ? Condition(type, false, "ContainersNotReady", $"containers with unready status: [{string.Join(' ', unready)}]")
            : Condition(type, false, "ReadinessGatesNotReady", "a readiness gate of the pod is not true");
    }

    private PodCondition Scheduled() => pod.Status.Conditions.FirstOrDefault(c => c.Type == "PodScheduled") ?? Condition("PodScheduled", true);

    private PodCondition Condition(string type, bool holds, string? reason = null, string? message = null)
    {
        var before = pod.Status.Conditions.FirstOrDefault(c => c.Type == type);
        var status = holds ? "True" : "False";
        return new PodCondition
        {
            Type = type, Status = status, Reason = holds && reason != "PodCompleted" ? null : reason, Message = holds ? null : message, ObservedGeneration = pod.Metadata.Generation,
            LastTransitionTime = before?.Status == status ? before.LastTransitionTime : now,
        };
    }
}
