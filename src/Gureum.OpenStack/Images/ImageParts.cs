using Gureum.Client;
using Gureum.Images.Disks;
using Gureum.OpenStack.Objects;

namespace Gureum.OpenStack.Images;

/// <summary>Glance's parts, put together.</summary>
internal sealed class ImageParts
{
    private readonly ImageKeeper keeper;
    private readonly ImageFiller filler;

    internal ImageParts(OpenStackOptions options, Cloud cloud, ApiClient door, TimeProvider time)
    {
        var (blobs, data) = (new BlobStore(options.BlobDirectory), new ImageData(cloud, door, time));
        keeper = new ImageKeeper(cloud, blobs, door, time);
        filler = new ImageFiller(cloud, blobs, keeper, data, new ImageSources(cloud), new ImageCopies(cloud, blobs, data, options.ReadDisk, door, time), options.Download, time);
        var images = new ImageResources(cloud, new ImageDocument(cloud), blobs, data, door, time);
        Service = new ImageService(images, new ImageImports(cloud, images, data, blobs, time), new ImageMembers(cloud, images, door, time));
    }

    internal ImageService Service { get; }

    /// <summary>What is done beside answering.</summary>
    internal IReadOnlyList<Func<CancellationToken, Task>> Keepers => [keeper.RunAsync, filler.RunAsync];

    /// <summary>Before anybody is served.</summary>
    internal Task CleanAsync(CancellationToken cancel) => keeper.CleanAsync(cancel);
}
