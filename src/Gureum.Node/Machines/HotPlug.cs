using Gureum.Images.Disks;
using Gureum.Client;
using Gureum.Libvirt;
using Gureum.Node.Machines.Disks;
using Gureum.Node.Machines.Domains;
using Gureum.Node.Volumes;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Kubevirt.V1;
using Gureum.Objects.Machines;
using Gureum.Objects.Meta.V1;
using Machine = Gureum.Libvirt.Machine;

namespace Gureum.Node.Machines;

/// <summary>
/// Disks that come to a guest which runs, and go again: those of the instance that its launcher pod was not made with. Each has an attachment pod on this node,
/// which brings its claim; that pod goes when the guest has let the disk go.
/// </summary>
internal sealed class HotPlug(MachineStore store, VolumeManager volumes, ApiClient client, Informer<Pod> pods, EventRecorder events)
{
    /// <summary>Whether there is anything to look at: a cheap question, asked at every look at a guest.</summary>
    internal bool Concerns(Pod launcher, VirtualMachineInstance instance) => Wanted(launcher, instance).Any() || Attachments(launcher).Count > 0;

    /// <summary>One step towards the disks that the instance asks for.</summary>
    /// <exception cref="LibvirtException">The hypervisor refused; the next look tries again.</exception>
    /// <exception cref="DiskException">The claim holds no disk.</exception>
    internal async Task SyncAsync(Pod launcher, VirtualMachineInstance instance, Machine machine, CancellationToken cancel)
    {
        var domain = DomainView.Parse(await machine.GetXmlAsync(cancel: cancel));
        var plugged = domain.Disks.Select(d => d.Volume).OfType<string>().ToHashSet();
        var targets = domain.Disks.Select(d => d.Target).ToHashSet();
        var attachments = Attachments(launcher);
        foreach (var volume in Wanted(launcher, instance).Where(v => !plugged.Contains(v.Name!)))
            if (attachments.FirstOrDefault(p => Volume(p) == volume.Name) is { Status.Phase: "Running", Metadata.DeletionTimestamp: null } attachment)
                await PlugAsync(launcher, instance, machine, volume, attachment, targets, cancel);
        var names = instance.Spec.Volumes.Select(v => v.Name).ToHashSet();
        foreach (var attachment in attachments.Where(p => !names.Contains(Volume(p))))
        {
            if (plugged.Contains(Volume(attachment)!)) await UnplugAsync(launcher, machine, Volume(attachment)!, cancel);
            else await ReleaseAsync(attachment, cancel);
        }
    }

    private static IEnumerable<Objects.Kubevirt.V1.Volume> Wanted(Pod launcher, VirtualMachineInstance instance) =>
        instance.Spec.Volumes.Where(v => v.HotpluggedClaim() is not null && launcher.Spec.Volumes.All(p => p.Name != v.Name));

    private List<Pod> Attachments(Pod launcher) =>
        [.. pods.List(launcher.Metadata.Namespace ?? "").Where(p => p.Metadata.Labels.GetValueOrDefault(MachineNames.App) == MachineNames.HotplugDisk && p.Metadata.OwnerReferences.Any(o => o.Uid == launcher.Metadata.Uid))];

    private static string? Volume(Pod attachment) => attachment.Metadata.Labels.GetValueOrDefault(MachineNames.HotplugVolume);

    private async Task PlugAsync(Pod launcher, VirtualMachineInstance instance, Machine machine, Objects.Kubevirt.V1.Volume volume, Pod attachment, HashSet<string> targets, CancellationToken cancel)
    {
        var paths = await volumes.EnsureAsync(attachment, cancel);
        var claim = await client.GetAsync<PersistentVolumeClaim>(attachment.Metadata.Namespace, volume.HotpluggedClaim()!, cancel);
        var size = (claim.Status.Capacity.TryGetValue("storage", out var has) ? has : default).Whole;
        var disk = await new GuestDisks(store.Directory(launcher.Metadata.Uid!), paths).EnsureAsync(instance, volume, new Dictionary<string, long> { [volume.Name!] = size }, cancel);
        var asked = instance.Spec.Domain!.Devices!.Disks.First(d => d.Name == volume.Name);
        var prefix = (asked.DiskValue?.Bus ?? asked.Cdrom?.Bus) is null or "" or "virtio" ? "vd" : "sd";
        var target = Enumerable.Range(0, 1000).Select(i => prefix + DiskDevices.Letters(i)).First(targets.Add);
        await machine.AttachDeviceAsync(DiskDevices.One(asked, disk, target).ToString(), Affects.Live, cancel);
        events.Normal(launcher, "VolumeAttached", $"Plugged volume {volume.Name} into guest {instance.Metadata.Name} as {target}");
    }

    // The guest lets go in its own time: libvirt tells when it has.
    private async Task UnplugAsync(Pod launcher, Machine machine, string volume, CancellationToken cancel)
    {
        try { await machine.DetachAliasAsync(DiskDevices.Alias(volume), Affects.Live, cancel); }
        catch (LibvirtException e) when (!e.IsDisconnected) { events.Warning(launcher, "VolumeBusy", $"The guest does not let go of volume {volume} yet: {e.Detail}"); }
    }

    private async Task ReleaseAsync(Pod attachment, CancellationToken cancel)
    {
        if (attachment.Metadata.DeletionTimestamp is not null) return;
        try { await client.DeleteAsync<Pod>(attachment.Metadata.Namespace!, attachment.Metadata.Name!, new DeleteOptions { Preconditions = new Preconditions { Uid = attachment.Metadata.Uid } }, cancel); }
        catch (ApiException e) when (e.IsNotFound || e.IsConflict) { /* gone, or another by now */ }
    }
}
