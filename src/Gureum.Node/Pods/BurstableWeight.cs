using Gureum.Client;
using Gureum.Node.Cgroups;
using Gureum.Objects.Core.V1;

namespace Gureum.Node.Pods;

/// <summary>
/// Keeps the weight of all burstable pods together at the sum of what they ask for, so that guaranteed pods beside them get theirs
/// and no more (https://kubernetes.io/docs/concepts/workloads/pods/pod-qos/).
/// </summary>
internal static class BurstableWeight
{
    internal static void Follow(Informer<Pod> pods, CgroupTree cgroups)
    {
        long? written = null;
        // Handlers run one after the other.
        pods.AddHandler((_, _) =>
        {
            var shares = Of(pods.List());
            if (shares == written) return;
            try { cgroups.SetBurstableShares(shares); }
            catch (CgroupException e) { Log.Current.Warn("pods", e.Message); }
            written = shares;
        });
    }

    /// <summary>The shares of those burstable pods that have not ended. Pure.</summary>
    internal static long Of(IEnumerable<Pod> pods) =>
        pods.Where(p => PodResources.Quality(p) == PodQos.Burstable && p.Status.Phase is not ("Succeeded" or "Failed")).Sum(p => PodResources.Total(p).CpuShares ?? 0);
}
