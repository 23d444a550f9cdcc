using System.Net;
using OverlayPeer = Gureum.Network.Pods.OverlayPeer;
using Gureum.Node.Networking;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Kubevirt.V1;
using Gureum.Objects.Meta.V1;
using NodeObject = Gureum.Objects.Core.V1.Node;

namespace Gureum.Node.Tests.Networking;

public sealed class PeerFollowerTests
{
    private static readonly IPNetwork Cluster = IPNetwork.Parse("10.244.0.0/16");

    [Theory]
    [InlineData("b", "10.244.1.0/24", "192.0.2.2", true)]
    [InlineData("a", "10.244.1.0/24", "192.0.2.2", false)]
    [InlineData("b", "", "192.0.2.2", false)]
    [InlineData("b", "10.244.1.0/24", "", false)]
    [InlineData("b", "10.244.1.0/24", "10.244.1.1", false)]
    public void PeerOf_ANode_IsThereWhenItCanBeReached(string name, string range, string address, bool peer)
    {
        var node = new NodeObject { Metadata = new ObjectMeta { Name = name }, Spec = new NodeSpec { PodCIDR = range }, Status = new NodeStatus { Addresses = [new NodeAddress { Type = "InternalIP", Address = address }] } };
        Assert.Equal(peer ? new OverlayPeer("b", IPNetwork.Parse("10.244.1.0/24"), IPAddress.Parse("192.0.2.2")) : null, PeerFollower.PeerOf(node, "a", Cluster));
    }

    [Fact]
    public void PlaceOf_AnInstance_IsItsAddressOnItsNodeUntilItEnds()
    {
        var instance = new VirtualMachineInstance
        {
            Spec = new VirtualMachineInstanceSpec { Networks = [new Objects.Kubevirt.V1.Network { Name = "tenant", Multus = new MultusNetwork { NetworkName = "n" } }, new Objects.Kubevirt.V1.Network { Name = "default", Pod = new PodNetwork() }] },
            Status = new VirtualMachineInstanceStatus { Phase = "Running", NodeName = "b", Interfaces = [new VirtualMachineInstanceNetworkInterface { Name = "tenant", IpAddress = "10.0.0.9" }, new VirtualMachineInstanceNetworkInterface { Name = "default", IpAddress = "10.244.0.9" }] },
        };
        Assert.Equal((IPAddress.Parse("10.244.0.9"), "b"), PeerFollower.PlaceOf(instance));
        Assert.Null(PeerFollower.PlaceOf(instance with { Status = instance.Status with { Phase = "Succeeded" } }));
        Assert.Null(PeerFollower.PlaceOf(instance with { Status = instance.Status with { NodeName = null } }));
        Assert.Null(PeerFollower.PlaceOf(instance with { Spec = instance.Spec with { Networks = [instance.Spec.Networks[0]] } }));
    }
}
