using System.Globalization;
using Gureum.Node.Pods;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Machines;

namespace Gureum.Node.Imports;

/// <summary>From what is known of an import to the status of its pod. Pure.</summary>
internal static class ImportStatus
{
    private static readonly string[] Ours = ["PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled", ImportNames.Progress];

    /// <param name="waiting">Why it does not run just now; null when it does, or is over.</param>
    internal static PodStatus Of(Pod pod, ImportState state, Waiting? waiting, PodSettings settings, DateTimeOffset now)
    {
        var phase = state.Stage switch { ImportStage.Done => "Succeeded", ImportStage.Refused => "Failed", ImportStage.Waiting => pod.Status.Phase is "Running" ? "Running" : "Pending", _ => "Running" };
        var running = state.Stage == ImportStage.Running;
        return pod.Status with
        {
            Phase = phase, HostIP = settings.NodeAddress, HostIPs = [new HostIP { Ip = settings.NodeAddress }], StartTime = pod.Status.StartTime ?? now, ObservedGeneration = pod.Metadata.Generation,
            ContainerStatuses = [Container(pod, state, running, waiting)],
            Conditions =
            [
                Condition(pod, "PodReadyToStartContainers", state.Stage != ImportStage.Waiting, now),
                Condition(pod, "Initialized", true, now),
                Readiness(pod, "Ready", running, phase, now),
                Readiness(pod, "ContainersReady", running, phase, now),
                Condition(pod, ImportNames.Progress, true, now, null, (state.Part * 100).ToString("0.00", CultureInfo.InvariantCulture) + "%"),
                .. pod.Status.Conditions.Where(c => !Ours.Contains(c.Type)),
                pod.Status.Conditions.FirstOrDefault(c => c.Type == "PodScheduled") ?? Condition(pod, "PodScheduled", true, now),
            ],
        };
    }

    private static ContainerStatus Container(Pod pod, ImportState state, bool running, Waiting? waiting)
    {
        var before = pod.Status.ContainerStatuses.FirstOrDefault(s => s.Name == ImportNames.Container);
        var ended = state.Ended is { } end ? new ContainerState
        {
            Terminated = new ContainerStateTerminated { ExitCode = state.Stage == ImportStage.Done ? 0 : 1, Reason = state.Stage == ImportStage.Done ? "Completed" : "Error", Message = state.Message, StartedAt = state.Started, FinishedAt = end, ContainerID = Id(state) },
        } : null;
        var status = new ContainerStatus
        {
            Name = ImportNames.Container, Image = pod.Spec.Containers[0].Image, ImageID = "", Ready = running, Started = running, RestartCount = state.Restarts,
            ContainerID = state.Started is null ? before?.ContainerID : Id(state), LastState = before?.LastState,
        };
        if (running)
            return status with
            {
                State = new ContainerState { Running = new ContainerStateRunning { StartedAt = state.Started } },
                LastState = before?.State?.Terminated is { } last ? new ContainerState { Terminated = last } : before?.LastState,
            };
        if (waiting is not null) return status with { State = new ContainerState { Waiting = new ContainerStateWaiting { Reason = waiting.Reason, Message = waiting.Message } }, LastState = ended ?? before?.LastState };
        return status with { State = ended ?? new ContainerState { Waiting = new ContainerStateWaiting { Reason = "ContainerCreating" } } };

        string Id(ImportState of) => $"importer://{pod.Metadata.Uid}/{of.Restarts}";
    }

    private static PodCondition Readiness(Pod pod, string type, bool running, string phase, DateTimeOffset now) => phase switch
    {
        "Succeeded" => Condition(pod, type, false, now, "PodCompleted"),
        "Failed" => Condition(pod, type, false, now, "PodFailed"),
        _ => Condition(pod, type, running, now, running ? null : "ContainersNotReady", running ? null : $"containers with unready status: [{ImportNames.Container}]"),
    };

    private static PodCondition Condition(Pod pod, string type, bool holds, DateTimeOffset now, string? reason = null, string? message = null)
    {
        var (before, status) = (pod.Status.Conditions.FirstOrDefault(c => c.Type == type), holds ? "True" : "False");
        return new PodCondition { Type = type, Status = status, Reason = reason, Message = message, ObservedGeneration = pod.Metadata.Generation, LastTransitionTime = before?.Status == status ? before.LastTransitionTime : now };
    }
}
