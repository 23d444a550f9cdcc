using System.Globalization;
using Gureum.Client;
using Gureum.Objects.Kubevirt.V1;
using Gureum.OpenStack.Objects;

namespace Gureum.OpenStack.Compute;

/// <summary>Writes down when a server first ran: a VirtualMachine that is off does not tell whether it ever did, and Nova's clients must know.</summary>
internal sealed class LaunchRecorder
{
    private readonly Cloud cloud;
    private readonly ApiClient door;
    private readonly Reconciler<ObjectKey> reconciler;

    internal LaunchRecorder(Cloud cloud, ApiClient door, TimeProvider time)
    {
        (this.cloud, this.door) = (cloud, door);
        var queue = new WorkQueue<ObjectKey>(time);
        reconciler = new Reconciler<ObjectKey>("openstack-launches", queue, RecordAsync);
        cloud.Informers.Get<VirtualMachineInstance>().AddHandler((_, current) => { if (current is { Status.Phase: "Running" }) queue.Add(new ObjectKey(current.Metadata.Namespace, current.Metadata.Name!)); });
    }

    internal Task RunAsync(CancellationToken cancel) => reconciler.RunAsync(cancel);

    private async Task RecordAsync(ObjectKey key, CancellationToken cancel)
    {
        if (cloud.Instances.Get(key.Namespace, key.Name)?.Status.PhaseTransitionTimestamps.FirstOrDefault(static t => t.Phase == "Running")?.PhaseTransitionTimestamp is not { } since) return;
        if (cloud.Machines.Get(key.Namespace, key.Name) is not { Metadata.DeletionTimestamp: null } machine || !machine.Metadata.Annotations.ContainsKey(ServerNames.Flavor) || machine.Metadata.Annotations.ContainsKey(ServerNames.Launched)) return;
        try
        {
            await cloud.Machines.ChangeAsync(door, machine, m => m with { Metadata = m.Metadata with { Annotations = new Dictionary<string, string>(m.Metadata.Annotations) { [ServerNames.Launched] = since.UtcDateTime.ToString("O", CultureInfo.InvariantCulture) } } }, cancel);
        }
        catch (ApiException e) when (e.IsNotFound) { /* deleted meanwhile */ }
    }
}
