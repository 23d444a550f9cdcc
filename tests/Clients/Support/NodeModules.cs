using System.Security.Cryptography;

namespace Gureum.Clients.Support;

/// <summary>The JavaScript client in a cache outside the source tree, installed by npm as the lock file says.</summary>
internal static class NodeModules
{
    internal const string Missing = "these tests need Node.js 20 or later with npm on the PATH: install the packages nodejs and npm, or Node.js from its own site";

    private static readonly Lazy<Task<string>> Installed = new(InstallAsync);

    /// <summary>Lays the script of the tests into a folder where it finds the client.</summary>
    internal static async Task<string> LayAsync(string folder)
    {
        string modules = await Installed.Value, there = Path.Combine(folder, "js");
        if (Directory.Exists(there)) return there;
        Directory.CreateDirectory(there);
        foreach (string file in (string[])["client.js", "package.json"]) File.Copy(Path.Combine(Scripts, file), Path.Combine(there, file));
        File.CreateSymbolicLink(Path.Combine(there, "node_modules"), modules);
        return there;
    }

    private static string Scripts => Path.Combine(AppContext.BaseDirectory, "Scripts", "js");

    private static async Task<string> InstallAsync()
    {
        string version = Convert.ToHexStringLower(SHA256.HashData(await File.ReadAllBytesAsync(Path.Combine(Scripts, "package-lock.json"))))[..16];
        string cache = Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache", "gureum", "tests"), final = Path.Combine(cache, "js-" + version);
        if (Directory.Exists(final)) return Path.Combine(final, "node_modules");
        string work = Path.Combine(cache, "js-" + Guid.NewGuid().ToString("N"));
        Directory.CreateDirectory(work);
        foreach (string file in (string[])["package.json", "package-lock.json"]) File.Copy(Path.Combine(Scripts, file), Path.Combine(work, file));
        try
        {
            await using (Script npm = Script.Start("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], work, "", Missing)) await npm.RestAsync();
            // Whole or not at all: an installation that was cut off is never taken for one that is there.
            Directory.Move(work, final);
        }
        finally
        {
            if (Directory.Exists(work)) Directory.Delete(work, recursive: true);
        }

        return Path.Combine(final, "node_modules");
    }
}
