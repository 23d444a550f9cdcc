using Gureum.Client;
using Gureum.Controllers.Common;
using Gureum.Objects.Coordination.V1;
using Gureum.Objects.Core.V1;

namespace Gureum.Controllers.Nodes;

/// <summary>Watches the heartbeats of nodes: silent ones become Unknown, troubled ones are tainted, and their pods are marked not ready.</summary>
public sealed class NodeLifecycleController : IController
{
    private const string LeaseNamespace = "kube-node-lease", ByNode = "node", NodeNotReady = "NodeNotReady";

    // When a heartbeat was last seen to move, by this machine's own clock: the nodes' clocks may differ.
    private sealed record Heartbeat(DateTimeOffset? Stamp, DateTimeOffset Seen);

    private readonly ControllerContext context;
    private readonly Informer<Node> nodes;
    private readonly Informer<Lease> leases;
    private readonly Informer<Pod> pods;
    private readonly WorkQueue<string> queue;
    private readonly Dictionary<string, Heartbeat> heartbeats = new(StringComparer.Ordinal);
    private readonly Lock gate = new();
    private readonly EventRecorder events;
    private DateTimeOffset nextEviction;

    public NodeLifecycleController(ControllerContext context)
    {
        this.context = context;
        queue = new WorkQueue<string>(context.Time);
        events = context.Events(Name);
        nodes = context.Informers.Get<Node>();
        leases = context.Informers.Get<Lease>();
        pods = context.Informers.Get<Pod>().AddIndex(ByNode, static pod => string.IsNullOrEmpty(pod.Spec.NodeName) ? [] : [pod.Spec.NodeName]);
        nodes.AddHandler((old, current) =>
        {
            if (current is null) { lock (gate) heartbeats.Remove(old!.Name()); return; }
            if (old is null || !old.Spec.Equals(current.Spec) || ConditionsDiffer(old, current)) queue.Add(current.Name());
        });
    }

    public string Name => "node-lifecycle-controller";

    public Task RunAsync(CancellationToken cancel) => Task.WhenAll(TickAsync(cancel), new Reconciler<string>(Name, queue, SyncAsync, workers: 4).RunAsync(cancel));

    private static bool ConditionsDiffer(Node a, Node b) =>
        a.Status.Conditions.Count != b.Status.Conditions.Count || b.Status.Conditions.Any(c => NodeHealth.Find(a, c.Type ?? "")?.Status != c.Status);

    private async Task TickAsync(CancellationToken cancel)
    {
        using var timer = new PeriodicTimer(context.Options.NodeMonitorPeriod, context.Time);
        try
        {
            do foreach (var node in nodes.List()) queue.Add(node.Name());
            while (await timer.WaitForNextTickAsync(cancel));
        }
        catch (OperationCanceledException) { /* the end of the run */ }
    }

    private async Task SyncAsync(string name, CancellationToken cancel)
    {
        if (nodes.Get(null, name) is not { } node) return;
        var now = context.Now;
        if (SilentFor(node, now) > context.Options.NodeMonitorGrace)
        {
            var conditions = NodeHealth.Silent(node, now);
            if (!conditions.SequenceEqual(node.Status.Conditions))
            {
                node = await context.Client.UpdateStatusAsync(node with { Status = node.Status with { Conditions = conditions } }, cancel: cancel);
                events.Normal(node, NodeNotReady, $"Node {name} status is now: {NodeNotReady}");
            }
        }
        var taints = NodeHealth.Taints(node, NodeHealth.WantsEviction(node) && MayEvict(now), now);
        if (!taints.SequenceEqual(node.Spec.Taints)) node = await context.Client.UpdateAsync(node with { Spec = node.Spec with { Taints = taints } }, cancel);
        if (NodeHealth.Find(node, "Ready")?.Status != "True") await MarkPodsAsync(node, cancel);
    }

    private TimeSpan SilentFor(Node node, DateTimeOffset now)
    {
        var lease = leases.Get(LeaseNamespace, node.Name())?.Spec.RenewTime;
        var status = NodeHealth.Find(node, "Ready") is { Status: not "Unknown" } ready ? ready.LastHeartbeatTime : null;
        var stamp = lease is { } a && status is { } b ? (a > b ? a : b) : lease ?? status;
        lock (gate)
        {
            if (!heartbeats.TryGetValue(node.Name(), out var known) || known.Stamp != stamp) heartbeats[node.Name()] = known = new Heartbeat(stamp, now);
            return now - known.Seen;
        }
    }

    // One node every so often; the first of a while at once.
    private bool MayEvict(DateTimeOffset now)
    {
        lock (gate)
        {
            if (now < nextEviction) return false;
            nextEviction = now + TimeSpan.FromSeconds(1 / context.Options.NodeEvictionRate);
            return true;
        }
    }

    // Services must not send traffic to pods that nobody vouches for.
    private async Task MarkPodsAsync(Node node, CancellationToken cancel)
    {
        foreach (var pod in pods.ByIndex(ByNode, node.Name()))
        {
            if (!PodStates.IsReady(pod)) continue;
            var conditions = pod.Status.Conditions.Select(c => c.Type == "Ready" ? c with { Status = "False", Reason = NodeNotReady, LastTransitionTime = context.Now } : c);
            try { await context.Client.UpdateStatusAsync(pod with { Status = pod.Status with { Conditions = [.. conditions] } }, cancel: cancel); }
            catch (ApiException e) when (e.IsNotFound || e.IsConflict) { /* gone, or somebody vouches for it after all */ }
        }
    }
}
