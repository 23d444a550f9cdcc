using Gureum.Client;
using Gureum.Controllers.Common;
using Gureum.Objects.Core.V1;

namespace Gureum.Controllers.Nodes;

/// <summary>Gives each node its range of pod addresses (spec.podCIDR).</summary>
public sealed class NodeIpamController : IController
{
    private const string NotAvailable = "CIDRNotAvailable";

    private readonly ControllerContext context;
    private readonly Informer<Node> nodes;
    private readonly WorkQueue<string> queue;
    private readonly PodCidrPool pool;
    private readonly EventRecorder events;

    /// <exception cref="FormatException">The options' ranges are not well-formed.</exception>
    public NodeIpamController(ControllerContext context)
    {
        this.context = context;
        pool = new PodCidrPool(context.Options.ClusterCidr, context.Options.NodeMaskSize);
        queue = new WorkQueue<string>(context.Time);
        events = context.Events(Name);
        nodes = context.Informers.Get<Node>();
        nodes.AddHandler((old, current) =>
        {
            if (current is null) { foreach (var cidr in old!.Spec.PodCIDRs) pool.Release(cidr); return; }
            if (old is null) foreach (var cidr in current.Spec.PodCIDRs) pool.Occupy(cidr);
            if (string.IsNullOrEmpty(current.Spec.PodCIDR)) queue.Add(current.Name());
        });
    }

    public string Name => "node-ipam-controller";

    public Task RunAsync(CancellationToken cancel) => new Reconciler<string>(Name, queue, SyncAsync).RunAsync(cancel);

    private async Task SyncAsync(string name, CancellationToken cancel)
    {
        if (nodes.Get(null, name) is not { } node || !string.IsNullOrEmpty(node.Spec.PodCIDR) || node.IsDeleting()) return;
        if (await context.Client.FindAsync<Node>(null, name, cancel) is not { } live || !string.IsNullOrEmpty(live.Spec.PodCIDR)) return;
        if (pool.Take() is not { } cidr)
        {
            events.Warning(node, NotAvailable, $"no free range of /{context.Options.NodeMaskSize} is left in {context.Options.ClusterCidr}: give the cluster a larger range or the nodes smaller ones");
            return;
        }
        var assigned = false;
        try
        {
            await context.Client.UpdateAsync(live with { Spec = live.Spec with { PodCIDR = cidr, PodCIDRs = [cidr] } }, cancel);
            assigned = true;
        }
        finally { if (!assigned) pool.PutBack(cidr); }
    }
}
