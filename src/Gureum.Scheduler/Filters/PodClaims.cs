using Gureum.Objects.Core.V1;
using Gureum.Objects.Placement;
using Gureum.Scheduler.Snapshots;

namespace Gureum.Scheduler.Filters;

/// <summary>The claims of a pod and where their volumes can be had. Pure.</summary>
public static class PodClaims
{
    /// <summary>Names of the claims that the pod mounts, those of its ephemeral volumes included.</summary>
    public static IEnumerable<string> Names(Pod pod)
    {
        foreach (var volume in pod.Spec.Volumes)
        {
            if (volume.PersistentVolumeClaim?.ClaimName is { } name) yield return name;
            else if (volume.Ephemeral is not null) yield return pod.Metadata.Name + "-" + volume.Name;
        }
    }

    public static bool WaitsForConsumer(PersistentVolumeClaim claim, IClusterView view) =>
        claim.Spec.StorageClassName is { Length: > 0 } name && view.Class(name)?.VolumeBindingMode == "WaitForFirstConsumer" && string.IsNullOrEmpty(claim.Spec.VolumeName);

    public static bool CanProvision(PersistentVolumeClaim claim, Node node, IClusterView view)
    {
        if (claim.Spec.StorageClassName is not { Length: > 0 } name || view.Class(name) is not { } storage) return false;
        if (storage.Provisioner is null or VolumeMatching.NoProvisioner) return false;
        return storage.AllowedTopologies.Count == 0 || storage.AllowedTopologies.Any(term => term.MatchLabelExpressions.All(e =>
            node.Metadata.Labels.TryGetValue(e.Key ?? "", out var value) && e.Values.Contains(value)));
    }
}
