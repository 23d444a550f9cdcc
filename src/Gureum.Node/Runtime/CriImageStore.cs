using Gureum.Node.Cri.V1;
using static Gureum.Node.Runtime.CriConnection;

namespace Gureum.Node.Runtime;

/// <summary><see cref="IImageStore"/> over CRI v1. Thread-safe.</summary>
/// <param name="connection">The connection; stays the caller's.</param>
public sealed class CriImageStore(CriConnection connection) : IImageStore
{
    private readonly ImageService.ImageServiceClient _images = connection.Images;

    /// <inheritdoc/>
    public async Task<string> PullAsync(string reference, RegistryCredentials? credentials, CancellationToken cancel)
    {
        var request = new PullImageRequest { Image = new ImageSpec { Image = reference }, Auth = CriRequests.Credentials(credentials) };
        PullImageResponse response = await CallAsync($"pulling {reference}",
            o => _images.PullImageAsync(request, o), cancel, Timeout.InfiniteTimeSpan).ConfigureAwait(false);
        return response.ImageRef;
    }

    /// <inheritdoc/>
    public async Task<ImageInfo?> FindAsync(string reference, CancellationToken cancel)
    {
        ImageStatusResponse response = await CallAsync($"looking for image {reference}",
            o => _images.ImageStatusAsync(new ImageStatusRequest { Image = new ImageSpec { Image = reference } }, o), cancel).ConfigureAwait(false);
        return response.Image is { } image ? CriResponses.Image(image) : null;
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<ImageInfo>> ListAsync(CancellationToken cancel)
    {
        ListImagesResponse response = await CallAsync("listing images",
            o => _images.ListImagesAsync(new ListImagesRequest(), o), cancel).ConfigureAwait(false);
        return [.. response.Images.Select(CriResponses.Image)];
    }

    /// <inheritdoc/>
    public Task RemoveAsync(string reference, CancellationToken cancel) => CallIfPresentAsync($"removing image {reference}",
        o => _images.RemoveImageAsync(new RemoveImageRequest { Image = new ImageSpec { Image = reference } }, o), cancel);

    /// <inheritdoc/>
    public async Task<IReadOnlyList<FileSystemUse>> GetUsageAsync(CancellationToken cancel)
    {
        ImageFsInfoResponse response = await CallAsync("measuring the image store",
            o => _images.ImageFsInfoAsync(new ImageFsInfoRequest(), o), cancel).ConfigureAwait(false);
        return [.. response.ImageFilesystems.Select(CriResponses.FileSystem)];
    }
}
