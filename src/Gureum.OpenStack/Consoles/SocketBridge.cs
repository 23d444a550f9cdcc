using System.Net.WebSockets;

namespace Gureum.OpenStack.Consoles;

/// <summary>Carries bytes between two WebSockets, both ways, until one ends (stateless).</summary>
internal static class SocketBridge
{
    private const int Buffer = 16 * 1024;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    internal static async Task RunAsync(WebSocket one, WebSocket other, CancellationToken cancel)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        Task[] ways = [CarryAsync(one, other, end.Token), CarryAsync(other, one, end.Token)];
        await Task.WhenAny(ways);
        using var limit = new CancellationTokenSource(Patience);
        foreach (var socket in (WebSocket[])[one, other]) await CloseAsync(socket, limit.Token);
        await end.CancelAsync();
        await Task.WhenAll(ways);
    }

    private static async Task CarryAsync(WebSocket from, WebSocket to, CancellationToken cancel)
    {
        var buffer = new byte[Buffer];
        try
        {
            while (true)
            {
                var read = await from.ReceiveAsync(buffer.AsMemory(), cancel);
                if (read.MessageType == WebSocketMessageType.Close) return;
                await to.SendAsync(buffer.AsMemory(0, read.Count), WebSocketMessageType.Binary, endOfMessage: true, cancel);
            }
        }
        catch (Exception e) when (e is WebSocketException or OperationCanceledException or IOException or ObjectDisposedException) { /* an end like any other */ }
    }

    private static async Task CloseAsync(WebSocket socket, CancellationToken cancel)
    {
        try
        {
            if (socket.State is WebSocketState.Open or WebSocketState.CloseReceived) await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, cancel);
        }
        catch (Exception e) when (e is WebSocketException or OperationCanceledException or IOException or ObjectDisposedException) { /* it has ended already */ }
    }
}
