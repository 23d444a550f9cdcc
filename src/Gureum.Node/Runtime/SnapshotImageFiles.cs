using Google.Protobuf.Collections;
using Gureum.Node.Containerd.V1;
using Gureum.Node.Cri.V1;
using Gureum.Node.Native;
using Gureum.Objects.Json;
using static Gureum.Node.Runtime.CriConnection;

namespace Gureum.Node.Runtime;

/// <summary>
/// <see cref="IImageFiles"/> by a view of the image's snapshot in containerd: no layer is copied, and any containerd will
/// do, also one whose CRI knows nothing of image volumes. Thread-safe for different keys.
/// </summary>
/// <param name="connection">The connection; stays the caller's.</param>
/// <param name="snapshotter">Where containerd unpacks images, e.g. <c>overlayfs</c>.</param>
public sealed class SnapshotImageFiles(CriConnection connection, string snapshotter) : IImageFiles
{
    // Keeps containerd's garbage collector from taking the view away.
    private const string Root = "containerd.io/gc.root";

    /// <inheritdoc/>
    public async Task MountAsync(string imageId, string key, string target, CancellationToken cancel)
    {
        if (Mounts.IsMounted(target)) return;
        string parent = await ChainAsync(imageId, cancel).ConfigureAwait(false);
        RepeatedField<SnapshotMount> mounts = await ViewAsync(key, parent, cancel).ConfigureAwait(false);
        if (mounts is not [var mount]) throw new IOException($"image {imageId} cannot be mounted at {target}: containerd gives {mounts.Count} mounts for it, not one");
        Directory.CreateDirectory(target);
        Mounts.ReadOnly(mount.Type, mount.Source, target, mount.Options);
    }

    /// <inheritdoc/>
    public async Task UnmountAsync(string key, string target, CancellationToken cancel)
    {
        Mounts.Unmount(target);
        await CallIfPresentAsync($"removing the view {key}",
            o => connection.Snapshots.RemoveAsync(new RemoveSnapshotRequest { Snapshotter = snapshotter, Key = key }, o), cancel, headers: NamespaceHeader()).ConfigureAwait(false);
    }

    // The name of an image's uppermost snapshot, which CRI tells to those who ask for details.
    private async Task<string> ChainAsync(string imageId, CancellationToken cancel)
    {
        ImageStatusResponse response = await CallAsync($"looking into image {imageId}",
            o => connection.Images.ImageStatusAsync(new ImageStatusRequest { Image = new ImageSpec { Image = imageId }, Verbose = true }, o), cancel).ConfigureAwait(false);
        string? info = response.Info.GetValueOrDefault("info");
        string? chain = info is null ? null : (ObjectDecoder.DecodeAny(System.Text.Encoding.UTF8.GetBytes(info)) as System.Text.Json.Nodes.JsonObject)?.Text("chainID");
        return chain ?? throw new IOException($"image {imageId} cannot be mounted: containerd does not say where its files are");
    }

    private async Task<RepeatedField<SnapshotMount>> ViewAsync(string key, string parent, CancellationToken cancel)
    {
        var view = new ViewSnapshotRequest { Snapshotter = snapshotter, Key = key, Parent = parent, Labels = { [Root] = DateTime.UtcNow.ToString("O") } };
        try
        {
            return (await CallAsync($"making the view {key}", o => connection.Snapshots.ViewAsync(view, o), cancel, headers: NamespaceHeader()).ConfigureAwait(false)).Mounts;
        }
        catch (ContainerRuntimeException e) when (e.Failure == RuntimeFailure.AlreadyExists)
        {
            // Made before a restart of the process or of the machine.
            return (await CallAsync($"finding the view {key}",
                o => connection.Snapshots.MountsAsync(new MountsRequest { Snapshotter = snapshotter, Key = key }, o), cancel, headers: NamespaceHeader()).ConfigureAwait(false)).Mounts;
        }
    }
}
