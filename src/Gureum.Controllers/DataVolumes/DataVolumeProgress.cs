using System.Globalization;
using Gureum.Controllers.Common;
using Gureum.Objects.Cdi.V1beta1;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Machines;

namespace Gureum.Controllers.DataVolumes;

/// <summary>Why a data volume has no claim of its own, or no pod that fills it.</summary>
internal sealed record Obstacle(string Reason, string Message);

/// <summary>From a data volume's claim and the pod that fills it to its status. Pure.</summary>
internal static class DataVolumeProgress
{
    internal static DataVolumeStatus Of(DataVolume volume, PersistentVolumeClaim? claim, Pod? pod, Obstacle? obstacle, DateTimeOffset now)
    {
        var status = volume.Status;
        var phase = PhaseOf(volume, claim, pod);
        var conditions = Set(status.Conditions, BoundOf(claim, obstacle), now);
        conditions = Set(conditions, RunningOf(phase, status, pod, obstacle), now);
        conditions = Set(conditions, ReadyOf(phase, pod), now);
        return status with
        {
            Phase = phase, ClaimName = claim?.Name() ?? status.ClaimName, Conditions = conditions, Progress = Progress(phase, status, pod),
            RestartCount = Math.Max(claim is null ? 0 : status.RestartCount ?? 0, Container(pod)?.RestartCount ?? 0) is > 0 and var restarts ? restarts : status.RestartCount,
        };
    }

    internal static bool IsClone(DataVolume volume) => volume.Spec.Source?.Pvc is not null;

    internal static bool IsUpload(DataVolume volume) => volume.Spec.Source?.Upload is not null;

    internal static bool IsFilled(PersistentVolumeClaim claim) => claim.Annotation(ImportNames.PodPhase) == ImportNames.Filled;

    /// <summary>Whether the pod's own work came to nothing for good; a pod that was evicted, or found no room, is only made again.</summary>
    internal static bool IsRefused(Pod pod) => pod is { Status.Phase: PodStates.Failed } && !pod.IsDeleting() && Container(pod)?.State?.Terminated is { ExitCode: not 0 };

    private static string PhaseOf(DataVolume volume, PersistentVolumeClaim? claim, Pod? pod)
    {
        if (claim is null) return DataVolumePhase.Pending;
        if (claim.Status.Phase == "Lost") return DataVolumePhase.Failed;
        if (IsFilled(claim)) return DataVolumePhase.Succeeded;
        if (volume.Status.Phase == DataVolumePhase.Failed || (pod is not null && IsRefused(pod))) return DataVolumePhase.Failed;
        if (pod is null) return DataVolumePhase.Pending;
        return (IsClone(volume), pod.Status.Phase) switch
        {
            (_, PodStates.Running or PodStates.Succeeded) when IsUpload(volume) => DataVolumePhase.UploadReady,
            _ when IsUpload(volume) => DataVolumePhase.UploadScheduled,
            (true, PodStates.Running or PodStates.Succeeded) => DataVolumePhase.CloneInProgress,
            (true, _) => DataVolumePhase.CloneScheduled,
            (false, PodStates.Running or PodStates.Succeeded) => DataVolumePhase.ImportInProgress,
            _ => DataVolumePhase.ImportScheduled,
        };
    }

    private static string Progress(string phase, DataVolumeStatus status, Pod? pod)
    {
        if (phase == DataVolumePhase.Succeeded) return DataVolumePhase.Whole;
        if (pod?.Status.Conditions.FirstOrDefault(c => c.Type == ImportNames.Progress)?.Message is { Length: > 0 } told && Container(pod)?.State?.Waiting is null && pod.Status.Phase == PodStates.Running) return told;
        return phase == DataVolumePhase.Failed && status.Progress is { Length: > 0 } last ? last : DataVolumePhase.Unknown;
    }

    private static DataVolumeCondition BoundOf(PersistentVolumeClaim? claim, Obstacle? obstacle) => claim switch
    {
        null => Condition(DataVolumePhase.Bound, false, obstacle?.Reason ?? DataVolumePhase.NotFound, obstacle?.Message ?? "No PVC found"),
        { Status.Phase: "Bound" } => Condition(DataVolumePhase.Bound, true, DataVolumePhase.Bound, $"PVC {claim.Name()} Bound"),
        { Status.Phase: "Lost" } => Condition(DataVolumePhase.Bound, false, "ClaimLost", "Claim Lost"),
        _ => Condition(DataVolumePhase.Bound, false, DataVolumePhase.Pending, $"PVC {claim.Name()} Pending"),
    };

    private static DataVolumeCondition RunningOf(string phase, DataVolumeStatus status, Pod? pod, Obstacle? obstacle)
    {
        if (phase == DataVolumePhase.Succeeded) return Condition(DataVolumePhase.Running, false, DataVolumePhase.Completed, "Import Complete");
        if (pod is null && phase == DataVolumePhase.Failed && status.Conditions.FirstOrDefault(c => c.Type == DataVolumePhase.Running) is { } last) return last with { LastTransitionTime = null };
        if (pod is null) return Condition(DataVolumePhase.Running, false, obstacle?.Reason, obstacle?.Message);
        if (pod.Status.Conditions.Any(c => c is { Type: "PodScheduled", Status: "False" })) return Condition(DataVolumePhase.Running, false, DataVolumePhase.Unschedulable, "Importer pod cannot be scheduled");
        return Container(pod) switch
        {
            { State.Running: not null } => Condition(DataVolumePhase.Running, true, DataVolumePhase.PodIsRunning, ""),
            { State.Terminated: { ExitCode: not 0 } ended } => Condition(DataVolumePhase.Running, false, DataVolumePhase.Error, ended.Message),
            { State.Terminated: { } ended } => Condition(DataVolumePhase.Running, false, DataVolumePhase.Completed, ended.Message),
            { State.Waiting: not null, LastState.Terminated: { ExitCode: not 0 } ended } => Condition(DataVolumePhase.Running, false, DataVolumePhase.Error, ended.Message),
            { State.Waiting: { } waiting } => Condition(DataVolumePhase.Running, false, waiting.Reason, waiting.Message),
            _ => Condition(DataVolumePhase.Running, false, "", ""),
        };
    }

    private static DataVolumeCondition ReadyOf(string phase, Pod? pod) => phase switch
    {
        DataVolumePhase.Succeeded => Condition(DataVolumePhase.Ready, true, "", ""),
        DataVolumePhase.Failed => Condition(DataVolumePhase.Ready, false, DataVolumePhase.Error, ""),
        _ => Condition(DataVolumePhase.Ready, false, Container(pod)?.State?.Running is null ? "" : DataVolumePhase.TransferRunning, ""),
    };

    private static ContainerStatus? Container(Pod? pod) => pod?.Status.ContainerStatuses.FirstOrDefault(c => c.Name == ImportNames.Container);

    private static DataVolumeCondition Condition(string type, bool holds, string? reason, string? message) => new() { Type = type, Status = holds ? "True" : "False", Reason = reason is { Length: > 0 } ? reason : null, Message = message is { Length: > 0 } ? message : null };

    private static IReadOnlyList<DataVolumeCondition> Set(IReadOnlyList<DataVolumeCondition> conditions, DataVolumeCondition condition, DateTimeOffset now)
    {
        var old = conditions.FirstOrDefault(c => c.Type == condition.Type);
        if (old is not null && (old.Status, old.Reason, old.Message) == (condition.Status, condition.Reason, condition.Message)) return conditions;
        var wanted = condition with { LastHeartbeatTime = now, LastTransitionTime = old?.Status == condition.Status ? old?.LastTransitionTime : now };
        return [.. conditions.Where(c => c.Type != condition.Type), wanted];
    }

    /// <summary>The event that goes with a new phase; null for none.</summary>
    internal static (bool Warning, string Reason, string Message)? EventOf(DataVolume volume, string? phase)
    {
        if (phase == volume.Status.Phase) return null;
        var (name, clone) = (volume.Name(), volume.Spec.Source?.Pvc);
        var way = clone is null ? "" : string.Create(CultureInfo.InvariantCulture, $"{DataVolumeClaim.Namespace(volume, clone)}/{clone.Name} into {volume.Ns()}/{name}");
        return phase switch
        {
            DataVolumePhase.ImportScheduled => (false, phase, $"Import into {name} scheduled"),
            DataVolumePhase.ImportInProgress => (false, phase, $"Import into {name} in progress"),
            DataVolumePhase.CloneScheduled => (false, phase, $"Cloning from {way} scheduled"),
            DataVolumePhase.CloneInProgress => (false, phase, $"Cloning from {way} in progress"),
            DataVolumePhase.UploadScheduled => (false, phase, $"Upload into {name} scheduled"),
            DataVolumePhase.UploadReady => (false, phase, $"Upload into {name} ready"),
            DataVolumePhase.Succeeded when IsUpload(volume) => (false, DataVolumePhase.UploadSucceeded, $"Successfully uploaded into {name}"),
            DataVolumePhase.Failed when IsUpload(volume) => (true, DataVolumePhase.UploadFailed, $"Upload into {name} failed"),
            DataVolumePhase.Succeeded when clone is null => (false, DataVolumePhase.ImportSucceeded, $"Successfully imported into PVC {name}"),
            DataVolumePhase.Succeeded => (false, DataVolumePhase.CloneSucceeded, $"Successfully cloned from {way}"),
            DataVolumePhase.Failed when clone is null => (true, DataVolumePhase.ImportFailed, $"Failed to import into PVC {name}"),
            DataVolumePhase.Failed => (true, DataVolumePhase.CloneFailed, $"Cloning from {way} failed"),
            _ => null,
        };
    }
}
