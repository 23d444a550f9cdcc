namespace Gureum.Node.Logs;

/// <summary>Finds where the last lines of a log file begin, reading backwards and no more than it must.</summary>
internal static class LogTail
{
    private const int BlockSize = 64 << 10;

    /// <summary>
    /// The offset in bytes of the last <paramref name="lines"/> program lines (a line in several parts counts once), and how
    /// many of them the file has: fewer when all of it is wanted and more.
    /// </summary>
    internal static (long Start, long Found) FindStart(Stream file, long lines, LogStream stream)
    {
        long length = file.Length;
        if (lines <= 0) return (length, 0);
        var lineStarts = new BackwardLines(file, length);
        // Lines of the two streams may be interleaved part by part: each stream's open line is counted for itself.
        bool stdoutOpen = false, stderrOpen = false;
        long found = 0, start = length;
        while (lineStarts.TryPrevious(out long offset, out byte[] line))
        {
            if (LogLine.TryParse(line, out LogLine parsed) && Wanted(parsed, stream))
            {
                ref bool open = ref parsed.IsStderr ? ref stderrOpen : ref stdoutOpen;
                // Read backwards, a full line begins a new one; a part belongs to what follows it.
                if (!parsed.IsPartial || !open)
                {
                    if (found == lines) return (start, found);
                    found++;
                }

                open = true;
                start = offset;
            }
        }

        return (0, found);
    }

    internal static bool Wanted(LogLine line, LogStream stream) =>
        stream == LogStream.All || line.IsStderr == (stream == LogStream.Stderr);

    /// <summary>The lines of a file, last one first.</summary>
    private sealed class BackwardLines(Stream file, long end)
    {
        private byte[] _pending = []; // bytes from _position up to the end of the line being collected
        private long _position = end;
        private bool _atEnd = true;

        internal bool TryPrevious(out long offset, out byte[] line)
        {
            while (true)
            {
                if (_atEnd && _pending.Length > 0)
                {
                    // A last line that is still being written has no line end; one that has, loses it here.
                    if (_pending[^1] == '\n') _pending = _pending[..^1];
                    _atEnd = false;
                }

                int feed = _pending.AsSpan().LastIndexOf((byte)'\n');
                if (feed >= 0 && !_atEnd)
                {
                    line = _pending[(feed + 1)..];
                    offset = _position + feed + 1;
                    _pending = _pending[..feed];
                    return true;
                }

                if (_position == 0)
                {
                    line = _pending;
                    offset = 0;
                    bool any = _pending.Length > 0;
                    _pending = [];
                    return any;
                }

                int take = (int)Math.Min(BlockSize, _position);
                byte[] joined = new byte[take + _pending.Length];
                _position -= take;
                file.Position = _position;
                file.ReadExactly(joined, 0, take);
                _pending.CopyTo(joined, take);
                _pending = joined;
            }
        }
    }
}
