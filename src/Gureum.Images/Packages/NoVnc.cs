using System.Security.Cryptography;
using System.Text;
using Gureum.Images.Guests;

namespace Gureum.Images.Packages;

/// <summary>
/// noVNC (https://novnc.com), which shows a screen in a browser: its pages out of Debian's package. What the package depends on beside them (a web server, Node.js, numpy) is for
/// serving them, which we do ourselves.
/// </summary>
public static class NoVnc
{
    private const string Package = "novnc", Pages = "usr/share/novnc", Installed = "/" + Pages;

    /// <summary>The directory of the pages: the machine's own where the package is installed, else one in the cache, filled on first use.</summary>
    /// <exception cref="ImageException">The package sources cannot be reached.</exception>
    public static async Task<string> EnsureAsync(string cacheDirectory, CancellationToken cancel)
    {
        if (Directory.Exists(Installed)) return Installed;
        // Without package sources, what was taken from them before will do.
        if (Directory.Exists(cacheDirectory) && Directory.EnumerateDirectories(cacheDirectory, Package + "-*").MaxBy(Directory.GetLastWriteTimeUtc) is { } cached) return cached;
        IReadOnlyDictionary<string, string> offered = await DebianPackages.CandidatesAsync([Package], cancel).ConfigureAwait(false);
        string version = offered.GetValueOrDefault(Package) ?? throw new ImageException($"no package source offers {Package}: run apt-get update, or add Debian's main section");
        string fingerprint = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(version)))[..12];
        return await BuildCache.EnsureAsync(cacheDirectory, Package, fingerprint, (work, built) => UnpackAsync(work, built, cancel), cancel).ConfigureAwait(false);
    }

    private static async Task UnpackAsync(string work, string built, CancellationToken cancel)
    {
        string root = Path.Combine(work, "root");
        await DebianPackages.UnpackAsync([Package], work, root, cancel).ConfigureAwait(false);
        foreach (string file in Directory.EnumerateFiles(Path.Combine(root, Pages), "*", SearchOption.AllDirectories))
        {
            string to = Path.Combine(built, Path.GetRelativePath(Path.Combine(root, Pages), file));
            Directory.CreateDirectory(Path.GetDirectoryName(to)!);
            File.Copy(file, to, overwrite: true);
        }
    }
}
