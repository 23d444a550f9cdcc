using Gureum.Objects.Core.V1;

namespace Gureum.Controllers.Nodes;

/// <summary>What a node's heartbeats and conditions come to: conditions and taints. Pure.</summary>
public static class NodeHealth
{
    public const string NotReady = "node.kubernetes.io/not-ready", Unreachable = "node.kubernetes.io/unreachable";
    public const string StatusUnknown = "NodeStatusUnknown", NeverUpdated = "NodeStatusNeverUpdated";

    private const string NoSchedule = "NoSchedule", NoExecute = "NoExecute", UnschedulableKey = "node.kubernetes.io/unschedulable";

    private static readonly (string Condition, string Taint)[] Pressures =
    [
        ("MemoryPressure", "node.kubernetes.io/memory-pressure"), ("DiskPressure", "node.kubernetes.io/disk-pressure"),
        ("PIDPressure", "node.kubernetes.io/pid-pressure"), ("NetworkUnavailable", "node.kubernetes.io/network-unavailable"),
    ];

    public static NodeCondition? Find(Node node, string type) => node.Status.Conditions.FirstOrDefault(c => c.Type == type);

    /// <summary>The conditions of a node that went silent: all that the agent used to report becomes Unknown.</summary>
    public static IReadOnlyList<NodeCondition> Silent(Node node, DateTimeOffset now)
    {
        var conditions = node.Status.Conditions.ToList();
        foreach (var type in (string[])["Ready", "MemoryPressure", "DiskPressure", "PIDPressure"])
        {
            var index = conditions.FindIndex(c => c.Type == type);
            if (index < 0)
                conditions.Add(new NodeCondition { Type = type, Status = "Unknown", Reason = NeverUpdated, Message = "Kubelet never posted node status.", LastHeartbeatTime = node.Metadata.CreationTimestamp, LastTransitionTime = now });
            else if (conditions[index].Status != "Unknown")
                conditions[index] = conditions[index] with { Status = "Unknown", Reason = StatusUnknown, Message = "Kubelet stopped posting node status.", LastTransitionTime = now };
        }
        return conditions;
    }

    /// <summary>The taints that the conditions ask for; those of others stay as they are.</summary>
    /// <param name="mayEvict">False holds back a new NoExecute taint: evictions are rate-limited.</param>
    public static IReadOnlyList<Taint> Taints(Node node, bool mayEvict, DateTimeOffset now)
    {
        var wanted = new List<(string Key, string Effect)>();
        switch (Find(node, "Ready")?.Status)
        {
            case "True": break;
            case "Unknown": wanted.Add((Unreachable, NoSchedule)); wanted.Add((Unreachable, NoExecute)); break;
            default: wanted.Add((NotReady, NoSchedule)); wanted.Add((NotReady, NoExecute)); break;
        }
        foreach (var (condition, taint) in Pressures)
            if (Find(node, condition)?.Status == "True") wanted.Add((taint, NoSchedule));
        if (node.Spec.Unschedulable == true) wanted.Add((UnschedulableKey, NoSchedule));
        var result = new List<Taint>();
        foreach (var taint in node.Spec.Taints)
            if (!IsOurs(taint) || wanted.Remove((taint.Key ?? "", taint.Effect ?? ""))) result.Add(taint);
        foreach (var (key, effect) in wanted)
            if (effect != NoExecute || mayEvict) result.Add(new Taint { Key = key, Effect = effect, TimeAdded = now });
        return result;
    }

    /// <summary>True when the node should evict but does not yet.</summary>
    public static bool WantsEviction(Node node) =>
        Find(node, "Ready")?.Status is var ready && ready != "True" && !node.Spec.Taints.Any(t => t.Effect == NoExecute && t.Key == (ready == "Unknown" ? Unreachable : NotReady));

    private static bool IsOurs(Taint taint) => taint.Key is NotReady or Unreachable or UnschedulableKey || Array.Exists(Pressures, p => p.Taint == taint.Key);
}
