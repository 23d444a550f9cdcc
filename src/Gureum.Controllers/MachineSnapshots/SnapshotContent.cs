using Gureum.Controllers.Common;
using Gureum.Controllers.DataVolumes;
using Gureum.Objects;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Machines;
using Gureum.Objects.Meta.V1;
using Gureum.Objects.Snapshot.V1beta1;
using Machine = Gureum.Objects.Kubevirt.V1.VirtualMachine;
using Backup = Gureum.Objects.Snapshot.V1beta1.PersistentVolumeClaim;
using Claim = Gureum.Objects.Core.V1.PersistentVolumeClaim;

namespace Gureum.Controllers.MachineSnapshots;

/// <summary>What a snapshot holds: the machine as it was, and a claim with a copy for each of its disks. Pure.</summary>
internal static class SnapshotContent
{
    internal static string NameOf(VirtualMachineSnapshot snapshot) => snapshot.Status.VirtualMachineSnapshotContentName is { Length: > 0 } name ? name : $"vmsnapshot-content-{snapshot.Uid()}";

    /// <summary>The claims of a machine's volumes: volume, claim. In the order of its volumes.</summary>
    internal static IEnumerable<(string Volume, string Claim)> ClaimsOf(Machine machine) => machine.Spec.Template.Spec.Volumes
        .Select(v => (v.Name!, v.DataVolume?.Name ?? v.PersistentVolumeClaim?.ClaimName)).Where(v => v.Item2 is { Length: > 0 }).Select(v => (v.Item1, v.Item2!));

    /// <param name="claims">Those of the machine that are bound, and filled.</param>
    internal static VirtualMachineSnapshotContent Of(VirtualMachineSnapshot snapshot, Machine machine, IEnumerable<(string Volume, Claim Claim)> claims) => new()
    {
        Metadata = new ObjectMeta { Name = NameOf(snapshot), Namespace = snapshot.Ns() },
        Spec = new VirtualMachineSnapshotContentSpec
        {
            VirtualMachineSnapshotName = snapshot.Name(),
            Source = new SourceSpec { VirtualMachine = new VirtualMachine { Metadata = Simple(machine.Metadata), Spec = machine.Spec } },
            VolumeBackups = [.. claims.Select(c => new VolumeBackup
            {
                VolumeName = c.Volume, VolumeSnapshotName = $"vmsnapshot-{snapshot.Uid()}-volume-{c.Volume}",
                PersistentVolumeClaim = new Backup { Metadata = Simple(c.Claim.Metadata), Spec = c.Claim.Spec with { Resources = Sized(c.Claim) } },
            })],
        },
    };

    private static ObjectMeta Simple(ObjectMeta metadata) => new()
    {
        Name = metadata.Name, Namespace = metadata.Namespace, Uid = metadata.Uid, Labels = metadata.Labels,
        Annotations = metadata.Annotations.Where(a => !a.Key.StartsWith("kubectl.kubernetes.io/", StringComparison.Ordinal)).ToDictionary(a => a.Key, a => a.Value, StringComparer.Ordinal),
    };

    // A copy must hold what the volume really holds, which may be more than was asked for.
    private static VolumeResourceRequirements Sized(Claim claim) => new() { Requests = new Dictionary<string, Quantity> { ["storage"] = DataVolumeClaim.Size(claim) } };

    /// <summary>What is to be copied into the content's own claims.</summary>
    internal static IReadOnlyList<DiskCopy> Copies(VirtualMachineSnapshotContent content) => [.. content.Spec.VolumeBackups.Select(b => new DiskCopy(b.PersistentVolumeClaim!.Metadata.Name!, new Claim
    {
        Metadata = new ObjectMeta
        {
            Name = b.VolumeSnapshotName, Namespace = content.Ns(), OwnerReferences = [Owners.ReferenceTo(content)], Annotations = new Dictionary<string, string> { [ImportNames.PodPhase] = ImportNames.Unfilled },
            Labels = new Dictionary<string, string> { ["snapshot.kubevirt.io/source-vm-name"] = Label(content.Spec.Source?.VirtualMachine?.Metadata.Name), ["snapshot.kubevirt.io/source-vm-namespace"] = content.Ns() },
        },
        Spec = Fresh(b.PersistentVolumeClaim.Spec),
    }))];

    /// <summary>A claim of the same kind, for a volume of its own.</summary>
    internal static PersistentVolumeClaimSpec Fresh(PersistentVolumeClaimSpec spec) => spec with { VolumeName = null, DataSource = null, DataSourceRef = null, Selector = null };

    // A label's value has room for 63 characters.
    internal static string Label(string? value) => value is null ? "" : value.Length <= 63 ? value : value[..63].TrimEnd('-', '.', '_');

    internal static (IReadOnlyList<string> Included, IReadOnlyList<string> Excluded) Volumes(VirtualMachineSnapshotContent content)
    {
        var included = content.Spec.VolumeBackups.Select(b => b.VolumeName).ToHashSet();
        var all = (content.Spec.Source?.VirtualMachine?.Spec.Template.Spec.Volumes ?? []).Select(v => v.Name!).ToList();
        return ([.. all.Where(included.Contains)], [.. all.Where(v => !included.Contains(v))]);
    }
}
