using System.Runtime.CompilerServices;
using Gureum.ApiServer.Aggregation;
using Gureum.ApiServer.Requests;
using Gureum.ApiServer.Responses;
using Gureum.Client;

namespace Gureum.ApiServer.Http;

/// <summary>Calls the API server of this process as a given user: the same way as HTTPS takes, without the wire.</summary>
public sealed class InProcessTransport(ApiDispatcher dispatcher, UserInfo user, string agent) : IApiTransport
{
    /// <summary>How long an answer may take, as over HTTPS: who waits without end cannot try again.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    public async Task<ApiResponse> SendAsync(ApiRequest request, CancellationToken cancel = default)
    {
        var answer = dispatcher.HandleAsync(new ApiCall(request.Method, request.Path, user)
        {
            Query = ApiCall.ParseQuery(request.Query), Body = request.Body, ContentType = request.ContentType, UserAgent = agent,
        }, cancel);
        var result = answer.IsCompletedSuccessfully ? answer.Result : await InTimeAsync(answer.AsTask(), request, cancel);
        switch (result)
        {
            case BodyResult body: return new ApiResponse(body.Status, body.Body);
            case ListResult list: return new ApiResponse(200, list.ToArray());
            case WatchResult watch: return new ApiResponse(200, default, Frames(watch.Stream, cancel));
            case RemoteResult remote: return await dispatcher.Forwarder!.SendAsync(remote, request, agent, cancel);
            default: throw new ApiUnreachableException($"{request.Method} {request.Path} needs a connection of its own: use HTTPS");
        }
    }

    private static async Task<ApiResult> InTimeAsync(Task<ApiResult> answer, ApiRequest request, CancellationToken cancel)
    {
        try { return await answer.WaitAsync(Patience, cancel); }
        catch (TimeoutException e) { throw new ApiUnreachableException($"{request.Method} {request.Path}: the API server has not answered within {Patience.TotalSeconds:0} s", e); }
    }

    private static async IAsyncEnumerable<ReadOnlyMemory<byte>> Frames(WatchStream stream, [EnumeratorCancellation] CancellationToken cancel)
    {
        using (stream)
        {
            foreach (var frame in stream.Opening()) yield return frame;
            await foreach (var change in stream.Changes.ReadAllAsync(cancel))
                if (stream.Frame(change) is { } frame) yield return frame;
        }
    }
}
