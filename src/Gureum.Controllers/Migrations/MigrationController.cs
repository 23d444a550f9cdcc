using System.Text;
using System.Text.Json.Nodes;
using Gureum.Client;
using Gureum.Controllers.Common;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Kubevirt.V1;
using Gureum.Objects.Machines;

namespace Gureum.Controllers.Migrations;

/// <summary>
/// Moves instances to other nodes: makes the target's pod, tells both nodes of each other by the instance's status, and follows what they say there.
/// The nodes do the work; the instance's node changes once, when the guest runs there.
/// </summary>
public sealed class MigrationController : IController
{
    private const string Finalizer = "kubevirt.io/migrationJobFinalize", Rejected = "migrationRejected", Unschedulable = "migrationTargetPodUnschedulable";

    /// <summary>How long a target's pod may wait for a node.</summary>
    private static readonly TimeSpan MostWait = TimeSpan.FromMinutes(5), Look = TimeSpan.FromSeconds(5);

    private readonly ControllerContext context;
    private readonly Informer<VirtualMachineInstanceMigration> migrations;
    private readonly Informer<VirtualMachineInstance> instances;
    private readonly Informer<Pod> pods;
    private readonly WorkQueue<ObjectKey> queue;
    private readonly OwnWrites written = new();
    private readonly PodControl control;
    private readonly EventRecorder events;

    public MigrationController(ControllerContext context)
    {
        this.context = context;
        queue = new WorkQueue<ObjectKey>(context.Time);
        (events, control) = (context.Events(Name), new PodControl(context.Client, context.Events(Name)));
        migrations = context.Informers.Get<VirtualMachineInstanceMigration>();
        instances = context.Informers.Get<VirtualMachineInstance>();
        pods = context.Informers.Get<Pod>().IndexOwners();
        migrations.AddHandler((old, current) => queue.Add((current ?? old)!.Key()));
        instances.AddHandler((old, current) => WakeOf((current ?? old)!.Ns(), (current ?? old)!.Name()));
        pods.AddHandler((old, current) =>
        {
            var pod = (current ?? old)!;
            if (pod.Label(MachineNames.MigrationJob) is not null && Owners.Controller(pod.Metadata) is { Name: { } name }) WakeOf(pod.Ns(), name);
        });
    }

    public string Name => "migration-controller";

    public Task RunAsync(CancellationToken cancel) => new Reconciler<ObjectKey>(Name, queue, SyncAsync, workers: 2).RunAsync(cancel);

    private void WakeOf(string ns, string instance)
    {
        foreach (var migration in migrations.List(ns))
            if (migration.Spec.VmiName == instance && !MigrationPhase.IsFinal(migration.Status.Phase)) queue.Add(migration.Key());
    }

    private async Task SyncAsync(ObjectKey key, CancellationToken cancel)
    {
        if (migrations.Get(key) is not { } migration) { written.Forget(key); return; }
        if (written.IsBehind(key, migration.Metadata)) return;
        if (MigrationPhase.IsFinal(migration.Status.Phase)) { await LetGoAsync(migration, cancel); return; }
        var instance = instances.Get(key.Namespace, migration.Spec.VmiName ?? "");
        if (instance is null || instance.IsFinal() || instance.IsDeleting()) { await EndAsync(migration, instance, MigrationPhase.Failed, $"VMI {migration.Spec.VmiName} does not exist or has ended", cancel); return; }
        var state = instance.Status.MigrationState;
        var own = state?.MigrationUid == migration.Uid();
        var target = pods.ByIndex(Owners.ByController, instance.Uid()).FirstOrDefault(p => p.Label(MachineNames.MigrationJob) == migration.Uid());
        if (own && state!.Completed == true) { await FinishAsync(migration, instance, target, state, cancel); return; }
        if (migration.IsDeleting()) { await AbortAsync(migration, instance, own, cancel); return; }
        switch (migration.Status.Phase)
        {
            case null or "" or MigrationPhase.Pending: await BeginAsync(migration, instance, cancel); return;
            case MigrationPhase.Scheduling when target?.Spec.NodeName is { Length: > 0 }: await WriteAsync(migration, MigrationPhase.Scheduled, null, cancel); return;
            case MigrationPhase.Scheduling: await WaitForNodeAsync(migration, instance, target, cancel); return;
            case MigrationPhase.Scheduled: await HandOverAsync(migration, instance, target, cancel); return;
        }
        // From here on the nodes act; a target that is gone, or has ended, will not.
        if (target is null || target.IsDeleting() || target.Status.Phase is "Failed" or "Succeeded") { await GiveUpAsync(migration, instance, "the target's pod is gone", cancel); return; }
        var phase = state?.StartTimestamp is not null ? MigrationPhase.Running : state?.TargetNodeAddress is { Length: > 0 } ? MigrationPhase.TargetReady : MigrationPhase.PreparingTarget;
        if (phase != migration.Status.Phase) await WriteAsync(migration, phase, state, cancel);
    }

    private async Task BeginAsync(VirtualMachineInstanceMigration migration, VirtualMachineInstance instance, CancellationToken cancel)
    {
        if (!migration.HasFinalizer(Finalizer))
        {
            await context.Client.PatchAsync<VirtualMachineInstanceMigration>(migration.Ns(), migration.Name(), PatchType.Merge, MergePatches.Finalizers([.. migration.Metadata.Finalizers, Finalizer], migration.Metadata.ResourceVersion), cancel: cancel);
            return;
        }
        if (Migratability.Obstacle(instance) is { } obstacle) { await EndAsync(migration, instance, MigrationPhase.Failed, obstacle.Message, cancel); return; }
        var earlier = migrations.List(migration.Ns()).Any(m => m.Uid() != migration.Uid() && m.Spec.VmiName == instance.Name() && !MigrationPhase.IsFinal(m.Status.Phase) && IsBefore(m, migration));
        if (instance.Status.Phase != "Running" || instance.IsMigrating() || earlier) { queue.AddAfter(migration.Key(), Look); return; }
        if (instance.Label(MachineNames.Wandering) != "true")
            await context.Client.PatchAsync<VirtualMachineInstance>(instance.Ns(), instance.Name(), PatchType.Merge, Encoding.UTF8.GetBytes(new JsonObject { ["metadata"] = new JsonObject { ["labels"] = new JsonObject { [MachineNames.Wandering] = "true" } } }.ToJsonString()), cancel: cancel);
        try { await control.CreateAsync(TargetPod.Of(instance, migration), instance, cancel); }
        catch (ApiException e) when (e.IsAlreadyExists) { /* made before this was written down */ }
        await WriteAsync(migration, MigrationPhase.Scheduling, null, cancel);
    }

    private static bool IsBefore(VirtualMachineInstanceMigration a, VirtualMachineInstanceMigration b) =>
        (a.Metadata.CreationTimestamp ?? default, a.Uid()).CompareTo((b.Metadata.CreationTimestamp ?? default, b.Uid())) < 0;

    private async Task WaitForNodeAsync(VirtualMachineInstanceMigration migration, VirtualMachineInstance instance, Pod? target, CancellationToken cancel)
    {
        var waited = context.Now - (target?.Metadata.CreationTimestamp ?? migration.Metadata.CreationTimestamp ?? context.Now);
        if (waited < MostWait && target is not { Status.Phase: "Failed" }) { queue.AddAfter(migration.Key(), Look); return; }
        var why = target?.Status.Conditions.FirstOrDefault(c => c is { Type: "PodScheduled", Status: "False" })?.Message ?? target?.Status.Message ?? "the target's pod is gone";
        events.Warning(migration, Unschedulable, why);
        await EndAsync(migration, instance, MigrationPhase.Failed, why, cancel);
    }

    // Both nodes learn of each other.
    private async Task HandOverAsync(VirtualMachineInstanceMigration migration, VirtualMachineInstance instance, Pod? target, CancellationToken cancel)
    {
        if (target?.Spec.NodeName is not { Length: > 0 } node || target.IsDeleting()) { await EndAsync(migration, instance, MigrationPhase.Failed, "the target's pod is gone", cancel); return; }
        if (instance.Status.MigrationState?.MigrationUid != migration.Uid())
        {
            var source = pods.ByIndex(Owners.ByController, instance.Uid()).FirstOrDefault(p => p.Spec.NodeName == instance.Status.NodeName && p.Name() != target.Name());
            var state = new VirtualMachineInstanceMigrationState { MigrationUid = migration.Uid(), SourceNode = instance.Status.NodeName, TargetNode = node, SourcePod = source?.Name(), TargetPod = target.Name(), Mode = "PreCopy" };
            await context.Client.UpdateStatusAsync(instance with { Status = instance.Status with { MigrationState = state, MigrationMethod = "LiveMigration", MigrationTransport = "Unix" } }, cancel: cancel);
        }
        await WriteAsync(migration, MigrationPhase.PreparingTarget, null, cancel);
    }

    private async Task FinishAsync(VirtualMachineInstanceMigration migration, VirtualMachineInstance instance, Pod? target, VirtualMachineInstanceMigrationState state, CancellationToken cancel)
    {
        var failed = state.Failed == true;
        // The pod of the other side has done its work.
        foreach (var pod in pods.ByIndex(Owners.ByController, instance.Uid()).Where(p => !p.IsDeleting() && (failed ? p.Uid() == target?.Uid() : p.Name() == state.SourcePod))) await control.DeleteAsync(pod, instance, cancel);
        if (failed) events.Warning(instance, "Migrated", $"VirtualMachineInstance migration uid {migration.Uid()} failed. reason: {state.FailureReason}");
        else events.Normal(instance, "Migrated", $"The VirtualMachineInstance migrated to node {state.TargetNode}");
        await WriteAsync(migration, failed ? MigrationPhase.Failed : MigrationPhase.Succeeded, state, cancel);
    }

    // Its deletion is the wish to have it stopped.
    private async Task AbortAsync(VirtualMachineInstanceMigration migration, VirtualMachineInstance instance, bool own, CancellationToken cancel)
    {
        if (!own) { await EndAsync(migration, instance, MigrationPhase.Failed, "the migration was cancelled", cancel); return; }
        if (instance.Status.MigrationState!.StartTimestamp is null) { await GiveUpAsync(migration, instance, "the migration was cancelled", cancel); return; }
        if (instance.Status.MigrationState.AbortRequested != true) await PatchStateAsync(instance, new JsonObject { ["abortRequested"] = true, ["abortStatus"] = "Aborting" }, cancel);
    }

    // Before its start nobody else ends it; after that, the source's node does, or, when the source is gone as well, nobody.
    private async Task GiveUpAsync(VirtualMachineInstanceMigration migration, VirtualMachineInstance instance, string why, CancellationToken cancel)
    {
        if (instance.Status.MigrationState?.MigrationUid != migration.Uid()) { await EndAsync(migration, instance, MigrationPhase.Failed, why, cancel); return; }
        await PatchStateAsync(instance, new JsonObject { ["completed"] = true, ["failed"] = true, ["failureReason"] = why, ["endTimestamp"] = Objects.Times.Format(context.Now) }, cancel);
    }

    private Task PatchStateAsync(VirtualMachineInstance instance, JsonObject state, CancellationToken cancel) =>
        context.Client.PatchAsync<VirtualMachineInstance>(instance.Ns(), instance.Name(), PatchType.Merge,
            Encoding.UTF8.GetBytes(new JsonObject { ["metadata"] = new JsonObject { ["resourceVersion"] = instance.Metadata.ResourceVersion }, ["status"] = new JsonObject { ["migrationState"] = state } }.ToJsonString()), subresource: "status", cancel: cancel);

    // One that never came to its nodes.
    private async Task EndAsync(VirtualMachineInstanceMigration migration, VirtualMachineInstance? instance, string phase, string why, CancellationToken cancel)
    {
        events.Warning(migration, Rejected, why);
        if (instance is not null)
            foreach (var pod in pods.ByIndex(Owners.ByController, instance.Uid()).Where(p => p.Label(MachineNames.MigrationJob) == migration.Uid() && !p.IsDeleting() && p.Spec.NodeName != instance.Status.NodeName)) await control.DeleteAsync(pod, instance, cancel);
        var condition = new VirtualMachineInstanceMigrationCondition { Type = Rejected, Status = "True", Reason = "Failed", Message = why, LastTransitionTime = context.Now };
        await WriteAsync(migration with { Status = migration.Status with { Conditions = [.. migration.Status.Conditions.Where(c => c.Type != Rejected), condition] } }, phase, null, cancel);
    }

    private async Task LetGoAsync(VirtualMachineInstanceMigration migration, CancellationToken cancel)
    {
        if (!migration.HasFinalizer(Finalizer)) return;
        try { await context.Client.PatchAsync<VirtualMachineInstanceMigration>(migration.Ns(), migration.Name(), PatchType.Merge, MergePatches.Finalizers(migration.Metadata.Finalizers.Where(f => f != Finalizer), migration.Metadata.ResourceVersion), cancel: cancel); }
        catch (ApiException e) when (e.IsNotFound) { /* gone already */ }
    }

    private async Task WriteAsync(VirtualMachineInstanceMigration migration, string phase, VirtualMachineInstanceMigrationState? state, CancellationToken cancel)
    {
        var status = migration.Status with
        {
            Phase = phase, MigrationState = state ?? migration.Status.MigrationState,
            PhaseTransitionTimestamps = [.. migration.Status.PhaseTransitionTimestamps, new VirtualMachineInstanceMigrationPhaseTransitionTimestamp { Phase = phase, PhaseTransitionTimestamp = context.Now }],
        };
        try { written.Note(migration.Key(), (await context.Client.UpdateStatusAsync(migration with { Status = status }, cancel: cancel)).Metadata); }
        catch (ApiException e) when (e.IsNotFound) { /* gone meanwhile */ }
    }
}
