using Gureum.Client;
using Gureum.Objects.Network.V1;
using Gureum.OpenStack.Objects;

namespace Gureum.OpenStack.Networking;

/// <summary>
/// Gives networks what they need and nobody asks for: a segment where they came in by kubectl, and a port at which DHCP, names and metadata are answered while
/// a subnet wants that.
/// </summary>
internal sealed class NetworkKeeper
{
    private readonly Cloud cloud;
    private readonly NetworkParts parts;
    private readonly ApiClient door;
    private readonly Reconciler<ObjectKey> reconciler;

    internal NetworkKeeper(Cloud cloud, NetworkParts parts, ApiClient door, TimeProvider time)
    {
        (this.cloud, this.parts, this.door) = (cloud, parts, door);
        var queue = new WorkQueue<ObjectKey>(time);
        reconciler = new Reconciler<ObjectKey>("openstack-networks", queue, KeepAsync);
        cloud.Informers.Get<Network>().AddHandler((old, current) =>
        {
            if (current is not null) queue.Add(new ObjectKey(current.Metadata.Namespace, current.Metadata.Name!));
            else if (old is not null) parts.Locks.Forget(old.Metadata.Uid!);
        });
        cloud.Informers.Get<Subnet>().AddHandler((old, current) => { if ((current ?? old) is { Spec.Network: { } name } subnet) queue.Add(new ObjectKey(subnet.Metadata.Namespace, name)); });
        cloud.Informers.Get<Port>().AddHandler((old, current) =>
        {
            if ((current ?? old) is { Spec.DeviceOwner: NetworkNames.Dhcp, Spec.Network: { Name: { } name } network } port) queue.Add(new ObjectKey(network.Namespace ?? port.Metadata.Namespace, name));
        });
    }

    internal Task RunAsync(CancellationToken cancel) => reconciler.RunAsync(cancel);

    private async Task KeepAsync(ObjectKey key, CancellationToken cancel)
    {
        if (cloud.Networks.Get(key.Namespace, key.Name) is not { Metadata.DeletionTimestamp: null } network) return;
        try
        {
            if (network.Spec.Segment is not > 0) network = await parts.Locks.WithCloudAsync(() => cloud.Networks.ChangeAsync(door, network, n => n with { Spec = n.Spec with { Segment = parts.Networks.Segment(null) } }, cancel), cancel);
            if (network.Status?.Phase != "ACTIVE") network = await cloud.Networks.ChangeStatusAsync(door, network, static n => n with { Status = new NetworkStatus { Phase = "ACTIVE" } }, cancel);
            await parts.Locks.WithAsync(network, () => ServeAsync(network, cancel), cancel);
        }
        catch (ApiException e) when (e.IsNotFound) { /* deleted meanwhile */ }
    }

    // One port with an address on each subnet that wants DHCP; the highest free ones, out of the way of those that people choose.
    private async Task<bool> ServeAsync(Network network, CancellationToken cancel)
    {
        if (cloud.Networks.Get(network.Metadata.Namespace, network.Metadata.Name) is not { Metadata.DeletionTimestamp: null }) return false;
        // One that somebody has made by hand is left alone, and takes the place of the keeper's.
        var all = parts.Topology.PortsOf(network).Where(static p => p.Spec.DeviceOwner == NetworkNames.Dhcp).ToList();
        var known = all.FirstOrDefault(p => p.Spec.DeviceID == Ports.DhcpDevice(network));
        if (all.Count > (known is null ? 0 : 1))
        {
            if (known is not null) await Ends.GoneAsync(cloud.Ports, door, known, cancel);
            return true;
        }
        var addresses = new List<FixedIP>();
        foreach (var subnet in parts.Topology.SubnetsOf(network).Where(static s => s.Spec.Dhcp != false))
            if (known?.Spec.FixedIPs.FirstOrDefault(f => f.Subnet == subnet.Metadata.Name) is { } kept) addresses.Add(kept);
            else if (Addresses.PickLast(subnet, parts.Topology.Taken(network, subnet)) is { } free) addresses.Add(new FixedIP { Subnet = subnet.Metadata.Name, Address = Addresses.Text(free) });
        if (addresses.Count == 0 && known is not null) await Ends.GoneAsync(cloud.Ports, door, known, cancel);
        else if (known is not null && !known.Spec.FixedIPs.SequenceEqual(addresses)) await cloud.Ports.ChangeAsync(door, known, p => p with { Spec = p.Spec with { FixedIPs = addresses } }, cancel);
        else if (known is null && addresses.Count > 0) await parts.Ports.ServeAsync(door, network, addresses, cancel);
        return true;
    }
}
