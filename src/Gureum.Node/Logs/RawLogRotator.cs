namespace Gureum.Node.Logs;

/// <summary>
/// Keeps a raw log from filling the disk. Its writer holds it open and cannot be told to open another: what is in it is copied beside it, then it is cut to
/// nothing. It must be open for appending. What is written between the last byte copied and the cut is lost.
/// </summary>
internal static class RawLogRotator
{
    /// <summary>10 MiB: with the older part, a guest's log takes twice that, and what it says in one interval of looking.</summary>
    internal const long MostBytes = 10 << 20;

    /// <summary>Where the part before goes; there is one.</summary>
    internal static string Older(string path) => path + ".1";

    /// <returns>True if the log was cut.</returns>
    internal static bool RotateIfNeeded(string path, long mostBytes = MostBytes)
    {
        if (new FileInfo(path) is not { Exists: true } info || info.Length <= mostBytes) return false;
        var fresh = Older(path) + ".new";
        using var log = new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete, 1);
        using (var copy = new FileStream(fresh, FileMode.Create, FileAccess.Write))
        {
            // A guest that says more than that at once loses the oldest of it.
            log.Position = Math.Max(0, log.Length - mostBytes);
            log.CopyTo(copy);
        }
        log.SetLength(0);
        File.Move(fresh, Older(path), overwrite: true);
        return true;
    }
}
