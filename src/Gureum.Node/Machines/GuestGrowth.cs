using System.Collections.Concurrent;
using System.Xml.Linq;
using Gureum.Client;
using Gureum.Libvirt;
using Gureum.Node.Cgroups;
using Gureum.Node.Machines.Domains;
using Gureum.Node.Admission;
using Gureum.Node.Pods;
using Gureum.Objects;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Kubevirt.V1;
using Gureum.Objects.Machines;
using Machine = Gureum.Libvirt.Machine;

namespace Gureum.Node.Machines;

/// <summary>
/// Gives a guest that runs the processors and the memory that its instance asks for by now, as soon as its pod asks for as much and the node has room for it.
/// Memory is a virtio-mem device, which can be taken back as well as the guest lets it go. Thread-safe for different guests.
/// </summary>
/// <param name="room">Whether the node has room for what a pod asks for: beside the other pods, and at all.</param>
/// <param name="changed">Is told of a guest that has changed, by its pod's uid.</param>
internal sealed class GuestGrowth(Func<Pod, (Rejection? Now, Rejection? Ever)> room, Action<string> changed, EventRecorder events, CgroupTree cgroups, long mostProcesses)
{
    private readonly ConcurrentDictionary<string, string> failures = new();

    /// <summary>Why a guest's memory could not be changed; null when nothing failed.</summary>
    internal string? FailureOf(string uid) => failures.GetValueOrDefault(uid);

    internal void Forget(string uid) => failures.TryRemove(uid, out _);

    /// <summary>Whether the guest is to have something else than it has got: a cheap question.</summary>
    internal static bool Concerns(VirtualMachineInstance instance)
    {
        var (wanted, status) = (GuestSize.Of(instance.Spec), instance.Status);
        if (status.CurrentCPUTopology is { } has && has.Sockets * has.Cores * has.Threads != wanted.Processors) return true;
        return status.Memory?.GuestRequested is { } requested && requested.Whole != wanted.Memory;
    }

    /// <summary>One step towards what the instance asks for.</summary>
    /// <returns>Why the pod is not resized, for its conditions; null when it is.</returns>
    internal async Task<PodCondition?> SyncAsync(Pod pod, VirtualMachineInstance instance, Machine machine, CancellationToken cancel)
    {
        var uid = pod.Metadata.Uid!;
        var wanted = GuestSize.Of(instance.Spec);
        // Its controller has not had the pod resized yet; that wakes this pod again.
        if (!Covers(pod, instance, wanted)) return null;
        if (room(pod) is ({ } now, var ever))
            return new PodCondition { Type = ContainerResize.Pending, Status = "True", Reason = ever is null ? ContainerResize.Deferred : ContainerResize.Infeasible, Message = now.Message["Pod was rejected: ".Length..] };
        try
        {
            cgroups.EnsurePod(cgroups.PodPath(PodResources.Quality(pod), uid), PodResources.Total(pod), mostProcesses);
            var domain = DomainView.Parse(await machine.GetXmlAsync(cancel: cancel));
            if (domain.Processors is { } processors && processors != wanted.Processors)
            {
                await machine.SetVcpusAsync(wanted.Processors, Affects.Live, cancel);
                events.Normal(pod, "ResizeCompleted", $"Guest {instance.Metadata.Name} has {wanted.Processors} processors");
            }
            if (instance.Spec.Domain?.Memory?.MaxGuest is { } most && instance.Status.Memory is { GuestAtBoot: { } booted }) await MemoryAsync(pod, instance, machine, domain, wanted.Memory, booted.Whole, most.Whole, cancel);
            changed(uid);
            return null;
        }
        catch (CgroupException e) { return new PodCondition { Type = ContainerResize.InProgress, Status = "True", Reason = ContainerResize.Error, Message = e.Message }; }
        catch (LibvirtException e) when (!e.IsDisconnected)
        {
            events.Warning(pod, "FailedResize", $"Guest {instance.Metadata.Name} does not grow: {e.Detail}");
            return new PodCondition { Type = ContainerResize.InProgress, Status = "True", Reason = ContainerResize.Error, Message = e.Detail };
        }
    }

    private async Task MemoryAsync(Pod pod, VirtualMachineInstance instance, Machine machine, DomainView domain, long wanted, long booted, long most, CancellationToken cancel)
    {
        if (domain.PluggedMemory is { } has ? has.Requested == wanted - booted : wanted == booted) return;
        try
        {
            if (domain.PluggedMemory is null) await machine.AttachDeviceAsync(MemoryDevice.Of(most - booted, wanted - booted).ToString(), Affects.Live, cancel);
            else await machine.UpdateDeviceAsync(MemoryDevice.Changed(domain.PluggedMemory.Device, wanted - booted).ToString(), Affects.Live, cancel);
            failures.TryRemove(pod.Metadata.Uid!, out _);
            events.Normal(pod, "ResizeCompleted", $"Guest {instance.Metadata.Name} is offered {Quantity.FromBytes(wanted)} of memory");
        }
        catch (LibvirtException e) when (!e.IsDisconnected)
        {
            failures[pod.Metadata.Uid!] = e.Detail;
            changed(pod.Metadata.Uid!);
            throw;
        }
    }

    // What the guest grows by is in the pod's request already, or the pod is not to ask for it at all (overcommitted memory, a CPU limit).
    private static bool Covers(Pod pod, VirtualMachineInstance instance, GuestSize wanted)
    {
        var (has, asked) = (pod.Spec.Containers[0].Resources?.Requests, instance.Spec.Domain?.Resources?.Requests);
        var memory = asked is not null && asked.TryGetValue("memory", out var given) ? given.Whole : wanted.Memory;
        var overhead = instance.Spec.Domain?.Resources?.OvercommitGuestOverhead == true ? 0 : wanted.Overhead;
        return has is null || !has.TryGetValue("memory", out var requested) || requested.Whole >= memory + overhead;
    }
}
