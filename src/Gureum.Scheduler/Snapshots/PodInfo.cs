using Gureum.Client;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Placement;

namespace Gureum.Scheduler.Snapshots;

/// <summary>A pod with all that scheduling reads from it worked out once (immutable).</summary>
public sealed class PodInfo
{
    public PodInfo(Pod pod)
    {
        Pod = pod;
        Key = ObjectKey.Of(pod.Metadata);
        Uid = pod.Metadata.Uid ?? "";
        Requests = Resources.OfPod(pod.Spec);
        ScoredRequests = Resources.ForScores(pod.Spec, Requests);
        foreach (var owner in pod.Metadata.OwnerReferences)
            if (owner.Controller == true) OwnerUid = owner.Uid;
        HostPorts = HostPort.Of(pod.Spec);
        var affinity = pod.Spec.Affinity;
        Affinity = AffinityTerm.Required(affinity?.PodAffinity?.RequiredDuringSchedulingIgnoredDuringExecution, pod);
        AntiAffinity = AffinityTerm.Required(affinity?.PodAntiAffinity?.RequiredDuringSchedulingIgnoredDuringExecution, pod);
        var liked = AffinityTerm.Preferred(affinity?.PodAffinity?.PreferredDuringSchedulingIgnoredDuringExecution, pod, 1);
        var disliked = AffinityTerm.Preferred(affinity?.PodAntiAffinity?.PreferredDuringSchedulingIgnoredDuringExecution, pod, -1);
        Preferred = disliked.Length == 0 ? liked : [.. liked, .. disliked];
        foreach (var volume in pod.Spec.Volumes)
            if (volume.PersistentVolumeClaim is not null || volume.Ephemeral is not null) HasClaims = true;
    }

    public Pod Pod { get; }
    public ObjectKey Key { get; }
    public string Uid { get; }
    public string Namespace => Key.Namespace;
    public IReadOnlyDictionary<string, string> Labels => Pod.Metadata.Labels;
    public string NodeName => Pod.Spec.NodeName ?? "";
    public int Priority => Pod.Spec.Priority ?? 0;
    public bool IsTerminating => Pod.Metadata.DeletionTimestamp is not null;
    public string? OwnerUid { get; }
    public Resources Requests { get; }
    public Resources ScoredRequests { get; }
    public HostPort[] HostPorts { get; }
    public AffinityTerm[] Affinity { get; }
    public AffinityTerm[] AntiAffinity { get; }

    /// <summary>Preferences; those of anti-affinity carry a negative weight.</summary>
    public AffinityTerm[] Preferred { get; }
    public bool HasClaims { get; }
    internal bool HasAnyAffinity => Affinity.Length + AntiAffinity.Length + Preferred.Length > 0;

    /// <summary>The same pod on a node.</summary>
    public PodInfo On(string node) => new(Pod with { Spec = Pod.Spec with { NodeName = node } });
}
