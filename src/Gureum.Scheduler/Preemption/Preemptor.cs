using Gureum.Objects.Policy.V1;
using Gureum.Objects.Selectors;
using Gureum.Scheduler.Filters;
using Gureum.Scheduler.Snapshots;

namespace Gureum.Scheduler.Preemption;

/// <summary>
/// Finds the least costly set of lower-priority pods to evict for a pod
/// (https://kubernetes.io/docs/concepts/scheduling-eviction/pod-priority-preemption/). Pure.
/// </summary>
public sealed class Preemptor(PodScheduler scheduler)
{
    private sealed record Candidate(NodeInfo Node, List<PodInfo> Victims, int Violations);

    public PreemptionResult Find(Snapshot snapshot, PodInfo pod, Decision decision)
    {
        var refusals = new SortedDictionary<string, int>(StringComparer.Ordinal);
        if (decision.Everywhere is not null || pod.Pod.Spec.PreemptionPolicy == "Never" || IsWaitingForVictims(snapshot, pod))
        {
            refusals[Reasons.PreemptionNotHelpful] = decision.Nodes;
            return new PreemptionResult(null, [], refusals);
        }
        Candidate? best = null;
        foreach (var node in snapshot.Nodes)
        {
            if (!decision.Rejections.TryGetValue(node.Name, out var rejection)) continue;
            if (!rejection.Resolvable) { Count(Reasons.PreemptionNotHelpful); continue; }
            if (Try(snapshot, pod, node) is { } candidate) { if (best is null || IsBetter(candidate, best)) best = candidate; }
            else Count(Reasons.NoVictims);
        }
        return best is null ? new PreemptionResult(null, [], refusals) : new PreemptionResult(best.Node.Name, best.Victims, refusals);

        void Count(string reason) => refusals[reason] = refusals.GetValueOrDefault(reason) + 1;
    }

    // Somebody is already on the way out for this pod: evicting more would not bring it there sooner.
    private static bool IsWaitingForVictims(Snapshot snapshot, PodInfo pod)
    {
        if (pod.Pod.Status.NominatedNodeName is not { Length: > 0 } nominated || snapshot.Find(nominated) is not { } node) return false;
        foreach (var other in node.Pods)
            if (other.IsTerminating && other.Priority < pod.Priority) return true;
        return false;
    }

    private Candidate? Try(Snapshot snapshot, PodInfo pod, NodeInfo node)
    {
        var lower = node.Pods.Where(other => other.Priority < pod.Priority).ToList();
        if (lower.Count == 0) return null;
        var emptied = lower.Aggregate(node, (rest, other) => rest.Without(other.Uid));
        if (!Fits(snapshot, pod, emptied)) return null;
        var (violating, free) = SplitByBudgets(snapshot.View, lower);
        var victims = new List<PodInfo>();
        var violations = 0;
        // Spare as many as possible, the important first; those whose budget would be broken before all.
        foreach (var other in Important(violating)) if (!Spare(other)) violations++;
        foreach (var other in Important(free)) Spare(other);
        return victims.Count == 0 ? null : new Candidate(node, victims, violations);

        bool Spare(PodInfo other)
        {
            var with = emptied.With(other);
            if (Fits(snapshot, pod, with)) { emptied = with; return true; }
            victims.Add(other);
            return false;
        }
    }

    private bool Fits(Snapshot snapshot, PodInfo pod, NodeInfo node) => PodScheduler.Check(scheduler.Begin(snapshot.With(node), pod), node) is null;

    private static IEnumerable<PodInfo> Important(IEnumerable<PodInfo> pods) =>
        pods.OrderByDescending(pod => pod.Priority).ThenBy(pod => pod.Pod.Status.StartTime ?? DateTimeOffset.MaxValue);

    private static (List<PodInfo> Violating, List<PodInfo> Free) SplitByBudgets(IClusterView view, List<PodInfo> pods)
    {
        var left = new Dictionary<PodDisruptionBudget, int>(ReferenceEqualityComparer.Instance);
        var (violating, free) = (new List<PodInfo>(), new List<PodInfo>());
        foreach (var pod in Important(pods))
        {
            var breaks = false;
            foreach (var budget in view.Budgets(pod.Namespace))
            {
                if (budget.Spec.Selector is null || budget.Status.DisruptedPods.ContainsKey(pod.Key.Name) || !Selector.From(budget.Spec.Selector).Matches(pod.Labels)) continue;
                var rest = left.TryGetValue(budget, out var known) ? known : budget.Status.DisruptionsAllowed ?? 0;
                left[budget] = rest - 1;
                if (rest <= 0) breaks = true;
            }
            (breaks ? violating : free).Add(pod);
        }
        return (violating, free);
    }

    private static bool IsBetter(Candidate a, Candidate b)
    {
        if (a.Violations != b.Violations) return a.Violations < b.Violations;
        var (highestA, highestB) = (a.Victims.Max(v => v.Priority), b.Victims.Max(v => v.Priority));
        if (highestA != highestB) return highestA < highestB;
        var (sumA, sumB) = (a.Victims.Sum(v => (long)v.Priority - int.MinValue), b.Victims.Sum(v => (long)v.Priority - int.MinValue));
        if (sumA != sumB) return sumA < sumB;
        if (a.Victims.Count != b.Victims.Count) return a.Victims.Count < b.Victims.Count;
        // The most important victims that started last have lost the least.
        return EarliestStart(a, highestA) > EarliestStart(b, highestB);
    }

    private static DateTimeOffset EarliestStart(Candidate candidate, int priority) =>
        candidate.Victims.Where(v => v.Priority == priority).Min(v => v.Pod.Status.StartTime ?? DateTimeOffset.MaxValue);
}
