using Gureum.Objects.Core.V1;
using Gureum.Objects.Meta.V1;
using Gureum.Objects.Selectors;

namespace Gureum.Scheduler.Snapshots;

/// <summary>A term of pod affinity or anti-affinity, its selectors parsed once (immutable).</summary>
public sealed class AffinityTerm
{
    private readonly Selector selector;
    private readonly Selector? namespaces;
    private readonly string[] names;

    private AffinityTerm(string topologyKey, Selector selector, Selector? namespaces, string[] names, int weight) =>
        (TopologyKey, this.selector, this.namespaces, this.names, Weight) = (topologyKey, selector, namespaces, names, weight);

    public string TopologyKey { get; }

    /// <summary>1 to 100 for a preference, 0 for a demand.</summary>
    public int Weight { get; }

    /// <summary>True when the other pod is one that this term speaks of.</summary>
    public bool Matches(PodInfo other, IClusterView view)
    {
        if (!selector.Matches(other.Labels)) return false;
        if (Array.IndexOf(names, other.Namespace) >= 0) return true;
        return namespaces is not null && (namespaces.IsEverything || namespaces.Matches(view.NamespaceLabels(other.Namespace)));
    }

    internal static AffinityTerm[] Required(IReadOnlyList<PodAffinityTerm>? terms, Pod pod)
    {
        if (terms is null || terms.Count == 0) return [];
        var result = new AffinityTerm[terms.Count];
        for (var i = 0; i < result.Length; i++) result[i] = Parse(terms[i], pod, 0);
        return result;
    }

    internal static AffinityTerm[] Preferred(IReadOnlyList<WeightedPodAffinityTerm>? terms, Pod pod, int sign)
    {
        if (terms is null || terms.Count == 0) return [];
        var result = new AffinityTerm[terms.Count];
        for (var i = 0; i < result.Length; i++) result[i] = Parse(terms[i].PodAffinityTerm ?? PodAffinityTerm.Empty, pod, sign * (terms[i].Weight ?? 0));
        return result;
    }

    private static AffinityTerm Parse(PodAffinityTerm term, Pod pod, int weight)
    {
        // matchLabelKeys narrow the selector to (or away from) this pod's own values, such as its template's hash.
        var selector = Selector.From(term.LabelSelector);
        if (term.LabelSelector is not null && term.MatchLabelKeys.Count + term.MismatchLabelKeys.Count > 0)
        {
            var requirements = selector.Requirements.ToList();
            foreach (var key in term.MatchLabelKeys)
                if (pod.Metadata.Labels.TryGetValue(key, out var value)) requirements.Add(new Requirement(key, SelectorOperator.In, [value]));
            foreach (var key in term.MismatchLabelKeys)
                if (pod.Metadata.Labels.TryGetValue(key, out var value)) requirements.Add(new Requirement(key, SelectorOperator.NotIn, [value]));
            selector = new Selector(requirements);
        }
        var own = term.Namespaces.Count == 0 && term.NamespaceSelector is null;
        return new AffinityTerm(term.TopologyKey ?? "", selector, term.NamespaceSelector is { } ns ? Selector.From(ns) : null,
            own ? [pod.Metadata.Namespace ?? ""] : [.. term.Namespaces], weight);
    }
}
