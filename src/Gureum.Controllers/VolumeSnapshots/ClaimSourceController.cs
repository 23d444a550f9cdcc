using Gureum.Client;
using Gureum.Controllers.Common;
using Gureum.Controllers.DataVolumes;
using Gureum.Controllers.MachineSnapshots;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Kubevirt.V1;
using Gureum.Objects.Machines;
using Gureum.Objects.Snapshot.V1;

namespace Gureum.Controllers.VolumeSnapshots;

/// <summary>Fills claims that name another claim, or a snapshot of one, as their data source. Nobody gets such a claim before it is filled.</summary>
public sealed class ClaimSourceController : IController
{
    private const string BySource = "data-source";
    private const string Failed = "ProvisioningFailed", Waiting = "WaitForDataSource", Filled = "ProvisioningSucceeded";

    private readonly ControllerContext context;
    private readonly Informer<PersistentVolumeClaim> claims;
    private readonly Informer<VolumeSnapshot> snapshots;
    private readonly Informer<VirtualMachineInstance> instances;
    private readonly Informer<Pod> pods;
    private readonly WorkQueue<ObjectKey> queue;

    // Snapshots whose claims are to be looked at: not in the handler, for handlers of claims look at snapshots, and each copy has a lock.
    private readonly WorkQueue<string> sources;
    private readonly EventRecorder events;
    private readonly DiskCopies copies;

    public ClaimSourceController(ControllerContext context)
    {
        this.context = context;
        queue = new WorkQueue<ObjectKey>(context.Time);
        sources = new WorkQueue<string>(context.Time);
        events = context.Events(Name);
        claims = context.Informers.Get<PersistentVolumeClaim>().AddIndex(BySource, static c => ClaimContent.SourceOf(c) is { } source ? [Key(source.IsSnapshot, c.Ns(), source.Name)] : []);
        snapshots = context.Informers.Get<VolumeSnapshot>();
        instances = context.Informers.Get<VirtualMachineInstance>().IndexWriters();
        pods = context.Informers.Get<Pod>();
        copies = new DiskCopies(context.Client, claims, pods);
        claims.AddHandler((old, current) =>
        {
            var claim = (current ?? old)!;
            if (ClaimContent.SourceOf(claim) is not null) queue.Add(claim.Key());
            Look(Key(false, claim.Ns(), claim.Name()));
        });
        snapshots.AddHandler((old, current) => sources.Add(Key(true, (current ?? old)!.Ns(), (current ?? old)!.Name())));
        pods.AddHandler((old, current) => { if (Owners.Controller((current ?? old)!.Metadata) is { } owner && owner.Kind == PersistentVolumeClaim.Resource.Kind) queue.Add(new ObjectKey((current ?? old)!.Ns(), owner.Name ?? "")); });
    }

    public string Name => "claim-source-controller";

    public Task RunAsync(CancellationToken cancel) => Task.WhenAll(new Reconciler<ObjectKey>(Name, queue, SyncAsync, workers: 2).RunAsync(cancel), new Reconciler<string>(Name, sources, (source, _) => { Look(source); return Task.CompletedTask; }).RunAsync(cancel));

    private static string Key(bool isSnapshot, string ns, string name) => $"{(isSnapshot ? "snapshot" : "claim")} {ns}/{name}";

    private void Look(string source)
    {
        foreach (var claim in claims.ByIndex(BySource, source)) queue.Add(claim.Key());
    }

    private async Task SyncAsync(ObjectKey key, CancellationToken cancel)
    {
        if (claims.Get(key) is not { } claim || claim.IsDeleting() || ClaimContent.SourceOf(claim) is not { } named) return;
        // A data volume fills its claim itself.
        if (Owners.Controller(claim.Metadata) is { } owner && owner.Kind == Objects.Cdi.V1beta1.DataVolume.Resource.Kind) return;
        var pod = "copier-" + claim.Uid();
        if (DataVolumeProgress.IsFilled(claim) ? pods.Get(key.Namespace, pod) is null : claim.Annotation(ImportNames.PodPhase) == ClaimContent.Failed) return;
        var source = named.IsSnapshot ? snapshots.Get(key.Namespace, named.Name) is { Status.ReadyToUse: true } snapshot ? ClaimContent.CopyOf(snapshot) : null : named.Name;
        if (!DataVolumeProgress.IsFilled(claim) && (source is null || claims.Get(key.Namespace, source) is not { } from || ClaimContent.IsUnfilled(from)))
        {
            events.Normal(claim, Waiting, $"Waiting for {(named.IsSnapshot ? "volume snapshot" : "claim")} \"{named.Name}\" to be ready");
            return;
        }
        var state = await copies.StepAsync(claim, pod, [new DiskCopy(source ?? "", claim)], source is null ? null : ClaimReaders.Of(instances, claim.Ns(), source), null, cancel);
        if (state.Error is { } error)
        {
            events.Warning(claim, Failed, error);
            await MarkAsync(claim, error, cancel);
        }
        else if (state.Done) events.Normal(claim, Filled, $"Filled from {(named.IsSnapshot ? "volume snapshot" : "claim")} \"{named.Name}\"");
    }

    private async Task MarkAsync(PersistentVolumeClaim claim, string error, CancellationToken cancel) => await context.Client.PatchAsync<PersistentVolumeClaim>(claim.Ns(), claim.Name(), PatchType.Merge, MergePatches.Build(writer =>
    {
        writer.WriteStartObject("metadata"u8);
        writer.WriteString("uid"u8, claim.Uid());
        writer.WriteStartObject("annotations"u8);
        writer.WriteString(ImportNames.PodPhase, ClaimContent.Failed);
        writer.WriteString(ClaimContent.Reason, error);
        writer.WriteEndObject();
        writer.WriteEndObject();
    }), cancel: cancel);
}
