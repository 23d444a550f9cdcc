using System.Net;
using Gureum.Client;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Kubevirt.V1;
using Gureum.Objects.Machines;

namespace Gureum.Node.Machines.Migration;

/// <summary>What a node says and knows of guests that come to it. Thread-safe.</summary>
/// <param name="agent">Where this node's agent is reached.</param>
internal sealed class Arrivals(ArrivingGuests guests, IPEndPoint agent, ApiClient client, TimeProvider time)
{
    /// <summary>Whether a pod was made to take in a guest from another node.</summary>
    internal bool IsTarget(Pod pod) => pod.Metadata.Labels.ContainsKey(MachineNames.MigrationJob);

    /// <summary>Whether the migration that the pod was made for is to be prepared for now. One that is prepared already is not wanted again.</summary>
    internal bool IsWanted(VirtualMachineInstance instance, Pod pod) =>
        instance.Status.MigrationState is { Completed: not true } state && state.TargetPod == pod.Metadata.Name && state.TargetNode == pod.Spec.NodeName
        && (state.TargetNodeAddress is not { Length: > 0 } || guests.Find(instance)?.PodUid != pod.Metadata.Uid);

    /// <summary>Whether the pod's migration succeeded. Pure.</summary>
    internal static bool IsOver(VirtualMachineInstance instance, Pod pod) =>
        instance.Status.NodeName == pod.Spec.NodeName && instance.Status.MigrationState is { Completed: true, Failed: not true } state && state.TargetPod == pod.Metadata.Name;

    internal async Task ReadyAsync(VirtualMachineInstance instance, ArrivingGuest guest, CancellationToken cancel)
    {
        guests.EnsureSockets();
        guests.Put(guest);
        await MigrationWrites.ReadyAsync(client, instance, agent.Address.ToString(), agent.Port, cancel);
    }

    internal Task ArrivedAsync(VirtualMachineInstance instance, CancellationToken cancel) =>
        instance.Status.MigrationState is null ? Task.CompletedTask : MigrationWrites.ArrivedAsync(client, instance, time.GetUtcNow(), cancel);

    internal void Forget(string podUid) => guests.Remove(podUid);
}
