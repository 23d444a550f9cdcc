using System.Net;
using Gureum.Node.Server;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Machines;

namespace Gureum.Node.Machines;

/// <summary>What users of pods get from a pod that is a virtual machine: its console as the log, its ports; no container to go into.</summary>
internal sealed class MachinePods(MachineStore store)
{
    private static readonly TimeSpan ConnectLimit = TimeSpan.FromSeconds(10);

    /// <exception cref="NodeRequestException">400: there is no such log, or not yet.</exception>
    internal LogTarget Find(Pod pod, string container, bool previous)
    {
        var (uid, name) = (pod.Metadata.Uid!, pod.Metadata.Name);
        if (container.Length > 0 && container != MachineNames.Compute) throw new NodeRequestException(400, $"container {container} is not valid for pod {name}");
        // A pod of a machine starts its guest once.
        if (previous) throw new NodeRequestException(400, $"previous terminated container \"{container}\" in pod \"{name}\" not found");
        var file = ConsoleLogs.PathOf(store, uid);
        if (!File.Exists(file))
        {
            var waiting = pod.Status.ContainerStatuses.FirstOrDefault(s => s.Name == MachineNames.Compute)?.State?.Waiting?.Reason ?? "ContainerCreating";
            throw new NodeRequestException(400, store.Find(uid)?.Started is null ? $"container \"{MachineNames.Compute}\" in pod \"{name}\" is waiting to start: {waiting}" : $"the guest of pod \"{name}\" has no serial console");
        }
        return new LogTarget(file, _ => Task.FromResult(store.Find(uid) is { Started: not null, Ended: null }), Raw: true);
    }

    internal static NodeRequestException NoContainer(Pod pod)
    {
        var name = pod.Metadata.OwnerReferences.FirstOrDefault(o => o.Controller == true)?.Name ?? pod.Metadata.Name;
        var more = pod.Metadata.Namespace is "default" ? "" : $" -n {pod.Metadata.Namespace}";
        // No colon with a space behind it: kubectl would read such a sentence as YAML, and show nothing.
        return new NodeRequestException(400, $"pod {pod.Metadata.Name} is a virtual machine and has no containers; use `gureum vm console{more} {name}` or `gureum vm ssh{more} {name}`");
    }

    internal static async Task<Stream> ConnectAsync(Pod pod, int port, CancellationToken cancel)
    {
        if (!IPAddress.TryParse(pod.Status.PodIP, out var address)) throw new NodeRequestException(400, $"pod {pod.Metadata.Namespace}/{pod.Metadata.Name} is not running");
        return await GuestPort.ConnectAsync(address, port, ConnectLimit, cancel);
    }
}
