using System.Security.Cryptography;
using System.Text;
using Gureum.Objects;
using Gureum.Objects.Core.V1;
using Gureum.OpenStack.Compute;

namespace Gureum.OpenStack.Placement;

/// <summary>What a provider has of one resource class (https://docs.openstack.org/api-ref/placement/#resource-provider-inventory).</summary>
/// <param name="Reserved">What is kept back for the node itself.</param>
/// <param name="Ratio">How often the same may be given away.</param>
public sealed record Inventory(long Total, long Reserved, double Ratio)
{
    public long Capacity => (long)((Total - Reserved) * Ratio);

    /// <summary>What one consumer may have.</summary>
    public long Most => Math.Max(1, Total - Reserved);
}

/// <summary>Reads Placement's words out of a Node. Pure.</summary>
public static class ProviderInventory
{
    public const string Cpu = "VCPU", Memory = "MEMORY_MB", Disk = "DISK_GB";

    /// <summary>The classes that Nodes have, in the order in which they are shown.</summary>
    public static readonly string[] Classes = [Cpu, Memory, Disk];

    /// <summary>Beginning of labels of a Node that are traits of its own: "trait.placement.gureum.io/CUSTOM_GOLD".</summary>
    public const string TraitLabel = "trait.placement.gureum.io/";

    // A guest's processor asks for a tenth of one, as KubeVirt has it.
    private const double CpuRatio = 10;

    public static IReadOnlyDictionary<string, Inventory> Of(Node node)
    {
        var found = new Dictionary<string, Inventory>(StringComparer.Ordinal);
        void Add(string name, string resource, long unit, double ratio)
        {
            var total = Amount(node.Status.Capacity, resource) / unit;
            var free = node.Status.Allocatable.ContainsKey(resource) ? Amount(node.Status.Allocatable, resource) / unit : total;
            if (total > 0) found[name] = new Inventory(total, Math.Max(0, total - free), ratio);
        }
        Add(Cpu, "cpu", 1, CpuRatio);
        Add(Memory, "memory", 1 << 20, 1);
        Add(Disk, "ephemeral-storage", 1 << 30, 1);
        return found;
    }

    private static long Amount(IReadOnlyDictionary<string, Quantity> amounts, string name) => amounts.TryGetValue(name, out var amount) ? amount.Whole : 0;

    public static IReadOnlyList<string> Traits(Node node)
    {
        var traits = new SortedSet<string>(StringComparer.Ordinal) { "COMPUTE_NODE", "COMPUTE_IMAGE_TYPE_RAW", "COMPUTE_IMAGE_TYPE_QCOW2", "COMPUTE_IMAGE_TYPE_ISO" };
        if (node.Status.NodeInfo?.Architecture is { } architecture) traits.Add(architecture switch { "amd64" => "HW_ARCH_X86_64", "arm64" => "HW_ARCH_AARCH64", var other => "CUSTOM_ARCH_" + other.ToUpperInvariant() });
        if (node.Spec.Unschedulable == true) traits.Add("COMPUTE_STATUS_DISABLED");
        foreach (var label in node.Metadata.Labels.Keys.Where(static k => k.StartsWith(TraitLabel, StringComparison.Ordinal))) traits.Add(label[TraitLabel.Length..]);
        return [.. traits];
    }

    /// <summary>Nova's aggregates that the node is in; nodes of one zone are one as well.</summary>
    public static IReadOnlyList<string> Aggregates(Node node) =>
        [.. Aggregate.UidsOf(node).Order(StringComparer.Ordinal), .. Zones.Of(node) is var zone && zone != Zones.Default ? [new Guid(SHA256.HashData(Encoding.UTF8.GetBytes("zone " + zone))[..16]).ToString()] : (string[])[]];

    /// <summary>Goes up with every change of the Node.</summary>
    public static long Generation(Node node) => long.TryParse(node.Metadata.ResourceVersion, out var revision) ? revision : 0;
}
