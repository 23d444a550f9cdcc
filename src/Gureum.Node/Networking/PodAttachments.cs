using Gureum.Network.Pods;
using Gureum.Node.Pods;
using Gureum.Objects.Core.V1;
using PodNetwork = Gureum.Network.Pods.PodNetwork;

namespace Gureum.Node.Networking;

/// <summary>Puts pods of containers on the tenants' networks that they ask for, beside their own. Thread-safe.</summary>
internal sealed class PodAttachments(TenantFollower tenants, PodNetwork network)
{
    /// <summary>Makes what is missing; the sandbox is there, its containers may be.</summary>
    /// <exception cref="PodNotReadyException">A network or port is not there, or could not be wired.</exception>
    internal async Task JoinAsync(Pod pod, string sandbox)
    {
        var wishes = NetworkWish.Of(pod);
        if (wishes.Count == 0 || pod.Spec.HostNetwork == true) return;
        var uid = pod.Metadata.Uid!;
        var space = network.Leases.FirstOrDefault(l => l.ContainerId == sandbox)?.NetworkNamespace ?? throw new PodNotReadyException("NoNetwork", "the pod's network namespace is not known yet");
        foreach (var wish in wishes) tenants.AttachPod(pod, wish, Gureum.Network.Netlink.NetNamespace.At(space));
        try { await tenants.SettleAsync(uid, here: true); }
        catch (PodNetworkException e) { throw new PodNotReadyException("FailedNetworks", e.Message); }
    }

    internal void Leave(string uid) => tenants.Detach(uid);
}
