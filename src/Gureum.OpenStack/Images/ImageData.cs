using Gureum.Client;
using Gureum.Images.Disks;
using Gureum.Objects.Image.V1;
using Gureum.OpenStack.Objects;

namespace Gureum.OpenStack.Images;

/// <summary>Brings a file from a web server that nobody vouches for.</summary>
/// <param name="target">Written from its position on.</param>
/// <param name="most">Bytes that are accepted.</param>
/// <exception cref="DiskException">The server must not be asked, or failed.</exception>
public delegate Task DownloadImage(Uri url, FileStream target, long most, CancellationToken cancel);

/// <summary>Steps of an image's status, written as the door.</summary>
internal sealed class ImageData(Cloud cloud, ApiClient door, TimeProvider time)
{
    internal Task<Image> ChangeAsync(Image image, Func<Image, ImageStatus, ImageStatus> change, CancellationToken cancel) =>
        cloud.Images.ChangeStatusAsync(door, image, i => i with { Status = change(i, i.Status ?? ImageStatus.Empty) }, cancel);

    internal Task<Image> ToAsync(Image image, string phase, CancellationToken cancel) => ChangeAsync(image, (_, status) => status with { Phase = phase }, cancel);

    /// <summary>Has the data: it is active.</summary>
    internal Task<Image> StoredAsync(Image image, StoredBlob stored, CancellationToken cancel) => ChangeAsync(image, (_, status) => status with
    {
        Phase = ImageNames.Active, Blob = stored.Digest, Size = stored.Size, VirtualSize = stored.VirtualSize, Checksum = stored.Md5, HashAlgorithm = "sha512", HashValue = stored.Sha512, UpdateTime = time.GetUtcNow(), Message = null,
        Import = status.Import is { } import && status.Phase == ImageNames.Importing ? import with { State = ImageNames.Success, UpdateTime = time.GetUtcNow() } : status.Import,
    }, cancel);
}
