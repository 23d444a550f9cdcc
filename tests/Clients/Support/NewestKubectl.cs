namespace Gureum.Clients.Support;

/// <summary>
/// The kubectl of Debian's unstable suite, which is of the version that the server speaks. It is laid into a cache outside
/// the source tree and not installed: the machine keeps its own packages and its own lists of them.
/// </summary>
internal static class NewestKubectl
{
    /// <summary>Names a kubectl of 1.36 or later where Debian's is not to be had.</summary>
    private const string Own = "GUREUM_TEST_KUBECTL";

    private const string Keys = "/usr/share/keyrings/debian-archive-keyring.gpg";

    private static readonly Lazy<Task<string>> Laid = new(LayAsync);

    /// <summary>Its path.</summary>
    internal static Task<string> PathAsync() => Laid.Value;

    private static async Task<string> LayAsync()
    {
        if (Environment.GetEnvironmentVariable(Own) is { Length: > 0 } own) return own;
        string cache = Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache", "gureum", "tests");
        string final = Path.Combine(cache, "kubectl-1.36"), program = Path.Combine(final, "usr", "bin", "kubectl");
        if (File.Exists(program)) return program;

        string work = Path.Combine(cache, "kubectl-" + Guid.NewGuid().ToString("N"));
        foreach (string folder in (string[])["state/lists/partial", "cache/archives/partial", "root"]) Directory.CreateDirectory(Path.Combine(work, folder));
        try
        {
            await File.WriteAllTextAsync(Path.Combine(work, "sources.list"), $"deb [signed-by={Keys}] {await DebianAsync(work)} sid main\n");
            await File.WriteAllTextAsync(Path.Combine(work, "status"), "");
            await AptAsync(work, "update");
            await AptAsync(work, "download", "kubectl");
            string package = Directory.EnumerateFiles(work, "kubectl_*.deb").Single();
            await RunAsync("dpkg-deb", ["-x", package, Path.Combine(work, "root")], work);
            // Whole or not at all.
            Directory.Move(Path.Combine(work, "root"), final);
        }
        finally
        {
            Directory.Delete(work, recursive: true);
        }

        return program;
    }

    /// <summary>Where the machine itself takes Debian's packages from.</summary>
    private static async Task<string> DebianAsync(string work)
    {
        IReadOnlyList<string> places = await RunAsync("apt-get", ["indextargets", "--format", "$(ORIGIN) $(LABEL) $(REPO_URI)", "Created-By: Packages"], work);
        string? debian = places.FirstOrDefault(l => l.StartsWith("Debian Debian ", StringComparison.Ordinal))?.Split(' ')[^1];
        if (debian is null || !File.Exists(Keys))
            throw new InvalidOperationException($"these tests need kubectl 1.36 from Debian: name Debian's main archive in apt's sources and install debian-archive-keyring (`apt-get update` once), or set {Own} to the path of a kubectl of 1.36 or later");
        return debian;
    }

    private static Task AptAsync(string work, params string[] words) => RunAsync("apt-get",
    [
        "-o", $"Dir::Etc::sourcelist={work}/sources.list", "-o", "Dir::Etc::sourceparts=-", "-o", $"Dir::State={work}/state", "-o", $"Dir::State::status={work}/status",
        "-o", $"Dir::Cache={work}/cache", "-o", "Acquire::Languages=none", "-o", "APT::Sandbox::User=root", .. words,
    ], work);

    private static async Task<IReadOnlyList<string>> RunAsync(string program, string[] arguments, string directory)
    {
        await using Script run = Script.Start(program, arguments, directory, "", $"these tests need {program} of Debian or Ubuntu, or {Own} set to the path of a kubectl of 1.36 or later");
        return await run.RestAsync();
    }
}
