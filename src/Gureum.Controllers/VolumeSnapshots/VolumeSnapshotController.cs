using Gureum.Client;
using Gureum.Controllers.Common;
using Gureum.Controllers.DataVolumes;
using Gureum.Controllers.MachineSnapshots;
using Gureum.Objects;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Kubevirt.V1;
using Gureum.Objects.Machines;
using Gureum.Objects.Meta.V1;
using Gureum.Objects.Snapshot.V1;
using VolumeSnapshotStatus = Gureum.Objects.Snapshot.V1.VolumeSnapshotStatus;

namespace Gureum.Controllers.VolumeSnapshots;

/// <summary>
/// Takes snapshots of single claims: a copy in a claim of the same class that the VolumeSnapshot owns, while the guest that writes there is frozen or
/// stands still (https://kubernetes.io/docs/concepts/storage/volume-snapshots/). Classes and contents of snapshots are not there: the built-in classes need none.
/// </summary>
public sealed class VolumeSnapshotController : IController
{
    private const string BySource = "source";
    private const string NotFound = "SnapshotSourceNotFound", Failed = "SnapshotCreationFailed", Created = "SnapshotReady";

    private readonly ControllerContext context;
    private readonly Informer<VolumeSnapshot> snapshots;
    private readonly Informer<PersistentVolumeClaim> claims;
    private readonly Informer<VirtualMachineInstance> instances;
    private readonly WorkQueue<ObjectKey> queue;
    private readonly OwnWrites written = new();
    private readonly EventRecorder events;
    private readonly DiskCopies copies;

    public VolumeSnapshotController(ControllerContext context)
    {
        this.context = context;
        queue = new WorkQueue<ObjectKey>(context.Time);
        events = context.Events(Name);
        snapshots = context.Informers.Get<VolumeSnapshot>().AddIndex(BySource, static s => [s.Ns() + "/" + s.Spec.Source?.PersistentVolumeClaimName]);
        claims = context.Informers.Get<PersistentVolumeClaim>();
        instances = context.Informers.Get<VirtualMachineInstance>().IndexWriters();
        var pods = context.Informers.Get<Pod>();
        copies = new DiskCopies(context.Client, claims, pods);
        snapshots.AddHandler((old, current) => queue.Add((current ?? old)!.Key()));
        claims.AddHandler((old, current) =>
        {
            OnOwned((current ?? old)!.Metadata);
            foreach (var snapshot in snapshots.ByIndex(BySource, (current ?? old)!.Ns() + "/" + (current ?? old)!.Name())) queue.Add(snapshot.Key());
        });
        pods.AddHandler((old, current) => OnOwned((current ?? old)!.Metadata));
    }

    public string Name => "volumesnapshot-controller";

    public Task RunAsync(CancellationToken cancel) => new Reconciler<ObjectKey>(Name, queue, SyncAsync, workers: 2).RunAsync(cancel);

    private void OnOwned(ObjectMeta metadata)
    {
        if (Owners.Controller(metadata) is { } owner && owner.Kind == VolumeSnapshot.Resource.Kind) queue.Add(new ObjectKey(metadata.Namespace, owner.Name ?? ""));
    }

    private async Task SyncAsync(ObjectKey key, CancellationToken cancel)
    {
        if (snapshots.Get(key) is not { } snapshot) { written.Forget(key); return; }
        if (snapshot.IsDeleting() || snapshot.Status?.ReadyToUse == true || written.IsBehind(key, snapshot.Metadata)) return;
        var name = snapshot.Spec.Source?.PersistentVolumeClaimName ?? "";
        var source = claims.Get(key.Namespace, name);
        if (source is null || source.IsDeleting() && claims.Get(key.Namespace, ClaimContent.CopyOf(snapshot)) is null) { await FailAsync(snapshot, NotFound, $"persistentvolumeclaim \"{name}\" not found", cancel); return; }
        // Its controller looks again when it is filled.
        if (ClaimContent.IsUnfilled(source)) return;
        var state = await copies.StepAsync(snapshot, ImporterPod.Fit("copier-" + snapshot.Uid()), [new DiskCopy(name, Copy(snapshot, source))], ClaimReaders.Of(instances, snapshot.Ns(), name), null, cancel);
        if (state.Error is { } error) await FailAsync(snapshot, Failed, error, cancel);
        else if (state.Done)
        {
            await WriteAsync(snapshot, (snapshot.Status ?? VolumeSnapshotStatus.Empty) with { ReadyToUse = true, CreationTime = state.Taken ?? context.Now, RestoreSize = DataVolumeClaim.Size(source), Error = null }, cancel);
            events.Normal(snapshot, Created, $"Copied claim {name}");
        }
        else if (snapshot.Status?.ReadyToUse is null) await WriteAsync(snapshot, (snapshot.Status ?? VolumeSnapshotStatus.Empty) with { ReadyToUse = false, Error = null }, cancel);
    }

    internal static PersistentVolumeClaim Copy(VolumeSnapshot snapshot, PersistentVolumeClaim source) => new()
    {
        Metadata = new ObjectMeta { Name = ClaimContent.CopyOf(snapshot), Namespace = snapshot.Ns(), OwnerReferences = [Owners.ReferenceTo(snapshot)], Annotations = new Dictionary<string, string> { [ImportNames.PodPhase] = ImportNames.Unfilled } },
        Spec = SnapshotContent.Fresh(source.Spec) with { Resources = new VolumeResourceRequirements { Requests = new Dictionary<string, Quantity> { ["storage"] = DataVolumeClaim.Size(source) } } },
    };

    private async Task FailAsync(VolumeSnapshot snapshot, string reason, string message, CancellationToken cancel)
    {
        if (snapshot.Status?.Error?.Message == message) return;
        events.Warning(snapshot, reason, message);
        await WriteAsync(snapshot, (snapshot.Status ?? VolumeSnapshotStatus.Empty) with { ReadyToUse = false, Error = new VolumeSnapshotError { Time = context.Now, Message = message } }, cancel);
    }

    private async Task WriteAsync(VolumeSnapshot snapshot, VolumeSnapshotStatus status, CancellationToken cancel)
    {
        if (status.Equals(snapshot.Status)) return;
        try { written.Note(snapshot.Key(), (await context.Client.UpdateStatusAsync(snapshot with { Status = status }, cancel: cancel)).Metadata); }
        catch (ApiException e) when (e.IsNotFound) { /* gone meanwhile */ }
    }
}
