using Gureum.Client;
using Gureum.Images.Disks;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Image.V1;
using Gureum.Objects.Machines;
using Gureum.Objects.Placement;
using Gureum.Objects.Snapshot.V1;
using Gureum.OpenStack.Objects;
using Gureum.OpenStack.Volumes;

namespace Gureum.OpenStack.Images;

/// <summary>Reads the disk of a volume from the node that it lies on.</summary>
/// <param name="volume">The PersistentVolume's name.</param>
/// <param name="format">"raw" or "qcow2".</param>
/// <exception cref="DiskException">The node has no such disk.</exception>
/// <exception cref="IOException">The node cannot be reached just now.</exception>
public delegate Task<Stream> ReadDisk(string node, string volume, string format, CancellationToken cancel);

/// <summary>Brings the copies of claims that images are made of into the blob store. One that comes to nothing is deleted, as Nova and Cinder do; an event of the claim says why.</summary>
internal sealed class ImageCopies(Cloud cloud, BlobStore blobs, ImageData data, ReadDisk read, ApiClient door, TimeProvider time)
{
    private const string Failed = "ImageFailed", Component = "openstack";
    private const int MostTries = 5;
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(3);

    private readonly EventRecorder events = new(door, Component, null, time);

    /// <summary>One step of an image that owns a snapshot.</summary>
    /// <param name="finish">Writes down what was stored.</param>
    internal async Task StepAsync(Image image, VolumeSnapshot snapshot, Func<Image, StoredBlob, CancellationToken, Task> finish, CancellationToken cancel)
    {
        if (!ImageSources.IsWaiting(image)) await RemoveAsync(snapshot, cancel);
        else if (snapshot.Status?.Error is { } error) await FailAsync(image, snapshot, error.Message ?? "the snapshot failed", cancel);
        // Its controller has it looked at again.
        else if (snapshot.Status?.ReadyToUse == true)
        {
            image = await data.ToAsync(image, ImageNames.Saving, cancel);
            StoredBlob stored;
            try { stored = await CopyAsync(image, snapshot, cancel); }
            catch (Exception e) when (!cancel.IsCancellationRequested)
            {
                if (e is not (DiskException or IOException)) Log.Current.Error(Component, $"image {ImageNames.Id(image)} could not be made of a snapshot", e);
                await FailAsync(image, snapshot, e.Message, cancel);
                return;
            }
            await finish(image, stored, cancel);
            await RemoveAsync(snapshot, cancel);
        }
    }

    private async Task<StoredBlob> CopyAsync(Image image, VolumeSnapshot snapshot, CancellationToken cancel)
    {
        for (var tries = 1; ; tries++)
        {
            try
            {
                var (node, volume) = Place(snapshot);
                await using var disk = await read(node, volume, image.Spec.DiskFormat!, cancel);
                return await blobs.StoreAsync(disk, ImageResources.Largest, image.Spec.DiskFormat, cancel);
            }
            catch (IOException e) when (tries < MostTries)
            {
                Log.Current.Info(Component, $"image {ImageNames.Id(image)}: {e.Message}; trying again");
                await Task.Delay(Pause * tries, time, cancel);
            }
        }
    }

    private (string Node, string Volume) Place(VolumeSnapshot snapshot)
    {
        var name = ClaimContent.CopyOf(snapshot);
        var claim = cloud.Claims.Get(snapshot.Metadata.Namespace, name) ?? throw new DiskException($"the copy's claim {name} is gone");
        // A claim may name whatever volume it likes: what is bound to it is its own.
        var volume = cloud.PersistentVolumes.Get(null, claim.Spec.VolumeName) is { } named && named.Spec.ClaimRef?.Uid == claim.Metadata.Uid ? named : throw new DiskException($"the copy's claim {name} has no volume of its own");
        var node = cloud.Nodes.All.FirstOrDefault(n => VolumeMatching.Reaches(volume, n)) ?? throw new DiskException($"no node has the copy's volume {volume.Metadata.Name}");
        return (node.Metadata.Name!, volume.Metadata.Name!);
    }

    private async Task FailAsync(Image image, VolumeSnapshot snapshot, string why, CancellationToken cancel)
    {
        var message = $"Image {ImageNames.Id(image)} ({image.Spec.Name}) came to nothing and was deleted: {why}";
        Log.Current.Warn(Component, message);
        if (cloud.Claims.Get(snapshot.Metadata.Namespace, snapshot.Spec.Source?.PersistentVolumeClaimName) is { } claim) events.Warning(claim, Failed, message);
        await VolumeMaker.GoneAsync(() => cloud.Images.DeleteAsync(door, image, cancel));
    }

    private Task RemoveAsync(VolumeSnapshot snapshot, CancellationToken cancel) => VolumeMaker.GoneAsync(() => cloud.Snapshots.DeleteAsync(door, snapshot, cancel));
}
