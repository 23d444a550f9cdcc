using Gureum.Client;
using Gureum.Controllers.Common;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Meta.V1;

namespace Gureum.Controllers.Volumes;

/// <summary>Makes the claims of pods' generic ephemeral volumes; they go with their pod.</summary>
public sealed class EphemeralVolumeController : IController
{
    private const string ClaimInTheWay = "FailedCreate";

    private readonly ControllerContext context;
    private readonly Informer<Pod> pods;
    private readonly Informer<PersistentVolumeClaim> claims;
    private readonly WorkQueue<ObjectKey> queue;
    private readonly EventRecorder events;

    public EphemeralVolumeController(ControllerContext context)
    {
        this.context = context;
        queue = new WorkQueue<ObjectKey>(context.Time);
        events = context.Events(Name);
        pods = context.Informers.Get<Pod>();
        claims = context.Informers.Get<PersistentVolumeClaim>();
        pods.AddHandler((old, current) => { if (old is null && current is not null && current.Spec.Volumes.Any(v => v.Ephemeral is not null)) queue.Add(current.Key()); });
    }

    public string Name => "ephemeral-volume-controller";

    public Task RunAsync(CancellationToken cancel) => new Reconciler<ObjectKey>(Name, queue, SyncAsync).RunAsync(cancel);

    private async Task SyncAsync(ObjectKey key, CancellationToken cancel)
    {
        if (pods.Get(key) is not { } pod || pod.IsDeleting()) return;
        foreach (var volume in pod.Spec.Volumes)
        {
            if (volume.Ephemeral?.VolumeClaimTemplate is not { } template) continue;
            var name = pod.Name() + "-" + volume.Name;
            if (claims.Get(key.Namespace, name) is { } known)
            {
                if (!Owners.IsControlledBy(known.Metadata, pod.Uid())) events.Warning(pod, ClaimInTheWay, $"claim \"{name}\" exists and does not belong to this pod: delete it or rename the volume");
                continue;
            }
            try
            {
                await context.Client.CreateAsync(new PersistentVolumeClaim
                {
                    Metadata = new ObjectMeta { Name = name, Namespace = key.Namespace, Labels = template.Metadata.Labels, Annotations = template.Metadata.Annotations, OwnerReferences = [Owners.ReferenceTo(pod)] },
                    Spec = template.Spec,
                }, cancel);
            }
            catch (ApiException e) when (e.IsAlreadyExists || e.Status.IsNamespaceTerminating()) { /* made meanwhile, or no longer wanted */ }
        }
    }
}
