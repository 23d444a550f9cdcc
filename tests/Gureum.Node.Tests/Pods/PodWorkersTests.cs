using System.Runtime.CompilerServices;
using System.Text;
using Gureum.Client;
using Gureum.Node.Pods;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Models;

namespace Gureum.Node.Tests.Pods;

public sealed class PodWorkersTests
{
    // The scheduler gives the place of a pod that the API has let go to another at once; the node is still busy with its last answer.
    [Fact]
    public async Task Offer_AfterTheApiLetAPodGoWhoseEndIsNotOverHere_CountsItNoMore()
    {
        using var stop = new CancellationTokenSource();
        var runtime = new SlowRuntime();
        var judged = new System.Collections.Concurrent.ConcurrentQueue<(string Pod, string Others)>();
        await using var workers = Workers(new Api([Pod("old", 1)], [("ADDED", Pod("other", 2)), ("DELETED", Pod("old", 3)), ("ADDED", Pod("new", 4))]), runtime, judged, stop.Token);
        for (var i = 0; i < 200 && judged.Count < 3; i++) await Task.Delay(50, TestContext.Current.CancellationToken);
        runtime.Released.SetResult();
        await stop.CancelAsync();
        Assert.Equal([("old", ""), ("other", "old"), ("new", "other")], judged);
    }

    private static PodWorkers Workers(Api api, IPodRuntime runtime, System.Collections.Concurrent.ConcurrentQueue<(string, string)> judged, CancellationToken stop)
    {
        var client = new ApiClient(api);
        var informers = new InformerFactory(client, TimeProvider.System);
        var pods = informers.Select<Pod>(new ListQuery());
        var workers = new PodWorkers(runtime, client, new EventRecorder(client, "kubelet", "here", TimeProvider.System), pods, (pod, others) =>
        {
            judged.Enqueue((pod.Metadata.Name!, string.Join(' ', others.Select(o => o.Metadata.Name))));
            return null;
        }, TimeProvider.System);
        _ = informers.StartAsync(stop);
        workers.Start();
        return workers;
    }

    private static string Pod(string name, int version) => """{"apiVersion":"v1","kind":"Pod","metadata":{"name":"NAME","namespace":"n","uid":"NAME","resourceVersion":"VERSION"},"spec":{"nodeName":"here"},"status":{"phase":"Pending"}}"""
        .Replace("NAME", name, StringComparison.Ordinal).Replace("VERSION", version.ToString(System.Globalization.CultureInfo.InvariantCulture), StringComparison.Ordinal);

    /// <summary>Does nothing, and is not done with the end of a pod until it is told.</summary>
    private sealed class SlowRuntime : IPodRuntime
    {
        internal TaskCompletionSource Released { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task<PodStep> SyncAsync(Pod pod, CancellationToken cancel) => Task.FromResult(new PodStep(pod.Status, null));
        public string Doing(string uid) => "";
        public async Task<PodStatus> StopAsync(Pod pod, TimeSpan grace, CancellationToken cancel) { await Released.Task; return pod.Status; }
        public Task RemoveAsync(string uid, string ns, string name, CancellationToken cancel) => Task.CompletedTask;
    }

    /// <summary>An API server that lists these pods, then tells of these changes, and takes whatever is written.</summary>
    private sealed class Api(string[] listed, (string Type, string Pod)[] changes) : IApiTransport
    {
        public Task<ApiResponse> SendAsync(ApiRequest request, CancellationToken cancel = default) => Task.FromResult(
            request.Streaming ? new ApiResponse(200, default, WatchAsync(cancel))
            : request.Method == "GET" && request.Path == "/api/v1/pods" ? new ApiResponse(200, Encoding.UTF8.GetBytes($$$"""{"kind":"PodList","apiVersion":"v1","metadata":{"resourceVersion":"1"},"items":[{{{string.Join(',', listed)}}}]}"""))
            : request.Method == "GET" ? new ApiResponse(200, Encoding.UTF8.GetBytes(listed[0])) : new ApiResponse(200, request.Body));

        private async IAsyncEnumerable<ReadOnlyMemory<byte>> WatchAsync([EnumeratorCancellation] CancellationToken cancel)
        {
            foreach (var (type, pod) in changes) yield return Encoding.UTF8.GetBytes($$$"""{"type":"{{{type}}}","object":{{{pod}}}}""");
            await Task.Delay(Timeout.Infinite, cancel);
        }
    }
}
