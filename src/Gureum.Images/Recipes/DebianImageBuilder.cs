using System.Security.Cryptography;
using System.Text;
using Gureum.Images.Archives;

namespace Gureum.Images.Recipes;

/// <summary>Builds images from Debian packages, with apt and dpkg and nothing but the machine's package sources.</summary>
internal static class DebianImageBuilder
{
    /// <summary>The archive of a recipe's image, built unless the cache has it. A changed recipe is built anew.</summary>
    internal static async Task<string> EnsureAsync(DebianRecipe recipe, string cacheDirectory, CancellationToken cancel)
    {
        string shortName = recipe.Name.Split('/')[^1].Replace(':', '-');
        string path = Path.Combine(cacheDirectory, $"{shortName}-{ImageDescription.LocalArchitecture}-{Fingerprint(recipe)}.tar");
        if (File.Exists(path)) return path;

        string work = Directory.CreateTempSubdirectory("gureum-image-").FullName;
        try
        {
            string root = Path.Combine(work, "root");
            await UnpackAsync(recipe.Packages, work, root, cancel).ConfigureAwait(false);
            List<LayerEntry> entries = Select(recipe, root);
            if (recipe.Applets) entries.AddRange(await AppletsAsync(root, cancel).ConfigureAwait(false));
            entries.AddRange(recipe.Extra);
            OciArchive.Write(path, recipe.Name, recipe.Description, entries);
            return path;
        }
        finally
        {
            Directory.Delete(work, recursive: true);
        }
    }

    private static async Task UnpackAsync(IReadOnlyList<string> packages, string work, string root, CancellationToken cancel)
    {
        IReadOnlySet<string> offered = await OfferedAsync(packages.SelectMany(p => p.Split('|')), cancel).ConfigureAwait(false);
        string[] names = [.. packages.Select(choice => choice.Split('|').FirstOrDefault(offered.Contains)
            ?? throw new ImageException($"no package source offers {choice.Replace("|", " or ", StringComparison.Ordinal)}: run apt-get update, or add Debian's main section"))];
        await Command.RunAsync("apt-get", ["-o", "APT::Sandbox::User=root", "-qq", "download", .. names], work, "apt", cancel).ConfigureAwait(false);
        Directory.CreateDirectory(root);
        foreach (string package in Directory.EnumerateFiles(work, "*.deb").Order(StringComparer.Ordinal))
            await Command.RunAsync("dpkg", ["-x", package, root], work, "dpkg", cancel).ConfigureAwait(false);
        foreach (string directory in new[] { "bin", "sbin", "lib" }) MergeIntoUsr(root, directory);
    }

    /// <summary>Older packages still have files below /bin and /lib, newer ones below /usr: recipes name the latter only.</summary>
    private static void MergeIntoUsr(string root, string directory)
    {
        string from = Path.Combine(root, directory);
        if (!Directory.Exists(from)) return;
        foreach (string file in Directory.GetFiles(from, "*", SearchOption.AllDirectories))
        {
            string to = Path.Combine(root, "usr", Path.GetRelativePath(root, file));
            Directory.CreateDirectory(Path.GetDirectoryName(to)!);
            File.Move(file, to, overwrite: true);
        }
    }

    /// <summary>Those of the packages that can be installed: "name:" lines, each followed by a "Candidate:" line.</summary>
    private static async Task<IReadOnlySet<string>> OfferedAsync(IEnumerable<string> names, CancellationToken cancel)
    {
        string policy = await Command.RunAsync("apt-cache", ["policy", .. names], null, "apt", cancel).ConfigureAwait(false);
        var offered = new HashSet<string>();
        string current = "";
        foreach (string line in policy.Split('\n'))
        {
            if (line.Length > 0 && line[0] != ' ') current = line.TrimEnd(':');
            else if (line.Trim() is var detail && detail.StartsWith("Candidate:", StringComparison.Ordinal) && !detail.EndsWith("(none)", StringComparison.Ordinal))
                offered.Add(current);
        }

        return offered;
    }

    private static List<LayerEntry> Select(DebianRecipe recipe, string root)
    {
        var entries = new List<LayerEntry>();
        foreach (string pattern in recipe.Files)
        {
            string directory = Path.Combine(root, Path.GetDirectoryName(pattern)!);
            string[] found = Directory.Exists(directory) ? Directory.GetFiles(directory, Path.GetFileName(pattern)) : [];
            if (found.Length == 0) throw new ImageException($"image {recipe.Name}: its packages ({string.Join(", ", recipe.Packages)}) have no file {pattern}");
            foreach (string file in found)
            {
                string name = Path.GetRelativePath(root, file);
                entries.Add(new FileInfo(file).LinkTarget is { } target
                    ? LayerEntry.Link(name, target)
                    : LayerEntry.CopyOf(name, file, File.GetUnixFileMode(file)));
            }
        }

        return entries;
    }

    private static async Task<IEnumerable<LayerEntry>> AppletsAsync(string root, CancellationToken cancel)
    {
        string busybox = Path.Combine(root, "usr/bin/busybox");
        if (!File.Exists(busybox)) throw new ImageException("the package busybox-static has no bin/busybox");
        string applets = await Command.RunAsync(busybox, ["--list"], null, "busybox-static", cancel).ConfigureAwait(false);
        return [
            LayerEntry.CopyOf("bin/busybox", busybox, (UnixFileMode)0b111_101_101),
            .. applets.Split('\n', StringSplitOptions.RemoveEmptyEntries).Where(a => a != "busybox").Select(a => LayerEntry.Link("bin/" + a, "busybox")),
        ];
    }

    private static string Fingerprint(DebianRecipe recipe)
    {
        var text = new StringBuilder();
        text.AppendJoin('\n', recipe.Packages).Append('\n').AppendJoin('\n', recipe.Files).Append('\n').Append(recipe.Applets);
        foreach (LayerEntry e in recipe.Extra)
            text.Append('\n').Append(e.Path).Append(' ').Append(e.Mode).Append(' ').Append(e.LinkTarget).Append(e.Content is { } c ? Convert.ToHexString(SHA256.HashData(c.Span)) : "");
        ImageDescription d = recipe.Description;
        text.Append('\n').AppendJoin(' ', d.Entrypoint).Append('|').AppendJoin(' ', d.Command).Append('|').AppendJoin(' ', d.Environment)
            .Append('|').Append(d.User).Append('|').Append(d.StopSignal).Append('|').AppendJoin(' ', d.ExposedPorts);
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString())))[..12];
    }
}
