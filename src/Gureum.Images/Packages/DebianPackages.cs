namespace Gureum.Images.Packages;

/// <summary>Takes files out of Debian packages, with apt and dpkg and nothing but the machine's package sources.</summary>
internal static class DebianPackages
{
    /// <summary>Downloads packages and unpacks them, without running any of their scripts.</summary>
    /// <param name="packages">Names; <c>a|b</c> takes the first that exists (names change between Debian releases).</param>
    /// <param name="work">Directory for the packages themselves.</param>
    /// <param name="root">Directory for their files; everything of /bin, /sbin and /lib is below usr there.</param>
    /// <param name="cancel">Gives up.</param>
    /// <exception cref="ImageException">A package is nowhere, or apt or dpkg failed.</exception>
    internal static async Task UnpackAsync(IReadOnlyList<string> packages, string work, string root, CancellationToken cancel)
    {
        IReadOnlyDictionary<string, string> offered = await CandidatesAsync(packages.SelectMany(p => p.Split('|')), cancel).ConfigureAwait(false);
        string[] names = [.. packages.Select(choice => choice.Split('|').FirstOrDefault(offered.ContainsKey)
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

    /// <summary>Those of the packages that can be installed, with the version that would be: "name:" lines, each followed by a "Candidate:" line.</summary>
    internal static async Task<IReadOnlyDictionary<string, string>> CandidatesAsync(IEnumerable<string> names, CancellationToken cancel)
    {
        const string Candidate = "Candidate:";
        string policy = await Command.RunAsync("apt-cache", ["policy", .. names], null, "apt", cancel).ConfigureAwait(false);
        var offered = new SortedDictionary<string, string>(StringComparer.Ordinal);
        string current = "";
        foreach (string line in policy.Split('\n'))
        {
            if (line.Length > 0 && line[0] != ' ') current = line.TrimEnd(':');
            else if (line.Trim() is var detail && detail.StartsWith(Candidate, StringComparison.Ordinal) && detail[Candidate.Length..].Trim() is var version && version != "(none)")
                offered[current] = version;
        }

        return offered;
    }

    /// <summary>The package that a package of no content stands for, e.g. the newest kernel's.</summary>
    /// <exception cref="ImageException">No package source has it.</exception>
    internal static async Task<string> NewestAsync(string meta, string prefix, CancellationToken cancel)
    {
        string text = await Command.RunAsync("apt-cache", ["depends", "--no-suggests", "--no-recommends", meta], null, "apt", cancel).ConfigureAwait(false);
        return text.Split('\n').Select(l => l.Trim()).Where(l => l.StartsWith("Depends: " + prefix, StringComparison.Ordinal)).Select(l => l["Depends: ".Length..]).FirstOrDefault()
            ?? throw new ImageException($"no package source offers {meta}: run apt-get update, or add Debian's main section");
    }
}
