using System.Collections.Immutable;
using System.Net;
using System.Net.NetworkInformation;

namespace Gureum.Network.Pods;

/// <summary>A port of the node that leads to a pod (containers[].ports[].hostPort).</summary>
/// <param name="Protocol">"tcp", "udp" or "sctp".</param>
/// <param name="HostAddress">The node address it is bound to, or null for every one.</param>
public sealed record PortMapping(ushort HostPort, ushort ContainerPort, string Protocol, IPAddress? HostAddress = null);

/// <summary>A wish for a place on the pod network.</summary>
/// <param name="ContainerId">The sandbox's id, or any id that is unique on the node for a guest.</param>
/// <param name="Interface">The interface's name inside the pod.</param>
/// <param name="NetworkNamespace">
/// The file of the pod's network namespace, or null for a virtual machine: then a tap named <see cref="PodLease.HostInterface"/> is
/// made on the bridge, and the guest learns its address by DHCP.
/// </param>
/// <param name="Address">An address that the workload brings along (a live migration), or null for a free one.</param>
/// <param name="Mac">A hardware address that the workload brings along, or null for one made from the address.</param>
/// <param name="Queues">Whether a virtual machine's tap has a queue for each of its processors.</param>
/// <param name="Arriving">Whether the workload is elsewhere yet: packets for its address go on to there until <see cref="PodNetwork.Claim"/>.</param>
public sealed record AttachRequest(
    string ContainerId, string Interface = "eth0", string? NetworkNamespace = null, string PodNamespace = "", string PodName = "",
    string PodUid = "", ImmutableArray<PortMapping> Ports = default, IPAddress? Address = null, PhysicalAddress? Mac = null, bool Queues = false, bool Arriving = false);

/// <summary>A place on the pod network, as kept on disk until it is given back. Immutable.</summary>
/// <param name="HostInterface">The node's end: a veth, or the name for a guest's tap.</param>
/// <param name="Mac">The pod's end's hardware address, a function of the address.</param>
public sealed record PodLease(
    string ContainerId, string Interface, IPAddress Address, PhysicalAddress Mac, string HostInterface, string? NetworkNamespace,
    string PodNamespace, string PodName, string PodUid, ImmutableArray<PortMapping> Ports)
{
    /// <summary>What identifies the lease on its node.</summary>
    public (string ContainerId, string Interface) Key => (ContainerId, Interface);
}
