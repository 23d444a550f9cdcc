namespace Gureum.Images.Guests;

/// <summary>
/// Directories of built files, each named after what it was built from. One appears only when it is whole; what a killed builder left is removed by the next one.
/// </summary>
internal static class BuildCache
{
    private const string WorkPrefix = "work-", OwnerFile = "owner";
    private static readonly TimeSpan Kept = TimeSpan.FromDays(30), Grace = TimeSpan.FromHours(1);

    /// <summary>The directory KIND-FINGERPRINT in the cache, built unless it is there.</summary>
    /// <param name="build">Given a directory to work in and the one to fill.</param>
    internal static async Task<string> EnsureAsync(string cacheDirectory, string kind, string fingerprint, Func<string, string, Task> build, CancellationToken cancel)
    {
        string directory = Path.Combine(cacheDirectory, $"{kind}-{fingerprint}");
        if (Directory.Exists(directory)) return directory;

        Directory.CreateDirectory(cacheDirectory);
        await RemoveLeftOversAsync(cacheDirectory).ConfigureAwait(false);
        string work = Path.Combine(cacheDirectory, $"{WorkPrefix}{Guid.NewGuid():N}");
        Directory.CreateDirectory(work);
        // Held open as long as its builder lives.
        await using FileStream owner = new(Path.Combine(work, OwnerFile), FileMode.Create, FileAccess.Write, FileShare.None);
        try
        {
            string built = Path.Combine(work, "built");
            Directory.CreateDirectory(built);
            await build(work, built).ConfigureAwait(false);
            cancel.ThrowIfCancellationRequested();
            try
            {
                Directory.Move(built, directory);
            }
            catch (IOException) when (Directory.Exists(directory))
            {
                // another process was faster, with the same result
            }

            foreach (string old in Directory.EnumerateDirectories(cacheDirectory, kind + "-*").Where(d => d != directory && Directory.GetLastWriteTimeUtc(d) < DateTime.UtcNow - Kept))
                Directory.Delete(old, recursive: true);
            return directory;
        }
        finally
        {
            await RemoveAsync(work).ConfigureAwait(false);
        }
    }

    private static async Task RemoveLeftOversAsync(string cacheDirectory)
    {
        foreach (string work in Directory.EnumerateDirectories(cacheDirectory, WorkPrefix + "*"))
        {
            if (IsOwned(work)) continue;
            await RemoveAsync(work).ConfigureAwait(false);
        }
    }

    private static bool IsOwned(string work)
    {
        string owner = Path.Combine(work, OwnerFile);
        try
        {
            // One that is just being made has no owner yet.
            if (!File.Exists(owner)) return Directory.GetCreationTimeUtc(work) > DateTime.UtcNow - Grace;
            using FileStream free = new(owner, FileMode.Open, FileAccess.Write, FileShare.None);
            return false;
        }
        catch (IOException)
        {
            return true;
        }
    }

    // rm stays on this file system, whatever somebody may have mounted below.
    private static Task RemoveAsync(string work) => Command.RunAsync("rm", ["-rf", "--one-file-system", "--", work], null, "coreutils", CancellationToken.None);
}
