using Gureum.Objects.Kubevirt.V1;

namespace Gureum.OpenStack.Compute;

/// <summary>A server's volumes as a VirtualMachine has them: the one that it boots from is there from the start, the others come to the running guest and may go. Pure.</summary>
internal static class ServerVolumes
{
    /// <summary>The name of a volume in its machine.</summary>
    internal static string Name(string id) => "volume-" + id;

    /// <summary>The guest finds a volume by its id, as far as that fits (20 characters for virtio).</summary>
    internal static Disk Disk(string id, bool boots) => new() { Name = Name(id), Serial = id, BootOrder = boots ? 1 : null, DiskValue = new DiskTarget { Bus = "virtio" } };

    internal static IEnumerable<Disk> Root(ServerRequest request, Disk image) => request.Volumes.FirstOrDefault(static v => v.Boots) is { } volume ? [Disk(volume.Id, boots: true)] : [image];

    internal static IEnumerable<Disk> Disks(ServerRequest request) => request.Volumes.Where(static v => !v.Boots).Select(static v => Disk(v.Id, boots: false));

    internal static IEnumerable<Volume> Of(ServerRequest request) => request.Volumes.Select(static v => new Volume { Name = Name(v.Id), PersistentVolumeClaim = new PersistentVolumeClaimVolumeSource { ClaimName = v.Claim, Hotpluggable = v.Boots ? null : true } });
}
