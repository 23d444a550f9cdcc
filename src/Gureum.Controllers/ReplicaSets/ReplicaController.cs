using Gureum.Client;
using Gureum.Controllers.Common;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Models;

namespace Gureum.Controllers.ReplicaSets;

/// <summary>
/// Keeps as many pods as an owner asks for: adopts and releases, creates with a slow start, deletes the least valuable
/// first. One engine for ReplicaSet and ReplicationController.
/// </summary>
public sealed class ReplicaController<TOwner> : IController where TOwner : class, IKubeObject<TOwner>
{
    private const int MostWritesAtOnce = 500;
    private const string FailedCreate = "FailedCreate", FailedDelete = "FailedDelete";

    private readonly ControllerContext context;
    private readonly IReplicaKind<TOwner> kind;
    private readonly Informer<TOwner> owners;
    private readonly Informer<Pod> pods;
    private readonly WorkQueue<ObjectKey> queue;
    private readonly Expectations expectations;
    private readonly PodControl control;

    public ReplicaController(ControllerContext context, IReplicaKind<TOwner> kind)
    {
        (this.context, this.kind) = (context, kind);
        queue = new WorkQueue<ObjectKey>(context.Time);
        expectations = new Expectations(context.Time);
        control = new PodControl(context.Client, context.Events(kind.ControllerName));
        owners = context.Informers.Get<TOwner>();
        pods = context.Informers.Get<Pod>().IndexOwners();
        owners.AddHandler((old, current) => queue.Add((current ?? old)!.Key()));
        pods.AddHandler(OnPod);
    }

    public string Name => kind.ControllerName;

    public Task RunAsync(CancellationToken cancel) => new Reconciler<ObjectKey>(Name, queue, SyncAsync, workers: 5).RunAsync(cancel);

    private void OnPod(Pod? old, Pod? current)
    {
        var pod = (current ?? old)!;
        if (old is not null && current is not null && Owners.Controller(old.Metadata)?.Uid != Owners.Controller(pod.Metadata)?.Uid && Owners.Find(owners, old) is { } former)
            queue.Add(former.Key());
        if (Owners.Controller(pod.Metadata) is not { } reference) { OnOrphan(current); return; }
        if (reference.Kind != TOwner.Resource.Kind) return;
        var key = new ObjectKey(pod.Metadata.Namespace, reference.Name ?? "");
        if (old is null && current is not null) expectations.Created(key);
        if (current?.Metadata.DeletionTimestamp is not null || current is null) expectations.Deleted(key, pod.Uid());
        // A pod that became ready counts as available only later, which no event announces.
        if (old is not null && current is not null && !PodStates.IsReady(old) && PodStates.IsReady(current) && owners.Get(key) is { } owner && kind.MinReadySeconds(owner) is > 0 and var wait)
            queue.AddAfter(key, TimeSpan.FromSeconds(wait) + TimeSpan.FromSeconds(1));
        queue.AddAfter(key, context.Options.StatusDelay);
    }

    private void OnOrphan(Pod? pod)
    {
        if (pod is null || pod.IsDeleting()) return;
        foreach (var owner in owners.List(pod.Ns()))
            if (kind.Selector(owner).Matches(pod.Metadata.Labels)) queue.Add(owner.Key());
    }

    private async Task SyncAsync(ObjectKey key, CancellationToken cancel)
    {
        if (owners.Get(key) is not { } owner) { expectations.Forget(key); return; }
        var settled = expectations.AreMet(key);
        var claimed = await Claims.ApplyAsync(context.Client, owner, kind.Selector(owner), pods, cancel);
        var active = new List<Pod>(claimed.Count);
        var terminating = 0;
        foreach (var pod in claimed)
        {
            if (PodStates.IsActive(pod)) active.Add(pod);
            else if (PodStates.IsTerminating(pod)) terminating++;
        }
        Exception? failure = null;
        var diff = active.Count - kind.Replicas(owner);
        if (settled && !owner.IsDeleting())
            failure = diff < 0 ? await GrowAsync(owner, key, -diff, cancel) : diff > 0 ? await ShrinkAsync(owner, key, active, diff, cancel) : null;
        var why = failure is null ? default : new ReplicaFailure(diff < 0 ? FailedCreate : FailedDelete, failure.Message);
        await WriteStatusAsync(owner, active, terminating, why, cancel);
        // Thrown, so that the queue backs off.
        if (failure is not null) throw failure;
    }

    private async Task<Exception?> GrowAsync(TOwner owner, ObjectKey key, int missing, CancellationToken cancel)
    {
        var count = Math.Min(missing, MostWritesAtOnce);
        var pod = PodControl.FromTemplate(kind.Template(owner), owner);
        expectations.ExpectCreations(key, count);
        var (created, failure) = await SlowStart.RunAsync(count, _ => control.CreateAsync(pod, owner, cancel));
        if (created < count) expectations.Created(key, count - created);
        // The rest of a large step comes once these are seen.
        return failure is ApiException { Status: var status } && status.IsNamespaceTerminating() ? null : failure;
    }

    private async Task<Exception?> ShrinkAsync(TOwner owner, ObjectKey key, List<Pod> active, int surplus, CancellationToken cancel)
    {
        var victims = PodRanking.ToDelete(active, Math.Min(surplus, MostWritesAtOnce), Neighbours(owner), context.Now);
        foreach (var pod in victims) expectations.ExpectDeletion(key, pod.Uid());
        Exception? first = null;
        await Task.WhenAll(victims.Select(async pod =>
        {
            try { await control.DeleteAsync(pod, owner, cancel); }
            catch (Exception e) when (e is ApiException or ApiUnreachableException)
            {
                expectations.Deleted(key, pod.Uid());
                Interlocked.CompareExchange(ref first, e, null);
            }
        }));
        return first;
    }

    // Pods of sibling replica sets (the same controller above) count as neighbours, so that a rollout stays spread.
    private Func<Pod, int> Neighbours(TOwner owner)
    {
        var family = Owners.Controller(owner.Metadata)?.Uid is { } uid
            ? owners.List(owner.Ns()).Where(o => Owners.IsControlledBy(o.Metadata, uid)).Select(o => o.Uid()) : [owner.Uid()];
        var byNode = family.SelectMany(member => pods.ByIndex(Owners.ByController, member)).Where(PodStates.IsActive)
            .GroupBy(pod => pod.Spec.NodeName ?? "").ToDictionary(group => group.Key, group => group.Count());
        return pod => byNode.GetValueOrDefault(pod.Spec.NodeName ?? "");
    }

    private async Task WriteStatusAsync(TOwner owner, List<Pod> active, int terminating, ReplicaFailure failure, CancellationToken cancel)
    {
        var seconds = kind.MinReadySeconds(owner);
        var counts = ReplicaCounts.Of(active, terminating, kind.Template(owner).Metadata.Labels, seconds, context.Now);
        var updated = kind.WithStatus(owner, counts, failure, context.Now);
        if (!updated.Equals(owner))
        {
            try { await context.Client.UpdateStatusAsync(updated, cancel: cancel); }
            catch (ApiException e) when (e.IsNotFound) { return; }
        }
        if (seconds > 0 && counts.Ready > counts.Available) queue.AddAfter(owner.Key(), TimeSpan.FromSeconds(seconds));
    }
}
