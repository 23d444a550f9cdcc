using System.Security.Cryptography;
using System.Text;

namespace Gureum.EndToEnd.Support;

/// <summary>What a cloud could leave on a machine, as sorted lines.</summary>
internal static class MachineState
{
    /// <summary>All that is there now, of this namespace and of the machine; lines of other programs' doing come and go, so only those that name Gureum's things count.</summary>
    internal static async Task<IReadOnlyList<string>> ReadAsync(Cloud cloud)
    {
        var lines = new List<string>();
        lines.AddRange(Links(await cloud.InsideAsync("ip", ["-o", "link"])).Select(l => "link " + l));
        lines.AddRange((await cloud.InsideAsync("nft", ["list", "tables"])).Ok().Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => "nft " + l));
        lines.AddRange((await cloud.InsideAsync("ip", ["route", "show", "table", "all"])).Ok().Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => "route " + l.Trim()));
        lines.AddRange(File.ReadLines("/proc/self/mounts").Select(l => l.Split(' ')[1]).Where(m => m.Contains(cloud.Data, StringComparison.Ordinal) || m.Contains("/run/gureum/" + Hash(cloud.Data), StringComparison.Ordinal)).Select(m => "mount " + m));
        lines.AddRange(Processes(cloud, await InodeAsync(cloud)).Select(p => "process " + p));
        lines.AddRange(Directory.EnumerateDirectories("/sys/fs/cgroup", GroupOf(cloud), new EnumerationOptions { RecurseSubdirectories = true, MaxRecursionDepth = 4, IgnoreInaccessible = true }).Select(c => "cgroup " + c));
        lines.AddRange((Directory.Exists("/run/netns") ? Directory.GetFiles("/run/netns") : []).Where(n => Path.GetFileName(n).StartsWith("cni-", StringComparison.Ordinal)).Select(n => "netns " + n));
        lines.AddRange(Directory.EnumerateDirectories("/sys/block", "loop*").Select(d => d + "/loop/backing_file").Where(File.Exists).Select(f => File.ReadAllText(f).Trim()).Where(f => f.StartsWith(cloud.Data, StringComparison.Ordinal)).Select(f => "loop " + f));
        lines.Sort(StringComparer.Ordinal);
        return lines;
    }

    // Other clouds of the machine have groups too: a cloud's own is named by a hash of its node's directory.
    private static string GroupOf(Cloud cloud) => "gureum-" + Hash(Path.Combine(cloud.Data, "node"));

    internal static string Hash(string path) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(path)))[..8];

    private static IEnumerable<string> Links(Said said) => said.Ok().Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => l.Split(':')[1].Trim());

    // Whoever lives in the cloud's network namespace or names its directory; not this test.
    private static IEnumerable<string> Processes(Cloud cloud, string inode)
    {
        foreach (string process in Directory.EnumerateDirectories("/proc").Where(p => char.IsAsciiDigit(Path.GetFileName(p)[0])))
        {
            string? found = null;
            try
            {
                string command = File.ReadAllText(process + "/cmdline").Replace('\0', ' ').Trim();
                if (command.Contains(cloud.Data, StringComparison.Ordinal) || new FileInfo(process + "/ns/net").LinkTarget == inode) found = command;
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                continue; // it ended meanwhile
            }

            if (found is not null) yield return found;
        }
    }

    private static async Task<string> InodeAsync(Cloud cloud) =>
        $"net:[{(await Shell.RunAsync("stat", ["-Lc", "%i", "/run/netns/" + cloud.Network])).Ok().Trim()}]";
}
