using Gureum.Objects;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Selectors;
using Gureum.Scheduler.Snapshots;

namespace Gureum.Scheduler.Filters;

/// <summary>Claims of a pod and the volumes that suit them (https://kubernetes.io/docs/concepts/storage/persistent-volumes/). Pure.</summary>
public static class PodClaims
{
    public const string SelectedNode = "volume.kubernetes.io/selected-node";
    public const string BindCompleted = "pv.kubernetes.io/bind-completed";
    public const string NoProvisioner = "kubernetes.io/no-provisioner";

    /// <summary>Names of the claims that the pod mounts, those of its ephemeral volumes included.</summary>
    public static IEnumerable<string> Names(Pod pod)
    {
        foreach (var volume in pod.Spec.Volumes)
        {
            if (volume.PersistentVolumeClaim?.ClaimName is { } name) yield return name;
            else if (volume.Ephemeral is not null) yield return pod.Metadata.Name + "-" + volume.Name;
        }
    }

    public static bool IsBound(PersistentVolumeClaim claim) => claim.Spec.VolumeName is { Length: > 0 } && claim.Metadata.Annotations.ContainsKey(BindCompleted);

    public static bool WaitsForConsumer(PersistentVolumeClaim claim, IClusterView view) =>
        claim.Spec.StorageClassName is { Length: > 0 } name && view.Class(name)?.VolumeBindingMode == "WaitForFirstConsumer" && string.IsNullOrEmpty(claim.Spec.VolumeName);

    public static bool Reaches(PersistentVolume volume, Node node) => volume.Spec.NodeAffinity?.Required is not { } required || NodeTerms.Matches(required, node);

    /// <summary>The smallest volume that is free and suits the claim, on a node or (null) anywhere.</summary>
    public static PersistentVolume? FindVolume(PersistentVolumeClaim claim, Node? node, IEnumerable<PersistentVolume> volumes, IReadOnlySet<string> taken)
    {
        PersistentVolume? best = null;
        var selector = claim.Spec.Selector is { } wanted ? Selector.From(wanted) : Selector.Everything;
        foreach (var volume in volumes)
        {
            if (volume.Metadata.DeletionTimestamp is not null || taken.Contains(volume.Metadata.Name ?? "")) continue;
            if (!Suits(claim, volume, selector) || (node is not null && !Reaches(volume, node))) continue;
            // A volume that was set aside for this very claim comes before any other.
            if (volume.Spec.ClaimRef is not null) return volume;
            if (best is null || Size(volume) < Size(best)) best = volume;
        }
        return best;
    }

    private static bool Suits(PersistentVolumeClaim claim, PersistentVolume volume, Selector selector)
    {
        if (volume.Spec.ClaimRef is { } reference)
        {
            if (reference.Namespace != claim.Metadata.Namespace || reference.Name != claim.Metadata.Name) return false;
            if (!string.IsNullOrEmpty(reference.Uid) && reference.Uid != claim.Metadata.Uid) return false;
        }
        else if (volume.Status.Phase is "Released" or "Failed") return false;
        if ((volume.Spec.StorageClassName ?? "") != (claim.Spec.StorageClassName ?? "")) return false;
        if ((volume.Spec.VolumeMode ?? "Filesystem") != (claim.Spec.VolumeMode ?? "Filesystem")) return false;
        foreach (var mode in claim.Spec.AccessModes)
            if (!volume.Spec.AccessModes.Contains(mode)) return false;
        var asked = claim.Spec.Resources?.Requests.GetValueOrDefault("storage") ?? Quantity.Zero;
        return Size(volume) >= asked && selector.Matches(volume.Metadata.Labels);
    }

    public static bool CanProvision(PersistentVolumeClaim claim, Node node, IClusterView view)
    {
        if (claim.Spec.StorageClassName is not { Length: > 0 } name || view.Class(name) is not { } storage) return false;
        if (storage.Provisioner is null or NoProvisioner) return false;
        return storage.AllowedTopologies.Count == 0 || storage.AllowedTopologies.Any(term => term.MatchLabelExpressions.All(e =>
            node.Metadata.Labels.TryGetValue(e.Key ?? "", out var value) && e.Values.Contains(value)));
    }

    private static Quantity Size(PersistentVolume volume) => volume.Spec.Capacity.GetValueOrDefault("storage");
}
