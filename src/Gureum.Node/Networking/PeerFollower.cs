using System.Net;
using Gureum.Client;
using Gureum.Network.Netlink;
using Gureum.Network.Pods;
using Gureum.Objects.Kubevirt.V1;
using Gureum.Objects.Machines;
using PodNetwork = Gureum.Network.Pods.PodNetwork;
using NodeObject = Gureum.Objects.Core.V1.Node;

namespace Gureum.Node.Networking;

/// <summary>Keeps the ways to other nodes' pods as the API has them: nodes come, go and change their addresses.</summary>
internal sealed class PeerFollower
{
    private static readonly TimeSpan Gather = TimeSpan.FromMilliseconds(5), Retry = TimeSpan.FromSeconds(1);

    private readonly Informer<NodeObject> nodes;
    private readonly Informer<VirtualMachineInstance> wanderers;
    private readonly PodNetwork network;
    private readonly Overlay overlay;
    private readonly string self;
    private readonly IPNetwork cluster;
    private readonly TimeProvider time;
    private readonly SemaphoreSlim news = new(1, 1);

    internal PeerFollower(InformerFactory informers, PodNetwork network, Overlay overlay, string self, IPNetwork cluster, TimeProvider time)
    {
        (this.network, this.overlay, this.self, this.cluster, this.time) = (network, overlay, self, cluster, time);
        nodes = informers.Get<NodeObject>();
        wanderers = informers.Select<VirtualMachineInstance>(new ListQuery(LabelSelector: MachineNames.Wandering + "=true"));
    }

    /// <summary>Follows until cancelled; the informers must have listed once.</summary>
    internal async Task RunAsync(CancellationToken cancel)
    {
        nodes.AddHandler((old, current) =>
        {
            // Most changes of nodes are heartbeats and images.
            if (old is null || current is null || PeerOf(old, self, cluster) != PeerOf(current, self, cluster)) Wake();
        });
        wanderers.AddHandler((old, current) => { if (old is null || current is null || PlaceOf(old) != PlaceOf(current)) Wake(); });
        while (!cancel.IsCancellationRequested)
        {
            try
            {
                await news.WaitAsync(cancel);
                await Task.Delay(Gather, time, cancel);
                Apply();
            }
            catch (OperationCanceledException) when (cancel.IsCancellationRequested) { return; }
            catch (NetlinkException e)
            {
                Log.Current.Error("overlay", "the ways to other nodes could not be written; again in a second", e);
                await Task.Delay(Retry, time, cancel).ContinueWith(static _ => { }, TaskScheduler.Default);
                Wake();
            }
        }
    }

    private void Apply()
    {
        var peers = nodes.List().Select(n => PeerOf(n, self, cluster)).OfType<OverlayPeer>().ToList();
        var places = wanderers.List().Select(PlaceOf).OfType<(IPAddress Address, string Node)>().ToList();
        network.SetElsewhere([.. places.Where(p => p.Node != self).Select(p => p.Address)]);
        overlay.SetPeers([.. peers.Select(peer => peer with { Guests = [.. places.Where(p => p.Node == peer.Name && !peer.PodCidr.Contains(p.Address)).Select(p => p.Address)] })]);
    }

    /// <summary>Where an instance's address on the pod network is; null when it has none, or has ended. Those on tenants' networks may be anything. Pure.</summary>
    internal static (IPAddress Address, string Node)? PlaceOf(VirtualMachineInstance instance) =>
        !instance.IsFinal() && instance.Status.NodeName is { Length: > 0 } node && instance.Spec.Networks.FirstOrDefault(n => n.Pod is not null)?.Name is { } pod
        && IPAddress.TryParse(instance.Status.Interfaces.FirstOrDefault(i => i.Name == pod && i.IpAddress is { Length: > 0 })?.IpAddress ?? "", out var address) ? (address, node) : null;

    private void Wake()
    {
        try { news.Release(); }
        catch (SemaphoreFullException) { /* the loop is awake already */ }
    }

    /// <summary>What a node is to this one; null when it is itself, or has no range or no address that can be reached. Pure.</summary>
    internal static OverlayPeer? PeerOf(NodeObject node, string self, IPNetwork cluster)
    {
        if (node.Metadata.Name == self || !IPNetwork.TryParse(node.Spec.PodCIDR ?? "", out var range)) return null;
        var address = node.Status.Addresses.FirstOrDefault(a => a.Type == "InternalIP")?.Address;
        return IPAddress.TryParse(address ?? "", out var at) && !cluster.Contains(at) ? new OverlayPeer(node.Metadata.Name!, range, at) : null;
    }
}
