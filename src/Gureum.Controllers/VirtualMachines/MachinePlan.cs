using Gureum.Controllers.Common;
using Gureum.Objects.Kubevirt.V1;
using Gureum.Objects.Machines;

namespace Gureum.Controllers.VirtualMachines;

/// <summary>What is to be done about a machine's instance.</summary>
public enum MachineAction { Nothing, Start, Stop }

/// <summary>A decision and its reason (immutable).</summary>
/// <param name="Requests">What remains of the requests of start, stop and restart.</param>
public sealed record MachineStep(MachineAction Action, string Reason, IReadOnlyList<VirtualMachineStateChangeRequest> Requests);

/// <summary>
/// Whether a machine's instance is to be made, ended or left alone, by its run strategy and by what people asked for
/// (https://kubevirt.io/user-guide/compute/run_strategies/). Pure.
/// </summary>
public static class MachinePlan
{
    public const string Always = "Always", Halted = "Halted", Manual = "Manual", Once = "Once", RerunOnFailure = "RerunOnFailure";
    public const string Start = "Start", Stop = "Stop";

    public static string Strategy(VirtualMachine machine) => machine.Spec.RunStrategy is { Length: > 0 } strategy ? strategy : machine.Spec.Running == true ? Always : Halted;

    public static MachineStep Next(VirtualMachine machine, VirtualMachineInstance? instance)
    {
        var requests = machine.Status.StateChangeRequests;
        var (start, stop) = (requests.Any(r => r.Action == Start), instance is not null && requests.Any(r => r.Action == Stop && (r.Uid is null or "" || r.Uid == instance.Uid())));
        // A stop that meant an instance which is gone has been carried out.
        IReadOnlyList<VirtualMachineStateChangeRequest> open = [.. requests.Where(r => r.Action != Stop || (instance is not null && (r.Uid is null or "" || r.Uid == instance.Uid())))];
        if (machine.IsDeleting()) return new MachineStep(instance is null ? MachineAction.Nothing : MachineAction.Stop, "the machine is being deleted", open);
        if (instance?.IsDeleting() == true) return new MachineStep(MachineAction.Nothing, "the instance is ending", open);
        if (stop) return new MachineStep(MachineAction.Stop, "a stop was asked for", open);
        var strategy = Strategy(machine);
        var fresh = machine.Status.RunStrategy != strategy;
        return (strategy, instance) switch
        {
            (Halted, null) when !start => Nothing(),
            (Halted, { } running) when !start || running.IsFinal() => new MachineStep(MachineAction.Stop, "the run strategy is Halted", open),
            (Always, { } ended) when ended.IsFinal() => new MachineStep(MachineAction.Stop, $"the instance {ended.Status.Phase} and the run strategy is Always", open),
            (RerunOnFailure, { Status.Phase: "Failed" }) => new MachineStep(MachineAction.Stop, "the instance Failed and the run strategy is RerunOnFailure", [.. open.Where(r => r.Action != Start), new VirtualMachineStateChangeRequest { Action = Start }]),
            (Manual or RerunOnFailure, { } ended) when ended.IsFinal() && start => new MachineStep(MachineAction.Stop, "a start was asked for and the last instance has ended", open),
            (_, not null) => new MachineStep(MachineAction.Nothing, "the instance is there", [.. open.Where(r => r.Action != Start)]),
            (Always, null) => new MachineStep(MachineAction.Start, "the run strategy is Always", []),
            (Once or RerunOnFailure, null) when fresh || start => new MachineStep(MachineAction.Start, $"the run strategy is {strategy}", []),
            (_, null) when start => new MachineStep(MachineAction.Start, "a start was asked for", []),
            _ => Nothing(),
        };

        MachineStep Nothing() => new(MachineAction.Nothing, $"the run strategy is {strategy}", open);
    }
}
