using Gureum.Client;
using Gureum.Controllers.Common;
using Gureum.Controllers.DataVolumes;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Kubevirt.V1;
using Gureum.Objects.Meta.V1;
using Gureum.Objects.Snapshot.V1beta1;
using DataVolume = Gureum.Objects.Cdi.V1beta1.DataVolume;
using PersistentVolumeClaim = Gureum.Objects.Core.V1.PersistentVolumeClaim;
using VirtualMachine = Gureum.Objects.Kubevirt.V1.VirtualMachine;

namespace Gureum.Controllers.MachineSnapshots;

/// <summary>
/// Makes a machine what it was when a snapshot was taken: new claims from the snapshot's, the machine's spec with these for its disks. Only while it is
/// switched off; it stays so (https://kubevirt.io/user-guide/storage/snapshot_restore_api/#restoring-a-virtual-machine).
/// </summary>
public sealed class RestoreController : IController
{
    private const string ByTarget = "target";
    private static readonly TimeSpan Grace = TimeSpan.FromMinutes(5), Again = TimeSpan.FromSeconds(5);

    private readonly ControllerContext context;
    private readonly Informer<VirtualMachineRestore> restores;
    private readonly Informer<VirtualMachineSnapshot> snapshots;
    private readonly Informer<VirtualMachineSnapshotContent> contents;
    private readonly Informer<VirtualMachine> machines;
    private readonly Informer<VirtualMachineInstance> instances;
    private readonly Informer<PersistentVolumeClaim> claims;
    private readonly WorkQueue<ObjectKey> queue;
    private readonly OwnWrites written = new();
    private readonly EventRecorder events;
    private readonly DiskCopies copies;

    public RestoreController(ControllerContext context)
    {
        this.context = context;
        queue = new WorkQueue<ObjectKey>(context.Time);
        events = context.Events(Name);
        restores = context.Informers.Get<VirtualMachineRestore>().AddIndex(ByTarget, static r => [r.Ns() + "/" + r.Spec.Target?.Name]);
        snapshots = context.Informers.Get<VirtualMachineSnapshot>();
        contents = context.Informers.Get<VirtualMachineSnapshotContent>();
        machines = context.Informers.Get<VirtualMachine>();
        instances = context.Informers.Get<VirtualMachineInstance>();
        claims = context.Informers.Get<PersistentVolumeClaim>();
        var pods = context.Informers.Get<Pod>();
        copies = new DiskCopies(context.Client, claims, pods);
        restores.AddHandler((old, current) => queue.Add((current ?? old)!.Key()));
        machines.AddHandler((old, current) => OnTarget((current ?? old)!.Key()));
        instances.AddHandler((old, current) => OnTarget((current ?? old)!.Key()));
        claims.AddHandler((old, current) => OnOwned((current ?? old)!.Metadata));
        pods.AddHandler((old, current) => OnOwned((current ?? old)!.Metadata));
    }

    public string Name => "restore-controller";

    public Task RunAsync(CancellationToken cancel) => new Reconciler<ObjectKey>(Name, queue, SyncAsync, workers: 2).RunAsync(cancel);

    private void OnTarget(ObjectKey machine)
    {
        foreach (var restore in restores.ByIndex(ByTarget, machine.Namespace + "/" + machine.Name)) queue.Add(restore.Key());
    }

    private void OnOwned(ObjectMeta metadata)
    {
        if (Owners.Controller(metadata) is { } owner && owner.Kind == VirtualMachineRestore.Resource.Kind) queue.Add(new ObjectKey(metadata.Namespace, owner.Name ?? ""));
    }

    private async Task SyncAsync(ObjectKey key, CancellationToken cancel)
    {
        if (restores.Get(key) is not { } restore) { written.Forget(key); return; }
        if (written.IsBehind(key, restore.Metadata)) return;
        var machine = machines.Get(key.Namespace, restore.Spec.Target?.Name ?? "");
        var over = restore.Status.Complete == true || restore.Status.Conditions.Has(SnapshotWords.Failure);
        if (restore.IsDeleting() || over)
        {
            await LockAsync(machine, restore.Name(), locked: false, cancel);
            if (restore.IsDeleting() && restore.HasFinalizer(SnapshotWords.RestoreFinalizer)) await FinalizersAsync(restore, restore.Metadata.Finalizers.Where(f => f != SnapshotWords.RestoreFinalizer), cancel);
            return;
        }
        if (restore.Status.Conditions.Count == 0) { await SayAsync(restore, true, "Initializing VirtualMachineRestore", "Initializing VirtualMachineRestore", cancel); return; }
        if (!restore.HasFinalizer(SnapshotWords.RestoreFinalizer)) { await FinalizersAsync(restore, [.. restore.Metadata.Finalizers, SnapshotWords.RestoreFinalizer], cancel); return; }
        if (instances.Get(key.Namespace, restore.Spec.Target?.Name ?? "") is not null) { await WaitForTargetAsync(restore, machine, cancel); return; }
        var snapshot = snapshots.Get(key.Namespace, restore.Spec.VirtualMachineSnapshotName ?? "");
        var content = snapshot is null ? null : contents.Get(key.Namespace, SnapshotContent.NameOf(snapshot));
        if (Refusal(restore, machine, snapshot, content) is { } refusal)
        {
            queue.AddAfter(key, Again);
            await ErrorAsync(restore, refusal, cancel);
            return;
        }
        var done = machine?.Metadata.Annotations.GetValueOrDefault(SnapshotWords.LastRestore) == RestorePlan.Mark(restore);
        if (machine is not null && !done && machine.Status.RestoreInProgress is not { Length: > 0 }) { await LockAsync(machine, restore.Name(), locked: true, cancel); return; }
        await AdvanceAsync(restore, machine, content!, done, cancel);
    }

    private static string? Refusal(VirtualMachineRestore restore, VirtualMachine? machine, VirtualMachineSnapshot? snapshot, VirtualMachineSnapshotContent? content)
    {
        var name = $"{restore.Ns()}/{restore.Spec.VirtualMachineSnapshotName}";
        if (snapshot is null) return $"VMSnapshot {name} does not exist";
        if (snapshot.Status.Phase == SnapshotWords.Failed) return $"VMSnapshot {name} failed and is invalid to use";
        if (snapshot.Status.ReadyToUse != true) return $"VMSnapshot {name} not ready";
        if (content is null) return $"VMSnapshotContent {restore.Ns()}/{SnapshotContent.NameOf(snapshot)} does not exist";
        if (content.Status.ReadyToUse != true) return $"VMSnapshotContent {restore.Ns()}/{content.Name()} not ready";
        if (machine is null) return null;
        var mine = machine.Metadata.Annotations.GetValueOrDefault(SnapshotWords.LastRestore) == RestorePlan.Mark(restore);
        if (!mine && machine.Uid() != snapshot.Status.SourceUID) return "restore source and restore target are different but restore target already exists";
        if (machine.Status.RestoreInProgress is { Length: > 0 } other && other != restore.Name()) return $"vm restore {other} in progress";
        return machine.Status.SnapshotInProgress is { Length: > 0 } taking ? $"vm snapshot {taking} in progress" : null;
    }

    private async Task AdvanceAsync(VirtualMachineRestore restore, VirtualMachine? machine, VirtualMachineSnapshotContent content, bool done, CancellationToken cancel)
    {
        var wanted = RestorePlan.Restores(restore, content);
        if (!wanted.SequenceEqual(restore.Status.Restores))
        {
            await SayAsync(restore with { Status = restore.Status with { Restores = wanted } }, true, "Creating new PVCs", "Waiting for new PVCs", cancel, restore.Status);
            return;
        }
        if (!done)
        {
            var state = await copies.StepAsync(restore, ImporterPod.Fit("copier-" + restore.Uid()), RestorePlan.Copies(restore, content), quiesce: null, machine, cancel);
            if (state.Error is { } error) { await ErrorAsync(restore, error, cancel); return; }
            if (!state.Done) { await SayAsync(restore, true, "Creating new PVCs", "Waiting for new PVCs", cancel); return; }
            await RestoreAsync(restore, machine, content, cancel);
            return;
        }
        await HandOverAsync(restore, machine!, cancel);
        foreach (var name in restore.Status.DeletedDataVolumes) await DeleteAsync(machine!, name, cancel);
        await LockAsync(machine, restore.Name(), locked: false, cancel);
        events.Normal(restore, SnapshotWords.RestoreComplete, $"Successfully completed VirtualMachineRestore {restore.Name()}");
        await SayAsync(restore with { Status = restore.Status with { Complete = true, RestoreTime = context.Now } }, false, "Operation complete", "Operation complete", cancel, restore.Status);
    }

    private async Task RestoreAsync(VirtualMachineRestore restore, VirtualMachine? machine, VirtualMachineSnapshotContent content, CancellationToken cancel)
    {
        var (spec, was) = (RestorePlan.Spec(restore, content), content.Spec.Source!.VirtualMachine!.Metadata);
        var obsolete = machine is null ? [] : RestorePlan.Obsolete(machine, spec);
        // Written down before they are no longer to be found on the machine.
        if (!obsolete.All(restore.Status.DeletedDataVolumes.Contains))
        {
            await SayAsync(restore with { Status = restore.Status with { DeletedDataVolumes = obsolete } }, true, "Updating target spec", "Waiting for target update", cancel, restore.Status);
            return;
        }
        if (machine is null)
            await context.Client.CreateAsync(new VirtualMachine { Metadata = new ObjectMeta { Name = restore.Spec.Target!.Name, Namespace = restore.Ns(), Labels = was.Labels, Annotations = was.Annotations.With(SnapshotWords.LastRestore, RestorePlan.Mark(restore)) }, Spec = spec }, cancel);
        else await context.Client.UpdateAsync(machine with { Metadata = machine.Metadata.WithAnnotation(SnapshotWords.LastRestore, RestorePlan.Mark(restore)), Spec = spec }, cancel);
        await SayAsync(restore, true, "Updating target spec", "Waiting for target update", cancel);
    }

    // The claims are the machine's from now on (or nobody's): they outlive the restore.
    private async Task HandOverAsync(VirtualMachineRestore restore, VirtualMachine machine, CancellationToken cancel)
    {
        foreach (var made in restore.Status.Restores)
        {
            if (claims.Get(restore.Ns(), made.PersistentVolumeClaim!) is not { } claim || !Owners.IsControlledBy(claim.Metadata, restore.Uid())) continue;
            var patch = MergePatches.Build(writer =>
            {
                writer.WriteStartObject("metadata"u8);
                writer.WriteString("uid"u8, claim.Uid());
                writer.WriteStartArray("ownerReferences"u8);
                if (restore.Spec.VolumeOwnershipPolicy != "None") Owners.ReferenceTo(machine).Write(writer);
                writer.WriteEndArray();
                writer.WriteEndObject();
            });
            await context.Client.PatchAsync<PersistentVolumeClaim>(claim.Ns(), claim.Name(), PatchType.Merge, patch, cancel: cancel);
        }
    }

    private async Task DeleteAsync(VirtualMachine machine, string volume, CancellationToken cancel)
    {
        try
        {
            if (await context.Client.FindAsync<DataVolume>(machine.Ns(), volume, cancel) is { } found && Owners.IsControlledBy(found.Metadata, machine.Uid()))
                await context.Client.DeleteAsync<DataVolume>(machine.Ns(), volume, new DeleteOptions { Preconditions = new Preconditions { Uid = found.Uid() } }, cancel);
        }
        catch (ApiException e) when (e.IsNotFound || e.IsConflict) { /* gone already */ }
    }

    private async Task WaitForTargetAsync(VirtualMachineRestore restore, VirtualMachine? machine, CancellationToken cancel)
    {
        const string exists = "Restore target VMI still exists, please stop the restore target to proceed with restore";
        switch (restore.Spec.TargetReadinessPolicy)
        {
            case "FailImmediate": await FailAsync(restore, "Restore target VMI must be powered off before restore operation", cancel); return;
            case "StopTarget":
                await TargetAsync(restore, "Automatically stopping restore target for restore operation", "Automatically stopping restore target for restore operation", cancel);
                if (machine is { Spec: { RunStrategy: not "Halted" } or { Running: true } })
                    await context.Client.UpdateAsync(machine with { Spec = machine.Spec with { Running = null, RunStrategy = "Halted" } }, cancel);
                return;
            case "WaitEventually": await TargetAsync(restore, "Waiting for target VM to be powered off. Please stop the restore target to proceed with restore", exists, cancel); return;
            default:
                var left = (restore.Metadata.CreationTimestamp ?? context.Now) + Grace - context.Now;
                if (left <= TimeSpan.Zero) { await FailAsync(restore, "Restore target failed to be ready within 5m0s. Please power off the target VM before attempting restore", cancel); return; }
                queue.AddAfter(restore.Key(), left);
                await TargetAsync(restore, "Waiting for target VM to be powered off. Please stop the restore target to proceed with restore, or the operation will fail after 5m0s", exists, cancel);
                return;
        }
    }

    private Task TargetAsync(VirtualMachineRestore restore, string reason, string told, CancellationToken cancel)
    {
        if (restore.Status.Conditions.FirstOrDefault(c => c.Type == SnapshotWords.Progressing)?.Reason != reason) events.Warning(restore, SnapshotWords.RestoreTargetNotReady, told);
        return SayAsync(restore, false, reason, reason, cancel);
    }

    private Task ErrorAsync(VirtualMachineRestore restore, string error, CancellationToken cancel)
    {
        if (restore.Status.Conditions.FirstOrDefault(c => c.Type == SnapshotWords.Progressing)?.Reason != error) events.Warning(restore, SnapshotWords.RestoreError, $"VirtualMachineRestore encountered error {error}");
        return SayAsync(restore, false, error, error, cancel);
    }

    private Task FailAsync(VirtualMachineRestore restore, string error, CancellationToken cancel)
    {
        events.Warning(restore, SnapshotWords.RestoreFailed, $"VirtualMachineRestore failed {error}");
        return SayAsync(restore with { Status = restore.Status with { Conditions = restore.Status.Conditions.Set(SnapshotWords.Failure, true, error, context.Now) } }, false, error, error, cancel, restore.Status);
    }

    /// <param name="before">The status that the server has, when the restore's is changed already.</param>
    private async Task SayAsync(VirtualMachineRestore restore, bool progressing, string reason, string ready, CancellationToken cancel, VirtualMachineRestoreStatus? before = null)
    {
        var status = restore.Status with
        {
            Complete = restore.Status.Complete ?? false,
            Conditions = restore.Status.Conditions.Set(SnapshotWords.Progressing, progressing, reason, context.Now).Set(SnapshotWords.Ready, restore.Status.Complete == true, ready, context.Now),
        };
        if (status.Equals(before ?? restore.Status)) return;
        try { written.Note(restore.Key(), (await context.Client.UpdateStatusAsync(restore with { Status = status }, cancel: cancel)).Metadata); }
        catch (ApiException e) when (e.IsNotFound) { /* gone meanwhile */ }
    }

    private async Task LockAsync(VirtualMachine? machine, string name, bool locked, CancellationToken cancel)
    {
        if (machine is null || (!locked && machine.Status.RestoreInProgress != name)) return;
        try { await context.Client.PatchAsync<VirtualMachine>(machine.Ns(), machine.Name(), PatchType.Merge, MachineLock.Patch(machine, "restoreInProgress", locked ? name : null), subresource: "status", cancel: cancel); }
        catch (ApiException e) when (e.IsNotFound) { /* gone meanwhile */ }
    }

    private async Task FinalizersAsync(VirtualMachineRestore restore, IEnumerable<string> finalizers, CancellationToken cancel)
    {
        try { await context.Client.PatchAsync<VirtualMachineRestore>(restore.Ns(), restore.Name(), PatchType.Merge, MergePatches.Finalizers(finalizers, restore.Metadata.ResourceVersion), cancel: cancel); }
        catch (ApiException e) when (e.IsNotFound) { /* gone already */ }
    }
}
