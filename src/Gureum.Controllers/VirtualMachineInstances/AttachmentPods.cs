using Gureum.Controllers.Common;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Kubevirt.V1;
using Gureum.Objects.Machines;
using Gureum.Objects.Meta.V1;
using Volume = Gureum.Objects.Core.V1.Volume;

namespace Gureum.Controllers.VirtualMachineInstances;

/// <summary>
/// A pod for each disk that comes to a running guest: it binds the claim on the guest's node, and counts as its user. The guest's node plugs the disk in when the pod
/// runs there, and deletes the pod once the disk is out again. Pure.
/// </summary>
internal static class AttachmentPods
{
    private const string Image = "gureum.local/pause:1";

    /// <summary>The pods that are missing.</summary>
    /// <param name="launcher">The pod that the guest runs in.</param>
    /// <param name="known">The attachment pods that it has.</param>
    internal static IEnumerable<Pod> Missing(VirtualMachineInstance instance, Pod launcher, IEnumerable<Pod> known)
    {
        var there = known.Select(p => p.Label(MachineNames.HotplugVolume)).Concat(launcher.Spec.Volumes.Select(v => v.Name)).ToHashSet();
        foreach (var volume in instance.Spec.Volumes)
            if (volume.HotpluggedClaim() is { } claim && !there.Contains(volume.Name)) yield return Of(instance, launcher, volume.Name!, claim);
    }

    private static Pod Of(VirtualMachineInstance instance, Pod launcher, string volume, string claim) => new()
    {
        Metadata = new ObjectMeta
        {
            GenerateName = "hp-volume-", Namespace = instance.Ns(), OwnerReferences = [Owners.ReferenceTo(launcher)],
            Labels = new Dictionary<string, string> { [MachineNames.App] = MachineNames.HotplugDisk, [MachineNames.CreatedBy] = instance.Uid(), [MachineNames.HotplugVolume] = volume },
        },
        Spec = new PodSpec
        {
            RestartPolicy = "Never", TerminationGracePeriodSeconds = 0, AutomountServiceAccountToken = false, EnableServiceLinks = false, Tolerations = [new Toleration { Operator = "Exists" }],
            NodeSelector = new Dictionary<string, string> { ["kubernetes.io/hostname"] = launcher.Spec.NodeName ?? "" },
            Volumes = [new Volume { Name = volume, PersistentVolumeClaim = new Objects.Core.V1.PersistentVolumeClaimVolumeSource { ClaimName = claim } }],
            Containers = [new Container { Name = "disk", Image = Image, ImagePullPolicy = "IfNotPresent" }],
        },
    };
}
