using Gureum.Controllers.Common;
using Gureum.Controllers.History;
using Gureum.Objects.Apps.V1;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Placement;

namespace Gureum.Controllers.DaemonSets;

/// <summary>Which nodes a daemon belongs on, and its pods there. Pure.</summary>
public static class DaemonPods
{
    private const string NodeNameField = "metadata.name";

    private static readonly (string Key, string Effect)[] Tolerated =
    [
        ("node.kubernetes.io/not-ready", "NoExecute"), ("node.kubernetes.io/unreachable", "NoExecute"), ("node.kubernetes.io/disk-pressure", "NoSchedule"),
        ("node.kubernetes.io/memory-pressure", "NoSchedule"), ("node.kubernetes.io/pid-pressure", "NoSchedule"), ("node.kubernetes.io/unschedulable", "NoSchedule"),
    ];

    /// <summary>Whether a pod should be started on the node, and whether one that runs there may go on.</summary>
    public static (bool Run, bool Continue) Belongs(DaemonSet set, Node node)
    {
        var spec = set.Spec.Template.Spec;
        if (!string.IsNullOrEmpty(spec.NodeName) && spec.NodeName != node.Name()) return (false, false);
        if (!NodeTerms.Wants(spec, node)) return (false, false);
        var tolerations = WithTolerations(spec).Tolerations;
        bool run = true, go = true;
        foreach (var taint in node.Spec.Taints)
        {
            if (Tolerations.Tolerates(tolerations, taint)) continue;
            if (taint.Effect == "NoExecute") (run, go) = (false, false);
            else if (taint.Effect == "NoSchedule") run = false;
        }
        return (run, go);
    }

    /// <summary>The daemon's pod for a node; the scheduler places it by its affinity to the node's name.</summary>
    public static Pod Make(DaemonSet set, string node, string hash)
    {
        var pod = PodControl.FromTemplate(set.Spec.Template, set);
        return pod with
        {
            Metadata = pod.Metadata.WithLabel(ControllerHistory.HashLabel, hash),
            Spec = WithTolerations(pod.Spec) with { Affinity = Pin(pod.Spec.Affinity, node) },
        };
    }

    /// <summary>The node that a daemon's pod is on or meant for.</summary>
    public static string? NodeOf(Pod pod)
    {
        if (!string.IsNullOrEmpty(pod.Spec.NodeName)) return pod.Spec.NodeName;
        foreach (var term in pod.Spec.Affinity?.NodeAffinity?.RequiredDuringSchedulingIgnoredDuringExecution?.NodeSelectorTerms ?? [])
            foreach (var field in term.MatchFields)
                if (field.Key == NodeNameField && field.Operator == "In" && field.Values.Count == 1) return field.Values[0];
        return null;
    }

    // Terms of the template have been judged already: on this one node only its name counts.
    private static Affinity Pin(Affinity? affinity, string node) => (affinity ?? new Affinity()) with
    {
        NodeAffinity = (affinity?.NodeAffinity ?? new NodeAffinity()) with
        {
            RequiredDuringSchedulingIgnoredDuringExecution = new NodeSelector
            {
                NodeSelectorTerms = [new NodeSelectorTerm { MatchFields = [new NodeSelectorRequirement { Key = NodeNameField, Operator = "In", Values = [node] }] }],
            },
        },
    };

    private static PodSpec WithTolerations(PodSpec spec)
    {
        var tolerations = spec.Tolerations.ToList();
        foreach (var (key, effect) in Tolerated) Add(key, effect);
        if (spec.HostNetwork == true) Add("node.kubernetes.io/network-unavailable", "NoSchedule");
        return spec with { Tolerations = tolerations };

        void Add(string key, string effect)
        {
            if (!tolerations.Exists(t => t.Key == key && t.Effect == effect && t.Operator == "Exists")) tolerations.Add(new Toleration { Key = key, Operator = "Exists", Effect = effect });
        }
    }
}
