using System.Diagnostics;
using System.Runtime.CompilerServices;
using Gureum.ApiServer.Aggregation;
using Gureum.ApiServer.Audit;
using Gureum.ApiServer.Requests;
using Gureum.ApiServer.Responses;
using Gureum.Client;

namespace Gureum.ApiServer.Http;

/// <summary>Calls the API server of this process as a given user: the same way as HTTPS takes, without the wire.</summary>
public sealed class InProcessTransport(ApiDispatcher dispatcher, UserInfo user, string agent) : IApiTransport
{
    /// <summary>How long an answer may take, as over HTTPS: who waits without end cannot try again.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private static readonly string[] Loopback = ["127.0.0.1"];

    public async Task<ApiResponse> SendAsync(ApiRequest request, CancellationToken cancel = default)
    {
        var call = new ApiCall(request.Method, request.Path, user) { Query = ApiCall.ParseQuery(request.Query), Body = request.Body, ContentType = request.ContentType, UserAgent = agent };
        var target = RequestTarget.Parse(call.Method, call.Path, QueryFlag.Read(call.Parameter("watch")) == true);
        return dispatcher.Auditor is { } auditor ? await SendAuditedAsync(auditor, request, call, target, cancel) : await AnswerAsync(await HandleAsync(request, call, target, cancel), request, null, cancel);
    }

    private async Task<ApiResponse> SendAuditedAsync(Auditor auditor, ApiRequest request, ApiCall call, RequestTarget target, CancellationToken cancel)
    {
        var audit = auditor.Begin(null, target, request.Path + (request.Query.Length > 0 ? "?" + request.Query.TrimStart('?') : ""), user, Loopback, agent);
        if (audit is null) return await AnswerAsync(await HandleAsync(request, call, target, cancel), request, null, cancel);
        await audit.ReceivedAsync();
        var result = await HandleAsync(request, call with { Audit = audit }, target, cancel);
        if (result is WatchResult)
        {
            await audit.StartedAsync(200);
            return await AnswerAsync(result, request, audit, cancel);
        }
        audit.Answered(result, target.IsResource ? dispatcher.Registry.Catalog.Find(target.ApiVersion, target.Plural) : null);
        var answer = await AnswerAsync(result, request, null, cancel);
        await audit.CompletedAsync(answer.Status);
        return answer;
    }

    private async ValueTask<ApiResult> HandleAsync(ApiRequest request, ApiCall call, RequestTarget target, CancellationToken cancel)
    {
        var began = Stopwatch.GetTimestamp();
        dispatcher.Metrics?.Begin(call.Method);
        var code = 500;
        try
        {
            var answer = dispatcher.HandleAsync(call, target, cancel);
            var result = answer.IsCompletedSuccessfully ? answer.Result : await InTimeAsync(answer.AsTask(), request, cancel);
            code = result.Status;
            return result;
        }
        finally { dispatcher.Metrics?.End(call.Method, target, call.Query.ContainsKey("dryRun"), call.ContentType.StartsWith("application/apply-patch", StringComparison.Ordinal), code, Stopwatch.GetElapsedTime(began)); }
    }

    /// <param name="watched">The record of a watch, which ends with it.</param>
    private async Task<ApiResponse> AnswerAsync(ApiResult result, ApiRequest request, RequestAudit? watched, CancellationToken cancel)
    {
        switch (result)
        {
            case BodyResult body: return new ApiResponse(body.Status, body.Body);
            case ListResult list: return new ApiResponse(200, list.ToArray());
            case WatchResult watch: return new ApiResponse(200, default, Frames(watch.Stream, watched, cancel));
            case RemoteResult remote: return await dispatcher.Forwarder!.SendAsync(remote, request, agent, cancel);
            default: throw new ApiUnreachableException($"{request.Method} {request.Path} needs a connection of its own: use HTTPS");
        }
    }

    private static async Task<ApiResult> InTimeAsync(Task<ApiResult> answer, ApiRequest request, CancellationToken cancel)
    {
        try { return await answer.WaitAsync(Patience, cancel); }
        catch (TimeoutException e) { throw new ApiUnreachableException($"{request.Method} {request.Path}: the API server has not answered within {Patience.TotalSeconds:0} s", e); }
    }

    private static async IAsyncEnumerable<ReadOnlyMemory<byte>> Frames(WatchStream stream, RequestAudit? audit, [EnumeratorCancellation] CancellationToken cancel)
    {
        using var owned = stream;
        try
        {
            foreach (var frame in stream.Opening()) yield return frame;
            await foreach (var change in stream.Changes.ReadAllAsync(cancel))
                if (stream.Frame(change) is { } frame) yield return frame;
        }
        finally { if (audit is not null) await audit.CompletedAsync(200); }
    }
}
