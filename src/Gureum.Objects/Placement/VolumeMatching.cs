using Gureum.Objects.Core.V1;
using Gureum.Objects.Selectors;

namespace Gureum.Objects.Placement;

using Node = Core.V1.Node;

/// <summary>Which volumes suit a claim (https://kubernetes.io/docs/concepts/storage/persistent-volumes/#binding). Pure.</summary>
public static class VolumeMatching
{
    public const string SelectedNode = "volume.kubernetes.io/selected-node";
    public const string BindCompleted = "pv.kubernetes.io/bind-completed";
    public const string NoProvisioner = "kubernetes.io/no-provisioner";

    public static bool IsBound(PersistentVolumeClaim claim) => claim.Spec.VolumeName is { Length: > 0 } && claim.Metadata.Annotations.ContainsKey(BindCompleted);

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

    public static Quantity Size(PersistentVolume volume) => volume.Spec.Capacity.GetValueOrDefault("storage");
}
