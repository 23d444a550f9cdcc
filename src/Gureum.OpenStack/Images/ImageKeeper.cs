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
        cloud.Informers.Get<Image>().AddHandler((old, current) => { if (current is null && old?.Status?.Blob is { } blob) queue.Add(blob); });
    }

    /// <summary>What the last run left: half-sent data, uploads under way, blobs without an image. Before anybody is served.</summary>
    internal async Task CleanAsync(CancellationToken cancel)
    {
        blobs.RemoveLeftovers();
        foreach (var image in cloud.Images.All.Where(static i => i.Status?.Phase == ImageNames.Saving).ToList())
            await cloud.Images.ChangeStatusAsync(door, image, static i => i with { Status = (i.Status ?? ImageStatus.Empty) with { Phase = ImageNames.Queued } }, cancel);
        foreach (var blob in blobs.All.Where(b => !IsUsed(b)).ToList()) blobs.Remove(blob);
    }

    internal Task RunAsync(CancellationToken cancel) => reconciler.RunAsync(cancel);

    private bool IsUsed(string blob) => cloud.Images.All.Any(i => i.Status?.Blob == blob);

    private Task RemoveAsync(string blob, CancellationToken cancel)
    {
        if (IsUsed(blob)) return Task.CompletedTask;
        // Somebody who is sending may send this very content: the next deletion or start removes it then.
        if (!cloud.Images.All.Any(static i => i.Status?.Phase == ImageNames.Saving)) blobs.Remove(blob);
        return Task.CompletedTask;
    }
}
