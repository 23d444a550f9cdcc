using System.Globalization;
using System.IO.Compression;

namespace Gureum.Node.Logs;

/// <summary>Limits of a container's log.</summary>
/// <param name="MaxBytes">Size in bytes beyond which a log is rotated.</param>
/// <param name="MaxFiles">Files kept for each container, the current one included; at least 2.</param>
public sealed record LogLimits(long MaxBytes, int MaxFiles)
{
    /// <summary>Kubernetes' defaults: 10 MiB, 5 files.</summary>
    public static LogLimits Default { get; } = new(10 << 20, 5);
}

/// <summary>
/// Rotates container logs: the current file is renamed, the runtime opens a new one, files older than the newest renamed
/// one are compressed, the oldest removed.
/// </summary>
public sealed class LogRotator
{
    private const string TimeFormat = "yyyyMMdd-HHmmss";

    private readonly LogLimits _limits;
    private readonly TimeProvider _time;

    /// <exception cref="ArgumentException">A limit makes no sense.</exception>
    public LogRotator(LogLimits limits, TimeProvider time)
    {
        if (limits.MaxBytes <= 0) throw new ArgumentException($"MaxBytes is {limits.MaxBytes}: give a positive size", nameof(limits));
        if (limits.MaxFiles < 2) throw new ArgumentException($"MaxFiles is {limits.MaxFiles}: at least 2 are needed", nameof(limits));
        _limits = limits;
        _time = time;
    }

    /// <summary>Rotates the log if it is too large.</summary>
    /// <param name="path">The current log file.</param>
    /// <param name="reopen">Makes the runtime open the path anew; if it fails, the rename is undone.</param>
    /// <param name="cancel">Stops between steps.</param>
    /// <returns>True if the log was rotated.</returns>
    public async Task<bool> RotateIfNeededAsync(string path, Func<CancellationToken, Task> reopen, CancellationToken cancel)
    {
        var current = new FileInfo(path);
        if (!current.Exists || current.Length < _limits.MaxBytes) return false;

        List<string> older = Rotated(path);
        // Room for the current file and the one that is about to be renamed.
        for (; older.Count > _limits.MaxFiles - 2; older.RemoveAt(0)) File.Delete(older[0]);
        foreach (string file in older.Where(f => !f.EndsWith(".gz", StringComparison.Ordinal)))
            await CompressAsync(file, cancel).ConfigureAwait(false);

        string renamed = $"{path}.{_time.GetUtcNow().ToString(TimeFormat, CultureInfo.InvariantCulture)}";
        File.Move(path, renamed, overwrite: true);
        try
        {
            await reopen(cancel).ConfigureAwait(false);
        }
        catch
        {
            // The runtime still writes to the file: it must keep its name, or readers lose it.
            if (!File.Exists(path)) File.Move(renamed, path);
            throw;
        }

        return true;
    }

    /// <summary>The renamed files of a log, oldest first.</summary>
    public static List<string> Rotated(string path)
    {
        string directory = Path.GetDirectoryName(path)!;
        if (!Directory.Exists(directory)) return [];
        string prefix = Path.GetFileName(path) + ".";
        // Not by a pattern: "name.*" would match "name" too, an old habit of DOS that .NET keeps.
        return [.. Directory.EnumerateFiles(directory)
            .Where(f => Path.GetFileName(f) is var name && name.StartsWith(prefix, StringComparison.Ordinal) && IsRotated(name[prefix.Length..]))
            .Order(StringComparer.Ordinal)];
    }

    /// <summary>Removes a log and its renamed files.</summary>
    public static void Delete(string path)
    {
        foreach (string file in Rotated(path)) File.Delete(file);
        File.Delete(path);
    }

    private static bool IsRotated(string suffix)
    {
        if (suffix.EndsWith(".gz", StringComparison.Ordinal)) suffix = suffix[..^3];
        return DateTime.TryParseExact(suffix, TimeFormat, CultureInfo.InvariantCulture, DateTimeStyles.None, out _);
    }

    private static async Task CompressAsync(string file, CancellationToken cancel)
    {
        string temporary = file + ".tmp";
        try
        {
            await using (FileStream source = File.OpenRead(file))
            await using (FileStream target = File.Create(temporary))
            await using (var gzip = new GZipStream(target, CompressionLevel.Fastest))
                await source.CopyToAsync(gzip, cancel).ConfigureAwait(false);
            File.Move(temporary, file + ".gz", overwrite: true);
            File.Delete(file);
        }
        finally
        {
            File.Delete(temporary);
        }
    }
}
