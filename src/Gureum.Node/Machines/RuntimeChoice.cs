using Gureum.Node.Pods;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Machines;

namespace Gureum.Node.Machines;

/// <summary>The two rooms behind one seam: pods of containers and pods that are virtual machines, told apart by their runtime class.</summary>
internal sealed class RuntimeChoice(IPodRuntime containers, IPodRuntime machines, MachineStore store) : IPodRuntime
{
    public Task<PodStep> SyncAsync(Pod pod, CancellationToken cancel) => Of(pod).SyncAsync(pod, cancel);

    public string Doing(string uid) => machines.Doing(uid) is { Length: > 0 } busy ? busy : containers.Doing(uid);

    public Task<PodStatus> StopAsync(Pod pod, TimeSpan grace, CancellationToken cancel) => Of(pod).StopAsync(pod, grace, cancel);

    // By what the node has of it: the pod itself may be gone from the API.
    public Task RemoveAsync(string uid, string ns, string name, CancellationToken cancel) => (store.Has(uid) ? machines : containers).RemoveAsync(uid, ns, name, cancel);

    private IPodRuntime Of(Pod pod) => IsMachine(pod) ? machines : containers;

    internal static bool IsMachine(Pod pod) => pod.Spec.RuntimeClassName == MachineNames.RuntimeClass;
}
