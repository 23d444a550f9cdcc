using Gureum.Scheduler.Snapshots;

namespace Gureum.Scheduler.Filters;

/// <summary>Required affinity and anti-affinity between pods, those of the pods already running included.</summary>
public sealed class InterPodAffinity : IFilter
{
    public string Name => "InterPodAffinity";

    public INodeFilter? Begin(Snapshot snapshot, PodInfo pod)
    {
        var existing = FindExisting(snapshot, pod);
        if (existing is null && pod.Affinity.Length == 0 && pod.AntiAffinity.Length == 0) return null;
        var ready = new Ready(this, pod, existing);
        if (pod.Affinity.Length + pod.AntiAffinity.Length > 0)
            foreach (var node in snapshot.Nodes) ready.Count(node, snapshot.View);
        ready.SelfMatches = pod.Affinity.Length > 0 && Array.TrueForAll(pod.Affinity, term => term.Matches(pod, snapshot.View));
        return ready;
    }

    // Domains from which a running pod's anti-affinity keeps this one.
    private static HashSet<(string Key, string Value)>? FindExisting(Snapshot snapshot, PodInfo pod)
    {
        HashSet<(string, string)>? found = null;
        foreach (var node in snapshot.Nodes)
        {
            if (!node.HasAntiAffinity) continue;
            foreach (var other in node.Pods)
                foreach (var term in other.AntiAffinity)
                    if (node.Labels.TryGetValue(term.TopologyKey, out var value) && term.Matches(pod, snapshot.View)) (found ??= []).Add((term.TopologyKey, value));
        }
        return found;
    }

    private sealed class Ready : INodeFilter
    {
        private readonly InterPodAffinity rule;
        private readonly PodInfo pod;
        private readonly HashSet<(string, string)>? existing;
        private readonly Dictionary<string, int>[] wanted;
        private readonly HashSet<string>[] avoided;
        private bool anyWanted;

        internal Ready(InterPodAffinity rule, PodInfo pod, HashSet<(string, string)>? existing)
        {
            (this.rule, this.pod, this.existing) = (rule, pod, existing);
            wanted = new Dictionary<string, int>[pod.Affinity.Length];
            for (var i = 0; i < wanted.Length; i++) wanted[i] = new(StringComparer.Ordinal);
            avoided = new HashSet<string>[pod.AntiAffinity.Length];
            for (var i = 0; i < avoided.Length; i++) avoided[i] = new(StringComparer.Ordinal);
        }

        /// <summary>The first pod of a group that wants to be together must start somewhere.</summary>
        internal bool SelfMatches { private get; set; }

        internal void Count(NodeInfo node, IClusterView view)
        {
            foreach (var other in node.Pods)
            {
                // A pod counts for affinity only when it matches all the terms.
                if (pod.Affinity.Length > 0 && Array.TrueForAll(pod.Affinity, term => term.Matches(other, view)))
                    for (var i = 0; i < wanted.Length; i++)
                        if (node.Labels.TryGetValue(pod.Affinity[i].TopologyKey, out var value)) { wanted[i][value] = wanted[i].GetValueOrDefault(value) + 1; anyWanted = true; }
                for (var i = 0; i < avoided.Length; i++)
                    if (node.Labels.TryGetValue(pod.AntiAffinity[i].TopologyKey, out var value) && pod.AntiAffinity[i].Matches(other, view)) avoided[i].Add(value);
            }
        }

        public Rejection? Check(NodeInfo node)
        {
            if (!HasCompany(node)) return new Rejection(rule.Name, Reasons.PodAffinity, false);
            for (var i = 0; i < avoided.Length; i++)
                if (node.Labels.TryGetValue(pod.AntiAffinity[i].TopologyKey, out var value) && avoided[i].Contains(value)) return new Rejection(rule.Name, Reasons.PodAntiAffinity, true);
            if (existing is null) return null;
            foreach (var (key, value) in existing)
                if (node.Labels.TryGetValue(key, out var own) && own == value) return new Rejection(rule.Name, Reasons.ExistingAntiAffinity, true);
            return null;
        }

        private bool HasCompany(NodeInfo node)
        {
            var company = true;
            for (var i = 0; i < wanted.Length; i++)
            {
                if (!node.Labels.TryGetValue(pod.Affinity[i].TopologyKey, out var value)) return false;
                if (!wanted[i].ContainsKey(value)) company = false;
            }
            return company || (!anyWanted && SelfMatches);
        }
    }
}
