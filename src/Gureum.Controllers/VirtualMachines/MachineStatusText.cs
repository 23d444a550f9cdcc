using Gureum.Controllers.Common;
using Gureum.Objects.Kubevirt.V1;

namespace Gureum.Controllers.VirtualMachines;

/// <summary>The one word for people: what `kubectl get vm` shows. Pure.</summary>
internal static class MachineStatusText
{
    internal static string Of(VirtualMachine machine, VirtualMachineInstance? instance, bool waitsForData, bool waitsToRetry, bool dataFailed = false)
    {
        if (machine.IsDeleting()) return "Terminating";
        // KubeVirt's own order: what a machine waits for in vain comes before what it waits for.
        if (dataFailed && instance is not { Status.Phase: "Running" }) return "DataVolumeError";
        if (instance is null) return waitsForData ? "Provisioning" : waitsToRetry ? "CrashLoopBackOff" : MachinePlan.Strategy(machine) is MachinePlan.Always ? "Starting" : "Stopped";
        if (instance.IsDeleting()) return "Stopping";
        if (instance.Status.MigrationState is { Completed: not true, StartTimestamp: not null }) return "Migrating";
        if (True(instance, "Paused")) return "Paused";
        return instance.Status.Phase switch
        {
            "Running" => "Running",
            "Succeeded" or "Failed" => "Stopped",
            _ when Condition(instance, "PodScheduled") is { Status: "False" } condition => condition.Message?.Contains("persistentvolumeclaim", StringComparison.Ordinal) == true && condition.Message.Contains("not found", StringComparison.Ordinal) ? "ErrorPvcNotFound" : "ErrorUnschedulable",
            _ when instance.Status.Reason is "ErrImagePull" or "ImagePullBackOff" => instance.Status.Reason,
            _ => "Starting",
        };
    }

    internal static VirtualMachineInstanceCondition? Condition(VirtualMachineInstance instance, string type) => instance.Status.Conditions.FirstOrDefault(c => c.Type == type);

    private static bool True(VirtualMachineInstance instance, string type) => Condition(instance, type)?.Status == "True";
}
