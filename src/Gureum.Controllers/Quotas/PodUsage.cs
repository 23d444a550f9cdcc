using Gureum.Controllers.Common;
using Gureum.Objects;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Placement;

namespace Gureum.Controllers.Quotas;

/// <summary>What a pod counts for under a quota (https://kubernetes.io/docs/concepts/policy/resource-quotas/). Pure.</summary>
public static class PodUsage
{
    /// <summary>True when the quota's scopes take the pod in.</summary>
    public static bool InScope(ResourceQuotaSpec quota, Pod pod)
    {
        foreach (var scope in quota.Scopes)
            if (!InScope(scope, "Exists", [], pod)) return false;
        foreach (var expression in quota.ScopeSelector?.MatchExpressions ?? [])
            if (!InScope(expression.ScopeName ?? "", expression.Operator ?? "Exists", expression.Values, pod)) return false;
        return true;
    }

    private static bool InScope(string scope, string op, IReadOnlyList<string> values, Pod pod) => scope switch
    {
        "Terminating" => pod.Spec.ActiveDeadlineSeconds is not null,
        "NotTerminating" => pod.Spec.ActiveDeadlineSeconds is null,
        "BestEffort" => IsBestEffort(pod),
        "NotBestEffort" => !IsBestEffort(pod),
        "PriorityClass" => ByPriority(op, values, pod.Spec.PriorityClassName ?? ""),
        "CrossNamespacePodAffinity" => HasForeignAffinity(pod),
        _ => false,
    };

    private static bool ByPriority(string op, IReadOnlyList<string> values, string name) => op switch
    {
        "In" => values.Contains(name),
        "NotIn" => !values.Contains(name),
        "DoesNotExist" => name.Length == 0,
        _ => name.Length > 0,
    };

    private static bool IsBestEffort(Pod pod) => pod.Spec.Containers.Concat(pod.Spec.InitContainers).All(c => (c.Resources?.Requests.Count ?? 0) + (c.Resources?.Limits.Count ?? 0) == 0);

    private static bool HasForeignAffinity(Pod pod)
    {
        var affinity = pod.Spec.Affinity;
        var terms = (affinity?.PodAffinity?.RequiredDuringSchedulingIgnoredDuringExecution ?? []).Concat(affinity?.PodAntiAffinity?.RequiredDuringSchedulingIgnoredDuringExecution ?? [])
            .Concat((affinity?.PodAffinity?.PreferredDuringSchedulingIgnoredDuringExecution ?? []).Concat(affinity?.PodAntiAffinity?.PreferredDuringSchedulingIgnoredDuringExecution ?? []).Select(t => t.PodAffinityTerm).OfType<PodAffinityTerm>());
        return terms.Any(term => term.Namespaces.Count > 0 || term.NamespaceSelector is not null);
    }

    /// <summary>Amounts of one pod, by the names that quotas use; a finished pod counts for nothing but its object.</summary>
    public static Dictionary<string, Quantity> Of(Pod pod)
    {
        var usage = new Dictionary<string, Quantity>(StringComparer.Ordinal) { ["count/pods"] = Quantity.FromWhole(1) };
        if (PodStates.IsTerminal(pod)) return usage;
        usage["pods"] = Quantity.FromWhole(1);
        foreach (var (name, amount) in PodRequests.Total(pod.Spec, c => c.Resources?.Requests))
        {
            usage["requests." + name] = amount;
            if (name is "cpu" or "memory" or "ephemeral-storage") usage[name] = amount;
        }
        foreach (var (name, amount) in PodRequests.Total(pod.Spec, c => c.Resources?.Limits)) usage["limits." + name] = amount;
        return usage;
    }
}
