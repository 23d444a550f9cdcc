using Gureum.Client;
using Gureum.Controllers.Common;
using Gureum.Objects.Apps.V1;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Policy.V1;
using Gureum.Objects.Selectors;

namespace Gureum.Controllers.DisruptionBudgets;

/// <summary>Keeps the status of PodDisruptionBudgets, by which evictions are granted.</summary>
public sealed class DisruptionController : IController
{
    private readonly ControllerContext context;
    private readonly Informer<PodDisruptionBudget> budgets;
    private readonly Informer<Pod> pods;
    private readonly Informer<ReplicaSet> replicaSets;
    private readonly Informer<Deployment> deployments;
    private readonly Informer<StatefulSet> statefulSets;
    private readonly Informer<ReplicationController> replicationControllers;
    private readonly WorkQueue<ObjectKey> queue;

    public DisruptionController(ControllerContext context)
    {
        this.context = context;
        queue = new WorkQueue<ObjectKey>(context.Time);
        budgets = context.Informers.Get<PodDisruptionBudget>();
        pods = context.Informers.Get<Pod>();
        replicaSets = context.Informers.Get<ReplicaSet>();
        deployments = context.Informers.Get<Deployment>();
        statefulSets = context.Informers.Get<StatefulSet>();
        replicationControllers = context.Informers.Get<ReplicationController>();
        budgets.AddHandler((_, current) => { if (current is not null) queue.Add(current.Key()); });
        pods.AddHandler((old, current) =>
        {
            if (old is not null && current is not null && PodStates.IsReady(old) == PodStates.IsReady(current) && old.IsDeleting() == current.IsDeleting() && old.Status.Phase == current.Status.Phase && old.Metadata.Labels.Count == current.Metadata.Labels.Count) return;
            foreach (var budget in budgets.List((current ?? old)!.Ns()))
                if (Matches(budget, (current ?? old)!)) queue.AddAfter(budget.Key(), context.Options.StatusDelay);
        });
    }

    public string Name => "disruption-controller";

    public Task RunAsync(CancellationToken cancel) => new Reconciler<ObjectKey>(Name, queue, SyncAsync).RunAsync(cancel);

    private static bool Matches(PodDisruptionBudget budget, Pod pod) => budget.Spec.Selector is { } selector && Selector.From(selector).Matches(pod.Metadata.Labels);

    private async Task SyncAsync(ObjectKey key, CancellationToken cancel)
    {
        if (budgets.Get(key) is not { } budget || budget.IsDeleting()) return;
        var matching = pods.List(key.Namespace).Where(pod => Matches(budget, pod)).ToArray();
        var status = BudgetStatus.Of(budget, matching, Expected(matching), context.Now);
        if (status.DisruptedPods.Count > 0) queue.AddAfter(key, BudgetStatus.DisruptionTimeout);
        if (!status.Equals(budget.Status)) await context.Client.UpdateStatusAsync(budget with { Status = status }, cancel: cancel);
    }

    // The sum of what the workloads above the pods want; null when a pod has none.
    private int? Expected(IEnumerable<Pod> matching)
    {
        var sizes = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var pod in matching)
        {
            if (Scale(pod) is not { } scale) return null;
            sizes[scale.Uid] = scale.Replicas;
        }
        return sizes.Values.Sum();
    }

    private (string Uid, int Replicas)? Scale(Pod pod)
    {
        if (Owners.Find(replicaSets, pod) is { } set)
            return Owners.Find(deployments, set) is { } deployment ? (deployment.Uid(), deployment.Spec.Replicas ?? 1) : (set.Uid(), set.Spec.Replicas ?? 1);
        if (Owners.Find(statefulSets, pod) is { } stateful) return (stateful.Uid(), stateful.Spec.Replicas ?? 1);
        return Owners.Find(replicationControllers, pod) is { } controller ? (controller.Uid(), controller.Spec.Replicas ?? 1) : null;
    }
}
