using System.Net.WebSockets;

namespace Gureum.Node.Streaming;

/// <summary>KubeVirt's <c>plain.kubevirt.io</c>: a WebSocket whose binary messages are bytes, with no meaning in where one ends.</summary>
internal sealed class PlainSocket(WebSocket socket) : IGuestClient
{
    internal const string Protocol = "plain.kubevirt.io";

    public async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancel)
    {
        while (true)
        {
            var message = await socket.ReceiveAsync(buffer, cancel).ConfigureAwait(false);
            if (message.MessageType == WebSocketMessageType.Close) return 0;
            if (message.Count > 0) return message.Count;
        }
    }

    public ValueTask WriteAsync(ReadOnlyMemory<byte> data, CancellationToken cancel) => socket.SendAsync(data, WebSocketMessageType.Binary, endOfMessage: true, cancel);

    public async Task EndAsync(CancellationToken cancel)
    {
        if (socket.State is WebSocketState.Open or WebSocketState.CloseReceived) await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, cancel).ConfigureAwait(false);
    }
}
