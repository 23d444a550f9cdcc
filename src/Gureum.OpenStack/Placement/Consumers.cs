using Gureum.Identity;
using Gureum.Objects;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Kubevirt.V1;
using Gureum.Objects.Machines;
using Gureum.OpenStack.Compute;
using Gureum.OpenStack.Objects;
using Gureum.OpenStack.Volumes;

namespace Gureum.OpenStack.Placement;

/// <summary>What somebody has of a provider.</summary>
/// <param name="Id">The server's, the pod's or the volume's.</param>
/// <param name="Type">INSTANCE, POD or VOLUME.</param>
public sealed record Consumer(string Id, string Type, string Provider, string? Project, string User, IReadOnlyDictionary<string, long> Resources);

/// <summary>Who has what: servers and pods what their pods ask for, volumes their size on the node where they are (out of the door's copies).</summary>
public sealed class Consumers(Cloud cloud, VolumeDocument volumes)
{
    public IEnumerable<Consumer> All => Pods.Concat(Volumes);

    private IEnumerable<Consumer> Pods
    {
        get
        {
            foreach (var pod in cloud.Pods.All)
            {
                if (pod.Status.Phase is "Succeeded" or "Failed" || cloud.Nodes.Get(null, pod.Spec.NodeName) is not { } node) continue;
                var instance = pod.Spec.RuntimeClassName == MachineNames.RuntimeClass && pod.Metadata.OwnerReferences.FirstOrDefault(static o => o is { Controller: true, Kind: "VirtualMachineInstance" }) is { } owner ? cloud.Instances.Get(pod.Metadata.Namespace, owner.Name) : null;
                var machine = instance is null ? null : cloud.Machines.Get(instance.Metadata.Namespace, instance.Metadata.Name);
                var asked = pod.Spec.Containers.Aggregate((Cpu: 0L, Memory: 0L), static (sum, c) => (sum.Cpu + Milli(c.Resources?.Requests, "cpu"), sum.Memory + Whole(c.Resources?.Requests, "memory")));
                var resources = new Dictionary<string, long>(StringComparer.Ordinal) { [ProviderInventory.Cpu] = instance is null ? (asked.Cpu + 999) / 1000 : GuestSize.Of(instance.Spec).Processors, [ProviderInventory.Memory] = (asked.Memory + (1 << 20) - 1) >> 20 };
                var used = resources.Where(static r => r.Value > 0).ToDictionary(static r => r.Key, static r => r.Value, StringComparer.Ordinal);
                if (used.Count > 0) yield return new Consumer((machine?.Metadata ?? instance?.Metadata ?? pod.Metadata).Uid!, instance is null ? "POD" : "INSTANCE", node.Metadata.Uid!, Project(pod.Metadata.Namespace), machine is null ? "" : ServerDocument.Note(machine, ServerNames.User) ?? "", used);
            }
        }
    }

    private IEnumerable<Consumer> Volumes
    {
        get
        {
            foreach (var claim in cloud.Claims.All)
                if (claim.Status.Phase == "Bound" && volumes.Host(claim) is { } host && cloud.Nodes.All.FirstOrDefault(n => n.Metadata.Labels.GetValueOrDefault("kubernetes.io/hostname", n.Metadata.Name!) == host) is { } node)
                    yield return new Consumer(VolumeDocument.Id(claim), "VOLUME", node.Metadata.Uid!, Project(claim.Metadata.Namespace), VolumeDocument.Note(claim, VolumeNames.User) ?? "", new Dictionary<string, long> { [ProviderInventory.Disk] = VolumeDocument.Size(claim) });
        }
    }

    private string? Project(string? ns) => cloud.Projects.Get(null, ns) is { } project ? KeystoneNames.Id(project.Metadata.Uid) : null;

    private static long Milli(IReadOnlyDictionary<string, Quantity>? amounts, string name) => amounts is not null && amounts.TryGetValue(name, out var amount) ? amount.Milli : 0;
    private static long Whole(IReadOnlyDictionary<string, Quantity>? amounts, string name) => amounts is not null && amounts.TryGetValue(name, out var amount) ? amount.Whole : 0;

    /// <summary>What is used of a provider, by class.</summary>
    public IReadOnlyDictionary<string, long> UsedOf(string provider) => Sum(All.Where(c => c.Provider == provider));

    internal static IReadOnlyDictionary<string, long> Sum(IEnumerable<Consumer> consumers)
    {
        var sum = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (var (name, amount) in consumers.SelectMany(static c => c.Resources)) sum[name] = sum.GetValueOrDefault(name) + amount;
        return sum;
    }
}
