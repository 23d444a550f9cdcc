using System.Globalization;
using Gureum.Objects.Core.V1;

namespace Gureum.Objects.Placement;

using Node = Core.V1.Node;

/// <summary>Node selector terms, of pods and of volumes (https://kubernetes.io/docs/concepts/scheduling-eviction/assign-pod-node/). Pure.</summary>
public static class NodeTerms
{
    /// <summary>True when any term matches; no term matches nothing.</summary>
    public static bool Matches(NodeSelector selector, Node node)
    {
        foreach (var term in selector.NodeSelectorTerms)
            if (Matches(term, node)) return true;
        return false;
    }

    public static bool Matches(NodeSelectorTerm term, Node node)
    {
        if (term.MatchExpressions.Count + term.MatchFields.Count == 0) return false;
        foreach (var expression in term.MatchExpressions)
            if (!Matches(expression, node.Metadata.Labels.TryGetValue(expression.Key ?? "", out var value) ? value : null)) return false;
        foreach (var field in term.MatchFields)
            if (!Matches(field, field.Key == "metadata.name" ? node.Metadata.Name : null)) return false;
        return true;
    }

    private static bool Matches(NodeSelectorRequirement requirement, string? value) => requirement.Operator switch
    {
        "In" => value is not null && Contains(requirement.Values, value),
        "NotIn" => value is null || !Contains(requirement.Values, value),
        "Exists" => value is not null,
        "DoesNotExist" => value is null,
        "Gt" => Number(value) is { } a && requirement.Values.Count == 1 && Number(requirement.Values[0]) is { } b && a > b,
        "Lt" => Number(value) is { } c && requirement.Values.Count == 1 && Number(requirement.Values[0]) is { } d && c < d,
        _ => false,
    };

    private static bool Contains(IReadOnlyList<string> values, string value)
    {
        for (var i = 0; i < values.Count; i++)
            if (values[i] == value) return true;
        return false;
    }

    private static long? Number(string? text) => long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) ? number : null;

    /// <summary>The nodeSelector map and the required node affinity of a pod together.</summary>
    public static bool Wants(PodSpec spec, Node node)
    {
        foreach (var (key, value) in spec.NodeSelector)
            if (!node.Metadata.Labels.TryGetValue(key, out var found) || found != value) return false;
        return spec.Affinity?.NodeAffinity?.RequiredDuringSchedulingIgnoredDuringExecution is not { } required || Matches(required, node);
    }
}
