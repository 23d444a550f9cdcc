using System.Net;
using Gureum.Network.Dhcp;
using Gureum.Network.Pods;
using Gureum.Node.Machines.Domains;
using Gureum.Node.Pods;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Kubevirt.V1;
using PodNetwork = Gureum.Network.Pods.PodNetwork;

namespace Gureum.Node.Machines;

/// <summary>Gives guests their place on the pod network: an address of the node's range, a tap, and an answer when they ask for it by DHCP. Thread-safe.</summary>
internal sealed class GuestNetwork(PodNetwork network, DhcpServer dhcp, PodSettings settings)
{
    /// <summary>The guest's card; null when it is to have none.</summary>
    /// <param name="arriving">Whether it comes from another node, with its address, and is not here yet.</param>
    internal GuestCard? Attach(Pod pod, VirtualMachineInstance instance, string hostName, bool arriving = false)
    {
        if (instance.Spec.Networks.FirstOrDefault(n => n.Pod is not null)?.Name is not { } name) return null;
        var asked = instance.Spec.Domain?.Devices?.Interfaces.FirstOrDefault(i => i.Name == name);
        var queues = instance.Spec.Domain?.Devices?.NetworkInterfaceMultiqueue == true && asked?.Model is null or "" or "virtio";
        var lease = network.Attach(new AttachRequest(pod.Metadata.Uid!, PodNamespace: pod.Metadata.Namespace!, PodName: pod.Metadata.Name!, PodUid: pod.Metadata.Uid!, Queues: queues, Mac: asked?.MacAddress is { Length: > 0 } mac ? Mac(mac) : null,
            Address: arriving && IPAddress.TryParse(instance.Status.Interfaces.FirstOrDefault(i => i.Name == name)?.IpAddress, out var address) ? address : null, Arriving: arriving));
        if (!arriving) Put(pod, hostName);
        return new GuestCard(name, lease.HostInterface, string.Join(':', lease.Mac.GetAddressBytes().Select(b => b.ToString("x2"))), network.Mtu);
    }

    /// <summary>Has the guest answered, also after a restart of the agent.</summary>
    internal void Put(Pod pod, string hostName)
    {
        if (Find(pod.Metadata.Uid!) is not { } lease) return;
        var dns = PodDns.Of(settings, pod);
        dhcp.Put(new DhcpLease(lease.Mac, lease.Address, network.Options.Gateway, network.Mtu, [.. dns.Servers.Select(s => IPAddress.TryParse(s, out var a) ? a : null).OfType<IPAddress>()], [.. dns.Searches], hostName, dns.Searches.FirstOrDefault() ?? ""));
    }

    /// <summary>Has packets for a guest that has arrived go to it.</summary>
    internal void Claim(string uid) => network.Claim(uid);

    internal string? AddressOf(string uid) => Find(uid)?.Address.ToString();

    internal void Detach(string uid)
    {
        if (Find(uid) is { } lease) dhcp.Remove(lease.Mac);
        network.Detach(uid);
    }

    private PodLease? Find(string uid) => network.Leases.FirstOrDefault(l => l.ContainerId == uid);

    private static System.Net.NetworkInformation.PhysicalAddress Mac(string text) => System.Net.NetworkInformation.PhysicalAddress.Parse(text.Replace(':', '-').ToUpperInvariant());
}
