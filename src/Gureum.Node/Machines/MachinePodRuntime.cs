using Gureum.Images.Disks;
using System.Collections.Concurrent;
using System.Net;
using Gureum.Client;
using Gureum.Libvirt;
using Gureum.Network.Dhcp;
using Gureum.Network.Pods;
using Gureum.Node.Cgroups;
using Gureum.Node.Machines.Disks;
using Gureum.Node.Machines.Domains;
using Gureum.Node.Machines.Migration;
using Gureum.Node.Pods;
using Gureum.Node.Probes;
using Gureum.Node.Volumes;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Kubevirt.V1;
using Gureum.Objects.Machines;

namespace Gureum.Node.Machines;

/// <summary>
/// Pods that are virtual machines, through libvirt: disks, an address, a domain, and nothing else beside QEMU. A guest is started once in the life of its
/// pod; when it ends, so does the pod.
/// </summary>
internal sealed class MachinePodRuntime(
    MachineHost host, MachineStore store, Arrivals arrivals, GuestNetwork network, HotPlug plugs, CardPlug cards, GuestGrowth growth, VolumeManager volumes, ProbeManager probes, CgroupTree cgroups, ApiClient client, Informer<VirtualMachineInstance> instances,
    PodSettings settings, EventRecorder events, TimeProvider time) : IPodRuntime
{
    internal const long MostProcesses = 32_768;
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(30), Soon = TimeSpan.FromSeconds(2), Arriving = TimeSpan.FromMilliseconds(300);

    private readonly ConcurrentDictionary<string, string> doing = new();

    public string Doing(string uid) => doing.GetValueOrDefault(uid, "");

    public async Task<PodStep> SyncAsync(Pod pod, CancellationToken cancel)
    {
        var uid = pod.Metadata.Uid!;
        Waiting? waiting = null;
        PodCondition? resize = null;
        var again = Look;
        var record = store.Find(uid);
        try
        {
            // A guest that ran goes on being ready while the hypervisor is still coming up.
            if (record is { Started: not null, Ended: null }) Follow(pod, record);
            if (record is not { Ended: not null } && pod.Status.Phase is not ("Succeeded" or "Failed")) (record, resize) = await StepAsync(pod, record, cancel);
        }
        catch (PodNotReadyException e) { (waiting, again) = (Note(pod, e.Reason, e.Message), Soon); }
        catch (DiskException e) { (waiting, again) = (Note(pod, "FailedDisk", e.Message), Soon * 5); }
        catch (PodNetworkException e) { (waiting, again) = (Note(pod, "FailedCreatePodSandBox", e.Message), Soon); }
        catch (LibvirtException e) when (!e.IsDisconnected) { (waiting, again) = (Note(pod, "FailedDomain", e.Message), Soon * 5); }
        catch (LibvirtException e) { (waiting, again) = (record?.Started is null ? Note(pod, "HypervisorNotReady", e.Message) : null, Soon); }
        finally { doing.TryRemove(uid, out _); }
        if (record?.Started is null && waiting is null) again = Arriving;
        // A guest that runs goes on while nobody can ask after it.
        if (record is { Started: not null, Ended: null }) waiting = null;
        if (record is { Ended: not null }) probes.Forget(uid);
        var status = MachineStatus.Of(pod, record, network.AddressOf(uid), probes.Verdict(uid), waiting, settings, time.GetUtcNow(), resize);
        if (resize is not null) again = Soon * 5;
        return new PodStep(status, status.Phase is "Succeeded" or "Failed" ? null : again);
    }

    private Waiting Note(Pod pod, string reason, string message)
    {
        events.Warning(pod, reason, message);
        return new Waiting(reason, message);
    }

    // One look, and one step towards a guest that runs.
    private async Task<(MachineRecord? Record, PodCondition? Resize)> StepAsync(Pod pod, MachineRecord? record, CancellationToken cancel)
    {
        var uid = pod.Metadata.Uid!;
        doing[uid] = "asking the hypervisor what runs";
        if (record?.Started is null && arrivals.IsTarget(pod)) return (await ArriveAsync(pod, record, cancel), null);
        using var machine = record is null ? null : await host.Hypervisor.FindAsync(record.Domain, cancel);
        if (machine is not null && (await machine.GetStateAsync(cancel)) is var status && status.State is not (MachineState.ShutOff or MachineState.Crashed))
        {
            if (record!.Started is null) store.Put(record = record with { Started = time.GetUtcNow() });
            await network.SettleAsync(uid);
            Follow(pod, record);
            if (probes.Verdict(uid).Failure is { } failure)
            {
                events.Normal(pod, "Killing", $"Guest {record.Instance} {failure["Container ".Length..].Replace("restarted", "ended", StringComparison.Ordinal)}");
                await machine.DestroyAsync(cancel: cancel);
                return (End(record, 137, failure), null);
            }
            if (instances.Get(pod.Metadata.Namespace, record.Instance) is not { } instance) return (record, null);
            if (plugs.Concerns(pod, instance)) await plugs.SyncAsync(pod, instance, machine, cancel);
            if (cards.Concerns(pod, instance)) await cards.SyncAsync(pod, instance, machine, HostName(pod), cancel);
            return (record, GuestGrowth.Concerns(instance) ? await growth.SyncAsync(pod, instance, machine, cancel) : null);
        }
        if (record is { Started: not null })
        {
            var reason = machine is null ? "the domain is gone" : (await machine.GetStateAsync(cancel)).Reason;
            return (End(record, reason is "Shutdown" or "Saved" or "Migrated" ? 0 : 1, reason is "Shutdown" ? "" : $"the guest ended: {reason}"), null);
        }
        return (await StartAsync(pod, cancel), null);
    }

    // The target of a migration: it never starts the guest, but waits until libvirt has it run here.
    private async Task<MachineRecord?> ArriveAsync(Pod pod, MachineRecord? record, CancellationToken cancel)
    {
        var uid = pod.Metadata.Uid!;
        var instance = await InstanceAsync(pod, cancel);
        var domain = MachineNames.DomainName(pod.Metadata.Namespace!, instance.Metadata.Name!);
        using (var machine = record is null ? null : await host.Hypervisor.FindAsync(record.Domain, cancel))
        {
            var state = machine is null ? MachineState.None : (await machine.GetStateAsync(cancel)).State;
            if (state == MachineState.Running || (state == MachineState.Paused && Arrivals.IsOver(instance, pod)))
            {
                network.Claim(uid);
                await network.SettleAsync(uid);
                store.Put(record = record! with { Started = time.GetUtcNow() });
                await arrivals.ArrivedAsync(instance, cancel);
                Confine(pod, domain);
                events.Normal(pod, "Migrated", $"Guest {domain} came from node {instance.Status.MigrationState?.SourceNode}");
                Follow(pod, record);
                return record;
            }
            // It is on its networks before it goes on, and says nothing there until then.
            if (state == MachineState.Paused) await network.SettleAsync(uid, here: false);
            // Told to have come, and gone since.
            if (state is MachineState.None or MachineState.ShutOff or MachineState.Crashed && record is not null && Arrivals.IsOver(instance, pod)) return End(record with { Started = time.GetUtcNow() }, 1, "the guest ended as it arrived");
        }
        if (!arrivals.IsWanted(instance, pod)) return record;
        var hypervisor = host.Hypervisor;
        record ??= new MachineRecord(uid, pod.Metadata.Namespace!, pod.Metadata.Name!, instance.Metadata.Name!, DomainUuid(instance));
        store.Put(record);
        doing[uid] = "preparing for a guest from another node";
        if (await hypervisor.FindAsync(domain, cancel) is { } other)
            using (other) throw new PodNotReadyException("DomainExists", $"the domain {domain} of an earlier pod is still there");
        var paths = await volumes.EnsureAsync(pod, cancel);
        await new GuestDisks(store.Directory(uid), paths).EnsureAsync(instance, await SizesAsync(pod, cancel), cancel);
        var given = network.Attach(pod, instance, HostName(pod), arriving: true);
        await arrivals.ReadyAsync(instance, new ArrivingGuest(uid, instance.Metadata.Uid!, store.Directory(uid), ContainerSpecs.PodDirectory(settings, uid), [.. given.Select(c => (c.Mac, c.Tap))]), cancel);
        return record;
    }

    private MachineRecord End(MachineRecord record, int exitCode, string reason)
    {
        var ended = record with { Ended = time.GetUtcNow(), ExitCode = exitCode, Reason = reason };
        store.Put(ended);
        return ended;
    }

    private async Task<MachineRecord> StartAsync(Pod pod, CancellationToken cancel)
    {
        var uid = pod.Metadata.Uid!;
        var hypervisor = host.Hypervisor;
        var instance = await InstanceAsync(pod, cancel);
        var record = new MachineRecord(uid, pod.Metadata.Namespace!, pod.Metadata.Name!, instance.Metadata.Name!, DomainUuid(instance));
        store.Put(record);
        doing[uid] = "preparing volumes";
        var paths = await volumes.EnsureAsync(pod, cancel);
        doing[uid] = "making disks";
        var disks = new GuestDisks(store.Directory(uid), paths);
        var made = await disks.EnsureAsync(instance, await SizesAsync(pod, cancel), cancel);
        doing[uid] = "making the network cards";
        // Of an attempt that came to nothing: the hypervisor finds a tap where it is made, and no more where it was moved to.
        network.Release(uid, []);
        var given = network.Attach(pod, instance, HostName(pod));
        var guest = new GuestHost(host.Accelerator!.DomainType, MachineNames.DomainName(record.Namespace, record.Instance), record.Domain, uid, Path.Combine(store.Directory(uid), "console.log"));
        var xml = DomainTranslation.Of(instance, guest, made, given, disks.Kernel(instance));
        doing[uid] = "starting the guest";
        // One of the same name is of a pod before this one: its own runtime removes it, and until then this one waits.
        if (await hypervisor.FindAsync(guest.Name, cancel) is { } other)
            using (other)
                if (other.Uuid != record.Domain || (await other.GetStateAsync(cancel)).State is not (MachineState.ShutOff or MachineState.Crashed)) throw new PodNotReadyException("DomainExists", $"the domain {guest.Name} ({other.Uuid}) of an earlier pod is still there");
        using var machine = await hypervisor.DefineAsync(xml.ToString(), cancel);
        store.Put(record = record with { Started = time.GetUtcNow() });
        try
        {
            await machine.StartAsync(StartOptions.Paused, cancel);
            Confine(pod, guest.Name);
            await network.SettleAsync(uid);
            if (instance.Spec.StartStrategy != "Paused") await machine.ResumeAsync(cancel);
        }
        catch (PodNetworkException)
        {
            await machine.DestroyAsync(cancel: CancellationToken.None);
            store.Put(record with { Started = null });
            throw;
        }
        catch (LibvirtException)
        {
            // It never ran: the next step tries again.
            if (machine is not null && (await machine.GetStateAsync(CancellationToken.None)).State == MachineState.ShutOff) store.Put(record with { Started = null });
            throw;
        }
        events.Normal(pod, "Started", $"Started guest {guest.Name} under {host.Accelerator.DomainType}");
        Follow(pod, record);
        return record;
    }

    // The guest is answered when it asks for its address, and probed.
    private void Follow(Pod pod, MachineRecord record)
    {
        network.Put(pod, HostName(pod));
        probes.Ensure(pod, pod.Spec.Containers[0], record.PodUid, network.AddressOf(record.PodUid) ?? "", record.Started!.Value);
    }

    // QEMU counts in its pod's group, as the processes of a container do.
    private void Confine(Pod pod, string domain)
    {
        var path = cgroups.PodPath(PodResources.Quality(pod), pod.Metadata.Uid!);
        cgroups.EnsurePod(path, PodResources.Total(pod), MostProcesses);
        if (host.ProcessOf(domain) is { } process) cgroups.MoveProcess(path, process);
    }

    private async Task<VirtualMachineInstance> InstanceAsync(Pod pod, CancellationToken cancel)
    {
        var owner = pod.Metadata.OwnerReferences.FirstOrDefault(o => o.Kind == VirtualMachineInstance.Resource.Kind && o.Controller == true)
            ?? throw new PodNotReadyException("NoInstance", "the pod asks for the libvirt runtime and belongs to no VirtualMachineInstance: make a VirtualMachine instead");
        var found = instances.Get(pod.Metadata.Namespace, owner.Name ?? "") ?? await client.FindAsync<VirtualMachineInstance>(pod.Metadata.Namespace, owner.Name ?? "", cancel);
        return found?.Metadata.Uid == owner.Uid ? found! : throw new PodNotReadyException("NoInstance", $"the VirtualMachineInstance {owner.Name} that the pod belongs to is gone");
    }

    private static Guid DomainUuid(VirtualMachineInstance instance) => Guid.TryParse(instance.Spec.Domain?.Firmware?.Uuid, out var given) ? given : Guid.Parse(instance.Metadata.Uid!);

    private static string HostName(Pod pod) => pod.Spec.Hostname is { Length: > 0 } name ? name : pod.Metadata.Name!;

    private async Task<IReadOnlyDictionary<string, long>> SizesAsync(Pod pod, CancellationToken cancel)
    {
        var sizes = new Dictionary<string, long>();
        foreach (var volume in pod.Spec.Volumes)
            if (volume.PersistentVolumeClaim is { } source && await client.FindAsync<PersistentVolumeClaim>(pod.Metadata.Namespace, source.ClaimName!, cancel) is { } claim)
                sizes[volume.Name!] = (claim.Status.Capacity.TryGetValue("storage", out var has) ? has : claim.Spec.Resources?.Requests["storage"] ?? default).Whole;
        return sizes;
    }

    public async Task<PodStatus> StopAsync(Pod pod, TimeSpan grace, CancellationToken cancel)
    {
        var uid = pod.Metadata.Uid!;
        probes.Forget(uid);
        var record = store.Find(uid);
        if (record is { Started: not null, Ended: null })
        {
            using var machine = await host.Hypervisor.FindAsync(record.Domain, cancel);
            var graceful = machine is null || await GuestStop.RunAsync(machine, grace, time, cancel);
            record = End(record, graceful ? 0 : 137, graceful ? "" : $"the guest did not switch itself off within {grace.TotalSeconds:0} s and was ended");
        }
        return MachineStatus.Of(pod, record, network.AddressOf(uid), probes.Verdict(uid), null, settings, time.GetUtcNow()) with { };
    }

    public async Task RemoveAsync(string uid, string ns, string name, CancellationToken cancel)
    {
        probes.Forget(uid);
        arrivals.Forget(uid);
        growth.Forget(uid);
        if (store.Find(uid) is { } record && await host.Hypervisor.FindAsync(record.Domain, cancel) is { } machine)
            using (machine)
            {
                // Another pod of the same machine may have the domain by now: its metadata says whose it is.
                if (System.Xml.Linq.XElement.Parse(await machine.GetXmlAsync(cancel: cancel)).Descendants(DomainTranslation.Gureum + "pod").Any(p => (string?)p.Attribute("uid") == uid))
                {
                    if ((await machine.GetStateAsync(cancel)).State is not (MachineState.ShutOff or MachineState.Crashed)) await machine.DestroyAsync(cancel: cancel);
                    await machine.UndefineAsync(UndefineOptions.Everything, cancel);
                }
            }
        network.Detach(uid);
        await volumes.RemoveAsync(uid, cancel);
        foreach (var group in cgroups.ListPods().Where(g => Path.GetFileName(g) == "pod" + uid)) await cgroups.KillAndDeleteAsync(group, cancel);
        store.Remove(uid);
    }
}
