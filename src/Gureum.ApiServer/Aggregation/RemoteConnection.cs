using System.Globalization;
using System.Net.Security;
using System.Net.Sockets;
using System.Text;

namespace Gureum.ApiServer.Aggregation;

/// <summary>One HTTP/1.1 connection to a remote API (RFC 9112): one exchange at a time. Not thread-safe.</summary>
internal sealed class RemoteConnection(Socket socket, SslStream stream) : IAsyncDisposable
{
    private const int MostHead = 64 * 1024;
    private static readonly TimeSpan MostIdle = TimeSpan.FromSeconds(45);

    private readonly byte[] buffer = new byte[MostHead];
    private int start, end;
    private long idleSince = Environment.TickCount64;

    /// <summary>False once the other side has closed it, or so long idle that it may at any moment.</summary>
    // Whatever is there to read while nothing was asked is the other side's farewell.
    internal bool IsAlive => TimeSpan.FromMilliseconds(Environment.TickCount64 - idleSince) < MostIdle && start == end && !socket.Poll(0, SelectMode.SelectRead);

    internal SslStream Stream => stream;

    internal async Task<RemoteAnswer> SendAsync(byte[] head, RemoteRequest request, Action<RemoteConnection> giveBack, CancellationToken cancel)
    {
        await stream.WriteAsync(head, cancel);
        if (request.Body.Length > 0) await stream.WriteAsync(request.Body, cancel);
        await stream.FlushAsync(cancel);
        while (true)
        {
            var (status, headers) = await ReadHeadAsync(cancel);
            if (status is >= 200 or 101) return new RemoteAnswer(this, status, headers, request.Method == "HEAD", giveBack);
        }
    }

    private async Task<(int Status, IReadOnlyList<(string Name, string Value)> Headers)> ReadHeadAsync(CancellationToken cancel)
    {
        while (true)
        {
            var at = buffer.AsSpan(start, end - start).IndexOf("\r\n\r\n"u8);
            if (at >= 0)
            {
                var lines = Encoding.UTF8.GetString(buffer, start, at).Split("\r\n");
                start += at + 4;
                var words = lines[0].Split(' ', 3);
                if (words.Length < 2 || !int.TryParse(words[1], NumberStyles.None, CultureInfo.InvariantCulture, out var status)) throw new IOException($"malformed HTTP response \"{lines[0]}\"");
                return (status, [.. lines.Skip(1).Select(static l => l.Split(':', 2)).Where(static p => p.Length == 2).Select(static p => (p[0].Trim(), p[1].Trim()))]);
            }
            if (end - start == MostHead) throw new IOException($"the answer's headers are larger than {MostHead} bytes");
            if (!await FillAsync(cancel)) throw new IOException("EOF");
        }
    }

    /// <summary>More bytes, at most so many; empty when the other side has ended.</summary>
    internal async ValueTask<ReadOnlyMemory<byte>> ReadAsync(long most, CancellationToken cancel)
    {
        if (start == end && !await FillAsync(cancel)) return default;
        var piece = buffer.AsMemory(start, (int)Math.Min(most, end - start));
        start += piece.Length;
        return piece;
    }

    internal async ValueTask<string> ReadLineAsync(CancellationToken cancel)
    {
        while (true)
        {
            var at = buffer.AsSpan(start, end - start).IndexOf((byte)'\n');
            if (at >= 0)
            {
                var line = Encoding.ASCII.GetString(buffer, start, at).TrimEnd('\r');
                start += at + 1;
                return line;
            }
            if (end - start > 4096) throw new IOException("a line between chunks is too long");
            if (!await FillAsync(cancel)) throw new IOException("unexpected EOF");
        }
    }

    private async ValueTask<bool> FillAsync(CancellationToken cancel)
    {
        if (start == end) (start, end) = (0, 0);
        else if (end == buffer.Length)
        {
            buffer.AsSpan(start, end - start).CopyTo(buffer);
            (start, end) = (0, end - start);
        }
        var read = await stream.ReadAsync(buffer.AsMemory(end), cancel);
        end += read;
        return read > 0;
    }

    internal void BecomeIdle() => idleSince = Environment.TickCount64;

    public async ValueTask DisposeAsync()
    {
        try { await stream.DisposeAsync(); }
        catch (Exception e) when (e is IOException or SocketException or ObjectDisposedException) { /* it was closed already */ }
    }
}

/// <summary>An answer whose body is read piece by piece; it must be disposed of. Not thread-safe.</summary>
internal sealed class RemoteAnswer : IAsyncDisposable
{
    private readonly RemoteConnection connection;
    private readonly Action<RemoteConnection> giveBack;
    private readonly bool chunked, keeps;
    private long left;
    private bool ended, begun;

    internal RemoteAnswer(RemoteConnection connection, int status, IReadOnlyList<(string Name, string Value)> headers, bool bodiless, Action<RemoteConnection> giveBack)
    {
        (this.connection, Status, Headers, this.giveBack) = (connection, status, headers, giveBack);
        chunked = Header("Transfer-Encoding")?.Contains("chunked", StringComparison.OrdinalIgnoreCase) == true;
        var counted = long.TryParse(Header("Content-Length"), NumberStyles.None, CultureInfo.InvariantCulture, out var length);
        left = chunked ? 0 : counted ? length : long.MaxValue;
        ended = bodiless || status is 204 or 304 || (!chunked && left == 0);
        keeps = Header("Connection")?.Contains("close", StringComparison.OrdinalIgnoreCase) != true && (ended || chunked || counted);
    }

    internal int Status { get; }
    internal IReadOnlyList<(string Name, string Value)> Headers { get; }

    internal string? Header(string name) => Headers.FirstOrDefault(h => h.Name.Equals(name, StringComparison.OrdinalIgnoreCase)).Value;

    /// <summary>The next piece of the body, valid until the next call; empty at its end.</summary>
    /// <exception cref="IOException">The connection broke before the end.</exception>
    internal async ValueTask<ReadOnlyMemory<byte>> ReadAsync(CancellationToken cancel)
    {
        if (ended) return default;
        if (chunked && left == 0 && !await NextChunkAsync(cancel)) return default;
        var piece = await connection.ReadAsync(left, cancel);
        if (piece.IsEmpty)
        {
            ended = true;
            return !chunked && left == long.MaxValue ? default : throw new IOException("unexpected EOF");
        }
        if (left != long.MaxValue) left -= piece.Length;
        if (!chunked && left == 0) ended = true;
        return piece;
    }

    private async ValueTask<bool> NextChunkAsync(CancellationToken cancel)
    {
        if (begun) await connection.ReadLineAsync(cancel);
        begun = true;
        var line = (await connection.ReadLineAsync(cancel)).Split(';')[0].Trim();
        if (!long.TryParse(line, NumberStyles.HexNumber, CultureInfo.InvariantCulture, out left) || left < 0) throw new IOException($"malformed chunked encoding \"{line}\"");
        if (left > 0) return true;
        // What follows the last chunk: trailers, which nobody here needs, and an empty line.
        while ((await connection.ReadLineAsync(cancel)).Length > 0) { }
        ended = true;
        return false;
    }

    /// <summary>The whole body.</summary>
    /// <exception cref="IOException">It is larger than allowed, or the connection broke.</exception>
    internal async Task<byte[]> ReadAllAsync(int most, CancellationToken cancel)
    {
        using var all = new MemoryStream();
        while (await ReadAsync(cancel) is { IsEmpty: false } piece)
        {
            if (all.Length + piece.Length > most) throw new IOException($"the answer is larger than {most} bytes");
            all.Write(piece.Span);
        }
        return all.ToArray();
    }

    public async ValueTask DisposeAsync()
    {
        if (ended && keeps && left is 0 or long.MaxValue && Status != 101)
        {
            connection.BecomeIdle();
            giveBack(connection);
        }
        else await connection.DisposeAsync();
    }
}
