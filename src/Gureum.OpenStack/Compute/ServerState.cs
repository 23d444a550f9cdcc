using Gureum.Objects.Kubevirt.V1;

namespace Gureum.OpenStack.Compute;

/// <summary>How Nova names a server's state (https://docs.openstack.org/nova/latest/reference/vm-states.html).</summary>
/// <param name="Status">"ACTIVE".</param>
/// <param name="VmState">"active".</param>
/// <param name="Task">"powering-off"; null when nothing is going on.</param>
/// <param name="Power">0 none, 1 running, 3 paused, 4 shut down, 6 crashed.</param>
/// <param name="Fault">Why it is in ERROR.</param>
public sealed record ServerState(string Status, string VmState, string? Task, int Power, string? Fault = null)
{
    /// <summary>Translates KubeVirt's words. Pure.</summary>
    public static ServerState Of(VirtualMachine machine, VirtualMachineInstance? instance)
    {
        var known = Running(machine, instance);
        return machine.Metadata.DeletionTimestamp is null ? known : known with { Task = "deleting" };
    }

    private static ServerState Running(VirtualMachine machine, VirtualMachineInstance? instance)
    {
        var launched = machine.Metadata.Annotations.ContainsKey(ServerNames.Launched) || instance?.Status.Phase == "Running";
        switch (machine.Status.PrintableStatus)
        {
            case "Running": return new ServerState("ACTIVE", "active", null, 1);
            case "Migrating": return new ServerState("MIGRATING", "active", "migrating", 1);
            case "Paused":
                return machine.Metadata.Annotations.ContainsKey(ServerNames.Suspended) ? new ServerState("SUSPENDED", "suspended", null, 4) : new ServerState("PAUSED", "paused", null, 3);
            case "Stopping": return new ServerState("ACTIVE", "active", "powering-off", 1);
            case "Terminating": return new ServerState(launched ? "ACTIVE" : "BUILD", launched ? "active" : "building", "deleting", launched ? 1 : 0);
            case "ErrorUnschedulable": return Error("No valid host was found. " + Reason(instance, "PodScheduled"));
            case "ErrImagePull" or "ImagePullBackOff" or "DataVolumeError" or "CrashLoopBackOff" or "ErrorPvcNotFound" or "ErrorDataVolumeNotFound":
                return Error($"{machine.Status.PrintableStatus}: {Reason(instance, "Ready")}");
            case "Stopped" when launched || Halted(machine): return new ServerState("SHUTOFF", "stopped", Wanted(machine) ? "powering-on" : null, 4);
            default:
                // Until it first runs it is being built; later it is being switched on.
                return launched ? new ServerState("SHUTOFF", "stopped", "powering-on", 4) : new ServerState("BUILD", "building", machine.Status.PrintableStatus is "Provisioning" or "WaitingForVolumeBinding" ? "block_device_mapping" : instance is null ? "scheduling" : "spawning", 0);
        }
    }

    private static bool Halted(VirtualMachine machine) => machine.Spec.RunStrategy == "Halted";
    private static bool Wanted(VirtualMachine machine) => machine.Status.StateChangeRequests.Any(static r => r.Action == "Start");
    private static ServerState Error(string fault) => new("ERROR", "error", null, 0, fault.Trim());

    private static string Reason(VirtualMachineInstance? instance, string condition) => instance?.Status.Conditions.FirstOrDefault(c => c.Type == condition)?.Message ?? "";
}
