using System.Collections.Concurrent;
using Gureum.Client;
using Gureum.Node.Admission;
using Gureum.Objects.Core.V1;

namespace Gureum.Node.Pods;

/// <summary>
/// One worker for each pod of this node (thread-safe state). Pods come from the informer; what the runtime still holds of
/// pods that are gone is removed.
/// </summary>
/// <param name="judge">Says of a pod that has not begun, and of those that this node takes already, whether it takes the former too.</param>
public sealed class PodWorkers(IPodRuntime runtime, ApiClient client, EventRecorder events, Informer<Pod> pods, Func<Pod, IReadOnlyCollection<Pod>, Rejection?> judge, TimeProvider time) : IAsyncDisposable
{
    private readonly ConcurrentDictionary<string, PodWorker> workers = new();
    // Pods whose end is done here, and which the API keeps for somebody else's finalizer: their last status must stand.
    private readonly HashSet<string> done = [];
    private readonly Lock gate = new();
    private readonly CancellationTokenSource stop = new();

    /// <summary>Starts following the informer, which must have listed once.</summary>
    public void Start() => pods.AddHandler((old, current) =>
    {
        if (current is not null) Offer(current);
        if (current is null || (old is not null && old.Metadata.Uid != current.Metadata.Uid)) Forget(old?.Metadata.Uid);
        if (current is null && old is not null && workers.TryGetValue(old.Metadata.Uid!, out var worker)) worker.Gone();
    });

    private void Offer(Pod pod)
    {
        if (pod.Metadata.Uid is not { Length: > 0 } uid) return;
        lock (gate) if (done.Contains(uid)) return;
        if (!workers.TryGetValue(uid, out var worker))
        {
            worker = workers[uid] = new PodWorker(runtime, client, events, time, stop.Token, Ended, HasBegun(pod) ? null : judge(pod, Taken()));
        }
        worker.Offer(pod);
    }

    // What runs already was taken once, by an earlier life of this agent perhaps.
    private static bool HasBegun(Pod pod) => pod.Metadata.DeletionTimestamp is not null || pod.Status.Phase is not (null or "" or "Pending") || pod.Status.ContainerStatuses.Any(s => s.ContainerID is { Length: > 0 });

    private List<Pod> Taken() => [.. workers.Values.Select(w => w.Taken).OfType<Pod>()];

    /// <summary>Something happened to a pod's containers or probes: its worker looks at once.</summary>
    public void Wake(string uid)
    {
        if (workers.TryGetValue(uid, out var worker)) worker.Wake();
    }

    public bool Knows(string uid) => workers.ContainsKey(uid);

    /// <summary>The pods that have a worker now.</summary>
    public IReadOnlyCollection<string> Uids => [.. workers.Keys];

    private void Ended(Pod pod)
    {
        var uid = pod.Metadata.Uid!;
        lock (gate)
        {
            workers.TryRemove(uid, out _);
            // The informer takes an object out before it tells of it: what it still has will be told of later.
            if (pods.Get(pod.Metadata.Namespace, pod.Metadata.Name!)?.Metadata.Uid == uid) done.Add(uid);
        }
    }

    private void Forget(string? uid)
    {
        lock (gate) if (uid is not null) done.Remove(uid);
    }

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        await Task.WhenAll(workers.Values.Select(w => w.Completion));
        stop.Dispose();
    }
}
