namespace Gureum.Node.Machines.Disks;

/// <summary>The files of a guest's config drive, kept beside the disc for who asks the metadata service: readable by root alone.</summary>
internal static class SeedFolder
{
    private const string Name = "seed";

    /// <summary>Keeps the files of a config drive; those of other discs are nothing to be asked for.</summary>
    internal static void Keep(string directory, SeedDisc disc)
    {
        if (disc.Label != CloudInitFiles.ConfigDrive) return;
        var folder = Path.Combine(directory, Name);
        Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        foreach (var (path, content) in disc.Files)
        {
            var file = Path.Combine(folder, path);
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            File.WriteAllBytes(file, content);
        }
    }

    /// <summary>The files by their paths on the disc; none for a guest without a config drive, or one that is not here.</summary>
    internal static async Task<IReadOnlyDictionary<string, byte[]>> ReadAsync(string directory, CancellationToken cancel)
    {
        var (folder, files) = (Path.Combine(directory, Name), new Dictionary<string, byte[]>(StringComparer.Ordinal));
        if (!Directory.Exists(folder)) return files;
        foreach (var file in Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories)) files[Path.GetRelativePath(folder, file)] = await File.ReadAllBytesAsync(file, cancel);
        return files;
    }
}
