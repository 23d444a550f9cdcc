using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Security.Authentication;
using System.Text;
using Gureum.ApiServer.Admission.Webhooks;
using Gureum.ApiServer.Audit;
using Gureum.ApiServer.Errors;
using Gureum.ApiServer.Http;
using Gureum.ApiServer.Requests;
using Gureum.ApiServer.Responses;
using Gureum.Client;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Gureum.ApiServer.Aggregation;

/// <summary>A request that another server answers.</summary>
/// <param name="As">Whom the other server is told that it comes from.</param>
internal sealed record RemoteResult(RemoteService Service, ApiCall Call, UserInfo As) : ApiResult(200);

/// <summary>Hands requests on to remote APIs and their answers back, as they come. Thread-safe.</summary>
internal sealed class RemoteForwarder(RemoteConnections connections)
{
    internal const string Unavailable = "service unavailable";

    // Until an answer begins; once it has, it may last.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private const int MostInProcess = 64 * 1024 * 1024;
    private static readonly TimeSpan InProcessLimit = TimeSpan.FromSeconds(10);

    private static readonly HashSet<string> Dropped = new(StringComparer.OrdinalIgnoreCase)
    {
        "Connection", "Keep-Alive", "Proxy-Connection", "Proxy-Authenticate", "Proxy-Authorization", "TE", "Trailer", "Transfer-Encoding", "Upgrade", "Authorization", "Host", "Content-Length", "Content-Encoding", "Content-Type", "Expect",
        "Impersonate-User", "Impersonate-Group", "Impersonate-Uid", "X-Forwarded-Uri", "X-Forwarded-Proto", "X-Forwarded-For", ":method", ":path", ":scheme", ":authority",
    };

    private static readonly HashSet<string> HopByHop = new(StringComparer.OrdinalIgnoreCase) { "Connection", "Keep-Alive", "Proxy-Connection", "Proxy-Authenticate", "Trailer", "Transfer-Encoding", "Upgrade" };

    /// <summary>Answers over HTTP.</summary>
    internal async Task ForwardAsync(HttpContext context, RemoteResult remote, CancellationToken cancel)
    {
        var service = remote.Service;
        if (!service.Available) { await RefuseAsync(context, Unavailable, cancel); return; }
        try
        {
            if (context.Features.Get<IHttpUpgradeFeature>() is { IsUpgradableRequest: true } upgrade) { await UpgradeAsync(context, upgrade, remote, cancel); return; }
            List<(string, string)> headers = [.. context.Request.Headers.Where(static h => !Dropped.Contains(h.Key) && !RequestIdentity.IsOne(h.Key) && !h.Key.StartsWith("Impersonate-Extra-", StringComparison.OrdinalIgnoreCase))
                .SelectMany(static h => h.Value.OfType<string>().Select(v => (h.Key, v))), .. Forwarded(context)];
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
            limit.CancelAfter(Patience);
            await using var answer = await connections.SendAsync(service.Target, Request(remote, Target(context), headers), limit.Token);
            await CopyAsync(answer, context, cancel);
        }
        catch (Exception e) when (IsUnreachable(e, cancel) && !context.Response.HasStarted) { await RefuseAsync(context, Problem(e), cancel); }
    }

    // As the client wrote it: what it escaped stays so.
    private static string Target(HttpContext context) => context.Features.Get<IHttpRequestFeature>()?.RawTarget is { Length: > 0 } raw && raw[0] == '/' ? raw : context.Request.Path.ToUriComponent() + context.Request.QueryString.Value;

    // Who asked here, and for what; the proxies on the way to here stay in the list.
    private static IEnumerable<(string, string)> Forwarded(HttpContext context)
    {
        yield return ("X-Forwarded-Uri", Target(context).Split('?')[0]);
        yield return ("X-Forwarded-Proto", context.Request.Scheme);
        if (HttpAudit.NewName(context) is { } name) yield return name;
        if (context.Connection.RemoteIpAddress is not { } near) yield break;
        var past = context.Request.Headers["X-Forwarded-For"].ToString();
        var address = (near.IsIPv4MappedToIPv6 ? near.MapToIPv4() : near).ToString();
        yield return ("X-Forwarded-For", past.Length > 0 ? $"{past}, {address}" : address);
    }

    private static async Task CopyAsync(RemoteAnswer answer, HttpContext context, CancellationToken cancel)
    {
        var response = context.Response;
        response.StatusCode = answer.Status;
        foreach (var (name, value) in answer.Headers)
            if (!HopByHop.Contains(name) && !HttpAudit.IsName(name)) response.Headers.Append(name, value);
        if (context.Request.Method == "HEAD" || answer.Status is 204 or 304) return;
        await response.StartAsync(cancel);
        // A watch goes on for long: what comes is sent at once.
        while (await answer.ReadAsync(cancel) is { IsEmpty: false } piece) await response.BodyWriter.WriteAsync(piece, cancel);
    }

    private async Task UpgradeAsync(HttpContext context, IHttpUpgradeFeature upgrade, RemoteResult remote, CancellationToken cancel)
    {
        await using var far = await connections.DialAsync(remote.Service.Target, cancel);
        var identity = string.Concat(RequestIdentity.Headers(remote.As).Select(static h => $"{h.Name}: {h.Value}\r\n"));
        await ConnectProxy.UpgradeAsync(context, upgrade, new ConnectTarget(null, remote.Service.Target.Host, Target(context)), far, cancel, identity);
    }

    /// <summary>Answers in process: the whole body, or for a watch its frames.</summary>
    internal async Task<ApiResponse> SendAsync(RemoteResult remote, ApiRequest request, string agent, CancellationToken cancel)
    {
        if (!remote.Service.Available) return Refused(Unavailable);
        // Nobody here waits long for a server that is no part of this one; a watch may last, once it has begun.
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(InProcessLimit);
        RemoteAnswer? answer = null;
        try
        {
            var made = Request(remote, request.Path + (request.Query.Length > 0 ? "?" + request.Query.TrimStart('?') : ""), [("Accept", "application/json"), ("User-Agent", agent)]);
            answer = await connections.SendAsync(remote.Service.Target, made, limit.Token);
            if (request.Streaming && answer.Status is >= 200 and < 300) return new ApiResponse(answer.Status, default, FramesAsync(Interlocked.Exchange(ref answer, null), cancel));
            var (status, isJson) = (answer.Status, answer.Header("Content-Type")?.StartsWith("application/json", StringComparison.Ordinal) == true);
            var body = await answer.ReadAllAsync(MostInProcess, limit.Token);
            return status is >= 200 and < 300 || isJson ? new ApiResponse(status, body) : Refused(Encoding.UTF8.GetString(body, 0, Math.Min(body.Length, 1024)));
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested) { return Refused("request timed out"); }
        catch (Exception e) when (IsUnreachable(e, cancel)) { return Refused(Problem(e)); }
        finally { if (answer is not null) await answer.DisposeAsync(); }
    }

    private static async IAsyncEnumerable<ReadOnlyMemory<byte>> FramesAsync(RemoteAnswer answer, [EnumeratorCancellation] CancellationToken cancel)
    {
        await using (answer)
        {
            var line = new MemoryStream();
            while (await answer.ReadAsync(cancel) is { IsEmpty: false } piece)
            {
                int end;
                for (; (end = piece.Span.IndexOf((byte)'\n')) >= 0; piece = piece[(end + 1)..])
                {
                    line.Write(piece.Span[..end]);
                    if (line.Length > 0) yield return line.ToArray();
                    line.SetLength(0);
                }
                line.Write(piece.Span);
                if (line.Length > MostInProcess) throw new IOException($"a watch event is larger than {MostInProcess} bytes");
            }
        }
    }

    private static RemoteRequest Request(RemoteResult remote, string pathAndQuery, IReadOnlyList<(string, string)> headers)
    {
        var call = remote.Call;
        var typed = call.Body.Length > 0 || call.Method is "POST" or "PUT" or "PATCH";
        return new RemoteRequest(call.Method, pathAndQuery, [.. headers, .. typed ? [("Content-Type", call.ContentType)] : Array.Empty<(string, string)>(), .. RequestIdentity.Headers(remote.As)], call.Body);
    }

    internal static bool IsUnreachable(Exception e, CancellationToken cancel) =>
        e is SocketException or IOException or AuthenticationException || (e is OperationCanceledException && !cancel.IsCancellationRequested);

    /// <summary>What a client is told of a failure to reach a remote API.</summary>
    internal static string Problem(Exception e)
    {
        for (var at = e; at is not null; at = at.InnerException)
            if (at is NoEndpointException) return Unavailable;
        return "error trying to reach service: " + (e is OperationCanceledException ? "context deadline exceeded" : WebhookClient.Cause(e));
    }

    // Plain words, as upstream's aggregator: clients make their own error of the code.
    private static async Task RefuseAsync(HttpContext context, string why, CancellationToken cancel)
    {
        var body = Encoding.UTF8.GetBytes(why + "\n");
        context.Response.StatusCode = 503;
        context.Response.ContentType = "text/plain; charset=utf-8";
        context.Response.ContentLength = body.Length;
        await context.Response.BodyWriter.WriteAsync(body, cancel);
    }

    private static ApiResponse Refused(string why) => new(503, ((BodyResult)ApiDispatcher.Refusal(ApiError.Unavailable(why))).Body);
}
