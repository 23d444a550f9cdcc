using Gureum.Client;
using Gureum.Controllers.Common;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Network.V1;

namespace Gureum.Controllers.Routers;

/// <summary>Gives each router a node; that node's agent makes it there.</summary>
public sealed class RouterController : IController
{
    private readonly ControllerContext context;
    private readonly Informer<Router> routers;
    private readonly Informer<Node> nodes;
    private readonly WorkQueue<ObjectKey> queue;

    public RouterController(ControllerContext context)
    {
        this.context = context;
        queue = new WorkQueue<ObjectKey>(context.Time);
        routers = context.Informers.Get<Router>().AddHandler((old, current) => { if (current is not null) queue.Add(current.Key()); });
        nodes = context.Informers.Get<Node>().AddHandler((old, current) =>
        {
            if (old is not null && current is not null && Ready(old) == Ready(current) && old.Spec.Unschedulable == current.Spec.Unschedulable) return;
            foreach (var router in routers.List()) queue.Add(router.Key());
        });
    }

    public string Name => "router-controller";

    // One at a time: each counts what those before it were given.
    public Task RunAsync(CancellationToken cancel) => new Reconciler<ObjectKey>(Name, queue, SyncAsync).RunAsync(cancel);

    private async Task SyncAsync(ObjectKey key, CancellationToken cancel)
    {
        if (routers.Get(key) is not { } router || router.IsDeleting()) return;
        var node = RouterPlacement.NodeOf(router, routers.List(), [.. nodes.List()]) ?? "";
        if (node == (router.Status.Node ?? "")) return;
        // The phase is the new node's to say.
        var patch = MergePatches.Build(writer =>
        {
            writer.WriteStartObject("metadata"u8);
            writer.WriteString("resourceVersion"u8, router.Metadata.ResourceVersion);
            writer.WriteEndObject();
            writer.WriteStartObject("status"u8);
            writer.WriteString("node"u8, node);
            writer.WriteString("phase"u8, "DOWN");
            writer.WriteEndObject();
        });
        try
        {
            var written = await context.Client.PatchAsync<Router>(router.Ns(), router.Name(), PatchType.Merge, patch, subresource: "status", cancel: cancel);
            // The next one's count has this one in it.
            await routers.UntilAsync(() => routers.Get(key) is not { } seen || seen.Metadata.Uid != written.Metadata.Uid || seen.Status.Node == node, cancel);
        }
        catch (ApiException e) when (e.IsNotFound || e.IsConflict) { /* it changed: its handler has it looked at again */ }
    }

    private static string? Ready(Node node) => node.Status.Conditions.FirstOrDefault(c => c.Type == "Ready")?.Status;
}
