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
        var shelved = machine.Metadata.Annotations.ContainsKey(ServerNames.Shelved);
        if (machine.Metadata.Annotations.ContainsKey(ServerNames.Resized) && Resized(machine, instance) is { } resized) return resized;
        var launched = machine.Metadata.Annotations.ContainsKey(ServerNames.Launched) || instance?.Status.Phase == "Running";
        var rescued = machine.Metadata.Annotations.ContainsKey(ServerNames.Rescued);
        switch (machine.Status.PrintableStatus)
        {
            case "Stopped" when shelved && !Wanted(machine): return new ServerState("SHELVED_OFFLOADED", "shelved_offloaded", null, 4);
            case "Running" or "Stopping" when shelved: return new ServerState("ACTIVE", "active", "shelving", 1);
            case "Running" or "Stopping" when Root(machine) is { } root && instance is not null && instance.Spec.Volumes.All(v => v.DataVolume?.Name != root): return new ServerState("REBUILD", "active", "rebuilding", 1);
            case "Provisioning" or "WaitingForVolumeBinding" when launched: return new ServerState("REBUILD", "active", "rebuild_block_device_mapping", 4);
            case "Running" when rescued && IsSettled(machine): return new ServerState("RESCUE", "rescued", null, 1);
            case "Running" or "Stopping" or "Starting" when rescued: return new ServerState("ACTIVE", "active", "rescuing", 1);
            case "Running" or "Stopping" when Restarts(machine): return new ServerState("HARD_REBOOT", "active", "rebooting_hard", 1);
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

    // Resized, and now waiting for somebody to say that it is well; before that it starts anew.
    private static ServerState? Resized(VirtualMachine machine, VirtualMachineInstance? instance) => machine.Status.PrintableStatus switch
    {
        "Running" when !IsSettled(machine) || instance?.Metadata.DeletionTimestamp is not null => new ServerState("RESIZE", "active", "resize_migrating", 1),
        "Running" => new ServerState("VERIFY_RESIZE", "resized", null, 1),
        "Stopped" when !Wanted(machine) => new ServerState("VERIFY_RESIZE", "resized", null, 4),
        "Stopping" or "Stopped" or "Starting" or "Terminating" => new ServerState("RESIZE", "active", "resize_finish", 1),
        _ => null,
    };

    /// <summary>The data volume with the disk that an image was put on; null for none.</summary>
    internal static string? Root(VirtualMachine machine) => machine.Spec.DataVolumeTemplates.FirstOrDefault()?.Metadata.Name is { } name && machine.Spec.Template.Spec.Volumes.Any(v => v.DataVolume?.Name == name) ? name : null;

    private static bool Halted(VirtualMachine machine) => machine.Spec.RunStrategy == "Halted";
    private static bool Wanted(VirtualMachine machine) => machine.Status.StateChangeRequests.Any(static r => r.Action == "Start");

    // Stopped, to be started again.
    private static bool Restarts(VirtualMachine machine) => Wanted(machine) && machine.Status.StateChangeRequests.Any(static r => r.Action == "Stop");

    // Its controller has seen the last change, and the guest has it.
    private static bool IsSettled(VirtualMachine machine) => machine.Status.ObservedGeneration == machine.Metadata.Generation && machine.Status.StateChangeRequests.Count == 0 && !machine.Status.Conditions.Any(static c => c is { Type: "RestartRequired", Status: "True" });

    private static ServerState Error(string fault) => new("ERROR", "error", null, 0, fault.Trim());

    private static string Reason(VirtualMachineInstance? instance, string condition) => instance?.Status.Conditions.FirstOrDefault(c => c.Type == condition)?.Message ?? "";
}
