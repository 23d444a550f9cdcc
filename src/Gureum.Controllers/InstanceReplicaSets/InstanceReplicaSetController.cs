using Gureum.Client;
using Gureum.Controllers.Common;
using Gureum.Objects.Kubevirt.V1;
using Gureum.Objects.Meta.V1;
using Gureum.Objects.Selectors;

namespace Gureum.Controllers.InstanceReplicaSets;

/// <summary>Keeps as many instances of one template as a VirtualMachineInstanceReplicaSet asks for: adopts, releases, makes, deletes, and replaces those that have ended.</summary>
public sealed class InstanceReplicaSetController : IController
{
    private const int MostWritesAtOnce = 250;
    private const string SuccessfulCreate = "SuccessfulCreate", SuccessfulDelete = "SuccessfulDelete", FailedCreate = "FailedCreate", FailedDelete = "FailedDelete", SuccessfulPaused = "SuccessfulPaused", SuccessfulResumed = "SuccessfulResumed";

    private readonly ControllerContext context;
    private readonly Informer<VirtualMachineInstanceReplicaSet> sets;
    private readonly Informer<VirtualMachineInstance> instances;
    private readonly WorkQueue<ObjectKey> queue;
    private readonly Expectations expectations;
    private readonly OwnWrites written = new();
    private readonly EventRecorder events;

    public InstanceReplicaSetController(ControllerContext context)
    {
        this.context = context;
        queue = new WorkQueue<ObjectKey>(context.Time);
        expectations = new Expectations(context.Time);
        events = context.Events(Name);
        sets = context.Informers.Get<VirtualMachineInstanceReplicaSet>();
        instances = context.Informers.Get<VirtualMachineInstance>().IndexOwners();
        sets.AddHandler((old, current) => queue.Add((current ?? old)!.Key()));
        instances.AddHandler(OnInstance);
    }

    public string Name => "virtualmachinereplicaset-controller";

    public Task RunAsync(CancellationToken cancel) => new Reconciler<ObjectKey>(Name, queue, SyncAsync, workers: 3).RunAsync(cancel);

    private void OnInstance(VirtualMachineInstance? old, VirtualMachineInstance? current)
    {
        var instance = (current ?? old)!;
        if (old is not null && Owners.Find(sets, old) is { } former) queue.Add(former.Key());
        if (Owners.Controller(instance.Metadata) is not { } owner)
        {
            foreach (var set in sets.List(instance.Ns()))
                if (Selector.From(set.Spec.Selector).Matches(instance.Metadata.Labels)) queue.Add(set.Key());
            return;
        }
        if (owner.Kind != VirtualMachineInstanceReplicaSet.Resource.Kind) return;
        var key = new ObjectKey(instance.Metadata.Namespace, owner.Name ?? "");
        if (old is null) expectations.Created(key);
        if (current is null || current.IsDeleting()) expectations.Deleted(key, instance.Uid());
        queue.Add(key);
    }

    private async Task SyncAsync(ObjectKey key, CancellationToken cancel)
    {
        if (sets.Get(key) is not { } set)
        {
            expectations.Forget(key);
            written.Forget(key);
            return;
        }
        if (written.IsBehind(key, set.Metadata)) return;
        var settled = expectations.AreMet(key);
        var claimed = await Claims.ApplyAsync(context.Client, set, Selector.From(set.Spec.Selector), instances, cancel);
        var active = claimed.FindAll(InstanceReplicas.IsActive);
        var surplus = active.Count - InstanceReplicas.Wanted(set);
        Exception? failure = null;
        if (settled && set.Spec.Paused != true && !set.IsDeleting())
        {
            failure = surplus < 0 ? await GrowAsync(set, -surplus, cancel) : await ShrinkAsync(set, [.. InstanceReplicas.ToDelete(active, surplus)], "Stopped the virtual machine by deleting the virtual machine instance", cancel);
            failure ??= await ShrinkAsync(set, claimed.FindAll(InstanceReplicas.IsSpent), "Deleted finished virtual machine:", cancel);
        }
        await WriteAsync(set, InstanceReplicas.StatusOf(set, active, failure is null ? null : (surplus < 0 ? FailedCreate : FailedDelete, failure.Message), context.Now), cancel);
        // Thrown, so that the queue backs off.
        if (failure is not null) throw failure;
    }

    private async Task<Exception?> GrowAsync(VirtualMachineInstanceReplicaSet set, int missing, CancellationToken cancel)
    {
        var count = Math.Min(missing, MostWritesAtOnce);
        var instance = InstanceReplicas.New(set);
        expectations.ExpectCreations(set.Key(), count);
        var (created, failure) = await SlowStart.RunAsync(count, async _ =>
        {
            var name = await context.Client.CreateNameAsync(instance, cancel);
            events.Normal(set, SuccessfulCreate, $"Started the virtual machine by creating the new virtual machine instance {name}");
        });
        if (created < count) expectations.Created(set.Key(), count - created);
        if (failure is ApiException { Status: var status } && status.IsNamespaceTerminating()) return null;
        if (failure is not null) events.Warning(set, FailedCreate, $"Error creating virtual machine instance: {failure.Message}");
        return failure;
    }

    private async Task<Exception?> ShrinkAsync(VirtualMachineInstanceReplicaSet set, IReadOnlyList<VirtualMachineInstance> victims, string told, CancellationToken cancel)
    {
        foreach (var instance in victims) expectations.ExpectDeletion(set.Key(), instance.Uid());
        Exception? first = null;
        await Task.WhenAll(victims.Select(async instance =>
        {
            try
            {
                await context.Client.DeleteAsync<VirtualMachineInstance>(instance.Ns(), instance.Name(), new DeleteOptions { Preconditions = new Preconditions { Uid = instance.Uid() } }, cancel);
                events.Normal(set, SuccessfulDelete, $"{told} {instance.Uid()}");
            }
            catch (Exception e) when (e is ApiException or ApiUnreachableException)
            {
                expectations.Deleted(set.Key(), instance.Uid());
                if (e is ApiException { IsNotFound: true } or ApiException { IsConflict: true }) return;
                events.Warning(set, FailedDelete, $"Error deleting virtual machine instance {instance.Name()}: {e.Message}");
                Interlocked.CompareExchange(ref first, e, null);
            }
        }));
        return first;
    }

    private async Task WriteAsync(VirtualMachineInstanceReplicaSet set, VirtualMachineInstanceReplicaSetStatus status, CancellationToken cancel)
    {
        if (status.Equals(set.Status)) return;
        try { written.Note(set.Key(), (await context.Client.UpdateStatusAsync(set with { Status = status }, cancel: cancel)).Metadata); }
        catch (ApiException e) when (e.IsNotFound) { return; }
        var (before, now) = (IsPaused(set.Status), IsPaused(status));
        if (!before && now) events.Normal(set, SuccessfulPaused, "Paused");
        if (before && !now) events.Normal(set, SuccessfulResumed, "Resumed");
    }

    private static bool IsPaused(VirtualMachineInstanceReplicaSetStatus status) => status.Conditions.Any(c => c.Type == InstanceReplicas.Paused);
}
