using Gureum.Node.Server;

namespace Gureum.Node.Logs;

/// <summary>
/// Reads a file that is the program's very output, as a guest's serial console is: no times, no streams, not even whole lines. It is shortened in
/// place (<see cref="RawLogRotator"/>), and what was cut off lies beside it.
/// </summary>
/// <param name="path">The file.</param>
/// <param name="time">The clock, for following.</param>
internal sealed class RawLogReader(string path, TimeProvider time)
{
    private const int BufferSize = 32 << 10;
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(100);

    /// <exception cref="NodeRequestException">400: something is asked that such a file does not have.</exception>
    internal static void Check(LogQuery query)
    {
        if (query.Since is not null) throw new NodeRequestException(400, "sinceSeconds, sinceTime: the serial console of a guest has no times; use tailLines");
        if (query.Timestamps) throw new NodeRequestException(400, "timestamps: the serial console of a guest has no times");
    }

    /// <summary>Copies the wanted part; <see cref="LogReader.CopyAsync"/> says how.</summary>
    internal async Task CopyAsync(LogQuery query, Stream output, Func<CancellationToken, Task<bool>> isRunning, CancellationToken cancel)
    {
        if (query.Stream == LogStream.Stderr) return;
        await using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, 1);
        var left = query.LimitBytes ?? long.MaxValue;
        left -= await OlderAsync(query, file, output, left, cancel).ConfigureAwait(false);
        var buffer = new byte[BufferSize];
        var last = false;
        while (left > 0)
        {
            var read = await file.ReadAsync(buffer.AsMemory(0, (int)Math.Min(buffer.Length, left)), cancel).ConfigureAwait(false);
            if (read > 0)
            {
                await output.WriteAsync(buffer.AsMemory(0, read), cancel).ConfigureAwait(false);
                left -= read;
                continue;
            }
            if (!query.Follow || last) break;
            await output.FlushAsync(cancel).ConfigureAwait(false);
            // Shortened since: all that is in it now is new.
            if (file.Length < file.Position)
            {
                file.Position = 0;
                continue;
            }
            // One more round after the guest's end, for what it said in between.
            last = !await isRunning(cancel).ConfigureAwait(false);
            if (!last) await Task.Delay(LookEvery, time, cancel).ConfigureAwait(false);
        }
        await output.FlushAsync(cancel).ConfigureAwait(false);
    }

    // What was cut off before, as far as it is wanted; leaves the file where its own part begins.
    private async Task<long> OlderAsync(LogQuery query, FileStream file, Stream output, long limit, CancellationToken cancel)
    {
        FileStream? older = null;
        try { older = new FileStream(RawLogRotator.Older(path), FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, 1); }
        catch (FileNotFoundException) { /* nothing was cut off yet */ }
        await using var _ = older;
        if (query.TailLines is { } lines)
        {
            (file.Position, var found) = Tail(file, lines);
            if (file.Position > 0 || lines == 0 || older is null) return 0;
            // The last line of the older part goes on in the file: together they are one.
            var more = lines - found + (found == 0 || EndsALine(older) ? 0 : 1);
            older.Position = Tail(older, more).Start;
        }
        if (older is null) return 0;
        var buffer = new byte[BufferSize];
        long copied = 0;
        int read;
        while (copied < limit && (read = await older.ReadAsync(buffer.AsMemory(0, (int)Math.Min(buffer.Length, limit - copied)), cancel).ConfigureAwait(false)) > 0)
        {
            await output.WriteAsync(buffer.AsMemory(0, read), cancel).ConfigureAwait(false);
            copied += read;
        }
        return copied;
    }

    private static bool EndsALine(FileStream file)
    {
        if (file.Length == 0) return true;
        file.Position = file.Length - 1;
        return file.ReadByte() == '\n';
    }

    /// <summary>Where the last lines begin, and how many of them there are: fewer when the whole file is wanted. A last line without an end counts.</summary>
    internal static (long Start, long Found) Tail(FileStream file, long lines)
    {
        var length = file.Length;
        if (lines <= 0 || length == 0) return (length, 0);
        var block = new byte[BufferSize];
        var (found, end) = (0L, length);
        while (end > 0)
        {
            var take = (int)Math.Min(block.Length, end);
            end -= take;
            file.Position = end;
            file.ReadExactly(block, 0, take);
            for (var i = take - 1; i >= 0; i--)
            {
                // A line's end as the very last byte ends a line and begins none.
                if (block[i] != '\n' || end + i == length - 1) continue;
                if (++found == lines) return (end + i + 1, found);
            }
        }
        return (0, found + 1);
    }
}
