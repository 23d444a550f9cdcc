namespace Gureum.Node.Volumes;

/// <summary>A file of a volume.</summary>
/// <param name="Path">Relative to the volume.</param>
internal sealed record VolumeFile(string Path, byte[] Content, UnixFileMode Mode);

/// <summary>
/// Writes the files of a volume so that readers see all of the old or all of the new: a new directory, then one symbolic
/// link (..data) turned over to it; the visible names are links through ..data.
/// </summary>
internal static class AtomicDirectory
{
    private const string Data = "..data";

    /// <returns>True when something changed.</returns>
    internal static bool Write(string directory, IReadOnlyList<VolumeFile> files, int? group)
    {
        Directory.CreateDirectory(directory);
        var link = Path.Combine(directory, Data);
        var current = new FileInfo(link).LinkTarget;
        if (current is not null && Same(Path.Combine(directory, current), files)) return false;
        var fresh = $"..{DateTime.UtcNow:yyyy_MM_dd_HH_mm_ss}.{Guid.NewGuid().ToString("N")[..8]}";
        var target = Path.Combine(directory, fresh);
        Directory.CreateDirectory(target);
        Open(target);
        foreach (var file in files)
        {
            var path = Path.Combine(target, file.Path);
            for (var parent = Path.GetDirectoryName(path)!; parent.Length > target.Length; parent = Path.GetDirectoryName(parent)!)
            {
                Directory.CreateDirectory(parent);
                Open(parent);
            }
            File.WriteAllBytes(path, file.Content);
            File.SetUnixFileMode(path, file.Mode);
            if (group is { } id) Ownership.Give(path, -1, id);
        }
        var temporary = Path.Combine(directory, "..data_tmp");
        File.Delete(temporary);
        File.CreateSymbolicLink(temporary, fresh);
        Renaming.Over(temporary, link);
        Link(directory, files);
        if (current is not null) Directory.Delete(Path.Combine(directory, current), recursive: true);
        return true;
    }

    private static void Open(string directory) => File.SetUnixFileMode(directory, (UnixFileMode)0b111_101_101);

    private static void Link(string directory, IReadOnlyList<VolumeFile> files)
    {
        var wanted = files.Select(f => f.Path.Split('/')[0]).ToHashSet();
        foreach (var entry in Directory.EnumerateFileSystemEntries(directory).Where(e => !Path.GetFileName(e).StartsWith("..", StringComparison.Ordinal)))
            if (!wanted.Contains(Path.GetFileName(entry))) File.Delete(entry);
        foreach (var name in wanted)
        {
            var path = Path.Combine(directory, name);
            if (new FileInfo(path).LinkTarget is null) File.CreateSymbolicLink(path, Data + "/" + name);
        }
    }

    private static bool Same(string directory, IReadOnlyList<VolumeFile> files)
    {
        if (!Directory.Exists(directory)) return false;
        var present = Directory.EnumerateFiles(directory, "*", SearchOption.AllDirectories).ToHashSet();
        return present.Count == files.Count && files.All(f => Path.Combine(directory, f.Path) is var path && present.Contains(path) && File.ReadAllBytes(path).AsSpan().SequenceEqual(f.Content));
    }
}

/// <summary>rename(2), which replaces a symbolic link itself, whatever it leads to.</summary>
internal static partial class Renaming
{
    [System.Runtime.InteropServices.LibraryImport("libc", EntryPoint = "rename", SetLastError = true, StringMarshalling = System.Runtime.InteropServices.StringMarshalling.Utf8)]
    private static partial int Rename(string from, string to);

    internal static void Over(string from, string to)
    {
        if (Rename(from, to) != 0) throw new IOException($"{from} cannot take the place of {to}: {new System.ComponentModel.Win32Exception(System.Runtime.InteropServices.Marshal.GetLastPInvokeError()).Message}");
    }
}

/// <summary>chown(2).</summary>
internal static partial class Ownership
{
    [System.Runtime.InteropServices.LibraryImport("libc", EntryPoint = "lchown", SetLastError = true, StringMarshalling = System.Runtime.InteropServices.StringMarshalling.Utf8)]
    private static partial int LChown(string path, int user, int group);

    /// <param name="user">-1 leaves it.</param>
    internal static void Give(string path, int user, int group)
    {
        if (LChown(path, user, group) != 0) throw new IOException($"{path} cannot be given to group {group}: {new System.ComponentModel.Win32Exception(System.Runtime.InteropServices.Marshal.GetLastPInvokeError()).Message}");
    }

    /// <summary>Gives a tree to the pod's group and makes it group-writable, with the group inherited (fsGroup).</summary>
    internal static void GiveTree(string root, int group)
    {
        const UnixFileMode Shared = UnixFileMode.GroupRead | UnixFileMode.GroupWrite;
        foreach (var path in Directory.EnumerateFileSystemEntries(root, "*", SearchOption.AllDirectories).Prepend(root))
        {
            Give(path, -1, group);
            if (new FileInfo(path).LinkTarget is not null) continue;
            var mode = File.GetUnixFileMode(path) | Shared;
            File.SetUnixFileMode(path, Directory.Exists(path) ? mode | UnixFileMode.GroupExecute | UnixFileMode.SetGroup : mode);
        }
    }
}
