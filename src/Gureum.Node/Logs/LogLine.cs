using System.Globalization;
using System.Text;

namespace Gureum.Node.Logs;

/// <summary>
/// One line of a CRI log file (Kubernetes' CRI logging format): time, stream, tag, content, separated by single blanks.
/// Slices of the buffer that it was parsed from.
/// </summary>
internal readonly ref struct LogLine
{
    /// <summary>The time as written, RFC 3339 with nanoseconds.</summary>
    internal ReadOnlySpan<byte> TimeText { get; private init; }

    /// <summary>Standard error, not standard output.</summary>
    internal bool IsStderr { get; private init; }

    /// <summary>The program's line goes on in the next log line of the same stream.</summary>
    internal bool IsPartial { get; private init; }

    /// <summary>What the program wrote, without the line's end.</summary>
    internal ReadOnlySpan<byte> Content { get; private init; }

    /// <summary>The time; false if it is none.</summary>
    internal bool TryGetTime(out DateTimeOffset time)
    {
        // .NET's ticks are 100 ns: the last two of nine digits are beyond what it parses.
        return DateTimeOffset.TryParse(Encoding.ASCII.GetString(TimeText), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out time);
    }

    /// <summary>Parses a line without its line end; false if it has another format.</summary>
    internal static bool TryParse(ReadOnlySpan<byte> line, out LogLine parsed)
    {
        parsed = default;
        int first = line.IndexOf((byte)' ');
        if (first <= 0) return false;
        ReadOnlySpan<byte> rest = line[(first + 1)..];
        bool stderr = rest.StartsWith("stderr "u8);
        if (!stderr && !rest.StartsWith("stdout "u8)) return false;
        rest = rest[7..];
        int second = rest.IndexOf((byte)' ');
        ReadOnlySpan<byte> tags = second < 0 ? rest : rest[..second];
        // Tags are separated by colons; the first says full or partial.
        if (tags.IsEmpty || tags[0] is not ((byte)'F' or (byte)'P') || (tags.Length > 1 && tags[1] != ':')) return false;
        parsed = new LogLine
        {
            TimeText = line[..first],
            IsStderr = stderr,
            IsPartial = tags[0] == 'P',
            Content = second < 0 ? [] : rest[(second + 1)..],
        };
        return true;
    }
}
