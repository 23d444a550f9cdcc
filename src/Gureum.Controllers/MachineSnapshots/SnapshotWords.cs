using Gureum.Objects.Snapshot.V1beta1;

namespace Gureum.Controllers.MachineSnapshots;

/// <summary>Words of KubeVirt's snapshot API: phases, conditions, indications, events and finalizers.</summary>
internal static class SnapshotWords
{
    internal const string InProgress = "InProgress", Succeeded = "Succeeded", Failed = "Failed", Deleting = "Deleting";
    internal const string Progressing = "Progressing", Ready = "Ready", Failure = "Failure";
    internal const string Online = "Online", GuestAgent = "GuestAgent", NoGuestAgent = "NoGuestAgent", Paused = "Paused", Retain = "retain";
    internal const string SnapshotFinalizer = "snapshot.kubevirt.io/vmsnapshot-protection", RestoreFinalizer = "snapshot.kubevirt.io/vmrestore-protection";
    internal const string ContentCreated = "SuccessfulVirtualMachineSnapshotContentCreate", RestoreComplete = "VirtualMachineRestoreComplete", RestoreError = "VirtualMachineRestoreError", RestoreTargetNotReady = "RestoreTargetNotReady", RestoreFailed = "Operation failed";
    internal const string LastRestore = "restore.kubevirt.io/lastRestoreUID";

    internal static readonly TimeSpan Deadline = TimeSpan.FromMinutes(5);

    internal static string Explain(string indication) => indication switch
    {
        Online => "Snapshot taken while the VM was running. Consistency depends on guest-agent quiescing.",
        GuestAgent => "Guest agent was active and attempted to quiesce the filesystem for application consistency.",
        NoGuestAgent => "Guest agent was not available. Snapshot is crash-consistent and may not be application-consistent.",
        Paused => "Snapshot taken while the VM was paused. Snapshot is crash-consistent and may not be application-consistent.",
        _ => "Unknown indication",
    };

    /// <summary>The conditions with one set; its transition time is that of the last change of its status.</summary>
    internal static IReadOnlyList<Condition> Set(this IReadOnlyList<Condition> conditions, string type, bool holds, string reason, DateTimeOffset now)
    {
        var (old, status) = (conditions.FirstOrDefault(c => c.Type == type), holds ? "True" : "False");
        if (old?.Status == status && old.Reason == reason) return conditions;
        return [.. conditions.Where(c => c.Type != type), new Condition { Type = type, Status = status, Reason = reason, LastTransitionTime = old?.Status == status ? old.LastTransitionTime : now }];
    }

    internal static bool Has(this IReadOnlyList<Condition> conditions, string type) => conditions.Any(c => c.Type == type && c.Status == "True");
}
