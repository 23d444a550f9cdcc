using System.Text;

namespace Gureum.Images.Guests;

/// <summary>Finds kernel modules with all that they need, in the order in which they are to be loaded.</summary>
/// <param name="directory">The kernel's directory below lib/modules.</param>
internal sealed class KernelModules(string directory)
{
    private readonly Dictionary<string, string> _files = Directory.EnumerateFiles(directory, "*.ko*", SearchOption.AllDirectories)
        .GroupBy(f => Name(Path.GetFileName(f))).ToDictionary(g => g.Key, g => g.Order(StringComparer.Ordinal).First());

    /// <summary>The modules' files, each after those that it needs. Names that the kernel has built in, or lacks, are left out.</summary>
    /// <param name="names">Modules.</param>
    /// <param name="read">Reads a file's content, unpacked.</param>
    internal IReadOnlyList<(string Name, byte[] Content)> Closure(IEnumerable<string> names, Func<string, byte[]> read)
    {
        var ordered = new List<(string, byte[])>();
        var seen = new HashSet<string>();
        foreach (string name in names) Visit(Name(name));
        return ordered;

        void Visit(string name)
        {
            if (!seen.Add(name) || !_files.TryGetValue(name, out string? file)) return;
            byte[] content = read(file);
            foreach (string needed in Needs(content)) Visit(Name(needed));
            ordered.Add((name, content));
        }
    }

    /// <summary>What a module says that it needs: the string <c>depends=a,b</c> of its section .modinfo.</summary>
    internal static IReadOnlyList<string> Needs(ReadOnlySpan<byte> module)
    {
        ReadOnlySpan<byte> mark = "\0depends="u8;
        int at = module.IndexOf(mark);
        if (at < 0) return [];
        ReadOnlySpan<byte> rest = module[(at + mark.Length)..];
        int end = rest.IndexOf((byte)0);
        return Encoding.ASCII.GetString(end < 0 ? rest : rest[..end]).Split(',', StringSplitOptions.RemoveEmptyEntries);
    }

    // Dashes and underscores mean the same to the kernel.
    private static string Name(string file) => file.Split(".ko", 2)[0].Replace('-', '_');
}
