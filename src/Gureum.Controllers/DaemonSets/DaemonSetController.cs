using Gureum.Client;
using Gureum.Controllers.Common;
using Gureum.Controllers.History;
using Gureum.Objects.Apps.V1;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Selectors;

namespace Gureum.Controllers.DaemonSets;

/// <summary>Runs one pod of each DaemonSet on every node that suits it, and updates them node by node.</summary>
public sealed class DaemonSetController : IController
{
    private const string FailedDaemonPod = "FailedDaemonPod";

    private readonly ControllerContext context;
    private readonly Informer<DaemonSet> sets;
    private readonly Informer<Pod> pods;
    private readonly Informer<Node> nodes;
    private readonly Informer<ControllerRevision> revisions;
    private readonly WorkQueue<ObjectKey> queue;
    private readonly Expectations expectations;
    private readonly EventRecorder events;
    private readonly PodControl control;
    private readonly ControllerHistory history;
    private readonly FailureBackOff backOff;

    public DaemonSetController(ControllerContext context)
    {
        this.context = context;
        queue = new WorkQueue<ObjectKey>(context.Time);
        expectations = new Expectations(context.Time);
        events = context.Events(Name);
        control = new PodControl(context.Client, events);
        history = new ControllerHistory(context.Client);
        backOff = new FailureBackOff(context.Time, TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(15));
        sets = context.Informers.Get<DaemonSet>();
        pods = context.Informers.Get<Pod>().IndexOwners();
        nodes = context.Informers.Get<Node>();
        revisions = context.Informers.Get<ControllerRevision>().IndexOwners();
        sets.AddHandler((old, current) => queue.Add((current ?? old)!.Key()));
        pods.AddHandler(OnPod);
        nodes.AddHandler(OnNode);
    }

    public string Name => "daemonset-controller";

    public Task RunAsync(CancellationToken cancel) => new Reconciler<ObjectKey>(Name, queue, SyncAsync, workers: 2).RunAsync(cancel);

    private void OnNode(Node? old, Node? current)
    {
        // Heartbeats change nothing for daemons.
        if (old is not null && current is not null && old.Spec.Equals(current.Spec) && old.Metadata.Labels.Count == current.Metadata.Labels.Count
            && current.Metadata.Labels.All(pair => old.Metadata.Labels.GetValueOrDefault(pair.Key) == pair.Value)) return;
        foreach (var set in sets.List()) queue.AddAfter(set.Key(), context.Options.StatusDelay);
    }

    private void OnPod(Pod? old, Pod? current)
    {
        var pod = (current ?? old)!;
        if (Owners.Controller(pod.Metadata) is not { } reference)
        {
            if (current is not null)
                foreach (var set in sets.List(pod.Ns()))
                    if (Selector.From(set.Spec.Selector).Matches(pod.Metadata.Labels)) queue.Add(set.Key());
            return;
        }
        if (reference.Kind != DaemonSet.Resource.Kind) return;
        var key = new ObjectKey(pod.Metadata.Namespace, reference.Name ?? "");
        if (old is null) expectations.Created(key);
        if (current is null || current.IsDeleting()) expectations.Deleted(key, pod.Uid());
        queue.AddAfter(key, context.Options.StatusDelay);
    }

    private async Task SyncAsync(ObjectKey key, CancellationToken cancel)
    {
        if (sets.Get(key) is not { } set) { expectations.Forget(key); return; }
        if (set.Spec.Selector is { MatchLabels.Count: 0, MatchExpressions.Count: 0 } || set.IsDeleting()) return;
        var settled = expectations.AreMet(key);
        var claimed = await Claims.ApplyAsync(context.Client, set, Selector.From(set.Spec.Selector), pods, cancel);
        var known = revisions.ByIndex(Owners.ByController, set.Uid()).ToList();
        if (await history.EnsureAsync(set, set.Spec.Template, set.Spec.Template.Metadata.Labels, known, set.Status.CollisionCount, cancel) is not { } revision)
        {
            await context.Client.UpdateStatusAsync(set with { Status = set.Status with { CollisionCount = (set.Status.CollisionCount ?? 0) + 1 } }, cancel: cancel);
            return;
        }
        var hash = ControllerHistory.HashOf(revision);
        var byNode = claimed.Where(pod => DaemonPods.NodeOf(pod) is not null).ToLookup(pod => DaemonPods.NodeOf(pod)!, StringComparer.Ordinal);
        var all = nodes.List().ToArray();
        if (settled)
        {
            var changes = DaemonPlan.Place(set, all, byNode, hash);
            if (changes is { Create.Count: 0, Delete.Count: 0, Failed.Count: 0 }) changes = DaemonPlan.Roll(set, all, byNode, hash, context.Now);
            await ApplyAsync(set, changes, hash, cancel);
            await history.TrimAsync(known, set.Spec.RevisionHistoryLimit ?? 10, claimed.Select(pod => pod.Label(ControllerHistory.HashLabel) ?? "").Append(hash).ToHashSet(), cancel);
        }
        var status = DaemonPlan.Status(set, all, byNode, hash, context.Now);
        if (!status.Equals(set.Status)) await context.Client.UpdateStatusAsync(set with { Status = status }, cancel: cancel);
        if (set.Spec.MinReadySeconds is > 0 and var wait && status.NumberReady != status.NumberAvailable) queue.AddAfter(key, TimeSpan.FromSeconds(wait));
    }

    private async Task ApplyAsync(DaemonSet set, DaemonChanges changes, string hash, CancellationToken cancel)
    {
        var key = set.Key();
        var delete = changes.Delete.ToList();
        foreach (var pod in changes.Failed)
        {
            // A daemon that fails at once on a node must not be made and deleted without pause.
            if (backOff.Wait($"{set.Uid()}/{DaemonPods.NodeOf(pod)}") is { } wait) { queue.AddAfter(key, wait); continue; }
            events.Warning(set, FailedDaemonPod, $"Found failed daemon pod {pod.Key()} on node {DaemonPods.NodeOf(pod)}, will try to kill it");
            delete.Add(pod);
        }
        expectations.ExpectCreations(key, changes.Create.Count);
        foreach (var pod in delete) expectations.ExpectDeletion(key, pod.Uid());
        var (made, failure) = await SlowStart.RunAsync(changes.Create.Count, i => control.CreateAsync(DaemonPods.Make(set, changes.Create[i], hash), set, cancel));
        if (made < changes.Create.Count) expectations.Created(key, changes.Create.Count - made);
        foreach (var pod in delete)
        {
            try { await control.DeleteAsync(pod, set, cancel); }
            catch (ApiException e) { expectations.Deleted(key, pod.Uid()); failure ??= e; }
        }
        if (failure is not null) throw failure;
    }
}
