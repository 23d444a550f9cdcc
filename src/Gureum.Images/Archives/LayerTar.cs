using System.Formats.Tar;

namespace Gureum.Images.Archives;

/// <summary>Writes layers as tar streams: sorted, times zero, missing parent directories added, so that equal input gives equal bytes.</summary>
public static class LayerTar
{
    /// <summary>Writes the entries; a later entry replaces an earlier one of the same path.</summary>
    public static void Write(Stream output, IEnumerable<LayerEntry> entries)
    {
        var byPath = new SortedDictionary<string, LayerEntry>(StringComparer.Ordinal);
        foreach (LayerEntry entry in entries)
        {
            byPath[entry.Path] = entry;
            for (string? parent = Path.GetDirectoryName(entry.Path); !string.IsNullOrEmpty(parent); parent = Path.GetDirectoryName(parent))
                byPath.TryAdd(parent, LayerEntry.Directory(parent));
        }

        using var tar = new TarWriter(output, TarEntryFormat.Pax, leaveOpen: true);
        foreach (LayerEntry entry in byPath.Values) WriteEntry(tar, entry);
    }

    /// <summary>The entries of a directory of this machine: its files, directories and links, with their permissions.</summary>
    public static IEnumerable<LayerEntry> FromDirectory(string root)
    {
        foreach (string path in Directory.EnumerateFileSystemEntries(root, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal))
        {
            string name = Path.GetRelativePath(root, path);
            var info = new FileInfo(path);
            if (info.LinkTarget is { } target) yield return LayerEntry.Link(name, target);
            else if (info.Attributes.HasFlag(FileAttributes.Directory)) yield return LayerEntry.Directory(name, File.GetUnixFileMode(path));
            else yield return LayerEntry.CopyOf(name, path, File.GetUnixFileMode(path));
        }
    }

    private static void WriteEntry(TarWriter tar, LayerEntry entry)
    {
        TarEntryType type = entry.LinkTarget is not null ? TarEntryType.SymbolicLink
            : entry.IsDirectory ? TarEntryType.Directory
            : TarEntryType.RegularFile;
        // No atime and ctime attributes: they would be the time of writing.
        var item = new PaxTarEntry(type, entry.IsDirectory ? entry.Path + "/" : entry.Path)
        {
            Mode = entry.Mode,
            Uid = entry.UserId,
            Gid = entry.GroupId,
            ModificationTime = DateTimeOffset.UnixEpoch,
        };
        if (entry.LinkTarget is { } target) item.LinkName = target;
        using Stream? content = entry.SourceFile is { } source ? File.OpenRead(source)
            : entry.Content is { } bytes ? new MemoryStream(bytes.ToArray())
            : null;
        if (content is not null) item.DataStream = content;
        tar.WriteEntry(item);
    }
}
