using Gureum.Client;
using Gureum.Controllers.Common;
using Gureum.Controllers.Migrations;
using Gureum.Objects.Apps.V1;
using Gureum.Objects.Cdi.V1beta1;
using Gureum.Objects.Instancetype.V1beta1;
using Gureum.Objects.Kubevirt.V1;
using Gureum.Objects.Machines;
using Gureum.Objects.Meta.V1;

namespace Gureum.Controllers.VirtualMachines;

/// <summary>Makes and ends the instance of each VirtualMachine as its run strategy says, and the volumes that it brings along.</summary>
public sealed class VirtualMachineController : IController
{
    private const string Created = "SuccessfulCreate", Deleted = "SuccessfulDelete", FailedCreate = "FailedCreate", Failure = "Failure", Ready = "Ready";

    private readonly ControllerContext context;
    private readonly Informer<VirtualMachine> machines;
    private readonly Informer<VirtualMachineInstance> instances;
    private readonly Informer<DataVolume> volumes;
    private readonly WorkQueue<ObjectKey> queue;
    private readonly OwnWrites written = new(), made = new();
    private readonly EventRecorder events;
    private readonly MachineRevisions revisions;

    public VirtualMachineController(ControllerContext context)
    {
        this.context = context;
        queue = new WorkQueue<ObjectKey>(context.Time);
        events = context.Events(Name);
        machines = context.Informers.Get<VirtualMachine>();
        instances = context.Informers.Get<VirtualMachineInstance>();
        volumes = context.Informers.Get<DataVolume>();
        revisions = new MachineRevisions(context.Client, context.Informers.Get<ControllerRevision>().IndexOwners());
        machines.AddHandler((old, current) => queue.Add((current ?? old)!.Key()));
        instances.AddHandler((old, current) => queue.Add((current ?? old)!.Key()));
        volumes.AddHandler((old, current) => { if (Owners.Controller((current ?? old)!.Metadata) is { Kind: "VirtualMachine" } owner) queue.Add(new ObjectKey((current ?? old)!.Metadata.Namespace, owner.Name ?? "")); });
    }

    public string Name => "virtualmachine-controller";

    public Task RunAsync(CancellationToken cancel) => new Reconciler<ObjectKey>(Name, queue, SyncAsync, workers: 5).RunAsync(cancel);

    private async Task SyncAsync(ObjectKey key, CancellationToken cancel)
    {
        if (machines.Get(key) is not { } machine) { written.Forget(key); made.Forget(key); return; }
        if (written.IsBehind(key, machine.Metadata)) return;
        var found = instances.Get(key);
        if (found is not null && made.IsBehind(key, found.Metadata)) return;
        var instance = found is not null && Owners.IsControlledBy(found.Metadata, machine.Uid()) ? found : null;
        if (machine.IsDeleting() && instance is null) { await ReleaseAsync(machine, cancel); return; }
        if (!machine.IsDeleting() && !machine.HasFinalizer(MachineNames.MachineFinalizer))
        {
            await context.Client.PatchAsync<VirtualMachine>(machine.Ns(), machine.Name(), PatchType.Merge, MergePatches.Finalizers([.. machine.Metadata.Finalizers, MachineNames.MachineFinalizer], machine.Metadata.ResourceVersion), cancel: cancel);
            return;
        }
        // A machine that is being restored has no disks to start from yet.
        var waits = !machine.IsDeleting() && (machine.Status.RestoreInProgress is { Length: > 0 } || !await VolumesAsync(machine, cancel));
        var failure = StartFailures.After(machine.Status.StartFailure, instance, context.Now);
        var step = MachinePlan.Next(machine, instance);
        var pause = step.Action == MachineAction.Start ? StartFailures.Wait(failure, context.Now) : null;
        var shape = await ShapeAsync(machine, cancel);
        var problem = shape.Problem;
        if (step.Action == MachineAction.Stop) await StopAsync(machine, instance!, step.Reason, cancel);
        else if (step.Action == MachineAction.Start && !waits && pause is null) problem = found is not null ? $"there is a VirtualMachineInstance {found.Name()} that does not belong to this machine" : problem ?? await StartAsync(machine, shape, cancel);
        var restart = step.Action == MachineAction.Nothing && instance is { Status.Phase: "Running" } && !instance.IsDeleting() && shape.Spec is not null ? await UpdateLiveAsync(machine, instance, shape.Spec, cancel) : null;
        var acted = step.Action != MachineAction.Start || (!waits && pause is null && problem is null);
        await WriteAsync(machine, instance, acted ? step.Requests : machine.Status.StateChangeRequests, acted, failure, waits, pause is not null, new Shown(shape, problem, restart), cancel);
        if (pause is { } wait) queue.AddAfter(key, wait);
        if (problem is not null) queue.AddAfter(key, TimeSpan.FromSeconds(5));
    }

    /// <summary>Makes what the machine's data volume templates ask for.</summary>
    /// <returns>True when all of them are filled, or wait only for the first who uses them.</returns>
    private async Task<bool> VolumesAsync(VirtualMachine machine, CancellationToken cancel)
    {
        var ready = true;
        foreach (var template in machine.Spec.DataVolumeTemplates)
        {
            var volume = volumes.Get(machine.Ns(), template.Metadata.Name ?? "");
            if (volume is null)
            {
                ready = false;
                try
                {
                    await context.Client.CreateAsync(new DataVolume
                    {
                        Metadata = new ObjectMeta { Name = template.Metadata.Name, Namespace = machine.Ns(), Labels = template.Metadata.Labels, Annotations = template.Metadata.Annotations, OwnerReferences = [Owners.ReferenceTo(machine)] },
                        Spec = template.Spec,
                    }, cancel);
                    events.Normal(machine, Created, $"Created DataVolume {template.Metadata.Name}");
                }
                catch (ApiException e) when (e.IsAlreadyExists) { /* seen soon */ }
            }
            else if (volume.Status.Phase is not ("Succeeded" or "WaitForFirstConsumer")) ready = false;
        }
        return ready;
    }

    // The template with the instancetype and the preference that the machine keeps, or why there is none.
    private sealed record Shape(VirtualMachineInstanceSpec? Spec, InstancetypeStatusRef? Type, InstancetypeStatusRef? Preference, string? Problem, string? Refusal = null);

    private sealed record Shown(Shape Shape, string? Problem, string? Restart);

    private async Task<Shape> ShapeAsync(VirtualMachine machine, CancellationToken cancel)
    {
        var (type, preference) = (machine.Status.InstancetypeRef, machine.Status.PreferenceRef);
        if (machine.IsDeleting()) return new Shape(null, type, preference, null);
        try
        {
            VirtualMachineInstancetypeSpec? sizes = null;
            VirtualMachinePreferenceSpec? prefers = null;
            if (machine.Spec.Instancetype is { } matcher) (sizes, type) = await revisions.InstancetypeAsync(machine, matcher, cancel);
            else type = null;
            if (machine.Spec.Preference is { } preferred) (prefers, preference) = await revisions.PreferenceAsync(machine, preferred, cancel);
            else preference = null;
            var spec = InstancetypeExpansion.Expand(machine.Spec.Template.Spec, sizes, prefers);
            return new Shape(spec, type, preference, null, InstancetypeExpansion.Refusal(spec, prefers));
        }
        catch (Exception e) when (e is ApiException or InvalidDataException) { return new Shape(null, type, preference, e.Message); }
    }

    /// <summary>Has the running instance follow its machine, as far as it can.</summary>
    /// <returns>Why it must be started anew to be what its machine says; null when it need not.</returns>
    private async Task<string?> UpdateLiveAsync(VirtualMachine machine, VirtualMachineInstance instance, VirtualMachineInstanceSpec wanted, CancellationToken cancel)
    {
        var step = LiveUpdate.Of(wanted, machine.Spec, revisions.StartedFrom(instance), instance);
        if (step.Spec is null || instance.IsMigrating()) return step.Restart;
        try { made.Note(machine.Key(), (await context.Client.UpdateAsync(instance with { Spec = step.Spec }, cancel)).Metadata); }
        catch (ApiException e) when (e.IsNotFound || e.IsConflict) { /* another change of it comes by the informer */ }
        catch (ApiException e) when (e.Status.Code is 403 or 422) { return e.Message; }
        return step.Restart;
    }

    private async Task<string?> StartAsync(VirtualMachine machine, Shape shape, CancellationToken cancel)
    {
        if (shape.Refusal is { } refusal) return refusal;
        try
        {
            var instance = await context.Client.CreateAsync(NewInstance.Of(machine, shape.Spec!, await revisions.StartAsync(machine, cancel)), cancel);
            made.Note(machine.Key(), instance.Metadata);
            events.Normal(machine, Created, $"Started the virtual machine by creating the new virtual machine instance {machine.Name()}");
            return null;
        }
        catch (ApiException e) when (e.IsAlreadyExists) { return null; }
        catch (ApiException e)
        {
            events.Warning(machine, FailedCreate, $"Error creating virtual machine instance: {e.Message}");
            return e.Message;
        }
    }

    private async Task StopAsync(VirtualMachine machine, VirtualMachineInstance instance, string reason, CancellationToken cancel)
    {
        try
        {
            await context.Client.DeleteAsync<VirtualMachineInstance>(instance.Ns(), instance.Name(), new DeleteOptions { Preconditions = new Preconditions { Uid = instance.Uid() } }, cancel);
            events.Normal(machine, Deleted, $"Stopped the virtual machine by deleting the virtual machine instance {instance.Uid()}: {reason}");
        }
        catch (ApiException e) when (e.IsNotFound || e.IsConflict) { /* gone, or another one by now */ }
    }

    private bool DataFailed(VirtualMachine machine) => machine.Spec.Template.Spec.Volumes.Any(v => v.DataVolume?.Name is { } name && volumes.Get(machine.Ns(), name) is { } volume
        && (volume.Status.Phase == "Failed" || volume.Status.Conditions.Any(c => c is { Type: "Running", Status: "False", Reason: "Error" or "ImagePullFailed" })));

    private async Task ReleaseAsync(VirtualMachine machine, CancellationToken cancel)
    {
        if (!machine.HasFinalizer(MachineNames.MachineFinalizer)) return;
        try { await context.Client.PatchAsync<VirtualMachine>(machine.Ns(), machine.Name(), PatchType.Merge, MergePatches.Finalizers(machine.Metadata.Finalizers.Where(f => f != MachineNames.MachineFinalizer), machine.Metadata.ResourceVersion), cancel: cancel); }
        catch (ApiException e) when (e.IsNotFound) { /* gone already */ }
    }

    private async Task WriteAsync(VirtualMachine machine, VirtualMachineInstance? instance, IReadOnlyList<VirtualMachineStateChangeRequest> requests, bool acted, VirtualMachineStartFailure? failure, bool waits, bool pauses, Shown shown, CancellationToken cancel)
    {
        var status = machine.Status with
        {
            Created = instance is not null ? true : null, Ready = Is(instance, Ready) ? true : null, StateChangeRequests = requests, StartFailure = failure,
            RunStrategy = acted ? MachinePlan.Strategy(machine) : machine.Status.RunStrategy, PrintableStatus = MachineStatusText.Of(machine, instance, waits, pauses, DataFailed(machine)),
            ObservedGeneration = machine.Metadata.Generation, DesiredGeneration = machine.Metadata.Generation, Conditions = Conditions(machine, instance, shown), InstancetypeRef = shown.Shape.Type, PreferenceRef = shown.Shape.Preference,
        };
        if (status.Equals(machine.Status)) return;
        try { written.Note(machine.Key(), (await context.Client.UpdateStatusAsync(machine with { Status = status }, cancel: cancel)).Metadata); }
        catch (ApiException e) when (e.IsNotFound) { /* gone meanwhile */ }
    }

    // A machine shows its instance's conditions as its own.
    private List<VirtualMachineCondition> Conditions(VirtualMachine machine, VirtualMachineInstance? instance, Shown shown)
    {
        var wanted = (instance?.Status.Conditions ?? []).Select(c => new VirtualMachineCondition { Type = c.Type, Status = c.Status, Reason = c.Reason, Message = c.Message }).ToList();
        if (wanted.All(c => c.Type != Ready)) wanted.Insert(0, new VirtualMachineCondition { Type = Ready, Status = "False", Reason = "VMINotExists", Message = "VMI does not exist" });
        if (shown.Problem is { } problem) wanted.Add(new VirtualMachineCondition { Type = Failure, Status = "True", Reason = FailedCreate, Message = problem });
        if (shown.Restart is { } restart) wanted.Add(new VirtualMachineCondition { Type = LiveUpdate.RestartRequired, Status = "True", Message = restart });
        return [.. wanted.Select(c => c with { LastTransitionTime = machine.Status.Conditions.FirstOrDefault(o => o.Type == c.Type && o.Status == c.Status)?.LastTransitionTime ?? context.Now })];
    }

    private static bool Is(VirtualMachineInstance? instance, string type) => instance is not null && MachineStatusText.Condition(instance, type)?.Status == "True";
}
