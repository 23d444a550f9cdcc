using Gureum.Client;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Meta.V1;
using Gureum.Objects.Storage.V1;
using Gureum.Scheduler.Preemption;
using Gureum.Scheduler.Queue;
using Gureum.Scheduler.Snapshots;

namespace Gureum.Scheduler;

/// <summary>
/// The running scheduler: takes one pod at a time from the queue, decides over a snapshot, assumes the pod on its node and
/// binds it in the background. Make it before the informers start; <see cref="RunAsync"/> afterwards.
/// </summary>
public sealed class SchedulingLoop
{
    private const string Scheduled = "Scheduled", FailedScheduling = "FailedScheduling", Preempted = "Preempted";

    private readonly ApiClient client;
    private readonly TimeProvider time;
    private readonly SchedulerOptions options;
    private readonly ClusterCache cache;
    private readonly SchedulingQueue queue;
    private readonly PodScheduler scheduler = PodScheduler.Default;
    private readonly Preemptor preemptor = new(PodScheduler.Default);
    private readonly EventRecorder events;
    private readonly Binder binder;
    private readonly Random random;
    private readonly SemaphoreSlim bindings;

    public SchedulingLoop(InformerFactory informers, SchedulerOptions? options = null)
    {
        this.options = options ??= new SchedulerOptions();
        (client, time) = (informers.Client, informers.Time);
        random = options.Seed is { } seed ? new Random(seed) : new Random();
        bindings = new SemaphoreSlim(options.MostBindings);
        var view = new InformerView(informers);
        cache = new ClusterCache(view);
        queue = new SchedulingQueue(time);
        events = new EventRecorder(client, options.Name, null, time);
        binder = new Binder(client, view, time, options);
        informers.Get<Node>().AddHandler(OnNode);
        informers.Get<Pod>().AddHandler(OnPod);
        informers.Get<PersistentVolumeClaim>().AddHandler((_, _) => queue.Move(ClusterChange.Volume));
        informers.Get<PersistentVolume>().AddHandler((_, _) => queue.Move(ClusterChange.Volume));
        informers.Get<StorageClass>().AddHandler((_, _) => queue.Move(ClusterChange.Volume));
        informers.Get<Namespace>().AddHandler((_, _) => queue.Move(ClusterChange.Namespace));
    }

    /// <summary>Pods that wait for a node.</summary>
    public int Waiting => queue.Count;

    public async Task RunAsync(CancellationToken cancel)
    {
        using var timer = time.CreateTimer(_ => queue.Tick(), null, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1));
        while (!cancel.IsCancellationRequested)
        {
            try { await ScheduleOneAsync(await queue.TakeAsync(cancel), cancel); }
            catch (OperationCanceledException) when (cancel.IsCancellationRequested) { return; }
        }
    }

    private void OnNode(Node? old, Node? current)
    {
        if (current is null) { cache.RemoveNode(old!.Metadata.Name ?? ""); return; }
        cache.Set(current);
        if (old is null) queue.Move(ClusterChange.NodeAdded);
        else if (IsBetter(old, current)) queue.Move(ClusterChange.NodeChanged);
    }

    // Heartbeats change a node every few seconds and let nobody in.
    private static bool IsBetter(Node old, Node current) =>
        !old.Spec.Equals(current.Spec) || old.Metadata.Labels.Count != current.Metadata.Labels.Count || old.Status.Allocatable.Count != current.Status.Allocatable.Count
        || current.Metadata.Labels.Any(pair => old.Metadata.Labels.GetValueOrDefault(pair.Key) != pair.Value)
        || current.Status.Allocatable.Any(pair => old.Status.Allocatable.GetValueOrDefault(pair.Key) != pair.Value);

    private void OnPod(Pod? old, Pod? current)
    {
        var pod = (current ?? old)!;
        var uid = pod.Metadata.Uid ?? "";
        if (current is null || current.Status.Phase is "Succeeded" or "Failed")
        {
            queue.Remove(ObjectKey.Of(pod.Metadata));
            cache.RemovePod(uid);
            if (!string.IsNullOrEmpty(pod.Spec.NodeName)) queue.Move(ClusterChange.PodGone);
            return;
        }
        if (!string.IsNullOrEmpty(current.Spec.NodeName))
        {
            if (old is not null && old.Spec.NodeName == current.Spec.NodeName && !Matters(old, current)) return;
            queue.Remove(ObjectKey.Of(current.Metadata));
            cache.Set(new PodInfo(current));
            queue.Move(ClusterChange.PodPlaced);
            return;
        }
        if ((current.Spec.SchedulerName ?? "default-scheduler") != options.Name) return;
        if (current.Metadata.DeletionTimestamp is not null || current.Spec.SchedulingGates.Count > 0) { queue.Remove(ObjectKey.Of(current.Metadata)); return; }
        if (!cache.IsAssumed(uid)) queue.Set(new PodInfo(current), specChanged: old is not null && Matters(old, current));
    }

    private static bool Matters(Pod a, Pod b) =>
        a.Metadata.DeletionTimestamp is null != b.Metadata.DeletionTimestamp is null || a.Metadata.Generation != b.Metadata.Generation
        || a.Metadata.Labels.Count != b.Metadata.Labels.Count || b.Metadata.Labels.Any(pair => a.Metadata.Labels.GetValueOrDefault(pair.Key) != pair.Value)
        || a.Spec.SchedulingGates.Count != b.Spec.SchedulingGates.Count;

    private async Task ScheduleOneAsync(PodInfo pod, CancellationToken cancel)
    {
        var snapshot = cache.Current();
        var decision = scheduler.Schedule(snapshot, pod, random);
        if (decision.Node is not { } name || snapshot.Find(name) is not { } node) { await RefuseAsync(snapshot, pod, decision, cancel); return; }
        var assumed = pod.On(name);
        cache.Assume(assumed);
        queue.Done(pod);
        await bindings.WaitAsync(cancel);
        _ = Task.Run(() => BindAsync(pod, assumed, node, cancel), CancellationToken.None);
    }

    private async Task BindAsync(PodInfo pod, PodInfo assumed, NodeInfo node, CancellationToken cancel)
    {
        try
        {
            await binder.BindAsync(pod, node, cancel);
            events.Normal(pod.Pod, Scheduled, $"Successfully assigned {pod.Key} to {node.Name}");
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested) { cache.Forget(assumed); }
        catch (Exception e) when (e is ApiException or ApiUnreachableException or TimeoutException)
        {
            cache.Forget(assumed);
            if (e is ApiException { IsNotFound: true }) return;
            events.Warning(pod.Pod, FailedScheduling, $"binding to {node.Name} was refused: {e.Message}");
            queue.Set(pod, specChanged: false);
            queue.Refuse(pod, null);
        }
        finally { bindings.Release(); }
    }

    private async Task RefuseAsync(Snapshot snapshot, PodInfo pod, Decision decision, CancellationToken cancel)
    {
        var preemption = preemptor.Find(snapshot, pod, decision);
        var message = Explanation.Of(snapshot, pod, decision, preemption);
        // Queue first: a victim may be gone before the writes below are answered.
        queue.Refuse(pod, decision.Rules);
        events.Warning(pod.Pod, FailedScheduling, message);
        try
        {
            await WriteConditionAsync(pod, message, preemption.Node, cancel);
            foreach (var victim in preemption.Victims) await EvictAsync(pod, victim, preemption.Node!, cancel);
        }
        catch (Exception e) when (e is ApiException or ApiUnreachableException) { Log.Current.Debug("scheduler", $"{pod.Key}: {e.Message}"); }
    }

    private Task WriteConditionAsync(PodInfo pod, string message, string? nominated, CancellationToken cancel)
    {
        var status = pod.Pod.Status;
        var known = status.Conditions.FirstOrDefault(c => c.Type == PodConditions.PodScheduled);
        if (known is { Status: "False", Reason: PodConditions.Unschedulable } && known.Message == message && nominated is null) return Task.CompletedTask;
        return client.PatchAsync<Pod>(pod.Namespace, pod.Key.Name, PatchType.Strategic, PodConditions.Patch(pod.Pod, message, nominated, time.GetUtcNow()), "status", cancel: cancel);
    }

    private async Task EvictAsync(PodInfo preemptor, PodInfo victim, string node, CancellationToken cancel)
    {
        if (victim.IsTerminating) return;
        events.Warning(victim.Pod, Preempted, $"Preempted by pod {preemptor.Uid} (\"{preemptor.Key}\", priority {preemptor.Priority}) on node {node}");
        try
        {
            await client.PatchAsync<Pod>(victim.Namespace, victim.Key.Name, PatchType.Strategic, PodConditions.DisruptionPatch(victim.Pod, options.Name, time.GetUtcNow()), "status", cancel: cancel);
            await client.DeleteAsync<Pod>(victim.Namespace, victim.Key.Name, new DeleteOptions { Preconditions = new Preconditions { Uid = victim.Uid } }, cancel);
        }
        catch (ApiException e) when (e.IsNotFound || e.IsConflict) { /* gone already */ }
    }
}
