using Gureum.Objects.Kubevirt.V1;

namespace Gureum.Controllers.Migrations;

/// <summary>Whether an instance can move to another node while it runs. Pure.</summary>
public static class Migratability
{
    public const string DisksNotLiveMigratable = "DisksNotLiveMigratable", HostDeviceNotLiveMigratable = "HostDeviceNotLiveMigratable";

    /// <summary>Why it cannot; null when it can. What a claim of class `local` holds stays on its node.</summary>
    public static (string Reason, string Message)? Obstacle(VirtualMachineInstance instance)
    {
        foreach (var volume in instance.Spec.Volumes)
        {
            if (volume.PersistentVolumeClaim is not null || volume.DataVolume is not null || volume.Ephemeral is not null)
                return (DisksNotLiveMigratable, $"cannot migrate VMI: the volume {volume.Name} lies in a claim whose storage is on one node alone");
        }
        return instance.Spec.Domain?.Devices?.Gpus.Count > 0 || instance.Spec.Domain?.Devices?.HostDevices.Count > 0 ? (HostDeviceNotLiveMigratable, "VMI uses a PCI host devices") : null;
    }

    /// <summary>Whether a migration of it is under way.</summary>
    public static bool IsMigrating(this VirtualMachineInstance instance) => instance.Status.MigrationState is { MigrationUid.Length: > 0, Completed: not true };
}
