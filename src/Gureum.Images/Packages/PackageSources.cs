namespace Gureum.Images.Packages;

/// <summary>Where this machine takes Debian's own packages from (immutable).</summary>
/// <param name="Suite">Debian's release, as "bookworm".</param>
/// <param name="Lines">One-line sources (sources.list(5)) of that release, its updates and its security updates; other vendors' are left out.</param>
internal sealed record PackageSources(string Suite, IReadOnlyList<string> Lines)
{
    private const string Keys = "/usr/share/keyrings/debian-archive-keyring.gpg", Origin = "Debian", ReleaseField = "VERSION_CODENAME=";

    /// <exception cref="ImageException">There are none of Debian's for this machine's release.</exception>
    internal static async Task<PackageSources> ReadAsync(CancellationToken cancel) => Of(
        await Command.RunAsync("apt-get", ["indextargets", "--format", "$(ORIGIN)|$(REPO_URI)|$(RELEASE)|$(CODENAME)|$(COMPONENT)", "Identifier: Packages"], null, "apt", cancel).ConfigureAwait(false),
        Release(await File.ReadAllTextAsync("/etc/os-release", cancel).ConfigureAwait(false)), File.Exists(Keys));

    /// <summary>Reads what apt says of its indexes. Pure.</summary>
    /// <param name="release">This machine's, as "bookworm"; others' packages that it may have sources of stay out.</param>
    /// <param name="signedByKeyring">Whether Debian's keyring is in its usual place.</param>
    internal static PackageSources Of(string targets, string release, bool signedByKeyring)
    {
        string[][] indexes = [.. targets.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => l.Split('|')).Where(f => f.Length == 5)];
        // Updates are named after the release: bookworm-updates, bookworm-security.
        string[][] own = [.. indexes.Where(f => f[0] == Origin && (f[3] == release || f[3].StartsWith(release + "-", StringComparison.Ordinal)))];
        if (release.Length == 0 || !own.Any(f => f[3] == release))
        {
            string others = string.Join(", ", indexes.Where(f => f[0].Length > 0).Select(f => $"{f[0]} {f[3]}".TrimEnd()).Distinct());
            throw new ImageException($"the Debian guest is made from Debian's packages, and this machine has no source of them for its release \"{release}\" ({(others.Length > 0 ? "it has " + others : "it has none: run apt-get update")})");
        }

        string signed = signedByKeyring ? $" [signed-by={Keys}]" : "";
        return new PackageSources(release, [.. own.GroupBy(f => (f[1], f[2])).Select(g => $"deb{signed} {g.Key.Item1} {g.Key.Item2} {string.Join(' ', g.Select(f => f[4]).Distinct())}")]);
    }

    private static string Release(string system) => system.Split('\n').Where(l => l.StartsWith(ReleaseField, StringComparison.Ordinal)).Select(l => l[ReleaseField.Length..].Trim('"', ' ')).FirstOrDefault() ?? "";
}
