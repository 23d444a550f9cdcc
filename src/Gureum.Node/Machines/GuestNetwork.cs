using System.Net;
using Gureum.Network.Dhcp;
using Gureum.Network.Pods;
using Gureum.Node.Machines.Domains;
using Gureum.Node.Networking;
using Gureum.Node.Pods;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Kubevirt.V1;
using PodNetwork = Gureum.Network.Pods.PodNetwork;

namespace Gureum.Node.Machines;

/// <summary>
/// Gives guests their places on networks: on that of the pods an address of the node's range, a tap, and an answer when they ask for it by DHCP; on
/// tenants' networks the place of a port. Thread-safe.
/// </summary>
internal sealed class GuestNetwork(PodNetwork network, DhcpServer dhcp, TenantFollower tenants, PodSettings settings)
{
    /// <summary>The guest's cards, in the order of its interfaces.</summary>
    /// <param name="arriving">Whether it comes from another node, with its address, and is not here yet.</param>
    /// <exception cref="PodNotReadyException">A network or a port is not there yet.</exception>
    internal IReadOnlyList<GuestCard> Attach(Pod pod, VirtualMachineInstance instance, string hostName, bool arriving = false)
    {
        var networks = instance.Spec.Networks.ToDictionary(n => n.Name!, StringComparer.Ordinal);
        return [.. (instance.Spec.Domain?.Devices?.Interfaces ?? []).Where(i => i.State is not "absent" && networks.ContainsKey(i.Name!)).Select(i => Attach(pod, instance, networks[i.Name!], i, hostName, arriving)).OfType<GuestCard>()];
    }

    /// <summary>One card; null for a network of another kind.</summary>
    internal GuestCard? Attach(Pod pod, VirtualMachineInstance instance, Objects.Kubevirt.V1.Network wanted, Interface asked, string hostName, bool arriving = false)
    {
        var name = wanted.Name!;
        var queues = instance.Spec.Domain?.Devices?.NetworkInterfaceMultiqueue == true && asked.Model is null or "" or "virtio";
        if (wanted.Multus is { NetworkName: { Length: > 0 } tenant })
        {
            var place = tenants.Attach(pod.Metadata.Uid!, pod.Metadata.Namespace!, tenant, name, asked.MacAddress, queues);
            return new GuestCard(name, place.Interface, place.Mac, place.Mtu);
        }
        if (wanted.Pod is null) return null;
        var lease = network.Attach(new AttachRequest(pod.Metadata.Uid!, PodNamespace: pod.Metadata.Namespace!, PodName: pod.Metadata.Name!, PodUid: pod.Metadata.Uid!, Queues: queues, Mac: asked.MacAddress is { Length: > 0 } mac ? Mac(mac) : null,
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

    /// <summary>Puts the guest's cards on tenants' networks: the hypervisor has them open.</summary>
    /// <param name="here">False as long as it runs elsewhere yet.</param>
    internal Task SettleAsync(string uid, bool here = true) => tenants.SettleAsync(uid, here);

    /// <summary>Whether the guest has a card on a tenant's network.</summary>
    internal bool IsOnTenants(string uid) => tenants.Places.Of(uid).Any();

    /// <summary>Whether a tap is that of the guest's card on a tenant's network.</summary>
    internal bool IsTenant(string uid, string? tap) => tap is not null && tenants.Places.At(tap)?.Owner == uid;

    /// <summary>Gives back the guest's places on tenants' networks but those of some taps.</summary>
    internal void Release(string uid, HashSet<string> kept) => tenants.Release(uid, kept);

    internal string? AddressOf(string uid) => Find(uid)?.Address.ToString();

    internal void Detach(string uid)
    {
        if (Find(uid) is { } lease) dhcp.Remove(lease.Mac);
        network.Detach(uid);
        tenants.Detach(uid);
    }

    private PodLease? Find(string uid) => network.Leases.FirstOrDefault(l => l.ContainerId == uid);

    private static System.Net.NetworkInformation.PhysicalAddress Mac(string text) => System.Net.NetworkInformation.PhysicalAddress.Parse(text.Replace(':', '-').ToUpperInvariant());
}
