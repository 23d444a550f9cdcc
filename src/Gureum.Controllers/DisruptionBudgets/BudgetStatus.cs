using Gureum.Controllers.Common;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Meta.V1;
using Gureum.Objects.Policy.V1;

namespace Gureum.Controllers.DisruptionBudgets;

/// <summary>How many pods of a budget may be disrupted now (https://kubernetes.io/docs/tasks/run-application/configure-pdb/). Pure.</summary>
public static class BudgetStatus
{
    /// <summary>How long an eviction that was granted counts although the pod is still there.</summary>
    public static readonly TimeSpan DisruptionTimeout = TimeSpan.FromMinutes(2);

    /// <param name="expected">Pods that the workloads behind the budget want to have; null when that is not known.</param>
    public static PodDisruptionBudgetStatus Of(PodDisruptionBudget budget, IReadOnlyCollection<Pod> pods, int? expected, DateTimeOffset now)
    {
        var disrupted = budget.Status.DisruptedPods.Where(d => d.Value + DisruptionTimeout > now && pods.Any(pod => pod.Name() == d.Key && !pod.IsDeleting())).ToDictionary(d => d.Key, d => d.Value, StringComparer.Ordinal);
        var healthy = pods.Count(pod => PodStates.IsReady(pod) && !pod.IsDeleting() && !disrupted.ContainsKey(pod.Name()));
        var counted = pods.Count(pod => !PodStates.IsTerminal(pod));
        var (total, wanted, known) = Desired(budget, expected, counted);
        var allowed = known ? Math.Max(0, healthy - wanted) : 0;
        if (total <= 0) allowed = 0;
        return budget.Status with
        {
            DisruptedPods = disrupted, CurrentHealthy = healthy, DesiredHealthy = wanted, ExpectedPods = total, DisruptionsAllowed = allowed,
            ObservedGeneration = budget.Metadata.Generation, Conditions = [Condition(budget, known, allowed, now)],
        };
    }

    private static (int Total, int Wanted, bool Known) Desired(PodDisruptionBudget budget, int? expected, int counted)
    {
        if (budget.Spec.MaxUnavailable is { } unavailable)
            return expected is { } total ? (total, Math.Max(0, total - unavailable.Scale(total, roundUp: true)), true) : (counted, counted, false);
        if (budget.Spec.MinAvailable is not { } available) return (counted, 0, true);
        if (available.Text is null) return (counted, available.Number, true);
        return expected is { } all ? (all, available.Scale(all, roundUp: true), true) : (counted, counted, false);
    }

    private static Condition Condition(PodDisruptionBudget budget, bool known, int allowed, DateTimeOffset now)
    {
        var (status, reason, message) = !known ? ("False", "SyncFailed", "a pod is not managed by a workload with a scale: a percentage and maxUnavailable need one")
            : allowed > 0 ? ("True", "SufficientPods", "") : ("False", "InsufficientPods", "");
        var before = budget.Status.Conditions.FirstOrDefault(c => c.Type == "DisruptionAllowed");
        return new Condition
        {
            Type = "DisruptionAllowed", Status = status, Reason = reason, Message = message, ObservedGeneration = budget.Metadata.Generation,
            LastTransitionTime = before?.Status == status ? before.LastTransitionTime : now,
        };
    }
}
