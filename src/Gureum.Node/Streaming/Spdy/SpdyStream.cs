using System.IO.Pipelines;

namespace Gureum.Node.Streaming.Spdy;

/// <summary>
/// One stream of a <see cref="SpdyConnection"/>: reads what the peer sends, writes to it, and closes either direction by
/// itself. Reads and writes may go on at the same time, one of each.
/// </summary>
internal sealed class SpdyStream : Stream
{
    // Peers built on the usual Go library ignore flow control, so this is only where our reader stops the connection.
    private const int PauseAt = 1 << 20;
    private const int MaxData = 16 << 10;

    private readonly SpdyConnection _connection;
    private readonly Pipe _received = new(new PipeOptions(pauseWriterThreshold: PauseAt, resumeWriterThreshold: PauseAt / 2, useSynchronizationContext: false));
    private readonly Stream _reader;
    private readonly TaskCompletionSource _replied = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _finSent, _finReceived;

    internal SpdyStream(SpdyConnection connection, int id, IReadOnlyDictionary<string, string> headers)
    {
        _connection = connection;
        Id = id;
        Headers = headers;
        _reader = _received.Reader.AsStream();
    }

    internal int Id { get; }

    /// <summary>What the opener said, e.g. streamtype and requestid; names ignore case.</summary>
    internal IReadOnlyDictionary<string, string> Headers { get; }

    /// <summary>Completes when the peer accepts a stream that we opened.</summary>
    internal Task Replied => _replied.Task;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public override void Flush() { }

    public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException("read asynchronously");

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException("write asynchronously");

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
        _reader.ReadAsync(buffer, cancellationToken);

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (Volatile.Read(ref _finSent) != 0) throw new SpdyException($"stream {Id} is closed for writing");
        while (!buffer.IsEmpty)
        {
            ReadOnlyMemory<byte> part = buffer[..Math.Min(buffer.Length, MaxData)];
            await _connection.SendAsync(SpdyFrameHeader.Data(Id, 0, part.Span), cancellationToken).ConfigureAwait(false);
            buffer = buffer[part.Length..];
        }
    }

    /// <summary>Ends our direction; the peer may go on sending.</summary>
    internal async Task CloseWriteAsync()
    {
        if (Interlocked.Exchange(ref _finSent, 1) != 0) return;
        await _connection.SendAsync(SpdyFrameHeader.Data(Id, SpdyFrameHeader.Fin, []), CancellationToken.None).ConfigureAwait(false);
        if (Volatile.Read(ref _finReceived) != 0) _connection.Forget(this);
    }

    /// <summary>Ends our direction, and drops what the peer still sends.</summary>
    public override async ValueTask DisposeAsync()
    {
        try
        {
            await CloseWriteAsync().ConfigureAwait(false);
        }
        catch (IOException)
        {
            // the connection went first, and the stream with it
        }

        await _received.Reader.CompleteAsync().ConfigureAwait(false);
        GC.SuppressFinalize(this);
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    internal void OnReply() => _replied.TrySetResult();

    internal async ValueTask OnDataAsync(ReadOnlyMemory<byte> data, CancellationToken cancel)
    {
        if (Volatile.Read(ref _finReceived) == 0 && !data.IsEmpty) _ = await _received.Writer.WriteAsync(data, cancel).ConfigureAwait(false);
    }

    internal void OnEnd(Exception? error = null)
    {
        if (Interlocked.Exchange(ref _finReceived, 1) != 0) return;
        _received.Writer.Complete(error);
        _ = _replied.TrySetException(error ?? new SpdyException($"stream {Id} ended before it was accepted"));
        _ = _replied.Task.Exception; // seen here, for streams that nobody waits for
        if (error is not null) Interlocked.Exchange(ref _finSent, 1);
        if (Volatile.Read(ref _finSent) != 0) _connection.Forget(this);
    }
}
