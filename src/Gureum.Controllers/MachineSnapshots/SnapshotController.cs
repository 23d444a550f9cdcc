using Gureum.Client;
using Gureum.Controllers.Common;
using Gureum.Controllers.DataVolumes;
using Gureum.Controllers.VirtualMachines;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Kubevirt.V1;
using Gureum.Objects.Machines;
using Gureum.Objects.Meta.V1;
using Gureum.Objects.Snapshot.V1beta1;
using PersistentVolumeClaim = Gureum.Objects.Core.V1.PersistentVolumeClaim;
using VirtualMachine = Gureum.Objects.Kubevirt.V1.VirtualMachine;
using VolumeSnapshotStatus = Gureum.Objects.Snapshot.V1beta1.VolumeSnapshotStatus;

namespace Gureum.Controllers.MachineSnapshots;

/// <summary>
/// Takes snapshots of machines: a copy of every disk of theirs in a claim of its own, all of one moment, while the guest is frozen by its agent or stands
/// still (https://kubevirt.io/user-guide/storage/snapshot_restore_api/). One snapshot of a machine at a time.
/// </summary>
public sealed class SnapshotController : IController
{
    private const string BySource = "source";
    private static readonly TimeSpan Again = TimeSpan.FromSeconds(5);

    private readonly ControllerContext context;
    private readonly Informer<VirtualMachineSnapshot> snapshots;
    private readonly Informer<VirtualMachineSnapshotContent> contents;
    private readonly Informer<VirtualMachine> machines;
    private readonly Informer<VirtualMachineInstance> instances;
    private readonly Informer<PersistentVolumeClaim> claims;
    private readonly WorkQueue<ObjectKey> queue;
    private readonly OwnWrites written = new();
    private readonly EventRecorder events;
    private readonly DiskCopies copies;

    public SnapshotController(ControllerContext context)
    {
        this.context = context;
        queue = new WorkQueue<ObjectKey>(context.Time);
        events = context.Events(Name);
        snapshots = context.Informers.Get<VirtualMachineSnapshot>().AddIndex(BySource, static s => [s.Ns() + "/" + s.Spec.Source?.Name]);
        contents = context.Informers.Get<VirtualMachineSnapshotContent>();
        machines = context.Informers.Get<VirtualMachine>();
        instances = context.Informers.Get<VirtualMachineInstance>();
        claims = context.Informers.Get<PersistentVolumeClaim>();
        var pods = context.Informers.Get<Pod>();
        copies = new DiskCopies(context.Client, claims, pods);
        snapshots.AddHandler((old, current) => queue.Add((current ?? old)!.Key()));
        machines.AddHandler((old, current) => { foreach (var snapshot in snapshots.ByIndex(BySource, (current ?? old)!.Ns() + "/" + (current ?? old)!.Name())) queue.Add(snapshot.Key()); });
        contents.AddHandler((old, current) => Look((current ?? old)!));
        claims.AddHandler((old, current) => OnOwned((current ?? old)!.Metadata));
        pods.AddHandler((old, current) => OnOwned((current ?? old)!.Metadata));
    }

    public string Name => "snapshot-controller";

    public Task RunAsync(CancellationToken cancel) => new Reconciler<ObjectKey>(Name, queue, SyncAsync, workers: 2).RunAsync(cancel);

    private void OnOwned(ObjectMeta metadata)
    {
        if (Owners.Controller(metadata) is { } owner && owner.Kind == VirtualMachineSnapshotContent.Resource.Kind && contents.Get(metadata.Namespace, owner.Name ?? "") is { } content) Look(content);
    }

    private void Look(VirtualMachineSnapshotContent content)
    {
        if (content.Spec.VirtualMachineSnapshotName is { Length: > 0 } name) queue.Add(new ObjectKey(content.Metadata.Namespace, name));
    }

    private async Task SyncAsync(ObjectKey key, CancellationToken cancel)
    {
        if (snapshots.Get(key) is not { } snapshot) { written.Forget(key); return; }
        if (written.IsBehind(key, snapshot.Metadata)) return;
        var machine = machines.Get(key.Namespace, snapshot.Spec.Source?.Name ?? "");
        if (snapshot.Status.SourceUID is { Length: > 0 } uid && machine?.Uid() != uid) machine = null;
        var content = contents.Get(key.Namespace, SnapshotContent.NameOf(snapshot));
        var over = snapshot.Status.Phase is SnapshotWords.Succeeded or SnapshotWords.Failed;
        if (over || snapshot.IsDeleting())
        {
            var kept = snapshot.Spec.DeletionPolicy == SnapshotWords.Retain && content?.Status.ReadyToUse == true;
            if ((snapshot.IsDeleting() && !kept) || (snapshot.Status.Phase == SnapshotWords.Failed && content?.Status.ReadyToUse != true)) await DeleteAsync(content, cancel);
            await LockAsync(machine, snapshot.Name(), locked: false, cancel);
            if (snapshot.IsDeleting()) await FinalizersAsync(snapshot, snapshot.Metadata.Finalizers.Where(f => f != SnapshotWords.SnapshotFinalizer), cancel);
            return;
        }
        if (!snapshot.HasFinalizer(SnapshotWords.SnapshotFinalizer)) { await FinalizersAsync(snapshot, [.. snapshot.Metadata.Finalizers, SnapshotWords.SnapshotFinalizer], cancel); return; }
        var deadline = GoDuration.Parse(snapshot.Spec.FailureDeadline ?? "") ?? SnapshotWords.Deadline;
        // Zero is no deadline.
        var left = (snapshot.Metadata.CreationTimestamp ?? context.Now) + deadline - context.Now;
        if (deadline > TimeSpan.Zero && left <= TimeSpan.Zero) { await FailAsync(snapshot, cancel); return; }
        if (deadline > TimeSpan.Zero) queue.AddAfter(key, left);
        await AdvanceAsync(snapshot, machine, content, cancel);
    }

    private async Task AdvanceAsync(VirtualMachineSnapshot snapshot, VirtualMachine? machine, VirtualMachineSnapshotContent? content, CancellationToken cancel)
    {
        if (machine is null) { await ProgressAsync(snapshot, null, false, "Source does not exist", cancel); return; }
        if (machine.Status.SnapshotInProgress is { Length: > 0 } other && other != snapshot.Name()) { await ProgressAsync(snapshot, machine, false, $"Source not locked snapshot \"{other}\" in progress", cancel); return; }
        if (machine.Status.RestoreInProgress is { Length: > 0 } restore) { await ProgressAsync(snapshot, machine, false, $"Source not locked restore \"{restore}\" in progress", cancel); return; }
        if (content is null && await UnreadyAsync(machine, cancel) is { } unready)
        {
            queue.AddAfter(snapshot.Key(), Again);
            await ProgressAsync(snapshot, machine, false, $"Source not locked source {machine.Ns()}/{machine.Name()} {unready}", cancel);
            return;
        }
        if (machine.Status.SnapshotInProgress is not { Length: > 0 }) { await LockAsync(machine, snapshot.Name(), locked: true, cancel); return; }
        if (content is null)
        {
            var wanted = SnapshotContent.Of(snapshot, machine, SnapshotContent.ClaimsOf(machine).Select(c => (c.Volume, claims.Get(machine.Ns(), c.Claim)!)));
            try { await context.Client.CreateAsync(wanted, cancel); }
            catch (ApiException e) when (e.IsAlreadyExists) { return; }
            events.Normal(snapshot, SnapshotWords.ContentCreated, $"Successfully created VirtualMachineSnapshotContent {wanted.Name()}");
            await ProgressAsync(snapshot, machine, true, "Source locked and operation in progress", cancel);
            return;
        }
        var state = await copies.StepAsync(content, ImporterPod.Fit("copier-" + content.Name()), SnapshotContent.Copies(content), machine.Name(), machine, cancel);
        var status = StatusOf(content, state);
        if (!status.Equals(content.Status)) content = await context.Client.UpdateStatusAsync(content with { Status = status }, cancel: cancel);
        if (!state.Done) await ProgressAsync(snapshot, machine, state.Error is null, state.Error is null ? "Source locked and operation in progress" : "In error state", cancel, content);
        else await SucceedAsync(snapshot, machine, content, cancel);
    }

    /// <summary>Why a machine's claims cannot be copied yet; null when they can.</summary>
    private async Task<string?> UnreadyAsync(VirtualMachine machine, CancellationToken cancel)
    {
        foreach (var (_, name) in SnapshotContent.ClaimsOf(machine))
        {
            var claim = claims.Get(machine.Ns(), name) ?? await context.Client.FindAsync<PersistentVolumeClaim>(machine.Ns(), name, cancel);
            if (claim is null) return $"pvc doesnt exist: {name}";
            if (claim.IsDeleting()) return $"pvc is being deleted: {name}";
            if (claim.Status.Phase != "Bound") return $"pvc not bound: {name}";
            if (claim.Annotation(ImportNames.PodPhase) is { } phase && phase != ImportNames.Filled) return $"pvc not populated: {name}";
        }
        return null;
    }

    private VirtualMachineSnapshotContentStatus StatusOf(VirtualMachineSnapshotContent content, CopyState state)
    {
        var created = state.Done ? content.Status.CreationTime ?? state.Taken ?? context.Now : content.Status.CreationTime;
        return content.Status with
        {
            CreationTime = created, ReadyToUse = state.Done,
            Error = state.Error is null ? null : content.Status.Error?.Message == state.Error ? content.Status.Error : new Error { Message = state.Error, Time = context.Now },
            VolumeSnapshotStatus = [.. content.Spec.VolumeBackups.Select(b => new VolumeSnapshotStatus { VolumeSnapshotName = b.VolumeSnapshotName!, ReadyToUse = state.Done, CreationTime = created })],
        };
    }

    private Task ProgressAsync(VirtualMachineSnapshot snapshot, VirtualMachine? machine, bool locked, string reason, CancellationToken cancel, VirtualMachineSnapshotContent? content = null)
    {
        var conditions = snapshot.Status.Conditions.Set(SnapshotWords.Progressing, locked, reason, context.Now).Set(SnapshotWords.Ready, false, "Not ready", context.Now);
        var status = Indicated(snapshot.Status with { Phase = SnapshotWords.InProgress, ReadyToUse = false, SourceUID = machine?.Uid() ?? snapshot.Status.SourceUID, Conditions = conditions }, machine);
        if (content is not null) status = status with { VirtualMachineSnapshotContentName = content.Name(), Error = content.Status.Error };
        return WriteAsync(snapshot, status, cancel);
    }

    private VirtualMachineSnapshotStatus Indicated(VirtualMachineSnapshotStatus status, VirtualMachine? machine)
    {
        if (machine is null || instances.Get(machine.Key()) is not { } instance || instance.IsFinal()) return status;
        // Once shown, an indication stays: it is of the moment when the disks were copied.
        var found = new SortedSet<string>(status.Indications, StringComparer.Ordinal) { SnapshotWords.Online };
        found.Add(MachineStatusText.Condition(instance, "Paused")?.Status == "True" ? SnapshotWords.Paused : MachineStatusText.Condition(instance, "AgentConnected")?.Status == "True" ? SnapshotWords.GuestAgent : SnapshotWords.NoGuestAgent);
        return status with { Indications = [.. found], SourceIndications = [.. found.Select(i => new SourceIndication { Indication = i, Message = SnapshotWords.Explain(i) })] };
    }

    private async Task SucceedAsync(VirtualMachineSnapshot snapshot, VirtualMachine machine, VirtualMachineSnapshotContent content, CancellationToken cancel)
    {
        var (included, excluded) = SnapshotContent.Volumes(content);
        var conditions = snapshot.Status.Conditions.Set(SnapshotWords.Progressing, false, "Operation complete", context.Now).Set(SnapshotWords.Ready, true, "Ready", context.Now);
        await WriteAsync(snapshot, snapshot.Status with
        {
            Phase = SnapshotWords.Succeeded, ReadyToUse = true, CreationTime = content.Status.CreationTime, VirtualMachineSnapshotContentName = content.Name(), Error = null, SourceUID = machine.Uid(), Conditions = conditions,
            SnapshotVolumes = new SnapshotVolumesLists { IncludedVolumes = included, ExcludedVolumes = excluded },
        }, cancel);
        await LockAsync(machine, snapshot.Name(), locked: false, cancel);
    }

    private async Task FailAsync(VirtualMachineSnapshot snapshot, CancellationToken cancel) => await WriteAsync(snapshot, snapshot.Status with
    {
        Phase = SnapshotWords.Failed, ReadyToUse = false,
        Conditions = snapshot.Status.Conditions.Set(SnapshotWords.Failure, true, "snapshot deadline exceeded", context.Now).Set(SnapshotWords.Progressing, false, "Operation failed", context.Now).Set(SnapshotWords.Ready, false, "Not ready", context.Now),
    }, cancel);

    private async Task LockAsync(VirtualMachine? machine, string name, bool locked, CancellationToken cancel)
    {
        if (machine is null || (!locked && machine.Status.SnapshotInProgress != name)) return;
        try { await context.Client.PatchAsync<VirtualMachine>(machine.Ns(), machine.Name(), PatchType.Merge, MachineLock.Patch(machine, "snapshotInProgress", locked ? name : null), subresource: "status", cancel: cancel); }
        catch (ApiException e) when (e.IsNotFound) { /* gone meanwhile */ }
    }

    private async Task DeleteAsync(VirtualMachineSnapshotContent? content, CancellationToken cancel)
    {
        if (content is null || content.IsDeleting()) return;
        try { await context.Client.DeleteAsync<VirtualMachineSnapshotContent>(content.Ns(), content.Name(), new DeleteOptions { Preconditions = new Preconditions { Uid = content.Uid() } }, cancel); }
        catch (ApiException e) when (e.IsNotFound || e.IsConflict) { /* gone already */ }
    }

    private async Task FinalizersAsync(VirtualMachineSnapshot snapshot, IEnumerable<string> finalizers, CancellationToken cancel)
    {
        try { await context.Client.PatchAsync<VirtualMachineSnapshot>(snapshot.Ns(), snapshot.Name(), PatchType.Merge, MergePatches.Finalizers(finalizers, snapshot.Metadata.ResourceVersion), cancel: cancel); }
        catch (ApiException e) when (e.IsNotFound) { /* gone already */ }
    }

    private async Task WriteAsync(VirtualMachineSnapshot snapshot, VirtualMachineSnapshotStatus status, CancellationToken cancel)
    {
        if (status.Equals(snapshot.Status)) return;
        try { written.Note(snapshot.Key(), (await context.Client.UpdateStatusAsync(snapshot with { Status = status }, cancel: cancel)).Metadata); }
        catch (ApiException e) when (e.IsNotFound) { /* gone meanwhile */ }
    }
}
