using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Threading.Channels;

namespace Gureum.Node.Streaming.Spdy;

/// <summary>
/// SPDY/3.1 over any byte stream, as Kubernetes' streaming clients and servers use it: many streams, no flow control (the
/// usual Go library neither sends nor minds window updates). <see cref="RunAsync"/> must run for anything to move.
/// Thread-safe.
/// </summary>
internal sealed class SpdyConnection : IAsyncDisposable
{
    private const int MaxFrame = 1 << 20, MaxStreams = 1024;
    private const uint ProtocolError = 1, RefusedStream = 3;

    private readonly Stream _transport;
    private readonly bool _isServer;
    private readonly SpdyHeaderReader _headerReader = new();
    private readonly SpdyHeaderWriter _headerWriter = new();
    private readonly SemaphoreSlim _sending = new(1, 1);
    private readonly ConcurrentDictionary<int, SpdyStream> _streams = new();
    private readonly Channel<SpdyStream> _incoming = Channel.CreateUnbounded<SpdyStream>();
    private int _lastOwnId, _lastPeerId;
    private volatile bool _closed;

    /// <param name="transport">The bytes; owned from now on.</param>
    /// <param name="isServer">Servers open streams with even ids, clients with odd ones.</param>
    internal SpdyConnection(Stream transport, bool isServer)
    {
        _transport = transport;
        _isServer = isServer;
        _lastOwnId = isServer ? 0 : -1;
    }

    /// <summary>Streams that the peer opens; completed when the connection ends.</summary>
    internal ChannelReader<SpdyStream> Incoming => _incoming.Reader;

    /// <summary>Reads frames until the peer closes the connection or breaks the protocol, which throws.</summary>
    internal async Task RunAsync(CancellationToken cancel)
    {
        Exception? failure = null;
        byte[] header = new byte[SpdyFrameHeader.Size];
        try
        {
            while (true)
            {
                int read = await _transport.ReadAtLeastAsync(header, header.Length, throwOnEndOfStream: false, cancel).ConfigureAwait(false);
                if (read == 0) return;
                if (read < header.Length) throw new SpdyException("the connection ended inside a frame");
                SpdyFrameHeader frame = SpdyFrameHeader.Parse(header);
                if (frame.Length > MaxFrame) throw new SpdyException($"a frame of {frame.Length} bytes: at most {MaxFrame} are accepted");
                byte[] payload = new byte[frame.Length];
                await _transport.ReadExactlyAsync(payload, cancel).ConfigureAwait(false);
                if (frame.IsControl)
                {
                    if (frame.Type == SpdyFrameType.GoAway) return;
                    await OnControlAsync(frame, payload, cancel).ConfigureAwait(false);
                }
                else if (_streams.TryGetValue(frame.StreamId, out SpdyStream? stream))
                {
                    await stream.OnDataAsync(payload, cancel).ConfigureAwait(false);
                    if ((frame.Flags & SpdyFrameHeader.Fin) != 0) stream.OnEnd();
                }
            }
        }
        catch (Exception e)
        {
            failure = e;
            throw;
        }
        finally
        {
            _closed = true;
            _incoming.Writer.TryComplete();
            var reason = new SpdyException("the connection ended", failure);
            foreach (SpdyStream stream in _streams.Values) stream.OnEnd(reason);
        }
    }

    /// <summary>Opens a stream and waits until the peer accepts it.</summary>
    internal async Task<SpdyStream> OpenAsync(IReadOnlyDictionary<string, string> headers, CancellationToken cancel)
    {
        SpdyStream stream;
        await _sending.WaitAsync(cancel).ConfigureAwait(false);
        try
        {
            _lastOwnId += 2;
            stream = new SpdyStream(this, _lastOwnId, headers);
            _streams[stream.Id] = stream;
            byte[] block = _headerWriter.Write(headers);
            byte[] payload = new byte[10 + block.Length];
            BinaryPrimitives.WriteInt32BigEndian(payload, stream.Id);
            block.CopyTo(payload, 10);
            await SendLockedAsync(SpdyFrameHeader.Control(SpdyFrameType.SynStream, 0, payload), cancel).ConfigureAwait(false);
        }
        finally
        {
            _sending.Release();
        }

        await stream.Replied.WaitAsync(cancel).ConfigureAwait(false);
        return stream;
    }

    /// <summary>Says goodbye and closes the transport.</summary>
    public async ValueTask DisposeAsync()
    {
        if (!_closed)
        {
            byte[] payload = new byte[8];
            BinaryPrimitives.WriteInt32BigEndian(payload, Math.Max(_lastPeerId, 0));
            try
            {
                await SendAsync(SpdyFrameHeader.Control(SpdyFrameType.GoAway, 0, payload), CancellationToken.None).ConfigureAwait(false);
            }
            catch (IOException)
            {
                // the peer left first
            }
        }

        _closed = true;
        await _transport.DisposeAsync().ConfigureAwait(false);
        var reason = new SpdyException("the connection was closed");
        foreach (SpdyStream stream in _streams.Values) stream.OnEnd(reason);
    }

    internal async Task SendAsync(ReadOnlyMemory<byte> frame, CancellationToken cancel)
    {
        await _sending.WaitAsync(cancel).ConfigureAwait(false);
        try
        {
            await SendLockedAsync(frame, cancel).ConfigureAwait(false);
        }
        finally
        {
            _sending.Release();
        }
    }

    internal void Forget(SpdyStream stream) => _streams.TryRemove(stream.Id, out _);

    private async Task SendLockedAsync(ReadOnlyMemory<byte> frame, CancellationToken cancel)
    {
        if (_closed) throw new SpdyException("the connection is closed");
        try
        {
            await _transport.WriteAsync(frame, cancel).ConfigureAwait(false);
            await _transport.FlushAsync(cancel).ConfigureAwait(false);
        }
        catch (Exception e) when (e is ObjectDisposedException or System.Net.WebSockets.WebSocketException or InvalidOperationException)
        {
            throw new SpdyException("the connection is gone", e);
        }
    }

    private async Task OnControlAsync(SpdyFrameHeader frame, byte[] payload, CancellationToken cancel)
    {
        switch (frame.Type)
        {
            case SpdyFrameType.SynStream:
                await OnOpenAsync(frame, payload, cancel).ConfigureAwait(false);
                break;
            case SpdyFrameType.SynReply:
                int replied = StreamId(payload, 4);
                _ = _headerReader.Read(payload.AsSpan(4)); // one compression state for all blocks: none may be skipped
                if (_streams.TryGetValue(replied, out SpdyStream? accepted))
                {
                    accepted.OnReply();
                    if ((frame.Flags & SpdyFrameHeader.Fin) != 0) accepted.OnEnd();
                }
                break;
            case SpdyFrameType.Headers:
                _ = StreamId(payload, 4);
                _ = _headerReader.Read(payload.AsSpan(4));
                break;
            case SpdyFrameType.RstStream:
                int reset = StreamId(payload, 8);
                if (_streams.TryGetValue(reset, out SpdyStream? refused))
                    refused.OnEnd(new SpdyException($"the peer reset stream {reset} with status {BinaryPrimitives.ReadUInt32BigEndian(payload.AsSpan(4))}"));
                break;
            case SpdyFrameType.Ping:
                // The peer's pings have its own parity; the others answer ours, of which there are none.
                if ((StreamId(payload, 4) % 2 == 1) == _isServer)
                    await SendAsync(SpdyFrameHeader.Control(SpdyFrameType.Ping, 0, payload), cancel).ConfigureAwait(false);
                break;
            case SpdyFrameType.Settings or SpdyFrameType.WindowUpdate:
                break;
            default:
                throw new SpdyException($"a control frame of unknown type {(ushort)frame.Type}");
        }
    }

    private async Task OnOpenAsync(SpdyFrameHeader frame, byte[] payload, CancellationToken cancel)
    {
        int id = StreamId(payload, 10);
        Dictionary<string, string> headers = _headerReader.Read(payload.AsSpan(10));
        if (id <= _lastPeerId || (id % 2 == 1) != _isServer)
        {
            await ResetAsync(id, ProtocolError, cancel).ConfigureAwait(false);
            return;
        }

        _lastPeerId = id;
        if (_streams.Count >= MaxStreams)
        {
            await ResetAsync(id, RefusedStream, cancel).ConfigureAwait(false);
            return;
        }

        var stream = new SpdyStream(this, id, headers);
        _streams[id] = stream;
        byte[] reply;
        await _sending.WaitAsync(cancel).ConfigureAwait(false);
        try
        {
            byte[] block = _headerWriter.Write([]);
            reply = new byte[4 + block.Length];
            BinaryPrimitives.WriteInt32BigEndian(reply, id);
            block.CopyTo(reply, 4);
            await SendLockedAsync(SpdyFrameHeader.Control(SpdyFrameType.SynReply, 0, reply), cancel).ConfigureAwait(false);
        }
        finally
        {
            _sending.Release();
        }

        if ((frame.Flags & SpdyFrameHeader.Fin) != 0) stream.OnEnd();
        await _incoming.Writer.WriteAsync(stream, cancel).ConfigureAwait(false);
    }

    private Task ResetAsync(int id, uint status, CancellationToken cancel)
    {
        byte[] payload = new byte[8];
        BinaryPrimitives.WriteInt32BigEndian(payload, id);
        BinaryPrimitives.WriteUInt32BigEndian(payload.AsSpan(4), status);
        return SendAsync(SpdyFrameHeader.Control(SpdyFrameType.RstStream, 0, payload), cancel);
    }

    private static int StreamId(byte[] payload, int needed) => payload.Length >= needed
        ? BinaryPrimitives.ReadInt32BigEndian(payload) & int.MaxValue
        : throw new SpdyException($"a control frame of {payload.Length} bytes: at least {needed} were expected");
}
