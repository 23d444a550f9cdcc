using Gureum.Client;
using Gureum.Images.Disks;
using Gureum.Objects.Image.V1;
using Gureum.OpenStack.Objects;

namespace Gureum.OpenStack.Images;

/// <summary>
/// Removes the data of images that are gone, by whichever door, and puts images whose upload ended with the server back to where they began. A blob
/// goes only when no image has it, and not while one is being stored: its image may be about to name it.
/// </summary>
internal sealed class ImageKeeper
{
    private readonly Cloud cloud;
    private readonly BlobStore blobs;
    private readonly ApiClient door;
    private readonly Reconciler<string> reconciler;

    internal ImageKeeper(Cloud cloud, BlobStore blobs, ApiClient door, TimeProvider time)
    {
        (this.cloud, this.blobs, this.door) = (cloud, blobs, door);
        var queue = new WorkQueue<string>(time);
        reconciler = new Reconciler<string>("openstack-images", queue, RemoveAsync);
        cloud.Informers.Get<Image>().AddHandler((old, current) =>
        {
            if (old is null || current?.Metadata.Uid == old.Metadata.Uid) return;
            if (old.Status?.Blob is { } blob) queue.Add(blob);
            if (old.Status?.Phase is ImageNames.Uploading or ImageNames.Importing) blobs.RemoveStaged(old.Metadata.Uid!);
        });
    }

    /// <summary>What the last run left: half-sent data, uploads under way, what was staged and blobs without an image. Before anybody is served.</summary>
    internal async Task CleanAsync(CancellationToken cancel)
    {
        blobs.RemoveLeftovers();
        foreach (var image in cloud.Images.All.Where(static i => i.Status?.Phase == ImageNames.Saving).ToList())
            await cloud.Images.ChangeStatusAsync(door, image, static i => i with { Status = (i.Status ?? ImageStatus.Empty) with { Phase = ImageNames.Queued } }, cancel);
        foreach (var image in cloud.Images.All.Where(i => i.Status?.Phase == ImageNames.Uploading && !blobs.HasStaged(i.Metadata.Uid!)).ToList())
            await cloud.Images.ChangeStatusAsync(door, image, static i => i with { Status = (i.Status ?? ImageStatus.Empty) with { Phase = ImageNames.Queued } }, cancel);
        foreach (var staged in blobs.Staged.Where(s => !cloud.Images.All.Any(i => i.Metadata.Uid == s && i.Status?.Phase is ImageNames.Uploading or ImageNames.Importing)).ToList()) blobs.RemoveStaged(staged);
        foreach (var blob in blobs.All.Where(b => !IsUsed(b)).ToList()) blobs.Remove(blob);
    }

    internal Task RunAsync(CancellationToken cancel) => reconciler.RunAsync(cancel);

    /// <summary>Removes a blob if nobody has it.</summary>
    internal void Look(string blob) => reconciler.Queue.Add(blob);

    private bool IsUsed(string blob) => cloud.Images.All.Any(i => i.Status?.Blob == blob);

    private Task RemoveAsync(string blob, CancellationToken cancel)
    {
        if (IsUsed(blob)) return Task.CompletedTask;
        // Somebody who is sending may send this very content: the next deletion or start removes it then.
        if (!cloud.Images.All.Any(static i => i.Status?.Phase is ImageNames.Saving or ImageNames.Importing)) blobs.Remove(blob);
        return Task.CompletedTask;
    }
}
