using System.Globalization;
using System.Threading.Channels;
using Gureum.Client;

namespace Gureum.ApiServer.Audit;

/// <summary>
/// Writes events as JSON lines into a file that begins anew at a certain size; what was before is kept under the time of its end, up
/// to a number of files and days. Thread-safe.
/// </summary>
internal sealed class AuditLog : IAsyncDisposable
{
    /// <summary>Events that may wait to be written; whoever comes then waits as well, so that none is lost.</summary>
    private const int MostWaiting = 10_000;

    private readonly AuditOptions options;
    private readonly TimeProvider time;
    private readonly Channel<byte[]> lines = Channel.CreateBounded<byte[]>(new BoundedChannelOptions(MostWaiting) { SingleReader = true });
    private readonly Task writing;
    private long errors;

    internal AuditLog(AuditOptions options, TimeProvider time)
    {
        (this.options, this.time) = (options, time);
        if (options.LogPath != "-" && Path.GetDirectoryName(Path.GetFullPath(options.LogPath)) is { } directory) Directory.CreateDirectory(directory);
        writing = Task.Run(RunAsync);
    }

    /// <summary>Events that could not be written.</summary>
    internal long Errors => Interlocked.Read(ref errors);

    /// <param name="line">An event with its line feed.</param>
    internal ValueTask WriteAsync(byte[] line) => lines.Writer.WriteAsync(line);

    private async Task RunAsync()
    {
        Stream? file = null;
        try
        {
            while (await lines.Reader.WaitToReadAsync())
            {
                while (lines.Reader.TryRead(out var line))
                {
                    try
                    {
                        if (file is not null && options.LogPath != "-" && file.Length > 0 && file.Length + line.Length > options.MostMegabytes * 1024L * 1024)
                        {
                            await file.DisposeAsync();
                            file = null;
                            Rotate();
                        }
                        file ??= Open();
                        file.Write(line);
                    }
                    catch (Exception e) when (e is IOException or UnauthorizedAccessException)
                    {
                        if (Interlocked.Increment(ref errors) == 1) Log.Current.Error("audit", $"{options.LogPath} cannot be written; events are lost", e);
                    }
                }
                try { file?.Flush(); }
                catch (IOException) { Interlocked.Increment(ref errors); }
            }
        }
        finally { if (file is not null) await file.DisposeAsync(); }
    }

    private Stream Open() => options.LogPath == "-" ? Console.OpenStandardOutput()
        : new FileStream(options.LogPath, new FileStreamOptions { Mode = FileMode.Append, Access = FileAccess.Write, Share = FileShare.Read, BufferSize = 64 * 1024, UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite });

    // audit.log becomes audit-2026-01-02T15-04-05.123.log.
    private void Rotate()
    {
        var path = Path.GetFullPath(options.LogPath);
        var (directory, stem, ending) = (Path.GetDirectoryName(path)!, Path.GetFileNameWithoutExtension(path), Path.GetExtension(path));
        var now = time.GetUtcNow();
        for (var i = 0; ; i++)
        {
            var target = Path.Combine(directory, $"{stem}-{now.AddMilliseconds(i).ToString("yyyy-MM-dd'T'HH-mm-ss.fff", CultureInfo.InvariantCulture)}{ending}");
            if (File.Exists(target)) continue;
            File.Move(path, target);
            break;
        }
        var kept = Directory.EnumerateFiles(directory, $"{stem}-????-??-??T??-??-??.???{ending}").OrderDescending(StringComparer.Ordinal).ToList();
        foreach (var (file, i) in kept.Select((f, i) => (f, i)))
            if ((options.MostBackups > 0 && i >= options.MostBackups) || (options.MostDays > 0 && File.GetLastWriteTimeUtc(file) < now.UtcDateTime.AddDays(-options.MostDays))) File.Delete(file);
    }

    /// <summary>Writes what waits, then ends.</summary>
    public async ValueTask DisposeAsync()
    {
        lines.Writer.TryComplete();
        await writing;
    }
}
