using Gureum.Objects;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Meta.V1;
using Gureum.OpenStack.Placement;

namespace Gureum.OpenStack.Tests;

public sealed class PlacementTests
{
    private static readonly Node Machine = new()
    {
        Metadata = new ObjectMeta { Name = "vm", ResourceVersion = "42", Labels = new Dictionary<string, string> { ["topology.kubernetes.io/zone"] = "a", [ProviderInventory.TraitLabel + "CUSTOM_GOLD"] = "" } },
        Status = new NodeStatus
        {
            NodeInfo = new NodeSystemInfo { Architecture = "amd64" },
            Capacity = new Dictionary<string, Quantity> { ["cpu"] = Quantity.Parse("4"), ["memory"] = Quantity.Parse("8Gi"), ["ephemeral-storage"] = Quantity.Parse("100Gi") },
            Allocatable = new Dictionary<string, Quantity> { ["cpu"] = Quantity.Parse("3"), ["memory"] = Quantity.Parse("7Gi") },
        },
    };

    [Fact]
    public void Of_ANode_IsWhatItsStatusSays()
    {
        var has = ProviderInventory.Of(Machine);
        Assert.Equal(new Inventory(4, 1, 10), has["VCPU"]);
        Assert.Equal(new Inventory(8192, 1024, 1), has["MEMORY_MB"]);
        Assert.Equal(new Inventory(100, 0, 1), has["DISK_GB"]);
        Assert.Equal((30, 3), (has["VCPU"].Capacity, has["VCPU"].Most));
        Assert.Empty(ProviderInventory.Of(new Node()));
    }

    [Fact]
    public void Traits_OfANode_AreItsOwnAndThoseOfItsLabels()
    {
        Assert.Equal(["COMPUTE_IMAGE_TYPE_ISO", "COMPUTE_IMAGE_TYPE_QCOW2", "COMPUTE_IMAGE_TYPE_RAW", "COMPUTE_NODE", "CUSTOM_GOLD", "HW_ARCH_X86_64"], ProviderInventory.Traits(Machine));
        Assert.Contains("COMPUTE_STATUS_DISABLED", ProviderInventory.Traits(Machine with { Spec = new NodeSpec { Unschedulable = true } }));
    }

    [Fact]
    public void Aggregates_OfANode_AreItsZone()
    {
        Assert.Equal(ProviderInventory.Aggregates(Machine), ProviderInventory.Aggregates(Machine with { Status = new NodeStatus() }));
        Assert.Single(ProviderInventory.Aggregates(Machine));
        Assert.Empty(ProviderInventory.Aggregates(new Node()));
        var inOne = new Node { Metadata = new ObjectMeta { Labels = new Dictionary<string, string> { ["aggregate.compute.gureum.io/aggregate-fast"] = "05405e1a-7a3a-4aa5-b412-ea082cd36e32" } } };
        Assert.Equal(["05405e1a-7a3a-4aa5-b412-ea082cd36e32"], ProviderInventory.Aggregates(inOne));
    }
}
