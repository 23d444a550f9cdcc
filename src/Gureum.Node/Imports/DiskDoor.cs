using Gureum.Client;
using Gureum.Images.Disks;
using Gureum.Node.Machines.Disks;
using Gureum.Node.Server;
using Gureum.Objects.Core.V1;

namespace Gureum.Node.Imports;

/// <summary>Sends the disks of this node's volumes, for images that are made of them.</summary>
/// <param name="folder">Where a disk lies in another format while it is sent; emptied when the node starts.</param>
internal sealed class DiskDoor(ApiClient client, string folder) : IDiskEndpoint
{
    // What a full qcow2 image has beyond its content.
    private const long Slack = 16L << 20;
    private const int Tables = 64;

    internal void Clear()
    {
        if (Directory.Exists(folder)) Directory.Delete(folder, recursive: true);
    }

    /// <inheritdoc/>
    public async Task<Stream> OpenAsync(string volume, string format, CancellationToken cancel)
    {
        if (format is not ("raw" or "qcow2")) throw new NodeRequestException(400, $"format \"{format}\": accepted are raw and qcow2");
        var found = await client.FindAsync<PersistentVolume>(null, volume, cancel) ?? throw new NodeRequestException(404, $"persistentvolume \"{volume}\" not found");
        var path = found.Spec.Local?.Path ?? found.Spec.HostPath?.Path ?? throw new NodeRequestException(400, $"persistentvolume \"{volume}\" is of a type whose disks are not read; accepted is the class local");
        FileStream file;
        try { file = SparseFiles.OpenPlain(Path.Combine(path, ClaimFolder.DiskFile), $"{ClaimFolder.DiskFile} of persistentvolume \"{volume}\""); }
        catch (ImportRefusedException e) { throw new NodeRequestException(404, e.Message); }
        if (format == "raw") return file;
        using (file) return await ConvertAsync(file, cancel);
    }

    private async Task<FileStream> ConvertAsync(FileStream file, CancellationToken cancel)
    {
        Directory.CreateDirectory(folder);
        var part = Path.Combine(folder, Guid.NewGuid().ToString("N"));
        try
        {
            // The file that was opened, whatever lies under its name by now.
            await QemuImg.ConvertAsync($"/proc/{Environment.ProcessId}/fd/{file.SafeFileHandle.DangerousGetHandle()}", "raw", part, "qcow2", file.Length + file.Length / Tables + Slack, cancel);
            return new FileStream(part, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0, FileOptions.DeleteOnClose | FileOptions.Asynchronous);
        }
        catch (Exception e)
        {
            File.Delete(part);
            if (e is DiskException) throw new NodeRequestException(500, e.Message);
            throw;
        }
    }
}
