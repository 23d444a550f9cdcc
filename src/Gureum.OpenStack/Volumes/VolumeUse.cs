using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Kubevirt.V1;
using Gureum.Objects.Machines;
using Gureum.OpenStack.Objects;
using KubevirtVolume = Gureum.Objects.Kubevirt.V1.Volume;

namespace Gureum.OpenStack.Volumes;

/// <summary>One attachment of a volume.</summary>
/// <param name="Server">The server's id; null for what is no server of ours.</param>
/// <param name="Device">"/dev/vdb", when it is known.</param>
/// <param name="Status">"attached", "attaching", "detaching", "reserved".</param>
public sealed record VolumeAttachment(string Id, string? Server, string? Host, string? Device, DateTimeOffset? At, string Status, string Mode = "rw");

/// <summary>Who has a claim: machines of ours, pods, and what administrators have written down (out of the door's copies).</summary>
public sealed class VolumeUse(Cloud cloud)
{
    internal const string ByClaim = "openstack-claim", ByOldId = "openstack-old-id";

    internal static string? ClaimOf(KubevirtVolume volume) => volume.PersistentVolumeClaim?.ClaimName ?? volume.DataVolume?.Name;

    internal static IEnumerable<string> Claims(VirtualMachine machine) => machine.Spec.Template.Spec.Volumes.Select(ClaimOf).OfType<string>().Select(c => machine.Metadata.Namespace + "/" + c);

    // What is let go is no more in the spec, but still in the status.
    internal static IEnumerable<string> Claims(VirtualMachineInstance instance) =>
        instance.Spec.Volumes.Select(ClaimOf).Concat(instance.Status.VolumeStatus.Select(static s => s.PersistentVolumeClaimInfo?.ClaimName)).OfType<string>().Distinct().Select(c => instance.Metadata.Namespace + "/" + c);

    internal static IEnumerable<string> Claims(Pod pod) => pod.Spec.Volumes.Select(static v => v.PersistentVolumeClaim?.ClaimName).OfType<string>().Distinct().Select(c => pod.Metadata.Namespace + "/" + c);

    /// <summary>The id of what a server has of a volume: always the same for the same two.</summary>
    public static string AttachmentId(string server, string volume) => new Guid(SHA256.HashData(Encoding.UTF8.GetBytes(server + "/" + volume))[..16]).ToString();

    /// <summary>Everything that has the claim.</summary>
    public IReadOnlyList<VolumeAttachment> Of(PersistentVolumeClaim claim)
    {
        var (key, id) = (claim.Metadata.Namespace + "/" + claim.Metadata.Name, VolumeDocument.Id(claim));
        var found = new List<VolumeAttachment>();
        var machines = cloud.Machines.By(ByClaim, key).Concat(cloud.Instances.By(ByClaim, key).Select(i => cloud.Machines.Get(i.Metadata.Namespace, i.Metadata.Name)).OfType<VirtualMachine>()).DistinctBy(static m => m.Metadata.Uid);
        foreach (var machine in machines) found.Add(Of(machine, claim, cloud.Instances.Get(machine.Metadata.Namespace, machine.Metadata.Name), id));
        foreach (var pod in cloud.Pods.By(ByClaim, key).Where(IsUser))
            found.Add(new VolumeAttachment(AttachmentId(pod.Metadata.Uid!, id), null, pod.Spec.NodeName, null, pod.Metadata.CreationTimestamp, "attached"));
        return [.. found, .. Written(claim)];
    }

    private static VolumeAttachment Of(VirtualMachine machine, PersistentVolumeClaim claim, VirtualMachineInstance? instance, string id)
    {
        var wanted = machine.Spec.Template.Spec.Volumes.FirstOrDefault(v => ClaimOf(v) == claim.Metadata.Name);
        var inInstance = instance?.Spec.Volumes.FirstOrDefault(v => ClaimOf(v) == claim.Metadata.Name);
        var status = instance?.Status.VolumeStatus.FirstOrDefault(s => s.Name == (inInstance ?? wanted)?.Name || s.PersistentVolumeClaimInfo?.ClaimName == claim.Metadata.Name);
        var plugged = (wanted ?? inInstance) is { } volume && (volume.PersistentVolumeClaim?.Hotpluggable ?? volume.DataVolume?.Hotpluggable) == true;
        var state = wanted is null && inInstance is null ? "detaching" : instance?.Status.Phase == "Running" && plugged && status?.Target is not { Length: > 0 } ? "attaching" : "attached";
        return new VolumeAttachment(AttachmentId(machine.Metadata.Uid!, id), machine.Metadata.Uid, instance?.Status.NodeName, status?.Target is { Length: > 0 } target ? "/dev/" + target : null, claim.Metadata.CreationTimestamp, state);
    }

    // Guests' launchers, what plugs a disk into them and what fills or copies claims have it for somebody else.
    private static bool IsUser(Pod pod) => pod.Status.Phase is not ("Succeeded" or "Failed") && pod.Spec.RuntimeClassName is not (MachineNames.RuntimeClass or ImportNames.RuntimeClass) && pod.Metadata.Labels.GetValueOrDefault(MachineNames.App) != MachineNames.HotplugDisk;

    /// <summary>Whether a pod holds the claim for a guest, coming or going.</summary>
    public bool IsPlugged(PersistentVolumeClaim claim) => cloud.Pods.By(ByClaim, claim.Metadata.Namespace + "/" + claim.Metadata.Name).Any(static p => p.Metadata.Labels.GetValueOrDefault(MachineNames.App) == MachineNames.HotplugDisk && p.Status.Phase is not ("Succeeded" or "Failed"));

    /// <summary>Attachments that stand in the claim's annotation.</summary>
    public static IReadOnlyList<VolumeAttachment> Written(PersistentVolumeClaim claim) =>
        [.. Cinder.Array(claim.Metadata.Annotations.GetValueOrDefault(VolumeNames.Attachments)).OfType<JsonObject>().Select(static o => new VolumeAttachment(Cinder.Text(o, "id") ?? "", Cinder.Text(o, "server"), Cinder.Text(o, "host"), Cinder.Text(o, "device"), DateTimeOffset.TryParse(Cinder.Text(o, "at"), System.Globalization.CultureInfo.InvariantCulture, out var at) ? at : null, Cinder.Text(o, "status") ?? "attached", Cinder.Text(o, "mode") ?? "rw"))];

    /// <summary>The annotation for a list; null for none.</summary>
    public static string? Write(IEnumerable<VolumeAttachment> attachments)
    {
        var list = new JsonArray([.. attachments.Select(static a => (JsonNode)new JsonObject { ["id"] = a.Id, ["server"] = a.Server, ["host"] = a.Host, ["device"] = a.Device, ["at"] = a.At?.ToString("O"), ["status"] = a.Status, ["mode"] = a.Mode })]);
        return list.Count == 0 ? null : list.ToJsonString();
    }
}
