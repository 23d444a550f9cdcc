using System.Collections.Concurrent;
using Gureum.Client;
using Gureum.Objects.Core.V1;

namespace Gureum.Node.Pods;

/// <summary>
/// One worker for each pod of this node (thread-safe state). Pods come from the informer; what the runtime still holds of
/// pods that are gone is removed.
/// </summary>
public sealed class PodWorkers(IPodRuntime runtime, ApiClient client, EventRecorder events, Informer<Pod> pods, TimeProvider time) : IAsyncDisposable
{
    private readonly ConcurrentDictionary<string, PodWorker> workers = new();
    private readonly CancellationTokenSource stop = new();

    /// <summary>Starts following the informer, which must have listed once.</summary>
    public void Start() => pods.AddHandler((old, current) =>
    {
        if (current is not null) Offer(current);
        else if (old is not null && workers.TryGetValue(old.Metadata.Uid!, out var worker)) worker.Gone();
    });

    private void Offer(Pod pod)
    {
        if (pod.Metadata.Uid is not { Length: > 0 } uid) return;
        var worker = workers.GetOrAdd(uid, _ => new PodWorker(runtime, client, events, time, stop.Token, Ended));
        worker.Offer(pod);
    }

    /// <summary>Something happened to a pod's containers or probes: its worker looks at once.</summary>
    public void Wake(string uid)
    {
        if (workers.TryGetValue(uid, out var worker)) worker.Wake();
    }

    public bool Knows(string uid) => workers.ContainsKey(uid);

    /// <summary>The pods that have a worker now.</summary>
    public IReadOnlyCollection<string> Uids => [.. workers.Keys];

    private void Ended(string uid) => workers.TryRemove(uid, out _);

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        await Task.WhenAll(workers.Values.Select(w => w.Completion));
        stop.Dispose();
    }
}
