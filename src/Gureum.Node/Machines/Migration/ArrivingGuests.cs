using System.Collections.Concurrent;
using Gureum.Objects.Kubevirt.V1;

namespace Gureum.Node.Machines.Migration;

/// <summary>A guest that is prepared for on this node (immutable).</summary>
/// <param name="Directory">Where its disks are here.</param>
/// <param name="PodDirectory">Where its pod's volumes are here.</param>
/// <param name="Taps">The interfaces of its cards here, by their hardware addresses.</param>
internal sealed record ArrivingGuest(string PodUid, string InstanceUid, string Directory, string PodDirectory, IReadOnlyList<(string Mac, string Tap)> Taps);

/// <summary>The guests that may arrive on this node, and the sockets by which they do. Thread-safe state.</summary>
/// <param name="libvirtRun">The run directory of the node's libvirtd.</param>
internal sealed class ArrivingGuests(string libvirtRun)
{
    private readonly ConcurrentDictionary<string, ArrivingGuest> byInstance = new();

    /// <summary>Where the sockets of QEMUs that wait are, as libvirt and QEMU see it.</summary>
    internal const string SocketsInside = "/run/libvirt/migration";

    internal string LibvirtSocket => Path.Combine(libvirtRun, "libvirt-sock");
    internal string SocketDirectory => Path.Combine(libvirtRun, "run", "migration");

    /// <summary>Makes the sockets' directory: QEMU's user may make and find some there, if it knows their names.</summary>
    internal string EnsureSockets()
    {
        Directory.CreateDirectory(SocketDirectory);
        File.SetUnixFileMode(SocketDirectory, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.GroupWrite | UnixFileMode.GroupExecute | UnixFileMode.OtherWrite | UnixFileMode.OtherExecute);
        return SocketDirectory;
    }

    internal void Put(ArrivingGuest guest) => byInstance[guest.InstanceUid] = guest;
    internal ArrivingGuest? Find(VirtualMachineInstance instance) => byInstance.GetValueOrDefault(instance.Metadata.Uid!);

    internal void Remove(string podUid)
    {
        foreach (var guest in byInstance.Values.Where(g => g.PodUid == podUid)) byInstance.TryRemove(guest.InstanceUid, out _);
    }
}
