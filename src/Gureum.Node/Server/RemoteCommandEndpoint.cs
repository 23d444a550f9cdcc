using System.Net.WebSockets;
using Gureum.Node.Runtime;
using Gureum.Node.Streaming;
using Gureum.Node.Streaming.Spdy;
using Microsoft.AspNetCore.Http;

namespace Gureum.Node.Server;

/// <summary>Serves exec and attach over WebSocket (v5 and v4) and SPDY/3.1 (v4).</summary>
internal static class RemoteCommandEndpoint
{
    internal static Task ExecAsync(HttpContext context, ContainerTarget target)
    {
        Options options = Options.Parse(context.Request.Query);
        string[] command = [.. context.Request.Query["command"].OfType<string>()];
        if (command.Length == 0) throw new NodeRequestException(StatusCodes.Status400BadRequest, "exec: the parameter command is missing");
        return RunAsync(context, options, async peer =>
        {
            await using IExecSession session = await target.Runtime.ExecAsync(
                target.ContainerId, new ExecRequest(command, options.Stdin, options.Stdout, options.Stderr, options.Tty), peer.Gone).ConfigureAwait(false);
            await RemoteCommandBridge.ExecAsync(peer, session).ConfigureAwait(false);
        });
    }

    internal static Task AttachAsync(HttpContext context, ContainerTarget target)
    {
        // What the container has, the client cannot wish otherwise.
        Options options = Options.Parse(context.Request.Query) with { Tty = target.Tty };
        return RunAsync(context, options, async peer =>
        {
            await using IAttachSession session = await target.Runtime.AttachAsync(
                target.ContainerId, new AttachRequest(options.Stdin && target.Stdin, options.Stdout, options.Stderr, options.Tty), peer.Gone).ConfigureAwait(false);
            await RemoteCommandBridge.AttachAsync(peer, session).ConfigureAwait(false);
        });
    }

    private static async Task RunAsync(HttpContext context, Options options, Func<IRemotePeer, Task> run)
    {
        if (!options.Stdin && !options.Stdout && !options.Stderr)
            throw new NodeRequestException(StatusCodes.Status400BadRequest, "at least one of input, output, error must be asked for");
        await using IRemotePeer peer = await AcceptAsync(context, options).ConfigureAwait(false);
        try
        {
            await run(peer).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (peer.Gone.IsCancellationRequested)
        {
            // the client hung up
        }
        catch (ContainerRuntimeException e) when (!peer.Gone.IsCancellationRequested)
        {
            await peer.SendStatusAsync(RemoteStatus.Failed(e.Message)).ConfigureAwait(false);
        }
        catch (Exception e) when (peer.Gone.IsCancellationRequested && e is WebSocketException or IOException)
        {
            // the client hung up while something was on its way
        }
    }

    private static async Task<IRemotePeer> AcceptAsync(HttpContext context, Options options)
    {
        bool stderr = options.Stderr && !options.Tty;
        if (context.WebSockets.IsWebSocketRequest)
        {
            WebSocketProtocol protocol = WebSocketProtocol.Choose(context.WebSockets.WebSocketRequestedProtocols)
                ?? throw new NodeRequestException(StatusCodes.Status400BadRequest,
                    $"WebSocket protocols {string.Join(", ", context.WebSockets.WebSocketRequestedProtocols)}: spoken are {string.Join(", ", WebSocketProtocol.Spoken.Select(p => p.Name))}");
            WebSocket socket = await context.WebSockets.AcceptWebSocketAsync(protocol.Name.Length > 0 ? protocol.Name : null).ConfigureAwait(false);
            var peer = new WebSocketPeer(socket, protocol, options.Stdin, options.Stdout, stderr);
            await peer.GreetAsync().ConfigureAwait(false);
            return peer;
        }

        Stream transport = await SpdyUpgrade.AcceptAsync(context, SpdyPeer.V4).ConfigureAwait(false);
        return await SpdyPeer.AcceptAsync(transport, options.Stdin, options.Stdout, stderr, options.Tty, context.RequestAborted).ConfigureAwait(false);
    }

    /// <summary>Which streams a client wants; both the node agent's parameter names and the API's are understood.</summary>
    private sealed record Options(bool Stdin, bool Stdout, bool Stderr, bool Tty)
    {
        internal static Options Parse(IQueryCollection query) =>
            new(Flag(query, "input", "stdin"), Flag(query, "output", "stdout"), Flag(query, "error", "stderr"), Flag(query, "tty", "tty"));

        private static bool Flag(IQueryCollection query, string nodeName, string apiName) =>
            query[nodeName].ToString() is "1" or "true" || query[apiName].ToString() is "1" or "true";
    }
}
