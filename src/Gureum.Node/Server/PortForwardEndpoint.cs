using System.Net.WebSockets;
using Gureum.Node.Streaming;
using Microsoft.AspNetCore.Http;

namespace Gureum.Node.Server;

/// <summary>Serves port forwarding: SPDY/3.1, by itself or inside a WebSocket.</summary>
internal static class PortForwardEndpoint
{
    internal static async Task HandleAsync(HttpContext context, Func<int, CancellationToken, Task<Stream>> connect)
    {
        Stream transport;
        if (context.WebSockets.IsWebSocketRequest)
        {
            IList<string> offered = context.WebSockets.WebSocketRequestedProtocols;
            if (!offered.Contains(SpdyPortForward.WebSocketProtocol))
                throw new NodeRequestException(StatusCodes.Status400BadRequest, $"WebSocket protocols {string.Join(", ", offered)}: spoken is {SpdyPortForward.WebSocketProtocol}");
            // Named by hand: .NET refuses the slash, which RFC 6455 does not allow in a subprotocol either.
            context.Response.Headers.SecWebSocketProtocol = SpdyPortForward.WebSocketProtocol;
            WebSocket socket = await context.WebSockets.AcceptWebSocketAsync().ConfigureAwait(false);
            transport = WebSocketStream.Create(socket, WebSocketMessageType.Binary, TimeSpan.FromSeconds(5));
        }
        else
        {
            transport = await SpdyUpgrade.AcceptAsync(context, SpdyPortForward.Protocol).ConfigureAwait(false);
        }

        try
        {
            await SpdyPortForward.ServeAsync(transport, connect, context.RequestAborted).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // the client hung up
        }
    }
}
