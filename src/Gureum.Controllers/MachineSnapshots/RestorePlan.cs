using Gureum.Controllers.Common;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Kubevirt.V1;
using Gureum.Objects.Machines;
using Gureum.Objects.Meta.V1;
using Gureum.Objects.Snapshot.V1beta1;
using Claim = Gureum.Objects.Core.V1.PersistentVolumeClaim;
using Machine = Gureum.Objects.Kubevirt.V1.VirtualMachine;
using MachineVolume = Gureum.Objects.Kubevirt.V1.Volume;
using PersistentVolumeClaimVolumeSource = Gureum.Objects.Kubevirt.V1.PersistentVolumeClaimVolumeSource;

namespace Gureum.Controllers.MachineSnapshots;

/// <summary>What a restore makes: claims of its own from a snapshot's, and the machine as it was, with these for its disks. Pure.</summary>
internal static class RestorePlan
{
    private static readonly string[] NotRestored = ["pv.kubernetes.io", "volume.beta.kubernetes.io", "cdi.kubevirt.io", "volume.kubernetes.io", "k8s.io/Clone", "kubectl.kubernetes.io"];

    /// <summary>The mark of this restore on what it has restored.</summary>
    internal static string Mark(VirtualMachineRestore restore) => $"{restore.Name()}-{restore.Uid()}";

    internal static IReadOnlyList<VolumeRestore> Restores(VirtualMachineRestore restore, VirtualMachineSnapshotContent content) => [.. content.Spec.VolumeBackups.Select(b => new VolumeRestore
    {
        VolumeName = b.VolumeName, VolumeSnapshotName = b.VolumeSnapshotName!, PersistentVolumeClaim = Name(restore, b.VolumeName!),
    })];

    private static string Name(VirtualMachineRestore restore, string volume) =>
        restore.Spec.VolumeRestoreOverrides.FirstOrDefault(o => o.VolumeName == volume)?.RestoreName is { Length: > 0 } given ? given
        : restore.Spec.VolumeRestorePolicy == "PrefixTargetName" ? $"{restore.Spec.Target?.Name}-{volume}" : $"restore-{restore.Uid()}-{volume}";

    internal static IReadOnlyList<DiskCopy> Copies(VirtualMachineRestore restore, VirtualMachineSnapshotContent content) => [.. Restores(restore, content).Zip(content.Spec.VolumeBackups, (made, backup) =>
    {
        var (given, from) = (restore.Spec.VolumeRestoreOverrides.FirstOrDefault(o => o.VolumeName == made.VolumeName), backup.PersistentVolumeClaim!);
        var annotations = from.Metadata.Annotations.Where(a => !NotRestored.Any(n => a.Key.StartsWith(n, StringComparison.Ordinal))).ToDictionary(a => a.Key, a => a.Value, StringComparer.Ordinal);
        foreach (var (key, value) in given?.Annotations ?? new Dictionary<string, string>()) annotations[key] = value;
        annotations[ImportNames.PodPhase] = ImportNames.Unfilled;
        annotations[SnapshotWords.LastRestore] = Mark(restore);
        var labels = from.Metadata.Labels.With("restore.kubevirt.io/source-vm-name", SnapshotContent.Label(content.Spec.Source?.VirtualMachine?.Metadata.Name)).With("restore.kubevirt.io/source-vm-namespace", restore.Ns());
        foreach (var (key, value) in given?.Labels ?? new Dictionary<string, string>()) labels = labels.With(key, value);
        return new DiskCopy(made.VolumeSnapshotName!, new Claim
        {
            Metadata = new ObjectMeta { Name = made.PersistentVolumeClaim, Namespace = restore.Ns(), Labels = labels, Annotations = annotations, OwnerReferences = [Owners.ReferenceTo(restore)] },
            Spec = SnapshotContent.Fresh(from.Spec),
        });
    })];

    /// <summary>The machine as it was, switched off, with the restored claims for its disks; its data volumes are no longer asked for.</summary>
    internal static VirtualMachineSpec Spec(VirtualMachineRestore restore, VirtualMachineSnapshotContent content)
    {
        var was = content.Spec.Source!.VirtualMachine!.Spec;
        var restored = Restores(restore, content).ToDictionary(r => r.VolumeName!, r => r.PersistentVolumeClaim!);
        var gone = was.Template.Spec.Volumes.Where(v => restored.ContainsKey(v.Name!)).Select(v => v.DataVolume?.Name).OfType<string>().ToHashSet();
        return was with
        {
            Running = null, RunStrategy = "Halted", DataVolumeTemplates = [.. was.DataVolumeTemplates.Where(t => !gone.Contains(t.Metadata.Name ?? ""))],
            Template = was.Template with { Spec = was.Template.Spec with { Volumes = [.. was.Template.Spec.Volumes.Select(v => restored.TryGetValue(v.Name!, out var claim) ? On(v, claim) : v)] } },
        };
    }

    private static MachineVolume On(MachineVolume volume, string claim) => new()
    {
        Name = volume.Name, PersistentVolumeClaim = (volume.PersistentVolumeClaim ?? new PersistentVolumeClaimVolumeSource { Hotpluggable = volume.DataVolume?.Hotpluggable }) with { ClaimName = claim },
    };

    /// <summary>Templates of the machine that are no longer asked for.</summary>
    internal static IReadOnlyList<string> Obsolete(Machine before, VirtualMachineSpec after) =>
        [.. before.Spec.DataVolumeTemplates.Select(t => t.Metadata.Name).OfType<string>().Except(after.DataVolumeTemplates.Select(t => t.Metadata.Name).OfType<string>())];
}
