using Gureum.Objects.Core.V1;
using Gureum.Objects.Snapshot.V1;

namespace Gureum.Objects.Machines;

/// <summary>What a claim is to be filled with before anybody gets it, and whether it is (https://kubernetes.io/docs/concepts/storage/persistent-volumes/#volume-snapshot-and-restore-volume-from-snapshot-support). Pure.</summary>
public static class ClaimContent
{
    /// <summary>On a claim, a value of <see cref="ImportNames.PodPhase"/>: it will never be filled.</summary>
    public const string Failed = "Failed";

    /// <summary>On a claim, an annotation: why it will never be filled.</summary>
    public const string Reason = "gureum.io/fill-error";

    /// <summary>What the claim itself names as its source: a claim, or a snapshot of one. Null for none that is filled from.</summary>
    public static (bool IsSnapshot, string Name)? SourceOf(PersistentVolumeClaim claim)
    {
        var (kind, group, ns, name) = claim.Spec.DataSourceRef is { } reference ? (reference.Kind, reference.ApiGroup ?? "", reference.Namespace, reference.Name)
            : claim.Spec.DataSource is { } source ? (source.Kind, source.ApiGroup ?? "", null, source.Name) : (null, "", null, null);
        if (name is not { Length: > 0 } || ns is { Length: > 0 } && ns != claim.Metadata.Namespace) return null;
        if (kind == VolumeSnapshot.Resource.Kind && group == VolumeSnapshot.Resource.Group) return (true, name);
        return kind == PersistentVolumeClaim.Resource.Kind && group.Length == 0 ? (false, name) : null;
    }

    /// <summary>Whether it waits for what it is to hold.</summary>
    public static bool IsUnfilled(PersistentVolumeClaim claim) => claim.Metadata.Annotations.GetValueOrDefault(ImportNames.PodPhase) is { } phase ? phase != ImportNames.Filled : SourceOf(claim) is not null;

    /// <summary>The claim that holds what a snapshot has kept.</summary>
    public static string CopyOf(VolumeSnapshot snapshot) => "snapshot-" + snapshot.Metadata.Uid;
}
