using Gureum.Client;
using Gureum.Controllers.Common;
using Gureum.Objects.Core.V1;

namespace Gureum.Controllers.Nodes;

/// <summary>Deletes pods from nodes whose NoExecute taints they do not tolerate, or no longer.</summary>
public sealed class TaintEvictionController : IController
{
    private const string ByNode = "node", Evicted = "TaintManagerEviction", DeletionByTaintManager = "DeletionByTaintManager";

    private readonly ControllerContext context;
    private readonly Informer<Node> nodes;
    private readonly Informer<Pod> pods;
    private readonly WorkQueue<ObjectKey> queue;
    private readonly EventRecorder events;

    public TaintEvictionController(ControllerContext context)
    {
        this.context = context;
        queue = new WorkQueue<ObjectKey>(context.Time);
        events = context.Events(Name);
        nodes = context.Informers.Get<Node>();
        pods = context.Informers.Get<Pod>().AddIndex(ByNode, static pod => string.IsNullOrEmpty(pod.Spec.NodeName) ? [] : [pod.Spec.NodeName]);
        nodes.AddHandler((old, current) =>
        {
            if (current is null || (old is null ? !Has(current) : (!Has(old) && !Has(current)) || old.Spec.Taints.SequenceEqual(current.Spec.Taints))) return;
            foreach (var pod in pods.ByIndex(ByNode, current.Name())) queue.Add(pod.Key());
        });
        pods.AddHandler((old, current) =>
        {
            if (current is null || string.IsNullOrEmpty(current.Spec.NodeName) || (old is not null && old.Spec.NodeName == current.Spec.NodeName && old.Spec.Tolerations.Count == current.Spec.Tolerations.Count)) return;
            if (nodes.Get(null, current.Spec.NodeName) is { } node && Has(node)) queue.Add(current.Key());
        });
    }

    public string Name => "taint-eviction-controller";

    public Task RunAsync(CancellationToken cancel) => new Reconciler<ObjectKey>(Name, queue, SyncAsync, workers: 4).RunAsync(cancel);

    private static bool Has(Node node) => node.Spec.Taints.Any(taint => taint.Effect == "NoExecute");

    private async Task SyncAsync(ObjectKey key, CancellationToken cancel)
    {
        if (pods.Get(key) is not { } pod || pod.IsDeleting() || string.IsNullOrEmpty(pod.Spec.NodeName) || nodes.Get(null, pod.Spec.NodeName) is not { } node) return;
        if (Evictions.Due(pod, node.Spec.Taints, context.Now) is not { } due) return;
        if (due > context.Now) { queue.AddAfter(key, due - context.Now); return; }
        events.Normal(pod, Evicted, $"Marking for deletion Pod {key}");
        try
        {
            var condition = new PodCondition { Type = "DisruptionTarget", Status = "True", Reason = DeletionByTaintManager, Message = "Taint manager: deleting due to NoExecute taint", LastTransitionTime = context.Now };
            await context.Client.UpdateStatusAsync(pod with { Status = pod.Status with { Conditions = [.. pod.Status.Conditions.Where(c => c.Type != condition.Type), condition] } }, cancel: cancel);
            await context.Client.DeleteAsync<Pod>(key.Namespace, key.Name, new() { Preconditions = new() { Uid = pod.Uid() } }, cancel);
        }
        catch (ApiException e) when (e.IsNotFound) { /* gone already */ }
    }
}
