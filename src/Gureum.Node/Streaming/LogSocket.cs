using System.Net.WebSockets;
using Gureum.Node.Runtime;

namespace Gureum.Node.Streaming;

/// <summary>
/// One stream to a client over WebSocket, without channels: what is written goes out as messages, binary or as base64 text.
/// Made for browsers that read logs. Not thread-safe.
/// </summary>
internal sealed class LogSocket : WriteOnlyStream
{
    internal const string Binary = "binary.k8s.io", Base64 = "base64.binary.k8s.io";

    // Each message is decoded as a whole: none is larger than what upstream sends.
    private const int MostBytes = 2048;

    private readonly WebSocket _socket;
    private readonly bool _base64;
    private readonly CancellationTokenSource _gone = new();
    private readonly Task _receiving;

    /// <param name="socket">The accepted connection; owned from now on.</param>
    /// <param name="base64">Messages are base64 text.</param>
    internal LogSocket(WebSocket socket, bool base64)
    {
        (_socket, _base64) = (socket, base64);
        _receiving = ReceiveAsync();
    }

    /// <summary>What is spoken, the best first.</summary>
    internal static IReadOnlyList<string> Protocols { get; } = [Binary, Base64];

    /// <summary>The client is gone, or has ended the connection.</summary>
    internal CancellationToken Gone => _gone.Token;

    /// <summary>Tells the client that it is connected: an empty message.</summary>
    internal Task GreetAsync(CancellationToken cancel) => SendAsync(default, cancel);

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        for (; !buffer.IsEmpty; buffer = buffer[Math.Min(MostBytes, buffer.Length)..])
            await SendAsync(buffer[..Math.Min(MostBytes, buffer.Length)], cancellationToken).ConfigureAwait(false);
    }

    public override async ValueTask DisposeAsync()
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

        _socket.Dispose();
        await _receiving.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _gone.Dispose();
        await base.DisposeAsync().ConfigureAwait(false);
    }

    private Task SendAsync(ReadOnlyMemory<byte> data, CancellationToken cancel)
    {
        if (!_base64) return _socket.SendAsync(data, WebSocketMessageType.Binary, endOfMessage: true, cancel).AsTask();
        byte[] text = System.Text.Encoding.ASCII.GetBytes(Convert.ToBase64String(data.Span));
        return _socket.SendAsync(text.AsMemory(), WebSocketMessageType.Text, endOfMessage: true, cancel).AsTask();
    }

    // Clients of a log say nothing but that they go.
    private async Task ReceiveAsync()
    {
        byte[] ignored = new byte[512];
        try
        {
            while ((await _socket.ReceiveAsync(ignored.AsMemory(), CancellationToken.None).ConfigureAwait(false)).MessageType != WebSocketMessageType.Close)
            {
            }
        }
        catch (Exception e) when (e is WebSocketException or IOException or ObjectDisposedException or OperationCanceledException)
        {
            // gone without a word
        }
        finally
        {
            await _gone.CancelAsync().ConfigureAwait(false);
        }
    }
}
