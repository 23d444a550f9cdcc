namespace Gureum.Node.Imports;

/// <summary>Bytes from a stream that nobody vouches for into a file of ours: counted, summed up, looked at when they begin, and blocks of zeros left out.</summary>
/// <param name="most">Bytes that are accepted.</param>
/// <param name="look">Is shown the first bytes and the length that was announced.</param>
/// <param name="heard">Is called whenever something came.</param>
/// <param name="tooLarge">What is thrown at one byte more.</param>
internal sealed class Transfer(Stream source, FileStream target, long most, Checksum? checksum, Action<ReadOnlyMemory<byte>, long?> look, Action<long> progress, Action heard, Func<Exception> tooLarge)
{
    private const int Block = 64 * 1024;

    /// <returns>Bytes that came.</returns>
    internal async Task<long> RunAsync(long? announced, CancellationToken cancel)
    {
        var buffer = new byte[Block];
        for (long total = 0; ;)
        {
            // Whole blocks, so that zeros are found; the head in one piece, so that it can be looked at.
            var read = 0;
            while (read < buffer.Length && await source.ReadAsync(buffer.AsMemory(read), cancel) is > 0 and var more)
            {
                read += more;
                heard();
                if (total + read > most) throw tooLarge();
            }
            if (total == 0) look(buffer.AsMemory(0, read), announced);
            if (read == 0)
            {
                target.SetLength(target.Position);
                checksum?.Verify();
                return total;
            }
            checksum?.Append(buffer.AsSpan(0, read));
            if (buffer.AsSpan(0, read).IndexOfAnyExcept((byte)0) < 0) target.Seek(read, SeekOrigin.Current);
            else await target.WriteAsync(buffer.AsMemory(0, read), cancel);
            total += read;
            progress(total);
        }
    }
}
