namespace Gureum.Node.Imports;

/// <summary>A claim's folder while its disk comes about: under other names, until the disk is whole and safe from a crash of the machine.</summary>
/// <param name="path">Where the claim is on this node.</param>
/// <param name="size">Bytes that the claim asks for.</param>
internal sealed class ClaimFolder(string path, long size)
{
    internal const string DiskFile = "disk.img";
    private const string Prefix = ".import-";

    /// <summary>Bytes of the disk: whole sectors.</summary>
    internal long Size { get; } = Math.Max(512, size / 512 * 512);

    internal string Disk => Path.Combine(path, DiskFile);

    /// <summary>Where a part of the work goes.</summary>
    internal string Part(string name) => Path.Combine(path, Prefix + name);

    /// <summary>A new file for a part; whatever lay there, a link too, is gone.</summary>
    internal FileStream Create(string name)
    {
        File.Delete(Part(name));
        return new FileStream(Part(name), FileMode.CreateNew, FileAccess.ReadWrite, FileShare.Read, bufferSize: 0);
    }

    /// <summary>Takes away what this import, or an earlier one that came to nothing, left.</summary>
    internal void Clear()
    {
        if (!Directory.Exists(path)) return;
        foreach (var part in Directory.EnumerateFiles(path, Prefix + "*")) File.Delete(part);
    }

    /// <summary>The part becomes the claim's disk, as large as the claim.</summary>
    internal void Finish(string name)
    {
        using (var file = new FileStream(Part(name), FileMode.Open, FileAccess.ReadWrite))
        {
            if (file.Length < Size) file.SetLength(Size);
            file.Flush(flushToDisk: true);
        }
        File.Move(Part(name), Disk, overwrite: true);
        SparseFiles.SyncDirectory(path);
        Clear();
    }
}
