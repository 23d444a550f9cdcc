using System.Buffers;
using System.IO.Compression;

namespace Gureum.Node.Logs;

/// <summary>Reads a container's log for a client, renamed files first: joins partial lines, filters, follows across rotations.</summary>
/// <param name="path">The log file.</param>
/// <param name="time">The clock, for following.</param>
public sealed class LogReader(string path, TimeProvider time)
{
    private const int BufferSize = 32 << 10;
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(100);

    /// <summary>Copies the wanted part of the log.</summary>
    /// <param name="query">The part.</param>
    /// <param name="output">Where to; flushed whenever the reader waits for more.</param>
    /// <param name="isRunning">When following: whether the container may still write.</param>
    /// <param name="cancel">Ends it at any time.</param>
    /// <exception cref="FileNotFoundException">There is no such log.</exception>
    public async Task CopyAsync(LogQuery query, Stream output, Func<CancellationToken, Task<bool>> isRunning, CancellationToken cancel)
    {
        var writer = new LogWriter(query, output);
        FileStream file = Open();
        try
        {
            // Opening resolves links: what the open file is called tells later whether it was renamed.
            string? name = NameOf(file);
            await CopyRotatedAsync(query, file, name, writer, cancel).ConfigureAwait(false);
            var lineReader = new ForwardLines(file);
            bool last = false;
            while (!writer.IsFull)
            {
                if (await lineReader.ReadAsync(cancel).ConfigureAwait(false) is { } line)
                {
                    await writer.WriteAsync(line, cancel).ConfigureAwait(false);
                    continue;
                }

                if (!query.Follow || last) break;
                await output.FlushAsync(cancel).ConfigureAwait(false);
                if (NameOf(file) != name && File.Exists(path))
                {
                    // Renamed, and a new one is there: nothing more comes into the old one, once it was read to its end.
                    if (await lineReader.ReadAsync(cancel).ConfigureAwait(false) is { } trailing)
                    {
                        await writer.WriteAsync(trailing, cancel).ConfigureAwait(false);
                        continue;
                    }

                    FileStream next = Open();
                    await file.DisposeAsync().ConfigureAwait(false);
                    file = next;
                    name = NameOf(file);
                    lineReader = new ForwardLines(file);
                    continue;
                }

                // One more round after the container's end, for what it wrote in between.
                last = !await isRunning(cancel).ConfigureAwait(false);
                if (!last) await Task.Delay(LookEvery, time, cancel).ConfigureAwait(false);
            }

            if (lineReader.Unfinished is { } rest && !writer.IsFull) await writer.WriteAsync(rest, cancel).ConfigureAwait(false);
            await output.FlushAsync(cancel).ConfigureAwait(false);
        }
        finally
        {
            await file.DisposeAsync().ConfigureAwait(false);
        }
    }

    // The renamed files that the wanted lines reach back to, oldest first; leaves the current file where its part begins.
    private async Task CopyRotatedAsync(LogQuery query, FileStream current, string? currentName, LogWriter writer, CancellationToken cancel)
    {
        long? wanted = query.TailLines;
        if (wanted is { } lines)
        {
            (current.Position, long here) = LogTail.FindStart(current, lines, query.Stream);
            wanted = lines - here;
        }

        var parts = new Stack<(string File, long Start)>();
        // The current file may have been renamed since it was opened.
        foreach (string file in LogRotator.Rotated(path).Where(f => Path.GetFileName(f) != Path.GetFileName(currentName)).Reverse())
        {
            if (wanted <= 0 || File.GetLastWriteTimeUtc(file) < query.Since?.UtcDateTime) break;
            await using Stream? older = await OpenRotatedAsync(file, cancel).ConfigureAwait(false);
            if (older is null) break;
            var (start, found) = wanted is { } left ? LogTail.FindStart(older, left, query.Stream) : (0, 0);
            wanted -= found;
            parts.Push((file, start));
        }

        foreach ((string file, long start) in parts)
        {
            await using Stream? older = await OpenRotatedAsync(file, cancel).ConfigureAwait(false);
            if (older is null) continue;
            older.Position = start;
            var reader = new ForwardLines(older);
            while (!writer.IsFull && await reader.ReadAsync(cancel).ConfigureAwait(false) is { } line) await writer.WriteAsync(line, cancel).ConfigureAwait(false);
        }
    }

    // Rotation may compress a file between two looks, or remove it: then null. A compressed one is as large as the limit of a log.
    private static async Task<Stream?> OpenRotatedAsync(string file, CancellationToken cancel)
    {
        string compressed = file.EndsWith(".gz", StringComparison.Ordinal) ? file : file + ".gz";
        try
        {
            if (file != compressed && File.Exists(file)) return new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, 1);
            await using FileStream source = File.OpenRead(compressed);
            await using var gzip = new GZipStream(source, CompressionMode.Decompress);
            var text = new MemoryStream();
            await gzip.CopyToAsync(text, cancel).ConfigureAwait(false);
            text.Position = 0;
            return text;
        }
        catch (FileNotFoundException) { return null; }
    }

    private FileStream Open() => new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, 1);

    private static string? NameOf(FileStream file) =>
        new FileInfo($"/proc/self/fd/{file.SafeFileHandle.DangerousGetHandle()}").LinkTarget;

    /// <summary>Whole lines from the current position on; null at the end of what there is so far.</summary>
    private sealed class ForwardLines(Stream file)
    {
        private readonly byte[] _buffer = new byte[BufferSize];
        private readonly MemoryStream _line = new();
        private int _start, _end;

        /// <summary>A last line without its end; null if there is none.</summary>
        internal byte[]? Unfinished => _line.Length > 0 ? _line.ToArray() : null;

        internal async ValueTask<byte[]?> ReadAsync(CancellationToken cancel)
        {
            while (true)
            {
                int feed = _buffer.AsSpan(_start, _end - _start).IndexOf((byte)'\n');
                if (feed >= 0)
                {
                    _line.Write(_buffer, _start, feed);
                    _start += feed + 1;
                    byte[] line = _line.ToArray();
                    _line.SetLength(0);
                    return line;
                }

                _line.Write(_buffer, _start, _end - _start);
                _start = 0;
                _end = await file.ReadAsync(_buffer, cancel).ConfigureAwait(false);
                if (_end == 0) return null;
            }
        }
    }

    /// <summary>Filters and formats lines, and counts bytes against the limit.</summary>
    private sealed class LogWriter(LogQuery query, Stream output)
    {
        private readonly ArrayBufferWriter<byte> _text = new();
        private long _left = query.LimitBytes ?? long.MaxValue;
        private bool _since = query.Since is null, _stdoutOpen, _stderrOpen;

        internal bool IsFull => _left <= 0;

        internal async ValueTask WriteAsync(byte[] line, CancellationToken cancel)
        {
            _text.ResetWrittenCount();
            Format(line);
            if (_text.WrittenCount == 0) return;
            int take = (int)Math.Min(_left, _text.WrittenCount);
            _left -= take;
            await output.WriteAsync(_text.WrittenMemory[..take], cancel).ConfigureAwait(false);
        }

        private void Format(byte[] line)
        {
            // Lines of another format are no container's output, e.g. what a crash left half-written.
            if (!LogLine.TryParse(line, out LogLine parsed) || !LogTail.Wanted(parsed, query.Stream)) return;
            if (!_since)
            {
                if (!parsed.TryGetTime(out DateTimeOffset at) || at < query.Since) return;
                _since = true; // times only rise within a file
            }

            ref bool open = ref parsed.IsStderr ? ref _stderrOpen : ref _stdoutOpen;
            if (query.Timestamps && !open)
            {
                _text.Write(parsed.TimeText);
                _text.Write(" "u8);
            }

            _text.Write(parsed.Content);
            if (!parsed.IsPartial) _text.Write("\n"u8);
            open = parsed.IsPartial;
        }
    }
}
