using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Text;
using Gureum.ApiServer.Audit;
using Gureum.ApiServer.Errors;
using Gureum.ApiServer.Responses;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Gureum.ApiServer.Http;

/// <summary>Opens connections to the agents of nodes. Thread-safe.</summary>
public interface INodeDialer
{
    /// <summary>A TLS stream to the agent of a node, authenticated as the API server.</summary>
    /// <exception cref="IOException">The node cannot be reached; the message says which address.</exception>
    /// <exception cref="ApiError">There is no such node, or it has no address yet.</exception>
    Task<Stream> DialAsync(string node, CancellationToken cancel);
}

/// <summary>
/// Hands a request through to a node's agent or to a pod: one HTTP/1.1 exchange, or, after an upgrade, bytes both ways
/// until either side ends.
/// </summary>
internal sealed class ConnectProxy(INodeDialer nodes)
{
    private static readonly HashSet<string> HopByHop = new(StringComparer.OrdinalIgnoreCase)
    {
        "Connection", "Keep-Alive", "Proxy-Authenticate", "Proxy-Authorization", "TE", "Trailer", "Transfer-Encoding", "Upgrade", "Authorization", "Host", "Content-Length", "Expect", "Accept-Encoding",
        "Impersonate-User", "Impersonate-Group", "Impersonate-Uid", ":method", ":path", ":scheme", ":authority",
    };

    internal async Task HandleAsync(HttpContext context, ConnectTarget target, CancellationToken cancel)
    {
        var upgrades = context.Features.Get<IHttpUpgradeFeature>() is { IsUpgradableRequest: true };
        // Links of a page without a slash at its end would lead beside it.
        if (target.Prefix is not null && !target.PathAndQuery.StartsWith('/'))
        {
            if (!upgrades && context.Request.Method is "GET" or "HEAD")
            {
                context.Response.StatusCode = 301;
                context.Response.Headers.Location = context.Request.Path.ToUriComponent() + "/" + context.Request.QueryString.ToUriComponent();
                return;
            }
            target = target with { PathAndQuery = "/" + target.PathAndQuery };
        }
        Stream far;
        try { far = await DialAsync(target, cancel); }
        catch (Exception e) when (e is SocketException or IOException or System.Security.Authentication.AuthenticationException)
        {
            await RefuseAsync(context, ApiError.Unavailable(target.Node is { } node ? $"error dialing {node}: {e.Message}" : "error trying to reach service: " + e.Message), cancel);
            return;
        }
        catch (ApiError e) { await RefuseAsync(context, e, cancel); return; }
        await using (far)
        {
            if (context.Features.Get<IHttpUpgradeFeature>() is { IsUpgradableRequest: true } upgrade) await UpgradeAsync(context, upgrade, target, far, cancel);
            else if (context.Features.Get<IHttpExtendedConnectFeature>() is { IsExtendedConnect: true }) await RefuseAsync(context, ApiError.BadRequest("WebSockets over HTTP/2 are not supported; use HTTP/1.1"), cancel);
            else await ExchangeAsync(context, target, far, cancel);
        }
    }

    private async Task<Stream> DialAsync(ConnectTarget target, CancellationToken cancel)
    {
        if (target.Node is { } node) return await nodes.DialAsync(node, cancel);
        var colon = target.Address!.LastIndexOf(':');
        var host = target.Address[..colon].Trim('[', ']');
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
            limit.CancelAfter(TimeSpan.FromSeconds(10));
            await socket.ConnectAsync(IPAddress.Parse(host), int.Parse(target.Address[(colon + 1)..], System.Globalization.CultureInfo.InvariantCulture), limit.Token);
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested) { socket.Dispose(); throw new IOException("no answer within 10 seconds"); }
        catch { socket.Dispose(); throw; }
        var stream = new NetworkStream(socket, ownsSocket: true);
        if (!target.Tls) return stream;
        // As upstream: the proxy does not know the certificates of what it proxies to.
        var tls = new SslStream(stream, false, static (_, _, _, _) => true);
        await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = host }, cancel);
        return tls;
    }

    /// <param name="identity">Lines of the head that say who asks, or nothing.</param>
    internal static async Task UpgradeAsync(HttpContext context, IHttpUpgradeFeature upgrade, ConnectTarget target, Stream far, CancellationToken cancel, string identity = "")
    {
        var request = context.Request;
        await far.WriteAsync(Encoding.ASCII.GetBytes(Head(request, target, $"Connection: Upgrade\r\nUpgrade: {request.Headers.Upgrade}\r\n{identity}")), cancel);
        await far.FlushAsync(cancel);
        var answer = await HttpHead.ReadAsync(far, cancel);
        context.Response.StatusCode = answer.Status;
        foreach (var (name, value) in answer.Headers)
            if ((!HopByHop.Contains(name) && !HttpAudit.IsName(name)) || (answer.Status == 101 && name.Equals("Upgrade", StringComparison.OrdinalIgnoreCase))) context.Response.Headers.Append(name, value);
        if (answer.Status != 101)
        {
            await answer.CopyBodyAsync(far, context.Response.Body, cancel);
            return;
        }
        context.Response.Headers.Connection = "Upgrade";
        await using var near = await upgrade.UpgradeAsync();
        await near.WriteAsync(answer.Rest, cancel);
        await near.FlushAsync(cancel);
        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        var up = CopyAsync(near, far, end.Token);
        var down = CopyAsync(far, near, end.Token);
        // The far side ends the session; the near side may go away at any time. Either way the other is told by the close.
        await Task.WhenAny(up, down);
        if (down.IsCompleted) end.CancelAfter(TimeSpan.FromSeconds(2));
        else end.CancelAfter(TimeSpan.FromMilliseconds(500));
        await Task.WhenAll(up, down);
    }

    private static async Task CopyAsync(Stream from, Stream to, CancellationToken cancel)
    {
        var buffer = new byte[32 * 1024];
        try
        {
            int read;
            while ((read = await from.ReadAsync(buffer, cancel)) > 0)
            {
                await to.WriteAsync(buffer.AsMemory(0, read), cancel);
                await to.FlushAsync(cancel);
            }
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or ObjectDisposedException or SocketException) { /* a side has gone: the session is over */ }
    }

    private static async Task ExchangeAsync(HttpContext context, ConnectTarget target, Stream far, CancellationToken cancel)
    {
        var request = context.Request;
        var length = target.Body?.Length ?? request.ContentLength;
        var streams = length is null && context.Features.Get<IHttpRequestBodyDetectionFeature>()?.CanHaveBody == true;
        var extra = "Connection: close\r\n" + (streams ? "Transfer-Encoding: chunked\r\n" : length is not null ? $"Content-Length: {length}\r\n" : "");
        await far.WriteAsync(Encoding.ASCII.GetBytes(Head(request, target, extra)), cancel);
        if (streams) await SendChunksAsync(request.Body, far, cancel);
        else if (target.Body is { } read) await far.WriteAsync(read, cancel);
        else if (length is > 0) await request.Body.CopyToAsync(far, cancel);
        await far.FlushAsync(cancel);
        HttpHead answer;
        try { answer = await HttpHead.ReadAsync(far, cancel); }
        catch (IOException e) when (target.Node is null) { await RefuseAsync(context, ApiError.Unavailable("error trying to reach service: " + e.Message), cancel); return; }
        if (answer.Status >= 400 && target is { Node: not null, Prefix: null }) { await RefuseAsync(context, await ReadRefusalAsync(answer, far, cancel), cancel); return; }
        var links = target.Prefix is { } prefix ? new ProxyLinks(prefix, target.Address ?? target.Node!, request.Host.Value ?? "") : null;
        context.Response.StatusCode = answer.Status;
        foreach (var (name, value) in answer.Headers)
            if (!HopByHop.Contains(name) && !HttpAudit.IsName(name)) context.Response.Headers.Append(name, links is not null && name.Equals("Location", StringComparison.OrdinalIgnoreCase) ? links.Rewrite(value) : value);
        if (request.Method == "HEAD" || answer.Status is 204 or 304) return;
        if (links is not null && answer.IsHtml)
        {
            await RewriteAsync(answer, far, links, context.Response.Body, cancel);
            return;
        }
        context.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
        await answer.CopyBodyAsync(far, context.Response.Body, cancel);
    }

    // A body whose length nobody knows yet goes on as it comes (RFC 9112, section 7.1).
    private static async Task SendChunksAsync(Stream body, Stream far, CancellationToken cancel)
    {
        var buffer = new byte[16 * 1024];
        int read;
        while ((read = await body.ReadAsync(buffer, cancel)) > 0)
        {
            await far.WriteAsync(Encoding.ASCII.GetBytes($"{read:x}\r\n"), cancel);
            await far.WriteAsync(buffer.AsMemory(0, read), cancel);
            await far.WriteAsync("\r\n"u8.ToArray(), cancel);
        }
        await far.WriteAsync("0\r\n\r\n"u8.ToArray(), cancel);
    }

    // Pages are small: one is taken whole. What is larger than any page goes through as it is.
    private static async Task RewriteAsync(HttpHead answer, Stream far, ProxyLinks links, Stream near, CancellationToken cancel)
    {
        using var page = new LimitedPage(near);
        await answer.CopyBodyAsync(far, page, cancel);
        if (page.Whole is { } html) await near.WriteAsync(Encoding.UTF8.GetBytes(links.RewritePage(html)), cancel);
    }

    // Agents refuse in plain words; clients of the API want a Status.
    private static async Task<ApiError> ReadRefusalAsync(HttpHead answer, Stream far, CancellationToken cancel)
    {
        using var body = new MemoryStream();
        await answer.CopyBodyAsync(far, body, cancel);
        var text = Encoding.UTF8.GetString(body.GetBuffer(), 0, (int)Math.Min(body.Length, 4096)).Trim();
        return ApiError.Make(answer.Status, answer.Status switch { 400 => "BadRequest", 403 => "Forbidden", 404 => "NotFound", 405 => "MethodNotAllowed", 409 => "Conflict", 503 => "ServiceUnavailable", _ => "InternalError" }, text.Length > 0 ? text : $"the node answered {answer.Status}");
    }

    private static string Head(HttpRequest request, ConnectTarget target, string extra)
    {
        var head = new StringBuilder($"{request.Method} {target.PathAndQuery} HTTP/1.1\r\nHost: {target.Node ?? target.Address}\r\n{extra}");
        if (target.Prefix is { } prefix)
        {
            head.Append("X-Forwarded-Uri: ").Append(new PathString(prefix).ToUriComponent()).Append(target.PathAndQuery.Split('?')[0]).Append("\r\n");
            head.Append("X-Forwarded-For: ").Append(request.HttpContext.Connection.RemoteIpAddress).Append("\r\n");
        }
        foreach (var (name, values) in request.Headers)
        {
            if (HopByHop.Contains(name) || Aggregation.RequestIdentity.IsOne(name) || name.StartsWith("Impersonate-", StringComparison.OrdinalIgnoreCase) || (target.Prefix is not null && name is "X-Forwarded-Uri" or "X-Forwarded-For")) continue;
            foreach (var value in values) head.Append(name).Append(": ").Append(value).Append("\r\n");
        }
        return head.Append("\r\n").ToString();
    }

    internal static async Task RefuseAsync(HttpContext context, ApiError error, CancellationToken cancel)
    {
        var body = ((BodyResult)ApiDispatcher.Refusal(error)).Body;
        context.Response.StatusCode = error.Code;
        context.Response.ContentType = "application/json";
        context.Response.ContentLength = body.Length;
        await context.Response.BodyWriter.WriteAsync(body, cancel);
    }
}
