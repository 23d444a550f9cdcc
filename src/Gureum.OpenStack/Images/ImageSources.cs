using Gureum.Client;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Image.V1;
using Gureum.Objects.Kubevirt.V1;
using Gureum.Objects.Meta.V1;
using Gureum.Objects.Snapshot.V1;
using Gureum.OpenStack.Http;
using Gureum.OpenStack.Objects;
using Gureum.OpenStack.Volumes;
using PersistentVolumeClaim = Gureum.Objects.Core.V1.PersistentVolumeClaim;

namespace Gureum.OpenStack.Images;

/// <summary>
/// Images that are made of claims: such an image owns a VolumeSnapshot of the claim, until it has its data. That is all there is to know of it: whoever looks again, after a restart too, finds it
/// there, and what is left of it goes with the image.
/// </summary>
internal sealed class ImageSources(Cloud cloud)
{
    internal const string ByClaim = "openstack-imaged-claim";

    /// <summary>The image that a snapshot was taken for; null for none.</summary>
    internal static string? ImageOf(VolumeSnapshot snapshot) => snapshot.Metadata.OwnerReferences.FirstOrDefault(static o => o is { Controller: true } && o.Kind == Image.Resource.Kind && o.ApiVersion == Image.Resource.ApiVersion)?.Name;

    internal static IEnumerable<string> Claims(VolumeSnapshot snapshot) => ImageOf(snapshot) is not null && snapshot.Spec.Source?.PersistentVolumeClaimName is { } claim ? [snapshot.Metadata.Namespace + "/" + claim] : [];

    /// <summary>The snapshot that an image is made of; null for none.</summary>
    internal VolumeSnapshot? Of(Image image) => cloud.Snapshots.Get(image.Metadata.Namespace, NameOf(image)) is { } found && found.Metadata.OwnerReferences.Any(o => o is { Controller: true } && o.Uid == image.Metadata.Uid) ? found : null;

    private static string NameOf(Image image) => "image-" + image.Metadata.Uid;

    /// <summary>The snapshot of an image that is being made of a claim; null when none is.</summary>
    internal VolumeSnapshot? Of(string? ns, string? claim) => cloud.Snapshots.By(ByClaim, ns + "/" + claim).FirstOrDefault(s => s.Metadata.DeletionTimestamp is null && cloud.Images.Get(ns, ImageOf(s)) is { } image && IsWaiting(image));

    /// <summary>Whether an image has no data yet, and nobody is sending any.</summary>
    internal static bool IsWaiting(Image image) => ImageNames.Status(image) is ImageNames.Queued or ImageNames.Saving;

    /// <summary>Begins an image of a claim, as the caller.</summary>
    /// <exception cref="Fault">413: the project's quota has no room for the copy.</exception>
    internal async Task<Image> MakeAsync(Call call, ImageSpec spec, PersistentVolumeClaim claim)
    {
        var (ns, caller) = (claim.Metadata.Namespace!, call.Caller.Api);
        await Cinder.WithinQuotaAsync("snapshots and gigabytes", async () =>
        {
            await VolumeSnapshots.TryCopyAsync(caller, claim, call.Cancel);
            return true;
        });
        var image = await ObjectNames.MakeAsync(spec.Name ?? "image", n => cloud.Images.Get(ns, n) is not null, "image", name => cloud.Images.CreateAsync(caller, new Image { Metadata = new ObjectMeta { Name = name, Namespace = ns }, Spec = spec }, call.Cancel));
        try
        {
            await cloud.Snapshots.CreateAsync(caller, new VolumeSnapshot
            {
                Metadata = new ObjectMeta { Name = NameOf(image), Namespace = ns, OwnerReferences = [Owners.Of(Image.Resource, image.Metadata) with { Controller = true }] },
                Spec = new VolumeSnapshotSpec { Source = new VolumeSnapshotSource { PersistentVolumeClaimName = claim.Metadata.Name } },
            }, call.Cancel);
        }
        catch
        {
            await VolumeMaker.GoneAsync(() => cloud.Images.DeleteAsync(caller, image, CancellationToken.None));
            throw;
        }
        return image;
    }
}
