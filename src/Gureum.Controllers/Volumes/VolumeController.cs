using Gureum.Client;
using Gureum.Controllers.Common;
using Gureum.Objects;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Placement;
using Gureum.Objects.Storage.V1;

namespace Gureum.Controllers.Volumes;

/// <summary>
/// Binds claims to volumes, provisions local ones for the built-in class, and frees or deletes volumes whose claim has gone
/// (https://kubernetes.io/docs/concepts/storage/persistent-volumes/).
/// </summary>
public sealed class VolumeController : IController
{
    private const string ByClaim = "claim", FailedBinding = "FailedBinding", WaitForFirstConsumer = "WaitForFirstConsumer", Provisioned = "ProvisioningSucceeded",
        ExternalProvisioning = "ExternalProvisioning", ProvisioningFailed = "ProvisioningFailed";

    private readonly ControllerContext context;
    private readonly Informer<PersistentVolumeClaim> claims;
    private readonly Informer<PersistentVolume> volumes;
    private readonly Informer<StorageClass> classes;
    private readonly Informer<Node> nodes;
    private readonly WorkQueue<(bool IsClaim, ObjectKey Key)> queue;
    private readonly EventRecorder events;

    public VolumeController(ControllerContext context)
    {
        this.context = context;
        queue = new WorkQueue<(bool, ObjectKey)>(context.Time);
        events = context.Events(Name);
        claims = context.Informers.Get<PersistentVolumeClaim>();
        volumes = context.Informers.Get<PersistentVolume>().AddIndex(ByClaim, static v => v.Spec.ClaimRef is { } c ? [c.Namespace + "/" + c.Name] : []);
        classes = context.Informers.Get<StorageClass>();
        nodes = context.Informers.Get<Node>();
        claims.AddHandler(OnClaim);
        volumes.AddHandler(OnVolume);
        classes.AddHandler((_, _) => Recheck());
    }

    public string Name => "persistentvolume-controller";

    // One worker: two claims must never be given the same volume.
    public Task RunAsync(CancellationToken cancel) => new Reconciler<(bool IsClaim, ObjectKey Key)>(Name, queue, (item, c) => item.IsClaim ? SyncClaimAsync(item.Key, c) : SyncVolumeAsync(item.Key, c)).RunAsync(cancel);

    private void OnClaim(PersistentVolumeClaim? old, PersistentVolumeClaim? current)
    {
        var claim = (current ?? old)!;
        if (current is not null) queue.Add((true, claim.Key()));
        foreach (var volume in volumes.ByIndex(ByClaim, claim.Ns() + "/" + claim.Name())) queue.Add((false, volume.Key()));
    }

    private void OnVolume(PersistentVolume? old, PersistentVolume? current)
    {
        var volume = (current ?? old)!;
        if (current is not null) queue.Add((false, volume.Key()));
        if (volume.Spec.ClaimRef is { Name: { } name } reference) queue.Add((true, new ObjectKey(reference.Namespace, name)));
        else Recheck();
    }

    private void Recheck()
    {
        foreach (var claim in claims.List())
            if (!VolumeMatching.IsBound(claim)) queue.Add((true, claim.Key()));
    }

    private async Task SyncClaimAsync(ObjectKey key, CancellationToken cancel)
    {
        if (claims.Get(key) is not { } claim) return;
        if (VolumeMatching.IsBound(claim)) { await SyncBoundAsync(claim, cancel); return; }
        if (claim.IsDeleting()) return;
        if (claim.Spec.VolumeName is { Length: > 0 } named)
        {
            // The user (or an interrupted binding) named the volume.
            if (volumes.Get(null, named) is not { } chosen) { await SetPhaseAsync(claim, "Pending", cancel); return; }
            if (chosen.Spec.ClaimRef is null || Refers(chosen, claim)) await BindAsync(chosen, claim, cancel);
            else events.Warning(claim, FailedBinding, $"volume \"{named}\" already bound to a different claim.");
            return;
        }
        var reserved = volumes.ByIndex(ByClaim, key.Namespace + "/" + key.Name).FirstOrDefault(v => Refers(v, claim) && !v.IsDeleting());
        var storage = claim.Spec.StorageClassName is { Length: > 0 } name ? classes.Get(null, name) : null;
        var selected = claim.Annotation(VolumeMatching.SelectedNode);
        var delayed = storage?.VolumeBindingMode == "WaitForFirstConsumer" && string.IsNullOrEmpty(selected) && reserved is null;
        if (delayed)
        {
            events.Normal(claim, WaitForFirstConsumer, "waiting for first consumer to be created before binding");
            await SetPhaseAsync(claim, "Pending", cancel);
            return;
        }
        var node = selected is { Length: > 0 } ? nodes.Get(null, selected) : null;
        if (reserved is not null || VolumeMatching.FindVolume(claim, node, volumes.List(), new HashSet<string>()) is { } free && (reserved = free) is not null) { await BindAsync(reserved, claim, cancel); return; }
        await SetPhaseAsync(claim, "Pending", cancel);
        if (storage is null) events.Normal(claim, FailedBinding, claim.Spec.StorageClassName is { Length: > 0 } missing ? $"storageclass \"{missing}\" not found" : "no persistent volumes available for this claim and no storage class is set");
        else await ProvisionAsync(claim, storage, node, cancel);
    }

    private async Task SyncBoundAsync(PersistentVolumeClaim claim, CancellationToken cancel)
    {
        if (volumes.Get(null, claim.Spec.VolumeName!) is not { } volume || !Refers(volume, claim)) { await SetPhaseAsync(claim, "Lost", cancel); return; }
        await WriteStatusAsync(claim, volume, cancel);
    }

    private async Task ProvisionAsync(PersistentVolumeClaim claim, StorageClass storage, Node? node, CancellationToken cancel)
    {
        if (storage.Provisioner != LocalVolumes.Provisioner)
        {
            if (storage.Provisioner != VolumeMatching.NoProvisioner)
                events.Normal(claim, ExternalProvisioning, $"Waiting for a volume to be created either by the external provisioner '{storage.Provisioner}' or manually by the system administrator.");
            await AnnotateProvisionerAsync(claim, storage, cancel);
            return;
        }
        var chosen = node ?? nodes.List().Where(n => LocalVolumes.Allows(storage, n) && n.Spec.Unschedulable != true).OrderBy(n => volumes.List().Count(v => VolumeMatching.Reaches(v, n) && v.Spec.StorageClassName == storage.Name())).ThenBy(n => n.Name(), StringComparer.Ordinal).FirstOrDefault();
        if (chosen is null) { events.Warning(claim, ProvisioningFailed, $"no node that storage class \"{storage.Name()}\" allows can hold the volume"); return; }
        var wanted = LocalVolumes.Make(claim, storage, chosen, context.Options.LocalVolumeRoot);
        PersistentVolume volume;
        try { volume = await context.Client.CreateAsync(wanted, cancel); }
        catch (ApiException e) when (e.IsAlreadyExists) { volume = await context.Client.GetAsync<PersistentVolume>(null, wanted.Name(), cancel); }
        events.Normal(claim, Provisioned, $"Successfully provisioned volume {volume.Name()} on node {chosen.Name()}");
        await BindAsync(volume, claim, cancel);
    }

    private async Task AnnotateProvisionerAsync(PersistentVolumeClaim claim, StorageClass storage, CancellationToken cancel)
    {
        if (storage.Provisioner == VolumeMatching.NoProvisioner || claim.Annotation(LocalVolumes.ProvisionerAnnotation) == storage.Provisioner) return;
        await context.Client.PatchAsync<PersistentVolumeClaim>(claim.Ns(), claim.Name(), PatchType.Merge, MergePatches.Annotation(LocalVolumes.ProvisionerAnnotation, storage.Provisioner), cancel: cancel);
    }

    // Both sides point at each other; the volume first, for it is what two claims may want.
    private async Task BindAsync(PersistentVolume volume, PersistentVolumeClaim claim, CancellationToken cancel)
    {
        if (volume.Spec.ClaimRef?.Uid != claim.Uid())
            volume = await context.Client.UpdateAsync(volume with
            {
                Spec = volume.Spec with { ClaimRef = LocalVolumes.Reference(claim) },
                Metadata = volume.Metadata.WithAnnotation("pv.kubernetes.io/bound-by-controller", "yes"),
            }, cancel);
        if (volume.Status.Phase != "Bound") volume = await SetPhaseAsync(volume, "Bound", cancel);
        if (!VolumeMatching.IsBound(claim) || claim.Spec.VolumeName != volume.Name())
            claim = await context.Client.UpdateAsync(claim with { Spec = claim.Spec with { VolumeName = volume.Name() }, Metadata = claim.Metadata.WithAnnotation(VolumeMatching.BindCompleted, "yes") }, cancel);
        await WriteStatusAsync(claim, volume, cancel);
    }

    private async Task SyncVolumeAsync(ObjectKey key, CancellationToken cancel)
    {
        if (volumes.Get(key) is not { } volume || volume.IsDeleting()) return;
        if (volume.Spec.ClaimRef is not { } reference) { await SetPhaseAsync(volume, "Available", cancel); return; }
        if (string.IsNullOrEmpty(reference.Uid)) { await SetPhaseAsync(volume, "Available", cancel); queue.Add((true, new ObjectKey(reference.Namespace, reference.Name ?? ""))); return; }
        var claim = claims.Get(reference.Namespace, reference.Name ?? "");
        // Data is at stake: that the claim has gone is asked of the server itself.
        if (claim?.Uid() != reference.Uid) claim = await context.Client.FindAsync<PersistentVolumeClaim>(reference.Namespace, reference.Name ?? "", cancel);
        if (claim is not null && claim.Uid() == reference.Uid)
        {
            if (VolumeMatching.IsBound(claim) && claim.Spec.VolumeName == volume.Name()) await SetPhaseAsync(volume, "Bound", cancel);
            else if (VolumeMatching.IsBound(claim)) await SetPhaseAsync(volume, "Released", cancel);
            else queue.Add((true, claim.Key()));
            return;
        }
        volume = await SetPhaseAsync(volume, "Released", cancel);
        if (volume.Spec.PersistentVolumeReclaimPolicy != "Delete" || volume.Annotation(LocalVolumes.ProvisionedBy) != LocalVolumes.Provisioner) return;
        try { await context.Client.DeleteAsync<PersistentVolume>(null, volume.Name(), new() { Preconditions = new() { Uid = volume.Uid() } }, cancel); }
        catch (ApiException e) when (e.IsNotFound) { /* gone already */ }
    }

    private static bool Refers(PersistentVolume volume, PersistentVolumeClaim claim) =>
        volume.Spec.ClaimRef is { } r && r.Namespace == claim.Ns() && r.Name == claim.Name() && (string.IsNullOrEmpty(r.Uid) || r.Uid == claim.Uid());

    private async Task<PersistentVolume> SetPhaseAsync(PersistentVolume volume, string phase, CancellationToken cancel) => volume.Status.Phase == phase ? volume
        : await context.Client.UpdateStatusAsync(volume with { Status = volume.Status with { Phase = phase, LastPhaseTransitionTime = context.Now } }, cancel: cancel);

    private Task SetPhaseAsync(PersistentVolumeClaim claim, string phase, CancellationToken cancel) => claim.Status.Phase == phase ? Task.CompletedTask
        : context.Client.UpdateStatusAsync(claim with { Status = claim.Status with { Phase = phase } }, cancel: cancel);

    private Task WriteStatusAsync(PersistentVolumeClaim claim, PersistentVolume volume, CancellationToken cancel)
    {
        var status = claim.Status with { Phase = "Bound", AccessModes = volume.Spec.AccessModes, Capacity = claim.Status.Capacity.Count > 0 && claim.Status.Phase == "Bound" ? claim.Status.Capacity : volume.Spec.Capacity };
        return status.Equals(claim.Status) ? Task.CompletedTask : context.Client.UpdateStatusAsync(claim with { Status = status }, cancel: cancel);
    }
}
