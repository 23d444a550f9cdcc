using Gureum.Client;
using Gureum.Network.Pods;
using Gureum.Node.Cgroups;
using Gureum.Node.Runtime;
using Gureum.Objects.Core.V1;

namespace Gureum.Node.Pods;

/// <summary>Removes what an earlier life of this agent left of pods that the API no longer has on this node.</summary>
internal sealed class Leftovers(IContainerRuntime runtime, IPodRuntime pods, CgroupTree cgroups, Informer<Pod> known)
{
    /// <param name="guests">Pods that are virtual machines, which are looked after once the hypervisor is there.</param>
    internal async Task SweepAsync(PodNetwork network, IReadOnlyList<string> guests, CancellationToken cancel)
    {
        var alive = known.List().Select(p => p.Metadata.Uid!).ToHashSet();
        var sandboxes = await runtime.ListSandboxesAsync(null, cancel);
        foreach (var orphan in sandboxes.Where(s => !alive.Contains(s.Identity.Uid)).DistinctBy(s => s.Identity.Uid))
        {
            Log.Current.Info("pods", $"removing {orphan.Identity.Namespace}/{orphan.Identity.Name}, which the API no longer has on this node");
            await pods.RemoveAsync(orphan.Identity.Uid, orphan.Identity.Namespace, orphan.Identity.Name, cancel);
        }
        foreach (var group in cgroups.ListPods())
            if (Path.GetFileName(group)["pod".Length..] is var uid && !alive.Contains(uid) && !guests.Contains(uid)) await cgroups.KillAndDeleteAsync(group, cancel);
        network.Collect(sandboxes.Where(s => alive.Contains(s.Identity.Uid)).Select(s => s.Id).Concat(guests).ToHashSet());
    }
}
