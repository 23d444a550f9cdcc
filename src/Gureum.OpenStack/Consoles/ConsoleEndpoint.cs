using System.Net.WebSockets;
using Gureum.Client;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.StaticFiles;
using Microsoft.Extensions.FileProviders;

namespace Gureum.OpenStack.Consoles;

/// <summary>
/// Consoles in a browser: noVNC's pages, and the WebSocket behind them, which the API server connects with the guest as the user who asked for the console. Programs
/// open the WebSocket of a serial console without any page (thread-safe state).
/// </summary>
internal sealed class ConsoleEndpoint(ConsoleSupport support, ConsoleGrants grants)
{
    internal const string Prefix = "/console", Socket = Prefix + "/websockify", Page = Prefix + "/vnc_lite.html";

    // What programs that speak RFB or a serial line over WebSockets offer.
    private const string Binary = "binary";

    private static readonly FileExtensionContentTypeProvider Types = new();

    private readonly Lock one = new();
    private Task<PhysicalFileProvider>? pages;

    internal static bool Answers(PathString path) => path.StartsWithSegments(Prefix, StringComparison.Ordinal);

    /// <summary>Returns when the pages are there.</summary>
    /// <exception cref="IOException">They are not; the message says why.</exception>
    internal Task PagesAsync(CancellationToken cancel) => FilesAsync(cancel);

    // One that failed is tried again by whoever asks next.
    private Task<PhysicalFileProvider> FilesAsync(CancellationToken cancel)
    {
        lock (one)
        {
            if (pages is null or { IsFaulted: true } or { IsCanceled: true }) pages = OpenAsync();
            return pages.WaitAsync(cancel);
        }
    }

    private async Task<PhysicalFileProvider> OpenAsync() => new(await support.Pages(CancellationToken.None));

    internal async Task AnswerAsync(HttpContext context)
    {
        // The secret stands in the address.
        context.Response.Headers["Referrer-Policy"] = "no-referrer";
        try
        {
            if (context.Request.Path == Socket) await ConnectAsync(context);
            else await PageAsync(context);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested) { /* whoever looked has gone */ }
    }

    private async Task PageAsync(HttpContext context)
    {
        if (!HttpMethods.IsGet(context.Request.Method) && !HttpMethods.IsHead(context.Request.Method))
        {
            await SayAsync(context, 405, $"{context.Request.Method} is not accepted here: GET is.");
            return;
        }
        IFileInfo file;
        try { file = (await FilesAsync(context.RequestAborted)).GetFileInfo(context.Request.Path.Value![Prefix.Length..]); }
        catch (IOException e)
        {
            await SayAsync(context, 503, e.Message);
            return;
        }
        if (!file.Exists || file.IsDirectory)
        {
            await SayAsync(context, 404, $"There is no page {context.Request.Path}: ask for a console with `openstack console url show SERVER`.");
            return;
        }
        context.Response.ContentType = Types.TryGetContentType(file.Name, out var type) ? type : "application/octet-stream";
        context.Response.ContentLength = file.Length;
        if (HttpMethods.IsGet(context.Request.Method)) await context.Response.SendFileAsync(file, context.RequestAborted);
    }

    private async Task ConnectAsync(HttpContext context)
    {
        if (!context.WebSockets.IsWebSocketRequest)
        {
            await SayAsync(context, 400, "A console is a WebSocket (RFC 6455).");
            return;
        }
        // A page of somebody else's must not use what the browser was given for ours.
        if (context.Request.Headers.Origin.ToString() is { Length: > 0 } origin && (!Uri.TryCreate(origin, UriKind.Absolute, out var from) || from.Authority != context.Request.Host.Value))
        {
            Refuse(context, 403, $"A page of {origin} may not open consoles of {context.Request.Host}.");
            return;
        }
        if (grants.Find(context.Request.Query["token"]) is not { } grant)
        {
            Refuse(context, 403, "The console's token is not valid (any more): ask for another with `openstack console url show SERVER`.");
            return;
        }
        WebSocket guest;
        try { guest = await support.Open(grant.Path, grant.Token, context.RequestAborted); }
        catch (ApiException e)
        {
            Refuse(context, e.Code, e.Message);
            return;
        }
        catch (ApiUnreachableException e)
        {
            Refuse(context, 503, e.Message);
            return;
        }
        using (guest)
        using (var viewer = await context.WebSockets.AcceptWebSocketAsync(context.WebSockets.WebSocketRequestedProtocols.Contains(Binary) ? Binary : null))
            await SocketBridge.RunAsync(viewer, guest, context.RequestAborted);
    }

    // Programs that open WebSockets take what follows the headers for frames: the words stand before them.
    private static void Refuse(HttpContext context, int status, string message)
    {
        context.Response.StatusCode = status;
        context.Response.Headers.Connection = "close";
        if (context.Features.Get<IHttpResponseFeature>() is { } response && context.Request.Protocol == HttpProtocol.Http11) response.ReasonPhrase = message;
    }

    private static Task SayAsync(HttpContext context, int status, string message)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "text/plain; charset=UTF-8";
        return context.Response.WriteAsync(message + "\n", context.RequestAborted);
    }
}
