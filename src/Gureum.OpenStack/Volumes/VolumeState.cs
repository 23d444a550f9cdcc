using Gureum.Objects;
using Gureum.Objects.Cdi.V1beta1;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Machines;
using Gureum.Objects.Storage.V1;

namespace Gureum.OpenStack.Volumes;

/// <summary>How Cinder names the state of a claim (https://docs.openstack.org/api-ref/block-storage/v3/#volumes-volumes). Pure.</summary>
public static class VolumeState
{
    public const string Available = "available", InUse = "in-use", Creating = "creating", Downloading = "downloading", Attaching = "attaching", Detaching = "detaching", Deleting = "deleting", Error = "error", Extending = "extending", AwaitingTransfer = "awaiting-transfer", Reserved = "reserved", Uploading = "uploading";

    /// <summary>What may be set by hand.</summary>
    public static readonly string[] Settable = [Available, InUse, Creating, Attaching, Detaching, Deleting, Error, Extending, "error_deleting", "error_extending", "error_restoring", "maintenance", Reserved];

    /// <param name="data">The data volume that fills the claim; null for none.</param>
    /// <param name="storage">The claim's class; null when it is not known.</param>
    /// <param name="plugged">Whether a pod holds the claim for a guest.</param>
    public static string Of(PersistentVolumeClaim claim, DataVolume? data, StorageClass? storage, IReadOnlyList<VolumeAttachment> attachments, bool plugged)
    {
        if (claim.Metadata.DeletionTimestamp is not null) return Deleting;
        var live = attachments.Where(static a => a.Status is not Reserved).ToList();
        var set = claim.Metadata.Annotations.GetValueOrDefault(VolumeNames.Status);
        // What was reserved for an attachment is over when it is there; likewise its end.
        if (set is not null and not (Attaching or Detaching)) return set;
        if (live.Any(static a => a.Status == Detaching) || set == Detaching && live.Count > 0) return Detaching;
        if (live.Any(static a => a.Status == Attaching)) return Attaching;
        if (live.Count > 0) return InUse;
        if (plugged) return Detaching;
        if (set == Attaching) return Attaching;
        if (attachments.Count > 0) return Reserved;
        if (claim.Metadata.Annotations.GetValueOrDefault(ImportNames.PodPhase) == ClaimContent.Failed || data?.Status.Phase == "Failed" || claim.Status.Phase == "Lost") return Error;
        if (ClaimContent.IsUnfilled(claim)) return claim.Metadata.Annotations.ContainsKey(VolumeNames.Image) ? Downloading : Creating;
        if (claim.Metadata.Annotations.ContainsKey(VolumeNames.Transfer)) return AwaitingTransfer;
        if (claim.Status.Phase != "Bound") return storage?.VolumeBindingMode == "WaitForFirstConsumer" ? Available : Creating;
        return Wanted(claim) > claim.Status.Capacity.GetValueOrDefault("storage") ? Extending : Available;
    }

    /// <summary>What the claim asks for.</summary>
    public static Quantity Wanted(PersistentVolumeClaim claim) => claim.Spec.Resources?.Requests.GetValueOrDefault("storage") ?? Quantity.Zero;

    /// <summary>What the claim has, or asks for as long as it has nothing.</summary>
    public static Quantity Size(PersistentVolumeClaim claim) => claim.Status.Capacity.TryGetValue("storage", out var has) && has > Quantity.Zero ? has : Wanted(claim);
}
