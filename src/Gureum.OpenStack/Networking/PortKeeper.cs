using Gureum.Client;
using Gureum.Objects.Kubevirt.V1;
using Gureum.Objects.Models;
using Gureum.Objects.Network.V1;
using Gureum.OpenStack.Objects;
using Port = Gureum.Objects.Network.V1.Port;

namespace Gureum.OpenStack.Networking;

/// <summary>Completes ports that came in by kubectl (addresses, hardware address), frees those whose server or router is gone, and the floating IPs of those that are gone themselves.</summary>
internal sealed class PortKeeper
{
    /// <summary>A port to look at, or whatever is of a device that has gone.</summary>
    private readonly record struct Item(ObjectKey Port, string? Device = null);

    private readonly Cloud cloud;
    private readonly NetworkParts parts;
    private readonly ApiClient door;
    private readonly WorkQueue<Item> queue;
    private readonly Reconciler<Item> reconciler;

    internal PortKeeper(Cloud cloud, NetworkParts parts, ApiClient door, TimeProvider time)
    {
        (this.cloud, this.parts, this.door) = (cloud, parts, door);
        queue = new WorkQueue<Item>(time);
        reconciler = new Reconciler<Item>("openstack-ports", queue, KeepAsync);
        cloud.Informers.Get<Port>().AddHandler((old, current) => Add(current ?? old));
        // Handlers hold their informer's lock: they look into no other.
        cloud.Informers.Get<VirtualMachine>().AddHandler((old, current) => { if (current is null && old is not null) queue.Add(new Item(default, old.Metadata.Uid)); });
        cloud.Informers.Get<Router>().AddHandler((old, current) => { if (current is null && old is not null) queue.Add(new Item(default, old.Metadata.Uid)); });
    }

    internal Task RunAsync(CancellationToken cancel) => reconciler.RunAsync(cancel);

    private void Add(Port? port)
    {
        if (port is not null) queue.Add(new Item(new ObjectKey(port.Metadata.Namespace, port.Metadata.Name!)));
    }

    private async Task KeepAsync(Item item, CancellationToken cancel)
    {
        if (item.Device is { } device)
        {
            foreach (var left in cloud.Ports.By(Cloud.ByDevice, device)) Add(left);
            return;
        }
        if (cloud.Ports.Get(item.Port.Namespace, item.Port.Name) is not { } port)
        {
            await FreeAsync(item.Port, cancel);
            return;
        }
        if (port.Metadata.DeletionTimestamp is not null) return;
        try
        {
            if (IsLeft(port) && !await ExistsAsync<Router>(port, cancel)) await cloud.Ports.DeleteAsync(door, port, cancel);
            else if (port.Spec.DeviceOwner == NetworkNames.Server && port.Spec.DeviceID is { Length: > 0 } id && cloud.Machines.Find(id) is null && !await ExistsAsync<VirtualMachine>(port, cancel)) await cloud.Ports.ChangeAsync(door, port, static p => p with { Spec = p.Spec with { DeviceID = null, DeviceOwner = null } }, cancel);
            else if (string.IsNullOrEmpty(port.Spec.MacAddress) && parts.Topology.NetworkOf(port) is { } network) await parts.Ports.CompleteAsync(door, network, port, cancel);
        }
        catch (ApiException e) when (e.IsNotFound) { /* deleted meanwhile */ }
    }

    // A floating IP outlives what it stood for.
    private async Task FreeAsync(ObjectKey port, CancellationToken cancel)
    {
        foreach (var floating in cloud.FloatingIps.By(Cloud.ByPort, Cloud.NetworkKey(port.Namespace, port.Name)).ToList())
        {
            try { await cloud.FloatingIps.ChangeAsync(door, floating, f => f.Spec.Port == floating.Spec.Port ? f with { Spec = f.Spec with { Port = null, FixedAddress = null } } : f, cancel); }
            catch (ApiException e) when (e.IsNotFound) { /* deleted meanwhile */ }
        }
    }

    // This process's copy may not have it yet: the server is asked before anything is taken away.
    private async Task<bool> ExistsAsync<T>(Port port, CancellationToken cancel) where T : class, IKubeObject<T> => (await door.ListAsync<T>(null, null, cancel)).Items.Any(o => o.Metadata.Uid == port.Spec.DeviceID);

    // A router's legs go with it.
    private bool IsLeft(Port port) => port.Spec.DeviceOwner is NetworkNames.RouterGateway or NetworkNames.RouterInterface && port.Spec.DeviceID is { Length: > 0 } id && cloud.Routers.Find(id) is null;
}
