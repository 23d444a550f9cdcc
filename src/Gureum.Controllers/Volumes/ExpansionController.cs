using Gureum.Client;
using Gureum.Controllers.Common;
using Gureum.Objects;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Placement;
using Gureum.Objects.Storage.V1;

namespace Gureum.Controllers.Volumes;

/// <summary>
/// Gives bound claims of the built-in provisioner the size that they ask for by now, where their class allows it. The folder has no size of its own: a disk in
/// it grows when a guest gets it next (https://kubernetes.io/docs/concepts/storage/persistent-volumes/#expanding-persistent-volumes-claims).
/// </summary>
public sealed class ExpansionController : IController
{
    private const string Resized = "VolumeResizeSuccessful", Refused = "VolumeResizeFailed";

    private readonly ControllerContext context;
    private readonly Informer<PersistentVolumeClaim> claims;
    private readonly Informer<PersistentVolume> volumes;
    private readonly Informer<StorageClass> classes;
    private readonly WorkQueue<ObjectKey> queue;
    private readonly EventRecorder events;

    public ExpansionController(ControllerContext context)
    {
        this.context = context;
        queue = new WorkQueue<ObjectKey>(context.Time);
        events = context.Events(Name);
        claims = context.Informers.Get<PersistentVolumeClaim>();
        volumes = context.Informers.Get<PersistentVolume>();
        classes = context.Informers.Get<StorageClass>();
        claims.AddHandler((_, current) => { if (current is not null && Missing(current)) queue.Add(current.Key()); });
    }

    public string Name => "volume-expand";

    public Task RunAsync(CancellationToken cancel) => new Reconciler<ObjectKey>(Name, queue, SyncAsync).RunAsync(cancel);

    private static Quantity Wanted(PersistentVolumeClaim claim) => claim.Spec.Resources?.Requests.GetValueOrDefault("storage") ?? Quantity.Zero;

    private static bool Missing(PersistentVolumeClaim claim) => claim.Status.Phase == "Bound" && claim.Status.Capacity.TryGetValue("storage", out var has) && Wanted(claim) > has;

    private async Task SyncAsync(ObjectKey key, CancellationToken cancel)
    {
        if (claims.Get(key) is not { } claim || claim.IsDeleting() || !Missing(claim)) return;
        if (volumes.Get(null, claim.Spec.VolumeName ?? "") is not { } volume || volume.Annotation(LocalVolumes.ProvisionedBy) != LocalVolumes.Provisioner) return;
        if (classes.Get(null, claim.Spec.StorageClassName ?? "")?.AllowVolumeExpansion != true)
        {
            events.Warning(claim, Refused, $"storage class \"{claim.Spec.StorageClassName}\" does not allow volumes to be expanded");
            return;
        }
        var size = Wanted(claim);
        if (VolumeMatching.Size(volume) < size)
            await context.Client.UpdateAsync(volume with { Spec = volume.Spec with { Capacity = new Dictionary<string, Quantity>(volume.Spec.Capacity) { ["storage"] = size } } }, cancel);
        await context.Client.UpdateStatusAsync(claim with { Status = claim.Status with { Capacity = new Dictionary<string, Quantity>(claim.Status.Capacity) { ["storage"] = size } } }, cancel: cancel);
        events.Normal(claim, Resized, $"Claim has {size} by now");
    }
}
