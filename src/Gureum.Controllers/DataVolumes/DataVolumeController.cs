using Gureum.Client;
using Gureum.Controllers.Common;
using Gureum.Objects.Cdi.V1beta1;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Kubevirt.V1;
using Gureum.Objects.Machines;
using Gureum.Objects.Meta.V1;
using DataVolume = Gureum.Objects.Cdi.V1beta1.DataVolume;

namespace Gureum.Controllers.DataVolumes;

/// <summary>
/// Gives each DataVolume its claim and, until that is filled, a pod that fills it. That a claim is filled is written on the claim, once; before that no
/// node lets any other pod have it (https://github.com/kubevirt/containerized-data-importer/blob/main/doc/datavolumes.md).
/// </summary>
public sealed class DataVolumeController : IController
{
    private const string ByClone = "clone";
    private static readonly TimeSpan InUse = TimeSpan.FromSeconds(5);

    private readonly ControllerContext context;
    private readonly Informer<DataVolume> volumes;
    private readonly Informer<PersistentVolumeClaim> claims;
    private readonly Informer<Pod> pods;
    private readonly Informer<VirtualMachine> machines;
    private readonly WorkQueue<ObjectKey> queue;
    private readonly OwnWrites written = new();
    private readonly EventRecorder events;

    public DataVolumeController(ControllerContext context)
    {
        this.context = context;
        queue = new WorkQueue<ObjectKey>(context.Time);
        events = context.Events(Name);
        volumes = context.Informers.Get<DataVolume>().AddIndex(ByClone, static v => v.Spec.Source?.Pvc is { } clone ? [DataVolumeClaim.Namespace(v, clone) + "/" + clone.Name] : []);
        claims = context.Informers.Get<PersistentVolumeClaim>();
        pods = context.Informers.Get<Pod>().IndexClaims();
        machines = context.Informers.Get<VirtualMachine>();
        volumes.AddHandler((old, current) => queue.Add((current ?? old)!.Key()));
        claims.AddHandler(OnClaim);
        pods.AddHandler(OnPod);
    }

    public string Name => "datavolume-controller";

    public Task RunAsync(CancellationToken cancel) => new Reconciler<ObjectKey>(Name, queue, SyncAsync, workers: 3).RunAsync(cancel);

    private void OnClaim(PersistentVolumeClaim? old, PersistentVolumeClaim? current)
    {
        var claim = (current ?? old)!;
        if (volumes.Get(claim.Key()) is not null) queue.Add(claim.Key());
        foreach (var clone in volumes.ByIndex(ByClone, claim.Ns() + "/" + claim.Name())) queue.Add(clone.Key());
    }

    private void OnPod(Pod? old, Pod? current)
    {
        var pod = (current ?? old)!;
        if (Owners.Controller(pod.Metadata) is { } owner && owner.Kind == DataVolume.Resource.Kind) queue.Add(new ObjectKey(pod.Metadata.Namespace, owner.Name ?? ""));
    }

    private async Task SyncAsync(ObjectKey key, CancellationToken cancel)
    {
        if (volumes.Get(key) is not { } volume) { written.Forget(key); return; }
        if (volume.IsDeleting() || written.IsBehind(key, volume.Metadata)) return;
        Obstacle? obstacle = null;
        var claim = claims.Get(key);
        if (claim is not null && !Owners.IsControlledBy(claim.Metadata, volume.Uid()))
        {
            obstacle = new Obstacle(DataVolumePhase.ErrResourceExists, $"Resource \"{claim.Name()}\" already exists and is not managed by DataVolume");
            events.Warning(volume, obstacle.Reason, obstacle.Message);
            claim = null;
        }
        else if (claim is null) (claim, obstacle) = await CreateClaimAsync(volume, cancel);
        if (claim?.IsDeleting() == true) return;
        var pod = pods.Get(key.Namespace, ImporterPod.NameOf(volume));
        if (pod is not null && !Owners.IsControlledBy(pod.Metadata, volume.Uid()))
        {
            obstacle ??= new Obstacle(DataVolumePhase.ErrResourceExists, $"Resource \"{pod.Name()}\" already exists and is not managed by DataVolume");
            pod = null;
        }
        else if (pod is not null && claim is not null && pod.Annotation(ImportNames.ClaimUid) != claim.Uid())
        {
            // It filled an earlier claim of this name.
            if (!pod.IsDeleting()) await DeleteAsync(pod, cancel);
            pod = null;
        }
        else if (claim is not null) obstacle ??= await FillAsync(volume, claim, pod, cancel);
        await WriteAsync(volume, DataVolumeProgress.Of(volume, claim, pod, obstacle, context.Now), cancel);
    }

    private async Task<(PersistentVolumeClaim? Claim, Obstacle? Obstacle)> CreateClaimAsync(DataVolume volume, CancellationToken cancel)
    {
        var clone = volume.Spec.Source?.Pvc;
        var source = clone is null ? null : claims.Get(DataVolumeClaim.Namespace(volume, clone), clone.Name ?? "");
        if (clone is not null && source is null) return (null, Warn(volume, DataVolumePhase.CloneWithoutSource, $"The source pvc {clone.Name} doesn't exist"));
        if (DataVolumeClaim.Of(volume, source) is not { } wanted) return (null, Warn(volume, DataVolumePhase.ErrUnableToCreate, "the volume says no size, and has no source that says one"));
        try { return (await context.Client.CreateAsync(wanted, cancel), null); }
        catch (ApiException e) when (e.IsAlreadyExists || e.Status.IsNamespaceTerminating()) { return (null, null); }
        catch (ApiException e) when (e.Status.Code is 403 or 422)
        {
            queue.AddAfter(volume.Key(), InUse);
            return (null, Warn(volume, e.Message.Contains("exceeded quota", StringComparison.Ordinal) ? DataVolumePhase.ErrExceededQuota : DataVolumePhase.ErrUnableToCreate, e.Message));
        }
    }

    // One step towards a claim that is filled.
    private async Task<Obstacle?> FillAsync(DataVolume volume, PersistentVolumeClaim claim, Pod? pod, CancellationToken cancel)
    {
        if (DataVolumeProgress.IsFilled(claim))
        {
            if (pod is { Status.Phase: PodStates.Succeeded } && !pod.IsDeleting()) await DeleteAsync(pod, cancel);
            return null;
        }
        if (volume.Status.Phase == DataVolumePhase.Failed || claim.Status.Phase == "Lost") return null;
        switch (pod)
        {
            case null: return await CreatePodAsync(volume, claim, cancel);
            case { Status.Phase: PodStates.Succeeded }:
                // At this version of the claim only: another one of its name is not filled.
                await context.Client.PatchAsync<PersistentVolumeClaim>(claim.Ns(), claim.Name(), PatchType.Merge, Filled(claim), cancel: cancel);
                return null;
            case { Status.Phase: PodStates.Failed } when !DataVolumeProgress.IsRefused(pod) && !pod.IsDeleting():
                await DeleteAsync(pod, cancel);
                return null;
            default: return null;
        }
    }

    internal static ReadOnlyMemory<byte> Filled(PersistentVolumeClaim claim) => MergePatches.Build(writer =>
    {
        writer.WriteStartObject("metadata"u8);
        writer.WriteString("uid"u8, claim.Uid());
        writer.WriteStartObject("annotations"u8);
        writer.WriteString(ImportNames.PodPhase, ImportNames.Filled);
        writer.WriteEndObject();
        writer.WriteEndObject();
    });

    private async Task<Obstacle?> CreatePodAsync(DataVolume volume, PersistentVolumeClaim claim, CancellationToken cancel)
    {
        if (volume.Spec.Source?.Pvc is { } clone)
        {
            if (DataVolumeClaim.Namespace(volume, clone) != volume.Ns()) return Warn(volume, DataVolumePhase.CloneWithoutSource, $"cloning from another namespace ({clone.Namespace}) is not supported by Gureum");
            if (claims.Get(volume.Ns(), clone.Name ?? "") is not { } source) return Warn(volume, DataVolumePhase.CloneWithoutSource, $"The source pvc {clone.Name} doesn't exist");
            if (ClaimUse.Writer(pods, volume.Ns(), source.Name()) is { } writer)
            {
                queue.AddAfter(volume.Key(), InUse);
                return Warn(volume, DataVolumePhase.CloneSourceInUse, $"pod {writer.Ns()}/{writer.Name()} using PersistentVolumeClaim {source.Name()}");
            }
        }
        var machine = Owners.Find(machines, volume);
        try
        {
            await context.Client.CreateNameAsync(ImporterPod.Of(volume, claim, machine), cancel);
            return null;
        }
        catch (ApiException e) when (e.IsAlreadyExists || e.Status.IsNamespaceTerminating()) { return null; }
        catch (ApiException e) when (e.Status.Code is 403 or 422)
        {
            queue.AddAfter(volume.Key(), InUse);
            return Warn(volume, PodControl.FailedCreate, $"Error creating: {e.Message}");
        }
    }

    private async Task DeleteAsync(Pod pod, CancellationToken cancel)
    {
        try { await context.Client.DeleteAsync<Pod>(pod.Ns(), pod.Name(), new DeleteOptions { Preconditions = new Preconditions { Uid = pod.Uid() } }, cancel); }
        catch (ApiException e) when (e.IsNotFound || e.IsConflict) { /* gone, or another one by now */ }
    }

    private Obstacle Warn(DataVolume volume, string reason, string message)
    {
        events.Warning(volume, reason, message);
        return new Obstacle(reason, message);
    }

    private async Task WriteAsync(DataVolume volume, DataVolumeStatus status, CancellationToken cancel)
    {
        if (status.Equals(volume.Status)) return;
        try { written.Note(volume.Key(), (await context.Client.UpdateStatusAsync(volume with { Status = status }, cancel: cancel)).Metadata); }
        catch (ApiException e) when (e.IsNotFound) { return; }
        if (DataVolumeProgress.EventOf(volume, status.Phase) is { } happened)
        {
            if (happened.Warning) events.Warning(volume, happened.Reason, happened.Message);
            else events.Normal(volume, happened.Reason, happened.Message);
        }
        if (Error(status) is { } error && error != Error(volume.Status)) events.Warning(volume, DataVolumePhase.Error, error);
    }

    private static string? Error(DataVolumeStatus status) => status.Conditions.FirstOrDefault(c => c is { Type: DataVolumePhase.Running, Reason: DataVolumePhase.Error })?.Message;
}
