using Gureum.Objects.Placement;
using Gureum.Objects.Core.V1;
using Gureum.Scheduler.Snapshots;

namespace Gureum.Scheduler.Filters;

/// <summary>The pod's claims must be bound to volumes that the node reaches, or be such that a volume can be had there.</summary>
public sealed class VolumeBinding : IFilter
{
    public string Name => "VolumeBinding";

    public INodeFilter? Begin(Snapshot snapshot, PodInfo pod)
    {
        if (!pod.HasClaims) return null;
        var ready = new Ready(this, snapshot.View);
        foreach (var name in PodClaims.Names(pod.Pod))
        {
            if (snapshot.View.Claim(pod.Namespace, name) is not { } claim || claim.Metadata.DeletionTimestamp is not null) return new Nowhere(new Rejection(Name, Reasons.ClaimMissing(name), false));
            if (VolumeMatching.IsBound(claim))
            {
                if (snapshot.View.Volume(claim.Spec.VolumeName!) is { } volume) ready.Bound.Add(volume);
                continue;
            }
            if (!PodClaims.WaitsForConsumer(claim, snapshot.View)) return new Nowhere(new Rejection(Name, Reasons.UnboundImmediate, false));
            ready.Waiting.Add(claim);
        }
        return ready;
    }

    private sealed class Nowhere(Rejection refusal) : INodeFilter
    {
        public Rejection? Everywhere => refusal;
        public Rejection? Check(NodeInfo node) => refusal;
    }

    private sealed class Ready(VolumeBinding rule, IClusterView view) : INodeFilter
    {
        internal readonly List<PersistentVolume> Bound = [];
        internal readonly List<PersistentVolumeClaim> Waiting = [];

        public Rejection? Check(NodeInfo node)
        {
            foreach (var volume in Bound)
                if (!VolumeMatching.Reaches(volume, node.Node)) return new Rejection(rule.Name, Reasons.VolumeAffinity, false);
            if (Waiting.Count == 0) return null;
            var taken = new HashSet<string>(StringComparer.Ordinal);
            foreach (var claim in Waiting)
            {
                if (claim.Metadata.Annotations.TryGetValue(VolumeMatching.SelectedNode, out var selected) && selected.Length > 0)
                {
                    if (selected != node.Name) return new Rejection(rule.Name, Reasons.SelectedElsewhere, false);
                    continue;
                }
                if (VolumeMatching.FindVolume(claim, node.Node, view.Volumes(), taken) is { } volume) { taken.Add(volume.Metadata.Name ?? ""); continue; }
                if (!PodClaims.CanProvision(claim, node.Node, view)) return new Rejection(rule.Name, Reasons.NoVolume, false);
            }
            return null;
        }
    }
}
