using System.IO.Pipelines;

namespace Gureum.ApiServer.Http;

/// <summary>
/// Gathers what is written in blocks of nearly 16 KiB, the most that one TLS record holds (RFC 8446, section 5.1): Kestrel's own
/// blocks of 4 KiB would make four records of it. The response must have started. Not thread-safe.
/// </summary>
internal sealed class BlockWriter(PipeWriter output)
{
    // Room is left for the frame of a chunk (RFC 9112, section 7.1).
    private const int BlockBytes = 16 * 1024 - 64;

    private Memory<byte> block;
    private int used;

    /// <summary>Bytes written since the last flush.</summary>
    internal long Pending { get; private set; }

    internal void Write(ReadOnlySpan<byte> bytes)
    {
        Pending += bytes.Length;
        while (bytes.Length > 0)
        {
            if (used == block.Length) Next();
            var part = Math.Min(bytes.Length, block.Length - used);
            bytes[..part].CopyTo(block.Span[used..]);
            used += part;
            bytes = bytes[part..];
        }
    }

    internal ValueTask<FlushResult> FlushAsync(CancellationToken cancel)
    {
        Advance();
        Pending = 0;
        return output.FlushAsync(cancel);
    }

    private void Next()
    {
        Advance();
        var memory = output.GetMemory(BlockBytes);
        block = memory[..Math.Min(memory.Length, BlockBytes)];
    }

    private void Advance()
    {
        if (used > 0) output.Advance(used);
        (block, used) = (default, 0);
    }
}
