using Gureum.Images.Disks;

namespace Gureum.Node.Machines.Disks;

/// <summary>Finds a file below a directory that others have filled, without following what they may have laid in the way.</summary>
internal static class ImageFile
{
    private const string DiskFolder = "/disk";

    /// <summary>The path below the root; for an empty one, the only file in /disk, as KubeVirt's container disks have it.</summary>
    /// <exception cref="DiskException">There is none, there are several, or it is no plain file.</exception>
    internal static string Find(string root, string? path, string what)
    {
        if (path is not { Length: > 0 }) path = OnlyOne(root, what);
        var at = root;
        foreach (var part in path.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            if (part is "." or "..") throw new DiskException($"the path {path} of {what} leads outside");
            at = Path.Combine(at, part);
            // The kernel would follow a link to wherever on the node its author wants.
            if (new FileInfo(at).LinkTarget is { } target) throw new DiskException($"{at[root.Length..]} in {what} is a link to {target}; the image must be a plain file");
        }
        if (Directory.Exists(at)) throw new DiskException($"{path} in {what} is a directory");
        if (!File.Exists(at)) throw new DiskException($"there is no {path} in {what}");
        // A device would be this node's own disk; a pipe would hold up whoever opens it.
        if (!Native.Libc.IsRegularFile(at)) throw new DiskException($"{path} in {what} is no plain file");
        return at;
    }

    private static string OnlyOne(string root, string what)
    {
        var folder = root + DiskFolder;
        if (new DirectoryInfo(folder).LinkTarget is not null) throw new DiskException($"{DiskFolder} in {what} is a link");
        var files = Directory.Exists(folder) ? Directory.EnumerateFileSystemEntries(folder).Take(2).ToList() : [];
        return files.Count switch
        {
            1 => $"{DiskFolder}/{Path.GetFileName(files[0])}",
            0 => throw new DiskException($"there is no disk in {what}: it must have one file in {DiskFolder}, or the volume must say its path"),
            _ => throw new DiskException($"there are several files in {DiskFolder} of {what}: the volume must say its path"),
        };
    }

    /// <summary>The format of a file that nobody but its author has written.</summary>
    internal static ImageFormat Inspect(string path, string what)
    {
        using var file = File.OpenRead(path);
        var head = new byte[ImageFormat.Head];
        var read = file.ReadAtLeast(head, head.Length, throwOnEndOfStream: false);
        return ImageFormat.Of(head.AsSpan(0, read), file.Length, what);
    }
}
