using System.Net.WebSockets;
using Gureum.Node.Logs;
using Gureum.Node.Streaming;
using Microsoft.AspNetCore.Http;

namespace Gureum.Node.Server;

/// <summary>Serves container logs as plain text, or as the messages of a WebSocket.</summary>
internal static class LogsEndpoint
{
    internal static async Task HandleAsync(HttpContext context, LogQuery query, LogTarget target, TimeProvider time)
    {
        if (!File.Exists(target.Path)) throw new NodeRequestException(StatusCodes.Status404NotFound, $"the log {target.Path} does not exist");
        if (target.Raw) RawLogReader.Check(query);
        if (context.WebSockets.IsWebSocketRequest)
        {
            await using LogSocket socket = await AcceptAsync(context).ConfigureAwait(false);
            try
            {
                await socket.GreetAsync(context.RequestAborted).ConfigureAwait(false);
                using var either = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, socket.Gone);
                await CopyAsync(query, target, time, socket, either.Token).ConfigureAwait(false);
            }
            catch (Exception e) when (socket.Gone.IsCancellationRequested && e is OperationCanceledException or WebSocketException or IOException)
            {
                // the client hung up
            }

            return;
        }

        context.Response.ContentType = "text/plain; charset=utf-8";
        // The head goes out at once: a follower shall know that it is connected before the first line comes.
        await context.Response.StartAsync(context.RequestAborted).ConfigureAwait(false);
        await CopyAsync(query, target, time, context.Response.Body, context.RequestAborted).ConfigureAwait(false);
    }

    private static Task CopyAsync(LogQuery query, LogTarget target, TimeProvider time, Stream output, CancellationToken cancel) => target.Raw
        ? new RawLogReader(target.Path, time).CopyAsync(query, output, target.IsRunning, cancel)
        : new LogReader(target.Path, time).CopyAsync(query, output, target.IsRunning, cancel);

    private static async Task<LogSocket> AcceptAsync(HttpContext context)
    {
        IList<string> wanted = context.WebSockets.WebSocketRequestedProtocols;
        string? chosen = wanted.Count == 0 ? null : LogSocket.Protocols.FirstOrDefault(wanted.Contains)
            ?? throw new NodeRequestException(StatusCodes.Status403Forbidden, $"none of the protocols [{string.Join(' ', wanted)}] is spoken; use {string.Join(" or ", LogSocket.Protocols)}");
        return new LogSocket(await context.WebSockets.AcceptWebSocketAsync(chosen).ConfigureAwait(false), chosen == LogSocket.Base64);
    }
}
