namespace Gureum.Scheduler.Queue;

/// <summary>What happened in the cluster that may let a waiting pod in.</summary>
public enum ClusterChange { NodeAdded, NodeChanged, PodGone, PodPlaced, Volume, Namespace }

/// <summary>Which changes can help a pod that a rule refused. Pure.</summary>
public static class Hopes
{
    /// <summary>True when the change may alter the verdict of the rule.</summary>
    public static bool May(ClusterChange change, string rule) => change switch
    {
        ClusterChange.NodeAdded or ClusterChange.NodeChanged => true,
        ClusterChange.PodGone => rule is "NodeResourcesFit" or "NodePorts" or "InterPodAffinity" or "PodTopologySpread" or "VolumeBinding",
        ClusterChange.PodPlaced => rule is "InterPodAffinity" or "PodTopologySpread",
        ClusterChange.Volume => rule is "VolumeBinding",
        ClusterChange.Namespace => rule is "InterPodAffinity",
        _ => true,
    };
}
