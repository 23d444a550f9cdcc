using Gureum.Client;
using Gureum.Controllers.Common;
using Gureum.Controllers.Migrations;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Kubevirt.V1;
using Gureum.Objects.Machines;

namespace Gureum.Controllers.VirtualMachineInstances;

/// <summary>
/// Gives each VirtualMachineInstance its pod, once, and says of the instance what its pod shows. An instance whose pod is gone has
/// ended: it is never started a second time (that is its VirtualMachine's business), so that no two guests share a disk.
/// </summary>
public sealed class InstanceController : IController
{
    private readonly ControllerContext context;
    private readonly Informer<VirtualMachineInstance> instances;
    private readonly Informer<Pod> pods;
    private readonly WorkQueue<ObjectKey> queue;
    private readonly Expectations expectations;
    private readonly OwnWrites written = new();
    private readonly PodControl control;
    private readonly InstanceDisks disks;
    private readonly EventRecorder events;

    public InstanceController(ControllerContext context)
    {
        this.context = context;
        queue = new WorkQueue<ObjectKey>(context.Time);
        expectations = new Expectations(context.Time);
        events = context.Events(Name);
        control = new PodControl(context.Client, events);
        instances = context.Informers.Get<VirtualMachineInstance>();
        pods = context.Informers.Get<Pod>().IndexOwners();
        instances.AddHandler((old, current) => queue.Add((current ?? old)!.Key()));
        pods.AddHandler(OnPod);
        disks = new InstanceDisks(context.Informers, instances, queue.Add);
    }

    public string Name => "virtualmachineinstance-controller";

    public Task RunAsync(CancellationToken cancel) => new Reconciler<ObjectKey>(Name, queue, SyncAsync, workers: 5).RunAsync(cancel);

    private void OnPod(Pod? old, Pod? current)
    {
        var pod = (current ?? old)!;
        if (Owners.Controller(pod.Metadata) is not { } owner) return;
        if (pod.Label(MachineNames.App) == MachineNames.HotplugDisk) { OnAttachment(pod, isNew: old is null, owner.Uid ?? ""); return; }
        if (owner.Kind != VirtualMachineInstance.Resource.Kind) return;
        var key = new ObjectKey(pod.Metadata.Namespace, owner.Name ?? "");
        if (old is null) expectations.Created(key);
        queue.Add(key);
    }

    private void OnAttachment(Pod pod, bool isNew, string launcher)
    {
        var instance = pod.Label(MachineNames.CreatedBy);
        if (instances.List(pod.Ns()).FirstOrDefault(i => i.Uid() == instance) is not { } found || launcher.Length == 0) return;
        if (isNew) expectations.Created(found.Key());
        queue.Add(found.Key());
    }

    private async Task SyncAsync(ObjectKey key, CancellationToken cancel)
    {
        if (instances.Get(key) is not { } instance)
        {
            expectations.Forget(key);
            written.Forget(key);
            return;
        }
        if (written.IsBehind(key, instance.Metadata)) return;
        var own = pods.ByIndex(Owners.ByController, instance.Uid()).ToList();
        if (instance.IsDeleting()) { await EndAsync(instance, own, cancel); return; }
        var pod = Current(instance, own);
        if (pod is null && instance.Status.Phase is null or "" or InstancePhase.Pending)
        {
            if (!expectations.AreMet(key)) return;
            if (!instance.HasFinalizer(MachineNames.InstanceFinalizer)) { await AddFinalizerAsync(instance, cancel); return; }
            if (await WaitsAsync(instance, cancel)) return;
            expectations.ExpectCreations(key, 1);
            try { await control.CreateAsync(LauncherPod.Of(instance), instance, cancel); }
            catch (Exception e) when (e is ApiException or ApiUnreachableException)
            {
                expectations.Created(key);
                await NoteFailureAsync(instance, e.Message, cancel);
                throw;
            }
            return;
        }
        var status = InstancePhase.Of(instance, pod, context.Now);
        if (!status.Equals(instance.Status)) await WriteAsync(instance, status, cancel);
        if (status.Phase == InstancePhase.Running && pod is { Spec.NodeName.Length: > 0 } && !pod.IsDeleting())
        {
            await AttachAsync(instance, pod, cancel);
            if (!instance.IsMigrating() && HotPlugProgress.Resize(instance, pod) is { } resources) await ResizeAsync(instance, pod, resources, cancel);
        }
        // What has ended gives its place back: nothing runs there any more.
        if (status.Phase is InstancePhase.Succeeded or InstancePhase.Failed)
            foreach (var ended in own.Where(p => !p.IsDeleting())) await control.DeleteAsync(ended, instance, cancel);
    }

    // No guest starts on a disk that is not whole.
    private async Task<bool> WaitsAsync(VirtualMachineInstance instance, CancellationToken cancel)
    {
        var wanted = disks.ConditionOf(instance);
        var conditions = InstancePhase.Set(instance.Status.Conditions, wanted, context.Now, InstanceDisks.Condition);
        if (!conditions.SequenceEqual(instance.Status.Conditions)) await WriteAsync(instance, instance.Status with { Phase = InstancePhase.Pending, Conditions = conditions }, cancel);
        return wanted is { Status: "False" };
    }

    // Quota, scheduler and the node's own room judge a guest that grows as any pod that does; the node lets it grow when its pod has.
    private async Task ResizeAsync(VirtualMachineInstance instance, Pod pod, Objects.Core.V1.ResourceRequirements resources, CancellationToken cancel)
    {
        try { await context.Client.UpdateStatusAsync(pod with { Spec = pod.Spec with { Containers = [pod.Spec.Containers[0] with { Resources = resources }] } }, "resize", cancel); }
        catch (ApiException e) when (e.IsNotFound || e.IsConflict) { queue.AddAfter(instance.Key(), TimeSpan.FromSeconds(1)); }
        catch (ApiException e) when (e.Status.Code is 403 or 422)
        {
            events.Warning(instance, "FailedResize", $"Error resizing pod {pod.Name()}: {e.Message}");
            queue.AddAfter(instance.Key(), TimeSpan.FromSeconds(10));
        }
    }

    // Named by the informer's own copy: a second one for the same volume would only wait for the first's claim.
    private async Task AttachAsync(VirtualMachineInstance instance, Pod launcher, CancellationToken cancel)
    {
        var key = instance.Key();
        if (!expectations.AreMet(key)) return;
        foreach (var attachment in AttachmentPods.Missing(instance, launcher, pods.ByIndex(Owners.ByController, launcher.Uid()).Where(p => !p.IsDeleting())))
        {
            expectations.ExpectCreations(key, 1);
            try { await control.CreateAsync(attachment, instance, cancel); }
            catch (Exception e) when (e is ApiException or ApiUnreachableException)
            {
                expectations.Created(key);
                throw;
            }
        }
    }

    /// <summary>The pod that the guest is in: the one on the instance's node, once it has one; the target of a migration once the guest is there.</summary>
    private static Pod? Current(VirtualMachineInstance instance, List<Pod> own)
    {
        if (instance.Status.MigrationState is { Completed: true, Failed: not true, TargetPod: { } arrived } && own.Find(p => p.Name() == arrived && p.Spec.NodeName == instance.Status.NodeName) is { } target) return target;
        var running = own.Where(p => p.Label(MachineNames.MigrationJob) is null || p.Spec.NodeName == instance.Status.NodeName).OrderBy(p => p.Metadata.CreationTimestamp).ToList();
        return running.Find(p => instance.Status.NodeName is { Length: > 0 } node && p.Spec.NodeName == node) ?? running.FirstOrDefault();
    }

    // The instance stays until its guest is gone, so that the same name is never started beside it.
    private async Task EndAsync(VirtualMachineInstance instance, List<Pod> own, CancellationToken cancel)
    {
        foreach (var pod in own.Where(p => !p.IsDeleting())) await control.DeleteAsync(pod, instance, cancel);
        if (own.Count == 0)
        {
            if (!instance.HasFinalizer(MachineNames.InstanceFinalizer)) return;
            var rest = instance.Metadata.Finalizers.Where(f => f != MachineNames.InstanceFinalizer);
            try { await context.Client.PatchAsync<VirtualMachineInstance>(instance.Ns(), instance.Name(), PatchType.Merge, MergePatches.Finalizers(rest, instance.Metadata.ResourceVersion), cancel: cancel); }
            catch (ApiException e) when (e.IsNotFound) { /* gone already */ }
            return;
        }
        var status = InstancePhase.Of(instance, Current(instance, own), context.Now);
        if (!status.Equals(instance.Status)) await WriteAsync(instance, status, cancel);
    }

    private async Task AddFinalizerAsync(VirtualMachineInstance instance, CancellationToken cancel) =>
        await context.Client.PatchAsync<VirtualMachineInstance>(instance.Ns(), instance.Name(), PatchType.Merge,
            MergePatches.Finalizers([.. instance.Metadata.Finalizers, MachineNames.InstanceFinalizer], instance.Metadata.ResourceVersion), cancel: cancel);

    private async Task NoteFailureAsync(VirtualMachineInstance instance, string message, CancellationToken cancel)
    {
        var condition = new VirtualMachineInstanceCondition { Type = InstancePhase.Synchronized, Status = "False", Reason = PodControl.FailedCreate, Message = message };
        var conditions = InstancePhase.Set(instance.Status.Conditions, condition, context.Now);
        if (!conditions.SequenceEqual(instance.Status.Conditions)) await WriteAsync(instance, instance.Status with { Conditions = conditions }, cancel);
    }

    private async Task WriteAsync(VirtualMachineInstance instance, VirtualMachineInstanceStatus status, CancellationToken cancel)
    {
        try { written.Note(instance.Key(), (await context.Client.UpdateStatusAsync(instance with { Status = status }, cancel: cancel)).Metadata); }
        catch (ApiException e) when (e.IsNotFound) { /* gone meanwhile */ }
        catch (ApiException e) when (e.IsConflict) { /* its node wrote as well: the change comes by the informer */ }
    }
}
