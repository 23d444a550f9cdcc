using System.Buffers;
using System.IO.Pipelines;
using System.Net.WebSockets;
using System.Threading.Channels;
using Gureum.Node.Runtime;

namespace Gureum.Node.Streaming;

/// <summary>
/// A remotecommand client over WebSocket: each binary message begins with a channel's number. Protocol v5 adds channel
/// 255, by which the client ends its input. Thread-safe for the streams' use at the same time.
/// </summary>
internal sealed class WebSocketPeer : IRemotePeer
{
    private const byte StdinChannel = 0, StdoutChannel = 1, StderrChannel = 2, StatusChannel = 3, ResizeChannel = 4, CloseChannel = 255;
    private const int MaxResizeMessage = 1024, MaxTextMessage = 1 << 20;

    private readonly WebSocket _socket;
    private readonly WebSocketProtocol _protocol;
    private readonly Pipe? _input;
    private readonly Channel<TerminalSize> _resizes = Channel.CreateBounded<TerminalSize>(
        new BoundedChannelOptions(8) { FullMode = BoundedChannelFullMode.DropOldest });
    private readonly CancellationTokenSource _gone = new();
    private readonly SemaphoreSlim _sending = new(1, 1);
    private readonly Task _receiving;

    /// <param name="socket">The accepted connection; owned from now on.</param>
    /// <param name="protocol">What was agreed on.</param>
    /// <param name="stdin">The client sends input.</param>
    /// <param name="stdout">The client wants output.</param>
    /// <param name="stderr">The client wants errors.</param>
    internal WebSocketPeer(WebSocket socket, WebSocketProtocol protocol, bool stdin, bool stdout, bool stderr)
    {
        (_socket, _protocol) = (socket, protocol);
        _input = stdin ? new Pipe() : null;
        Stdin = _input?.Reader.AsStream();
        Stdout = stdout ? new ChannelStream(this, StdoutChannel) : null;
        Stderr = stderr ? new ChannelStream(this, StderrChannel) : null;
        _receiving = ReceiveAsync();
    }

    public Stream? Stdin { get; }

    public Stream? Stdout { get; }

    public Stream? Stderr { get; }

    public ChannelReader<TerminalSize> Resizes => _resizes.Reader;

    public CancellationToken Gone => _gone.Token;

    /// <summary>Tells the client that it is connected: an empty message on its first output channel.</summary>
    internal Task GreetAsync() => SendAsync(Stdout is not null ? StdoutChannel : Stderr is not null ? StderrChannel : StatusChannel, default, Gone);

    public Task SendStatusAsync(byte[] status) => _protocol.LastWord(status) is { } word ? SendAsync(StatusChannel, word, Gone) : Task.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(5));
        try
        {
            if (_socket.State is WebSocketState.Open or WebSocketState.CloseReceived)
                await _socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, patience.Token).ConfigureAwait(false);
            await _receiving.WaitAsync(patience.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
        catch (Exception e) when (e is WebSocketException or OperationCanceledException or IOException)
        {
            // the client went without a word
        }

        if (!_gone.IsCancellationRequested) await _gone.CancelAsync().ConfigureAwait(false);
        _socket.Dispose();
        await _receiving.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private async Task SendAsync(byte channel, ReadOnlyMemory<byte> data, CancellationToken cancel)
    {
        if (_protocol.Base64)
        {
            await SendTextAsync(_protocol.Encode(channel, data.Span), cancel).ConfigureAwait(false);
            return;
        }

        byte[] message = ArrayPool<byte>.Shared.Rent(data.Length + 1);
        await _sending.WaitAsync(cancel).ConfigureAwait(false);
        try
        {
            message[0] = channel;
            data.CopyTo(message.AsMemory(1));
            await _socket.SendAsync(message.AsMemory(0, data.Length + 1), WebSocketMessageType.Binary, endOfMessage: true, cancel).ConfigureAwait(false);
        }
        finally
        {
            _sending.Release();
            ArrayPool<byte>.Shared.Return(message);
        }
    }

    private async Task SendTextAsync(byte[] message, CancellationToken cancel)
    {
        await _sending.WaitAsync(cancel).ConfigureAwait(false);
        try
        {
            await _socket.SendAsync(message.AsMemory(), WebSocketMessageType.Text, endOfMessage: true, cancel).ConfigureAwait(false);
        }
        finally
        {
            _sending.Release();
        }
    }

    private async Task ReceiveAsync()
    {
        byte[] buffer = new byte[32 << 10];
        try
        {
            // The channel of the message under way; its number is in the message's first byte only.
            int channel = -1;
            using var small = new MemoryStream();
            while (true)
            {
                ValueWebSocketReceiveResult result = await _socket.ReceiveAsync(buffer.AsMemory(), CancellationToken.None).ConfigureAwait(false);
                if (result.MessageType == WebSocketMessageType.Close) return;
                ReadOnlyMemory<byte> data = buffer.AsMemory(0, result.Count);
                if (_protocol.Base64)
                {
                    // Only a whole message can be read; one beyond the limit is cut there, and refused below as no base64.
                    if (small.Length + data.Length <= MaxTextMessage) small.Write(data.Span);
                    if (!result.EndOfMessage) continue;
                    await OnTextAsync(small).ConfigureAwait(false);
                    small.SetLength(0);
                    continue;
                }

                if (channel < 0 && !data.IsEmpty)
                {
                    channel = data.Span[0];
                    data = data[1..];
                }

                if (channel == StdinChannel && _input is not null)
                    _ = await _input.Writer.WriteAsync(data, Gone).ConfigureAwait(false);
                else if (channel is ResizeChannel or CloseChannel && small.Length + data.Length <= MaxResizeMessage)
                    small.Write(data.Span);
                if (!result.EndOfMessage) continue;
                await OnMessageEndAsync(channel, small).ConfigureAwait(false);
                small.SetLength(0);
                channel = -1;
            }
        }
        catch (Exception e) when (e is WebSocketException or OperationCanceledException or IOException or ObjectDisposedException or FormatException)
        {
            // the client is gone, or speaks something else: what follows says so to all who wait
        }
        finally
        {
            if (_input is not null) await _input.Writer.CompleteAsync().ConfigureAwait(false);
            _resizes.Writer.TryComplete();
            await _gone.CancelAsync().ConfigureAwait(false);
        }
    }

    private async Task OnTextAsync(MemoryStream message)
    {
        if (message.Length == 0) return;
        (int channel, byte[] data) = WebSocketProtocol.DecodeText(message.GetBuffer().AsSpan(0, (int)message.Length));
        if (channel == StdinChannel && _input is not null) _ = await _input.Writer.WriteAsync(data, Gone).ConfigureAwait(false);
        else if (channel == ResizeChannel && ResizeMessage.Parse(data) is { } size) _resizes.Writer.TryWrite(size);
    }

    private async Task OnMessageEndAsync(int channel, MemoryStream content)
    {
        if (channel == ResizeChannel && ResizeMessage.Parse(content.ToArray()) is { } size) _resizes.Writer.TryWrite(size);
        if (channel == CloseChannel && content.Length == 1 && content.ToArray()[0] == StdinChannel && _input is not null)
            await _input.Writer.CompleteAsync().ConfigureAwait(false);
    }

    /// <summary>One output channel as a stream.</summary>
    private sealed class ChannelStream(WebSocketPeer peer, byte channel) : WriteOnlyStream
    {
        public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (!buffer.IsEmpty) await peer.SendAsync(channel, buffer, cancellationToken).ConfigureAwait(false);
        }
    }
}
