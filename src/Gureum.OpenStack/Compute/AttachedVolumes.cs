using System.Text.Json;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Kubevirt.V1;
using Gureum.OpenStack.Http;
using Gureum.OpenStack.Objects;
using Gureum.OpenStack.Volumes;

namespace Gureum.OpenStack.Compute;

/// <summary>The volumes that servers have: those of their claims that are volumes.</summary>
public sealed class AttachedVolumes(Cloud cloud, VolumeDocument document, VolumeMaker maker)
{
    /// <summary>A server's volumes, in the order of its disks.</summary>
    internal IEnumerable<PersistentVolumeClaim> Of(VirtualMachine machine) =>
        machine.Spec.Template.Spec.Volumes.Select(VolumeUse.ClaimOf).Select(name => cloud.Claims.Get(machine.Metadata.Namespace, name)).OfType<PersistentVolumeClaim>().Where(document.IsVolume);

    internal void WriteAttached(Utf8JsonWriter json, Microversion version, VirtualMachine machine) => json.Objects("os-extended-volumes:volumes_attached", Of(machine), (_, claim) =>
    {
        json.WriteString("id", VolumeDocument.Id(claim));
        if (version >= Nova.V2_3) json.WriteBoolean("delete_on_termination", maker.EndsWith(claim, machine));
    });
}
