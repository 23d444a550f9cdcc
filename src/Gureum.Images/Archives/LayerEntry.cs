namespace Gureum.Images.Archives;

/// <summary>One file, directory or symbolic link of an image's layer. Immutable; owner 0:0 unless said otherwise.</summary>
public sealed record LayerEntry
{
    private LayerEntry(string path) => Path = path;

    /// <summary>Path without a leading slash, e.g. <c>bin/sh</c>.</summary>
    public string Path { get; }

    /// <summary>Target of a symbolic link; null for anything else.</summary>
    public string? LinkTarget { get; private init; }

    /// <summary>Content of a file held in memory; null for anything else.</summary>
    public ReadOnlyMemory<byte>? Content { get; private init; }

    /// <summary>A file of this machine whose content is taken; null for anything else.</summary>
    public string? SourceFile { get; private init; }

    /// <summary>Permission bits.</summary>
    public UnixFileMode Mode { get; private init; }

    /// <summary>Owner.</summary>
    public int UserId { get; init; }

    /// <summary>Group.</summary>
    public int GroupId { get; init; }

    internal bool IsDirectory => LinkTarget is null && Content is null && SourceFile is null;

    /// <summary>A directory.</summary>
    public static LayerEntry Directory(string path, UnixFileMode mode = (UnixFileMode)0b111_101_101) => new(Clean(path)) { Mode = mode };

    /// <summary>A file with the given content.</summary>
    public static LayerEntry File(string path, ReadOnlyMemory<byte> content, UnixFileMode mode = (UnixFileMode)0b110_100_100) =>
        new(Clean(path)) { Content = content, Mode = mode };

    /// <summary>A file with the given text.</summary>
    public static LayerEntry File(string path, string text) => File(path, System.Text.Encoding.UTF8.GetBytes(text));

    /// <summary>A copy of a file of this machine.</summary>
    public static LayerEntry CopyOf(string path, string sourceFile, UnixFileMode mode) =>
        new(Clean(path)) { SourceFile = sourceFile, Mode = mode };

    /// <summary>A symbolic link.</summary>
    public static LayerEntry Link(string path, string target) =>
        new(Clean(path)) { LinkTarget = target, Mode = (UnixFileMode)0b111_111_111 };

    private static string Clean(string path)
    {
        string clean = path.Trim('/');
        return clean.Length > 0 && !clean.Split('/').Any(p => p is "" or "." or "..")
            ? clean
            : throw new ArgumentException($"\"{path}\" is no path for a layer: give one without empty, \".\" and \"..\" parts", nameof(path));
    }
}
