using Gureum.Client;
using Gureum.Controllers.Common;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Models;

namespace Gureum.Controllers.Volumes;

/// <summary>Keeps claims that a pod uses, and volumes that a claim is bound to, from vanishing when deleted.</summary>
public sealed class VolumeProtectionController : IController
{
    public const string ClaimFinalizer = "kubernetes.io/pvc-protection", VolumeFinalizer = "kubernetes.io/pv-protection";

    private const string ByClaim = "claims";

    private readonly ControllerContext context;
    private readonly Informer<PersistentVolumeClaim> claims;
    private readonly Informer<PersistentVolume> volumes;
    private readonly Informer<Pod> pods;
    private readonly WorkQueue<(bool IsClaim, ObjectKey Key)> queue;

    public VolumeProtectionController(ControllerContext context)
    {
        this.context = context;
        queue = new WorkQueue<(bool, ObjectKey)>(context.Time);
        claims = context.Informers.Get<PersistentVolumeClaim>();
        volumes = context.Informers.Get<PersistentVolume>();
        pods = context.Informers.Get<Pod>().AddIndex(ByClaim, static pod => [.. ClaimsOf(pod).Select(name => pod.Ns() + "/" + name)]);
        claims.AddHandler((_, current) => { if (current is not null && NeedsWork(current, ClaimFinalizer)) queue.Add((true, current.Key())); });
        volumes.AddHandler((_, current) => { if (current is not null && NeedsWork(current, VolumeFinalizer)) queue.Add((false, current.Key())); });
        pods.AddHandler((old, current) =>
        {
            // A claim may go when the last pod that uses it has ended.
            if (current is not null && !PodStates.IsTerminal(current)) return;
            foreach (var name in ClaimsOf((current ?? old)!)) queue.Add((true, new ObjectKey((current ?? old)!.Ns(), name)));
        });
    }

    public string Name => "volume-protection-controller";

    public Task RunAsync(CancellationToken cancel) => new Reconciler<(bool IsClaim, ObjectKey Key)>(Name, queue, (item, c) => item.IsClaim ? SyncClaimAsync(item.Key, c) : SyncVolumeAsync(item.Key, c)).RunAsync(cancel);

    private static IEnumerable<string> ClaimsOf(Pod pod) => pod.Spec.Volumes.Select(volume => volume.PersistentVolumeClaim?.ClaimName ?? (volume.Ephemeral is not null ? pod.Name() + "-" + volume.Name : null)).OfType<string>();

    private static bool NeedsWork(IKubeObject value, string finalizer) => value.HasFinalizer(finalizer) == value.IsDeleting();

    private async Task SyncClaimAsync(ObjectKey key, CancellationToken cancel)
    {
        if (claims.Get(key) is not { } claim || !NeedsWork(claim, ClaimFinalizer)) return;
        if (!claim.IsDeleting()) { await WriteAsync(claim, [.. claim.Metadata.Finalizers, ClaimFinalizer], cancel); return; }
        if (pods.ByIndex(ByClaim, key.Namespace + "/" + key.Name).Any(pod => !PodStates.IsTerminal(pod) && !string.IsNullOrEmpty(pod.Spec.NodeName))) return;
        // The local copy may lag behind a pod that was bound just now.
        var live = (await context.Client.ListAsync<Pod>(key.Namespace, cancel: cancel)).Items;
        if (live.Any(pod => !PodStates.IsTerminal(pod) && !string.IsNullOrEmpty(pod.Spec.NodeName) && ClaimsOf(pod).Contains(key.Name))) { queue.AddAfter((true, key), TimeSpan.FromSeconds(1)); return; }
        await WriteAsync(claim, claim.Metadata.Finalizers.Where(f => f != ClaimFinalizer), cancel);
    }

    private async Task SyncVolumeAsync(ObjectKey key, CancellationToken cancel)
    {
        if (volumes.Get(key) is not { } volume || !NeedsWork(volume, VolumeFinalizer)) return;
        if (!volume.IsDeleting()) await WriteAsync(volume, [.. volume.Metadata.Finalizers, VolumeFinalizer], cancel);
        else if (volume.Status.Phase != "Bound") await WriteAsync(volume, volume.Metadata.Finalizers.Where(f => f != VolumeFinalizer), cancel);
    }

    private async Task WriteAsync<T>(T value, IEnumerable<string> finalizers, CancellationToken cancel) where T : class, IKubeObject<T>
    {
        try { await context.Client.PatchAsync<T>(value.Metadata.Namespace, value.Name(), PatchType.Merge, MergePatches.Finalizers(finalizers, value.Metadata.ResourceVersion), cancel: cancel); }
        catch (ApiException e) when (e.IsNotFound) { /* gone already */ }
    }
}
