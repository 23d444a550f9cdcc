using System.Collections.Concurrent;
using Gureum.Images.Archives;
using Gureum.Images.Disks;
using Gureum.Machine;
using Gureum.Objects.Image.V1;
using Gureum.OpenStack.Images;

namespace Gureum.Running;

/// <summary>Brings glance's images into this node's container engine as container disks, each once, when the first server needs it (thread-safe).</summary>
internal sealed class ImagePublisher(ClusterOptions options)
{
    private readonly ConcurrentDictionary<string, SemaphoreSlim> gates = new(StringComparer.Ordinal);
    private readonly BlobStore blobs = new(BlobDirectory(options));

    internal static string BlobDirectory(ClusterOptions options) => Path.Combine(options.DataDirectory, "images");

    /// <exception cref="CommandFailure">The container engine does not answer.</exception>
    internal async Task PublishAsync(Image image, CancellationToken cancel)
    {
        if (!options.RunsNode || image.Status?.Blob is not { } blob) return;
        var (engine, name) = (new ContainerdImages(options), ImageNames.Reference(image));
        var gate = gates.GetOrAdd(name, static _ => new SemaphoreSlim(1));
        await gate.WaitAsync(cancel);
        try
        {
            if ((await engine.ListAsync(cancel)).Contains(name)) return;
            var archive = Path.Combine(BlobDirectory(options), "incoming", Guid.NewGuid().ToString("N") + ".tar");
            try
            {
                await Task.Run(() => OciArchive.Write(archive, name, new ImageDescription(), [LayerEntry.Directory("disk"), LayerEntry.CopyOf("disk/disk.img", blobs.PathOf(blob), (UnixFileMode)0b110_110_110)]), cancel);
                await engine.ImportAsync(archive, cancel);
            }
            finally { File.Delete(archive); }
        }
        finally { gate.Release(); }
    }
}
