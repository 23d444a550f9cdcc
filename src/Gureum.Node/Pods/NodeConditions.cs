using Gureum.Objects.Core.V1;

namespace Gureum.Node.Pods;

/// <summary>Which conditions of a pod are the node's to say; all others are controllers', schedulers' or users' (readiness gates). Pure.</summary>
internal static class NodeConditions
{
    /// <summary>Those that come from what runs, whatever was said before.</summary>
    internal static bool IsFromRuntime(string? type) => type is "PodReadyToStartContainers" or "Initialized" or "Ready" or "ContainersReady";

    private static bool IsOurs(string? type) => IsFromRuntime(type) || type is ContainerResize.Pending or ContainerResize.InProgress;

    /// <summary>The node's status over what the API has: what others say in it stays theirs.</summary>
    internal static PodStatus Over(PodStatus known, PodStatus status)
    {
        // One that nobody has said yet the node may say in their place, such as that a pod of a file is scheduled.
        var others = known.Conditions.Where(c => !IsOurs(c.Type)).ToList();
        return status with
        {
            Conditions = [.. status.Conditions.Where(c => IsOurs(c.Type)), .. others, .. status.Conditions.Where(c => !IsOurs(c.Type) && !others.Exists(o => o.Type == c.Type))],
            QosClass = known.QosClass ?? status.QosClass, NominatedNodeName = known.NominatedNodeName, ResourceClaimStatuses = known.ResourceClaimStatuses,
        };
    }
}
