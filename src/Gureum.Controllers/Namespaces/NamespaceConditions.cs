using Gureum.Objects.Core.V1;

namespace Gureum.Controllers.Namespaces;

/// <summary>What is left of a namespace that is going away (immutable).</summary>
/// <param name="Remaining">Objects left, by resource ("pods", "deployments.apps").</param>
/// <param name="Finalizers">How many objects wait for each finalizer.</param>
/// <param name="DiscoveryFailure">Groups that did not answer, or null.</param>
/// <param name="DeletionFailure">What could not be deleted and why, or null.</param>
public sealed record NamespaceRemains(IReadOnlyDictionary<string, int> Remaining, IReadOnlyDictionary<string, int> Finalizers, string? DiscoveryFailure, string? DeletionFailure)
{
    public bool IsEmpty => Remaining.Count == 0 && DiscoveryFailure is null && DeletionFailure is null;
}

/// <summary>The conditions that tell why a namespace does not go. Pure.</summary>
public static class NamespaceConditions
{
    public static NamespaceStatus Write(NamespaceStatus status, NamespaceRemains remains, DateTimeOffset now)
    {
        var conditions = status.Conditions.ToList();
        Set("NamespaceDeletionDiscoveryFailure", remains.DiscoveryFailure, "DiscoveryFailed", "ResourcesDiscovered", "All resources successfully discovered");
        Set("NamespaceDeletionGroupVersionParsingFailure", null, "GroupVersionParsingFailed", "ParsedGroupVersions", "All legacy kube types successfully parsed");
        Set("NamespaceDeletionContentFailure", remains.DeletionFailure, "ContentDeletionFailed", "ContentDeleted", "All content successfully deleted, may be waiting on finalization");
        Set("NamespaceContentRemaining", remains.Remaining.Count == 0 ? null : "Some resources are remaining: " + string.Join(", ", remains.Remaining.OrderBy(r => r.Key, StringComparer.Ordinal).Select(r => $"{r.Key} has {r.Value} resource instances")),
            "SomeResourcesRemain", "ContentRemoved", "All content successfully removed");
        Set("NamespaceFinalizersRemaining", remains.Finalizers.Count == 0 ? null : "Some content in the namespace has finalizers remaining: " + string.Join(", ", remains.Finalizers.OrderBy(f => f.Key, StringComparer.Ordinal).Select(f => $"{f.Key} in {f.Value} resource instances")),
            "SomeFinalizersRemain", "ContentHasNoFinalizers", "All content-preserving finalizers finished");
        return status with { Phase = "Terminating", Conditions = conditions };

        void Set(string type, string? problem, string badReason, string goodReason, string goodMessage)
        {
            var index = conditions.FindIndex(c => c.Type == type);
            var value = problem is null ? "False" : "True";
            var condition = new NamespaceCondition { Type = type, Status = value, Reason = problem is null ? goodReason : badReason, Message = problem ?? goodMessage, LastTransitionTime = now };
            if (index < 0) conditions.Add(condition);
            else conditions[index] = conditions[index].Status == value ? condition with { LastTransitionTime = conditions[index].LastTransitionTime } : condition;
        }
    }
}
