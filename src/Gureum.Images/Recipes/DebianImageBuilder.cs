using System.Security.Cryptography;
using System.Text;
using Gureum.Images.Archives;
using Gureum.Images.Packages;

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
            await DebianPackages.UnpackAsync(recipe.Packages, work, root, cancel).ConfigureAwait(false);
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
