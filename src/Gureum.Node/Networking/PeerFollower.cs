using System.Net;
using Gureum.Client;
using Gureum.Network.Netlink;
using Gureum.Network.Pods;
using NodeObject = Gureum.Objects.Core.V1.Node;

namespace Gureum.Node.Networking;

/// <summary>Keeps the ways to other nodes' pods as the API has them: nodes come, go and change their addresses.</summary>
internal sealed class PeerFollower
{
    private static readonly TimeSpan Gather = TimeSpan.FromMilliseconds(5), Retry = TimeSpan.FromSeconds(1);

    private readonly Informer<NodeObject> nodes;
    private readonly Overlay overlay;
    private readonly string self;
    private readonly IPNetwork cluster;
    private readonly TimeProvider time;
    private readonly SemaphoreSlim news = new(1, 1);

    internal PeerFollower(InformerFactory informers, Overlay overlay, string self, IPNetwork cluster, TimeProvider time)
    {
        (this.overlay, this.self, this.cluster, this.time) = (overlay, self, cluster, time);
        nodes = informers.Get<NodeObject>();
    }

    /// <summary>Follows until cancelled; the informers must have listed once.</summary>
    internal async Task RunAsync(CancellationToken cancel)
    {
        nodes.AddHandler((old, current) =>
        {
            // Most changes of nodes are heartbeats and images.
            if (old is null || current is null || PeerOf(old, self, cluster) != PeerOf(current, self, cluster)) Wake();
        });
        while (!cancel.IsCancellationRequested)
        {
            try
            {
                await news.WaitAsync(cancel);
                await Task.Delay(Gather, time, cancel);
                overlay.SetPeers(Peers());
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

    private IReadOnlyCollection<OverlayPeer> Peers() => [.. nodes.List().Select(n => PeerOf(n, self, cluster)).OfType<OverlayPeer>()];

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
