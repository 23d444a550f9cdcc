using System.Globalization;
using System.Text;

namespace Gureum.ApiServer.Http;

/// <summary>The head of an HTTP/1.1 answer, and what of the body came with it (immutable).</summary>
internal sealed record HttpHead(int Status, IReadOnlyList<(string Name, string Value)> Headers, ReadOnlyMemory<byte> Rest)
{
    private const int MostHeadBytes = 64 * 1024;

    private string? Header(string name) => Headers.FirstOrDefault(h => h.Name.Equals(name, StringComparison.OrdinalIgnoreCase)).Value;

    /// <summary>Whether the body is a page as it stands: text/html that nothing has been done to.</summary>
    internal bool IsHtml => Header("Content-Type")?.Split(';')[0].Trim() == "text/html" && Header("Content-Encoding") is null or "";

    /// <exception cref="IOException">The other side ended early, or what it sent is no HTTP.</exception>
    internal static async Task<HttpHead> ReadAsync(Stream stream, CancellationToken cancel)
    {
        var buffer = new byte[MostHeadBytes];
        var filled = 0;
        while (true)
        {
            var end = buffer.AsSpan(0, filled).IndexOf("\r\n\r\n"u8);
            if (end >= 0) return Parse(Encoding.Latin1.GetString(buffer, 0, end), buffer.AsMemory(end + 4, filled - end - 4));
            if (filled == buffer.Length) throw new IOException($"the answer's headers are larger than {MostHeadBytes} bytes");
            var read = await stream.ReadAsync(buffer.AsMemory(filled), cancel);
            if (read == 0) throw new IOException("the connection ended before an answer came");
            filled += read;
        }
    }

    private static HttpHead Parse(string head, ReadOnlyMemory<byte> rest)
    {
        var lines = head.Split("\r\n");
        var words = lines[0].Split(' ', 3);
        if (words.Length < 2 || !int.TryParse(words[1], NumberStyles.None, CultureInfo.InvariantCulture, out var status)) throw new IOException($"\"{lines[0]}\" is not an HTTP status line");
        return new HttpHead(status, [.. lines.Skip(1).Select(l => l.Split(':', 2)).Where(p => p.Length == 2).Select(p => (p[0], p[1].Trim()))], rest);
    }

    internal async Task CopyBodyAsync(Stream from, Stream to, CancellationToken cancel)
    {
        if (Header("Transfer-Encoding")?.Contains("chunked", StringComparison.OrdinalIgnoreCase) == true) { await new ChunkedReader(from, Rest).CopyToAsync(to, cancel); return; }
        var left = long.TryParse(Header("Content-Length"), NumberStyles.None, CultureInfo.InvariantCulture, out var length) ? length : long.MaxValue;
        await to.WriteAsync(Rest, cancel);
        await to.FlushAsync(cancel);
        left -= Rest.Length;
        var buffer = new byte[32 * 1024];
        while (left > 0)
        {
            var read = await from.ReadAsync(buffer.AsMemory(0, (int)Math.Min(buffer.Length, left)), cancel);
            if (read == 0) return;
            left -= read;
            await to.WriteAsync(buffer.AsMemory(0, read), cancel);
            await to.FlushAsync(cancel);
        }
    }
}

/// <summary>Takes a chunked body (RFC 9112, section 7.1) apart, sending each chunk on as it comes.</summary>
internal sealed class ChunkedReader(Stream from, ReadOnlyMemory<byte> first)
{
    private readonly byte[] buffer = new byte[32 * 1024];
    private ReadOnlyMemory<byte> at = first;

    internal async Task CopyToAsync(Stream to, CancellationToken cancel)
    {
        while (true)
        {
            var line = (await LineAsync(cancel)).Split(';')[0].Trim();
            if (!int.TryParse(line, NumberStyles.HexNumber, CultureInfo.InvariantCulture, out var size)) throw new IOException($"\"{line}\" is not a chunk size");
            if (size == 0) return;
            while (size > 0)
            {
                if (at.IsEmpty && !await FillAsync(cancel)) throw new IOException("the body ended within a chunk");
                var part = at[..Math.Min(size, at.Length)];
                await to.WriteAsync(part, cancel);
                at = at[part.Length..];
                size -= part.Length;
            }
            await to.FlushAsync(cancel);
            await LineAsync(cancel);
        }
    }

    private async Task<string> LineAsync(CancellationToken cancel)
    {
        var line = new StringBuilder();
        while (true)
        {
            if (at.IsEmpty && !await FillAsync(cancel)) throw new IOException("the body ended between chunks");
            var c = (char)at.Span[0];
            at = at[1..];
            if (c == '\n') return line.ToString();
            if (c != '\r') line.Append(c);
            if (line.Length > 1024) throw new IOException("a chunk's head is too long");
        }
    }

    private async Task<bool> FillAsync(CancellationToken cancel)
    {
        var read = await from.ReadAsync(buffer, cancel);
        at = buffer.AsMemory(0, read);
        return read > 0;
    }
}
