using System.Buffers;
using System.Diagnostics;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using Gureum.ApiServer.Aggregation;
using Gureum.ApiServer.Audit;
using Gureum.ApiServer.Authentication;
using Gureum.ApiServer.Errors;
using Gureum.ApiServer.Fairness;
using Gureum.ApiServer.Metrics;
using Gureum.ApiServer.Requests;
using Gureum.ApiServer.Responses;
using Gureum.ApiServer.Subresources;
using Gureum.ApiServer.Uploads;
using Gureum.Client;
using Gureum.Objects.Yaml;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Gureum.ApiServer.Http;

/// <summary>Turns HTTP requests into calls and results into responses; knows nothing of kinds.</summary>
internal sealed class ApiEndpoint(ApiDispatcher dispatcher, RequestAuthenticator authenticator, ConnectProxy proxy)
{
    /// <summary>Takes disks for claims; null takes none.</summary>
    internal UploadDoor? Uploads { get; init; }

    internal const int MostBodyBytes = 3 * 1024 * 1024;

    internal async Task HandleAsync(HttpContext context)
    {
        var cancel = context.RequestAborted;
        if (Uploads is not null && UploadDoor.Handles(context))
        {
            await Uploads.HandleAsync(context, cancel);
            return;
        }
        var query = ApiCall.ParseQuery(context.Request.QueryString.Value ?? "");
        var target = RequestTarget.Parse(context.Request.Method, context.Request.Path.Value ?? "/", QueryFlag.Read(ApiCall.First(query, "watch")) == true);
        RequestAudit? audit = null;
        Exception? panic = null;
        var seats = default(Seats);
        var began = Stopwatch.GetTimestamp();
        RequestSeries? lasting = null;
        dispatcher.Metrics?.Begin(context.Request.Method);
        HttpAudit.Name(context);
        try
        {
            ApiResult result;
            try
            {
                var user = await IdentifyAsync(context, target);
                if (dispatcher.Auditor is { } auditor) audit = await HttpAudit.BeginAsync(auditor, context, target, user);
                var acting = await authenticator.ActAsync(context, user);
                if (acting != user) audit?.ActsAs(acting);
                if (dispatcher.Fairness is { } fairness && !RequestFairness.IsUnbounded(target)) seats = await EnterAsync(fairness, context, acting, target, query, cancel);
                var call = await ReadAsync(context, acting, target, query, audit, cancel);
                result = await dispatcher.HandleAsync(call, target, cancel);
            }
            catch (RejectedException) { result = TooMany; }
            catch (ApiError error) { result = ApiDispatcher.Refusal(error); }
            catch (BadHttpRequestException e) { result = ApiDispatcher.Refusal(e.StatusCode == 413 ? ApiError.TooLarge(MostBodyBytes) : ApiError.BadRequest(e.Message)); }
            catch (Exception e) when (e is not OperationCanceledException and not IOException)
            {
                Log.Current.Error("api", $"{context.Request.Method} {context.Request.Path}", panic = e);
                result = ApiDispatcher.Refusal(ApiError.Internal(e.Message));
            }
            if (result is WatchResult watching)
            {
                // A watch costs little once it has begun.
                watching.Stream.Opened = seats.Leave;
                seats = default;
            }
            if (result is RemoteResult)
            {
                // It is the other server that works now, however long it takes.
                seats.Leave();
                seats = default;
            }
            if (result is WatchResult or ConnectResult || (result is RemoteResult && target.Verb == "watch")) lasting = dispatcher.Metrics?.BeginLong(context.Request.Method, target);
            if (audit is not null) Record(audit, context, target, result);
            await WriteAsync(context, result, cancel);
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested) { /* the client has gone */ }
        catch (IOException) when (cancel.IsCancellationRequested) { /* likewise */ }
        catch (ConnectionAbortedException) { /* it took nothing, and was hung up on */ }
        finally
        {
            seats.Leave();
            if (lasting is not null) lasting.End(context.Response.StatusCode, null);
            else dispatcher.Metrics?.End(context.Request.Method, target, query.ContainsKey("dryRun"), IsApply(context.Request), context.Response.StatusCode, Stopwatch.GetElapsedTime(began), context.Response.ContentLength);
            if (audit is not null) await (panic is null ? audit.CompletedAsync(context.Response.StatusCode) : audit.PanickedAsync(panic));
        }
    }

    private static bool IsApply(HttpRequest request) => request.Method == "PATCH" && request.ContentType?.StartsWith("application/apply-patch", StringComparison.Ordinal) == true;

    // In plain words, as upstream.
    private static readonly BodyResult TooMany = new(429, "Too many requests, please try again later.\n"u8.ToArray(), "text/plain; charset=utf-8");

    private static ValueTask<Seats> EnterAsync(RequestFairness fairness, HttpContext context, UserInfo user, RequestTarget target, IReadOnlyDictionary<string, IReadOnlyList<string>> query, CancellationToken cancel)
    {
        var flow = fairness.Classify(user, target);
        var headers = context.Response.Headers;
        headers["X-Kubernetes-PF-FlowSchema-UID"] = flow.Uid;
        headers["X-Kubernetes-PF-PriorityLevel-UID"] = flow.LevelUid;
        return fairness.EnterAsync(flow, user, target, query, cancel);
    }

    private async ValueTask<UserInfo> IdentifyAsync(HttpContext context, RequestTarget target)
    {
        try { return await authenticator.IdentifyAsync(context); }
        catch (ApiError e) when (e.Code == 401 && dispatcher.Auditor is not null)
        {
            await HttpAudit.UnauthorizedAsync(dispatcher.Auditor, context, target);
            throw;
        }
    }

    private void Record(RequestAudit audit, HttpContext context, RequestTarget target, ApiResult result)
    {
        if (result is WatchResult or ConnectResult or RemoteResult)
        {
            if (result is not RemoteResult || target.Verb == "watch") context.Response.OnStarting(() => audit.StartedAsync(context.Response.StatusCode).AsTask());
        }
        else audit.Answered(result, target.IsResource ? dispatcher.Registry.Catalog.Find(target.ApiVersion, target.Plural) : null);
    }

    private static async ValueTask<ApiCall> ReadAsync(HttpContext context, UserInfo user, RequestTarget target, IReadOnlyDictionary<string, IReadOnlyList<string>> query, RequestAudit? audit, CancellationToken cancel)
    {
        var request = context.Request;
        var body = ReadOnlyMemory<byte>.Empty;
        // What is handed through is read by whoever it is for.
        if (request.Method is "POST" or "PUT" or "PATCH" or "DELETE" && !IsUpgrade(context) && !SubresourceHandlers.Connects(target)) body = await ReadBodyAsync(request, cancel);
        return new ApiCall(request.Method, request.Path.Value ?? "/", user)
        {
            Query = query, Body = body, ContentType = request.ContentType ?? "application/json",
            RawTarget = context.Features.Get<IHttpRequestFeature>()?.RawTarget ?? "", Accept = request.Headers.Accept.ToString(), UserAgent = request.Headers.UserAgent.ToString(), Audit = audit,
        };
    }

    private static bool IsUpgrade(HttpContext context) => context.Request.Headers.Connection.ToString().Contains("upgrade", StringComparison.OrdinalIgnoreCase);

    private static async ValueTask<ReadOnlyMemory<byte>> ReadBodyAsync(HttpRequest request, CancellationToken cancel)
    {
        if (request.ContentLength > MostBodyBytes) throw ApiError.TooLarge(MostBodyBytes);
        var input = request.Headers.ContentEncoding.ToString() == "gzip" ? new System.IO.Compression.GZipStream(request.Body, System.IO.Compression.CompressionMode.Decompress) : request.Body;
        using var buffer = new MemoryStream((int)(request.ContentLength ?? 1024));
        var chunk = ArrayPool<byte>.Shared.Rent(16 * 1024);
        try
        {
            int read;
            while ((read = await input.ReadAsync(chunk, cancel)) > 0)
            {
                if (buffer.Length + read > MostBodyBytes) throw ApiError.TooLarge(MostBodyBytes);
                buffer.Write(chunk, 0, read);
            }
        }
        finally { ArrayPool<byte>.Shared.Return(chunk); }
        return buffer.GetBuffer().AsMemory(0, (int)buffer.Length);
    }

    private async Task WriteAsync(HttpContext context, ApiResult result, CancellationToken cancel)
    {
        var response = context.Response;
        WarningHeaders.Write(response, result.Warnings);
        switch (result)
        {
            case RedirectResult redirect:
                response.StatusCode = redirect.Status;
                response.Headers.Location = redirect.Location;
                break;
            case BodyResult body: await WriteBodyAsync(context, body, cancel); break;
            case ListResult { ContentType: "application/json" } list when Pretty.Wanted(context.Request): await WriteBodyAsync(context, new BodyResult(200, list.ToArray()), cancel); break;
            case ListResult list: await WriteListAsync(context, list, cancel); break;
            case WatchResult watch: await WatchWriter.WriteAsync(context, watch.Stream, cancel); break;
            case RemoteResult remote: await dispatcher.Forwarder!.ForwardAsync(context, remote, cancel); break;
            case ConnectResult connect: await proxy.HandleAsync(context, connect.Target, cancel); break;
            default: throw new InvalidOperationException($"no way to write {result.GetType().Name}");
        }
    }

    private static async Task WriteBodyAsync(HttpContext context, BodyResult result, CancellationToken cancel)
    {
        var (body, type) = (result.Body, result.ContentType);
        if (WantsYaml(context) && type == "application/json") (body, type) = (YamlWriter.FromJson(body.Span), "application/yaml");
        else if (type == "application/json" && Pretty.Wanted(context.Request)) body = Pretty.Indent(body);
        var response = context.Response;
        response.StatusCode = result.Status;
        response.ContentType = type;
        response.Headers["Cache-Control"] = result.Caching;
        if (result.Caching == BodyResult.Forever)
        {
            response.Headers.Vary = "Accept";
            response.Headers.Expires = DateTimeOffset.UtcNow.AddYears(1).ToString("R", System.Globalization.CultureInfo.InvariantCulture);
        }
        if (result.ETag is { } tag)
        {
            response.Headers.ETag = tag;
            if (context.Request.Headers.IfNoneMatch.ToString().Contains(tag, StringComparison.Ordinal)) { response.StatusCode = 304; return; }
        }
        if (result.Status == 401) response.Headers["WWW-Authenticate"] = "Bearer realm=\"gureum\"";
        if (result.Status == 429) response.Headers["Retry-After"] = "1";
        if (Compression.Wanted(context, body.Length)) { await Compression.WriteAsync(response, body, cancel); return; }
        response.ContentLength = body.Length;
        if (context.Request.Method != "HEAD") await SlowReaders.TakenAsync(context, response.BodyWriter.WriteAsync(body, cancel));
    }

    private static bool WantsYaml(HttpContext context) =>
        context.Request.Headers.Accept.ToString() is var accept && accept.StartsWith("application/yaml", StringComparison.Ordinal);

    private static async Task WriteListAsync(HttpContext context, ListResult list, CancellationToken cancel)
    {
        var (response, length) = (context.Response, list.Length);
        response.StatusCode = 200;
        response.ContentType = list.ContentType;
        response.Headers["Cache-Control"] = "no-cache, private";
        if (Compression.Wanted(context, length)) { await Compression.WriteAsync(response, list.ToArray(), cancel); return; }
        response.ContentLength = length;
        if (context.Request.Method == "HEAD") return;
        // Items go out as they are; a flush now and then keeps the buffer small whatever the length of the list.
        await response.StartAsync(cancel);
        var output = new BlockWriter(response.BodyWriter);
        var prefix = new byte[ListResult.MostPrefix];
        output.Write(list.Head.Span);
        for (var i = 0; i < list.Count; i++)
        {
            output.Write(prefix.AsSpan(0, list.Prefix(i, prefix)));
            output.Write(list.Item(i).Span);
            if (output.Pending > 256 * 1024) await SlowReaders.TakenAsync(context, output.FlushAsync(cancel));
        }
        output.Write(list.Tail.Span);
        await SlowReaders.TakenAsync(context, output.FlushAsync(cancel));
    }
}

/// <summary>gzip for large answers, for clients that ask for it and are not on this machine.</summary>
internal static class Compression
{
    private const long Threshold = 128 * 1024;

    internal static bool Wanted(HttpContext context, long bytes) =>
        bytes >= Threshold && context.Request.Headers.AcceptEncoding.ToString().Contains("gzip", StringComparison.Ordinal)
        && context.Connection.RemoteIpAddress is { } remote && !IPAddress.IsLoopback(remote) && !remote.Equals(context.Connection.LocalIpAddress);

    internal static async Task WriteAsync(HttpResponse response, ReadOnlyMemory<byte> body, CancellationToken cancel)
    {
        response.Headers.ContentEncoding = "gzip";
        response.Headers.Vary = "Accept-Encoding";
        await using var gzip = new System.IO.Compression.GZipStream(response.Body, System.IO.Compression.CompressionLevel.Fastest);
        await gzip.WriteAsync(body, cancel);
    }
}
