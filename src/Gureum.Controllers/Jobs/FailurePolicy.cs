using Gureum.Controllers.Common;
using Gureum.Objects.Batch.V1;
using Gureum.Objects.Core.V1;

namespace Gureum.Controllers.Jobs;

/// <summary>What a Job's podFailurePolicy makes of a failed pod (https://kubernetes.io/docs/concepts/workloads/controllers/job/#pod-failure-policy).</summary>
public enum FailureAction { Count, Ignore, FailIndex, FailJob }

/// <summary>Evaluates the rules in order; the first that matches decides. Pure.</summary>
public static class FailurePolicy
{
    /// <returns>The action, and for FailJob the message of the condition.</returns>
    public static (FailureAction Action, string? Message) On(Job job, Pod pod)
    {
        var rules = job.Spec.PodFailurePolicy?.Rules ?? [];
        for (var i = 0; i < rules.Count; i++)
        {
            var why = rules[i].OnExitCodes is { } codes ? ByExitCode(codes, pod) : ByCondition(rules[i].OnPodConditions, pod);
            if (why is null) continue;
            return rules[i].Action switch
            {
                "Ignore" => (FailureAction.Ignore, null),
                "FailIndex" => (FailureAction.FailIndex, null),
                "FailJob" => (FailureAction.FailJob, $"{why} matching FailJob rule at index {i}"),
                _ => (FailureAction.Count, null),
            };
        }
        return (FailureAction.Count, null);
    }

    private static string? ByExitCode(PodFailurePolicyOnExitCodesRequirement rule, Pod pod)
    {
        foreach (var container in pod.Status.InitContainerStatuses.Concat(pod.Status.ContainerStatuses))
        {
            if (container.State?.Terminated?.ExitCode is not { } code || code == 0) continue;
            if (!string.IsNullOrEmpty(rule.ContainerName) && rule.ContainerName != container.Name) continue;
            if (rule.Values.Contains(code) == (rule.Operator == "In")) return $"Container {container.Name} for pod {pod.Key()} failed with exit code {code}";
        }
        return null;
    }

    private static string? ByCondition(IReadOnlyList<PodFailurePolicyOnPodConditionsPattern> patterns, Pod pod)
    {
        foreach (var pattern in patterns)
            if (PodStates.Condition(pod, pattern.Type ?? "") is { } condition && condition.Status == (pattern.Status ?? "True")) return $"Pod {pod.Key()} has condition {condition.Type}";
        return null;
    }
}
