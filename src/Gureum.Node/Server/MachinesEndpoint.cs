using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Gureum.Node.Streaming;
using Microsoft.AspNetCore.Http;

namespace Gureum.Node.Server;

/// <summary>Serves /machines/NAMESPACE/INSTANCE/ACTION[/PORT[/PROTOCOL]]: commands by PUT, readings by GET, streams by WebSocket.</summary>
internal static class MachinesEndpoint
{
    private const int MostBody = 64 << 10;

    /// <param name="path">What follows /machines.</param>
    internal static Task HandleAsync(HttpContext context, IMachineEndpoints? machines, string[] path)
    {
        if (machines is null) throw new NodeRequestException(StatusCodes.Status404NotFound, "this node runs no virtual machines");
        return path switch
        {
            [var ns, var name, "pause"] => RunAsync(context, machines, ns, name, MachineCommand.Pause),
            [var ns, var name, "unpause"] => RunAsync(context, machines, ns, name, MachineCommand.Unpause),
            [var ns, var name, "softreboot"] => RunAsync(context, machines, ns, name, MachineCommand.SoftReboot),
            [var ns, var name, "reset"] => RunAsync(context, machines, ns, name, MachineCommand.Reset),
            [var ns, var name, "freeze"] => RunAsync(context, machines, ns, name, MachineCommand.Freeze),
            [var ns, var name, "unfreeze"] => RunAsync(context, machines, ns, name, MachineCommand.Unfreeze),
            [var ns, var name, "guestosinfo"] => ReadAsync(context, machines, ns, name, MachineReading.Info),
            [var ns, var name, "userlist"] => ReadAsync(context, machines, ns, name, MachineReading.Users),
            [var ns, var name, "filesystemlist"] => ReadAsync(context, machines, ns, name, MachineReading.FileSystems),
            [var ns, var name, "console"] => StreamAsync(context, cancel => machines.OpenConsoleAsync(ns, name, TakesOver(context.Request.Query), cancel), mayDrop: true),
            [var ns, var name, "vnc"] => StreamAsync(context, cancel => machines.OpenScreenAsync(ns, name, cancel), mayDrop: false),
            [var ns, var name, "vnc", "screenshot"] => ScreenshotAsync(context, machines, ns, name),
            [var ns, var name, "portforward", var port] => StreamAsync(context, cancel => machines.ConnectAsync(ns, name, Port(port, "tcp"), cancel), mayDrop: false),
            [var ns, var name, "portforward", var port, var protocol] => StreamAsync(context, cancel => machines.ConnectAsync(ns, name, Port(port, protocol), cancel), mayDrop: false),
            _ => throw new NodeRequestException(StatusCodes.Status404NotFound, $"there is no /machines/{string.Join('/', path)} here"),
        };
    }

    private static async Task RunAsync(HttpContext context, IMachineEndpoints machines, string ns, string name, MachineCommand command)
    {
        Need(context, HttpMethods.Put);
        await machines.RunAsync(ns, name, command, await BodyAsync(context.Request, context.RequestAborted).ConfigureAwait(false), context.RequestAborted).ConfigureAwait(false);
        context.Response.StatusCode = StatusCodes.Status200OK;
        context.Response.ContentLength = 0;
    }

    private static async Task ReadAsync(HttpContext context, IMachineEndpoints machines, string ns, string name, MachineReading reading)
    {
        Need(context, HttpMethods.Get);
        byte[] body = Objects.Json.ObjectEncoder.EncodeAny(await machines.ReadAsync(ns, name, reading, context.RequestAborted).ConfigureAwait(false));
        context.Response.ContentType = "application/json";
        context.Response.ContentLength = body.Length;
        await context.Response.Body.WriteAsync(body, context.RequestAborted).ConfigureAwait(false);
    }

    private static async Task ScreenshotAsync(HttpContext context, IMachineEndpoints machines, string ns, string name)
    {
        Need(context, HttpMethods.Get);
        byte[] picture = await machines.TakeScreenshotAsync(ns, name, context.RequestAborted).ConfigureAwait(false);
        context.Response.ContentType = "image/png";
        context.Response.ContentLength = picture.Length;
        await context.Response.Body.WriteAsync(picture, context.RequestAborted).ConfigureAwait(false);
    }

    private static async Task StreamAsync(HttpContext context, Func<CancellationToken, Task<Stream>> open, bool mayDrop)
    {
        if (!context.WebSockets.IsWebSocketRequest) throw new NodeRequestException(StatusCodes.Status400BadRequest, $"a WebSocket is needed, with the protocol {PlainSocket.Protocol} or none");
        IList<string> offered = context.WebSockets.WebSocketRequestedProtocols;
        if (offered.Count > 0 && !offered.Contains(PlainSocket.Protocol))
            throw new NodeRequestException(StatusCodes.Status400BadRequest, $"WebSocket protocols {string.Join(", ", offered)}: spoken is {PlainSocket.Protocol}");
        // First the guest: what it refuses can still be said by a status.
        await using Stream guest = await open(context.RequestAborted).ConfigureAwait(false);
        using var socket = await context.WebSockets.AcceptWebSocketAsync(offered.Count > 0 ? PlainSocket.Protocol : null).ConfigureAwait(false);
        await GuestBridge.RunAsync(guest, new PlainSocket(socket), mayDrop, context.RequestAborted).ConfigureAwait(false);
    }

    private static bool TakesOver(IQueryCollection query) => query["takeOver"].ToString() switch
    {
        "" or "true" => true,
        "false" => false,
        var other => throw new NodeRequestException(StatusCodes.Status400BadRequest, $"takeOver \"{other}\": accepted are true, false"),
    };

    private static int Port(string port, string protocol)
    {
        if (!int.TryParse(port, NumberStyles.None, CultureInfo.InvariantCulture, out int number) || number is < 1 or > 65535)
            throw new NodeRequestException(StatusCodes.Status400BadRequest, $"port \"{port}\": give a number between 1 and 65535");
        return protocol switch
        {
            "tcp" => number,
            "udp" => throw new NodeRequestException(StatusCodes.Status400BadRequest, $"port {port}/udp: forwarding of UDP is not supported, of TCP it is"),
            _ => throw new NodeRequestException(StatusCodes.Status400BadRequest, $"protocol \"{protocol}\": accepted is tcp"),
        };
    }

    private static void Need(HttpContext context, string method)
    {
        if (context.Request.Method != method) throw new NodeRequestException(StatusCodes.Status405MethodNotAllowed, $"{context.Request.Method} {context.Request.Path}: the method is {method}");
    }

    private static async Task<JsonObject> BodyAsync(HttpRequest request, CancellationToken cancel)
    {
        using var body = new MemoryStream();
        var buffer = new byte[4096];
        int read;
        while ((read = await request.Body.ReadAsync(buffer, cancel).ConfigureAwait(false)) > 0)
        {
            body.Write(buffer, 0, read);
            if (body.Length > MostBody) throw new NodeRequestException(StatusCodes.Status413PayloadTooLarge, $"the body has more than {MostBody} bytes");
        }

        if (body.Length == 0) return [];
        try
        {
            return JsonNode.Parse(body.GetBuffer().AsSpan(0, (int)body.Length)) as JsonObject ?? throw new NodeRequestException(StatusCodes.Status400BadRequest, "the body must be an object");
        }
        catch (JsonException e)
        {
            throw new NodeRequestException(StatusCodes.Status400BadRequest, $"Can not unmarshal Request body to struct, error: {e.Message}");
        }
    }
}
