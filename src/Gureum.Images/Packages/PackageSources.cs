namespace Gureum.Images.Packages;

/// <summary>Where this machine takes Debian's own packages from (immutable).</summary>
/// <param name="Suite">Debian's release, as "bookworm".</param>
/// <param name="Lines">One-line sources (sources.list(5)) of that release, its updates and its security updates; other vendors' are left out.</param>
internal sealed record PackageSources(string Suite, IReadOnlyList<string> Lines)
{
    private const string Keys = "/usr/share/keyrings/debian-archive-keyring.gpg", Origin = "Debian";

    /// <exception cref="ImageException">There are none of Debian's.</exception>
    internal static async Task<PackageSources> ReadAsync(CancellationToken cancel) => Of(
        await Command.RunAsync("apt-get", ["indextargets", "--format", "$(ORIGIN)|$(REPO_URI)|$(RELEASE)|$(CODENAME)|$(COMPONENT)", "Identifier: Packages"], null, "apt", cancel).ConfigureAwait(false), File.Exists(Keys));

    /// <summary>Reads what apt says of its indexes. Pure.</summary>
    /// <param name="signedByKeyring">Whether Debian's keyring is in its usual place.</param>
    internal static PackageSources Of(string targets, bool signedByKeyring)
    {
        string[][] indexes = [.. targets.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => l.Split('|')).Where(f => f.Length == 5)];
        string[][] own = [.. indexes.Where(f => f[0] == Origin)];
        string signed = signedByKeyring ? $" [signed-by={Keys}]" : "";
        // Those of updates are named after the release: bookworm, bookworm-updates.
        string? suite = own.Select(f => f[3]).Where(c => c.Length > 0).MinBy(c => c.Length);
        if (suite is null)
        {
            string others = string.Join(", ", indexes.Select(f => f[0]).Where(o => o.Length > 0).Distinct());
            throw new ImageException($"the Debian guest is made from Debian's packages, and this machine has no package source of Debian ({(others.Length > 0 ? "it has " + others : "it has none: run apt-get update")})");
        }

        return new PackageSources(suite, [.. own.GroupBy(f => (f[1], f[2])).Select(g => $"deb{signed} {g.Key.Item1} {g.Key.Item2} {string.Join(' ', g.Select(f => f[4]).Distinct())}")]);
    }
}
