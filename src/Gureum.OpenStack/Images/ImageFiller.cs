using System.Collections.Concurrent;
using Gureum.Client;
using Gureum.Images.Disks;
using Gureum.Objects.Image.V1;
using Gureum.Objects.Snapshot.V1;
using Gureum.OpenStack.Objects;

namespace Gureum.OpenStack.Images;

/// <summary>
/// Does what an image's status says is to be done for its data, and ends when the image does. Level-triggered: what was under way when the server ended begins again. An import that came to nothing
/// leaves the image queued, as glance does, with the reason in its status and in its task.
/// </summary>
internal sealed class ImageFiller
{
    // Each takes a line and a disk's time.
    private const int AtOnce = 4;

    private readonly Cloud cloud;
    private readonly BlobStore blobs;
    private readonly ImageKeeper keeper;
    private readonly ImageSources sources;
    private readonly ImageCopies copies;
    private readonly ImageData data;
    private readonly DownloadImage download;
    private readonly TimeProvider time;
    private readonly Reconciler<ObjectKey> reconciler;
    private readonly ConcurrentDictionary<string, CancellationTokenSource> running = new();

    internal ImageFiller(Cloud cloud, BlobStore blobs, ImageKeeper keeper, ImageData data, ImageSources sources, ImageCopies copies, DownloadImage download, TimeProvider time)
    {
        (this.cloud, this.blobs, this.keeper, this.data, this.sources, this.copies, this.download, this.time) = (cloud, blobs, keeper, data, sources, copies, download, time);
        var queue = new WorkQueue<ObjectKey>(time);
        reconciler = new Reconciler<ObjectKey>("openstack-image-data", queue, SyncAsync, AtOnce);
        cloud.Informers.Get<Image>().AddHandler((old, current) =>
        {
            if (current is { Status.Phase: ImageNames.Importing }) queue.Add(new ObjectKey(current.Metadata.Namespace, current.Metadata.Name!));
            if (current?.Metadata.Uid != old?.Metadata.Uid && old?.Metadata.Uid is { } gone && running.TryGetValue(gone, out var work)) work.Cancel();
        });
        cloud.Informers.Get<VolumeSnapshot>().AddHandler((_, current) => { if (current is not null && ImageSources.ImageOf(current) is { } name) queue.Add(new ObjectKey(current.Metadata.Namespace, name)); });
    }

    internal Task RunAsync(CancellationToken cancel) => reconciler.RunAsync(cancel);

    private async Task SyncAsync(ObjectKey key, CancellationToken cancel)
    {
        if (cloud.Images.Get(key.Namespace, key.Name) is not { Metadata.DeletionTimestamp: null } image) return;
        using var work = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        running[image.Metadata.Uid!] = work;
        try
        {
            // It may have gone before it could be told so.
            if (!IsThere(image)) return;
            if (sources.Of(image) is { Metadata.DeletionTimestamp: null } snapshot) await copies.StepAsync(image, snapshot, FinishAsync, work.Token);
            else if (image.Status is { Phase: ImageNames.Importing, Import: { } import }) await ImportAsync(image, import, work.Token);
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested) { /* the image is gone */ }
        catch (ApiException e) when (e.IsNotFound) { /* likewise */ }
        finally { running.TryRemove(image.Metadata.Uid!, out _); }
    }

    private bool IsThere(Image image) => cloud.Images.Get(image.Metadata.Namespace, image.Metadata.Name)?.Metadata.Uid == image.Metadata.Uid;

    private async Task ImportAsync(Image image, ImageImport import, CancellationToken cancel)
    {
        image = await data.ChangeAsync(image, (_, status) => status with { Import = import with { State = ImageNames.Processing, UpdateTime = time.GetUtcNow() } }, cancel);
        StoredBlob stored;
        try
        {
            stored = import.Method == ImageNames.Download ? await blobs.StoreAsync(file => download(new Uri(import.Uri!), file, ImageResources.Largest, cancel), image.Spec.DiskFormat, cancel)
                : await blobs.AdoptAsync(image.Metadata.Uid!, image.Spec.DiskFormat, cancel);
        }
        catch (Exception e) when (!cancel.IsCancellationRequested)
        {
            if (e is DiskException) Log.Current.Warn("openstack", $"the import of image {ImageNames.Id(image)} by {import.Method} came to nothing: {e.Message}");
            else Log.Current.Error("openstack", $"the import of image {ImageNames.Id(image)} by {import.Method} failed", e);
            await data.ChangeAsync(image, (_, status) => status with { Phase = ImageNames.Queued, Message = e.Message, Import = import with { State = ImageNames.Failure, Message = e.Message, UpdateTime = time.GetUtcNow() } }, cancel);
            blobs.RemoveStaged(image.Metadata.Uid!);
            return;
        }
        await FinishAsync(image, stored, cancel);
        blobs.RemoveStaged(image.Metadata.Uid!);
    }

    private async Task FinishAsync(Image image, StoredBlob stored, CancellationToken cancel)
    {
        try { await data.StoredAsync(image, stored, cancel); }
        catch (Exception e) when (e is OperationCanceledException or ApiException { IsNotFound: true })
        {
            keeper.Look(stored.Digest);
            throw;
        }
    }
}
