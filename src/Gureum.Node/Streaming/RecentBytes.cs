namespace Gureum.Node.Streaming;

/// <summary>
/// A queue of bytes that never grows: what is not fetched in time makes room for what is newer. Thread-safe for one writer and one reader.
/// </summary>
internal sealed class RecentBytes(int capacity) : IDisposable
{
    private readonly byte[] ring = new byte[capacity];
    private readonly Lock gate = new();
    private readonly SemaphoreSlim filled = new(0, 1);
    private int start, count;
    private bool ended;

    /// <summary>How many bytes nobody got to see.</summary>
    internal long Dropped { get; private set; }

    internal void Write(ReadOnlySpan<byte> data)
    {
        lock (gate)
        {
            if (data.Length > capacity)
            {
                Dropped += data.Length - capacity;
                data = data[^capacity..];
            }
            var over = Math.Max(0, count + data.Length - capacity);
            Dropped += over;
            start = (start + over) % capacity;
            count -= over;
            var end = (start + count) % capacity;
            var first = Math.Min(data.Length, capacity - end);
            data[..first].CopyTo(ring.AsSpan(end));
            data[first..].CopyTo(ring);
            count += data.Length;
            Wake();
        }
    }

    /// <summary>Nothing more will be written.</summary>
    internal void End()
    {
        lock (gate)
        {
            ended = true;
            Wake();
        }
    }

    /// <returns>0 once everything is read and nothing more will come.</returns>
    internal async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancel)
    {
        while (true)
        {
            lock (gate)
            {
                if (count > 0) return Take(buffer.Span);
                if (ended) return 0;
            }
            await filled.WaitAsync(cancel).ConfigureAwait(false);
        }
    }

    private int Take(Span<byte> buffer)
    {
        var take = Math.Min(Math.Min(count, buffer.Length), capacity - start);
        ring.AsSpan(start, take).CopyTo(buffer);
        start = (start + take) % capacity;
        count -= take;
        return take;
    }

    private void Wake()
    {
        if (filled.CurrentCount == 0) filled.Release();
    }

    public void Dispose() => filled.Dispose();
}
