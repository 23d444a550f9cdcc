using Gureum.Client;
using Gureum.Controllers.Common;
using Gureum.Objects.Kubevirt.V1;
using Gureum.Objects.Meta.V1;

namespace Gureum.Controllers.Migrations;

/// <summary>Has guests moved away from a node that they are to leave, one migration at a time for each; those that fail are tried again later and later.</summary>
public sealed class EvacuationController : IController
{
    private const string Mark = "kubevirt.io/evacuationMigration";
    private static readonly TimeSpan First = TimeSpan.FromSeconds(10), Longest = TimeSpan.FromMinutes(5);

    private readonly ControllerContext context;
    private readonly Informer<VirtualMachineInstance> instances;
    private readonly Informer<VirtualMachineInstanceMigration> migrations;
    private readonly WorkQueue<ObjectKey> queue;
    private readonly FailureBackOff backOff;

    public EvacuationController(ControllerContext context)
    {
        this.context = context;
        (queue, backOff) = (new WorkQueue<ObjectKey>(context.Time), new FailureBackOff(context.Time, First, Longest));
        instances = context.Informers.Get<VirtualMachineInstance>();
        migrations = context.Informers.Get<VirtualMachineInstanceMigration>();
        instances.AddHandler((_, current) => { if (current?.Status.EvacuationNodeName is { Length: > 0 }) queue.Add(current.Key()); });
        migrations.AddHandler((old, current) => queue.Add(new ObjectKey((current ?? old)!.Metadata.Namespace, (current ?? old)!.Spec.VmiName ?? "")));
    }

    public string Name => "evacuation-controller";

    public Task RunAsync(CancellationToken cancel) => new Reconciler<ObjectKey>(Name, queue, SyncAsync, workers: 1).RunAsync(cancel);

    private async Task SyncAsync(ObjectKey key, CancellationToken cancel)
    {
        if (instances.Get(key) is not { Status.EvacuationNodeName: { Length: > 0 } node } instance || instance.IsDeleting()) return;
        if (instance.Status.NodeName != node || instance.Status.Phase is "Succeeded" or "Failed") { await ClearAsync(instance, cancel); return; }
        if (migrations.List(instance.Ns()).Any(m => m.Spec.VmiName == instance.Name() && !MigrationPhase.IsFinal(m.Status.Phase))) return;
        if (backOff.Wait(instance.Uid()) is { } wait) { queue.AddAfter(key, wait); return; }
        await context.Client.CreateAsync(new VirtualMachineInstanceMigration
        {
            Metadata = new ObjectMeta { GenerateName = "kubevirt-evacuation-", Namespace = instance.Ns(), Annotations = new Dictionary<string, string> { [Mark] = node } }, Spec = new VirtualMachineInstanceMigrationSpec { VmiName = instance.Name() },
        }, cancel);
        context.Events(Name).Normal(instance, "SuccessfulCreate", $"Created migration away from node {node}");
        queue.AddAfter(key, First);
    }

    // It has left, or ended: nothing is to leave any more.
    private async Task ClearAsync(VirtualMachineInstance instance, CancellationToken cancel)
    {
        try { await context.Client.UpdateStatusAsync(instance with { Status = instance.Status with { EvacuationNodeName = null } }, cancel: cancel); }
        catch (ApiException e) when (e.IsNotFound || e.IsConflict) { /* gone, or changed: its next change comes by the informer */ }
    }
}
