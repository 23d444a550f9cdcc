using Gureum.Objects.Core.V1;

namespace Gureum.Node.Pods;

/// <summary>
/// Brings one kind of pod about: containers through CRI, machines through libvirt. A pod's worker calls one member at a
/// time; the same call again must be harmless.
/// </summary>
public interface IPodRuntime
{
    /// <summary>One step towards what the pod's spec asks.</summary>
    /// <returns>What the pod is now, and when to look again at the latest.</returns>
    Task<PodStep> SyncAsync(Pod pod, CancellationToken cancel);

    /// <summary>What a step of this pod is busy with at the moment, "pulling image nginx:1"; empty when no step is under way. For people.</summary>
    string Doing(string uid);

    /// <summary>Ends everything that runs, within the grace period, and gives the last status.</summary>
    Task<PodStatus> StopAsync(Pod pod, TimeSpan grace, CancellationToken cancel);

    /// <summary>Removes every trace of a pod that has ended: containers, sandbox, mounts, cgroup, files.</summary>
    Task RemoveAsync(string uid, string ns, string name, CancellationToken cancel);
}

/// <param name="Status">The status to report.</param>
/// <param name="Again">Look again after this time even if nothing is heard; null to wait for news.</param>
public sealed record PodStep(PodStatus Status, TimeSpan? Again);
