using System.Net;
using System.Net.NetworkInformation;
using Gureum.Network.Netlink;
using Gureum.Network.Tests.Support;

namespace Gureum.Network.Tests.Netlink;

public sealed class RouteNetlinkTests : IDisposable
{
    private readonly TestNode _node = new(setup: false);
    private readonly RouteNetlink _links;

    public RouteNetlinkTests() => _links = new RouteNetlink(_node.Space);

    public void Dispose()
    {
        _links.Dispose();
        _node.Dispose();
    }

    [Fact]
    public void CreateBridge_WithMacAndMtu_IsReportedSo()
    {
        _links.CreateBridge("br7", PhysicalAddress.Parse("026700000001"), 1400, filterBridged: true);
        var bridge = _links.GetLink("br7");
        Assert.Equal(("bridge", 1400, "026700000001", false), (bridge.Kind, bridge.Mtu, bridge.Mac.ToString(), bridge.Up));
    }

    [Fact]
    public void CreateVeth_WithPeerNamespace_PutsPeerThere()
    {
        var other = _node.NewSpace("other");
        _links.CreateVeth("near", "far", other, 1300, peerMac: PhysicalAddress.Parse("026700000002"));
        using var inside = new RouteNetlink(other);
        Assert.Null(_links.FindLink("far"));
        var far = inside.GetLink("far");
        Assert.Equal((1300, "026700000002"), (far.Mtu, far.Mac.ToString()));
        Assert.True(_links.DeleteLink("near"));
        Assert.Null(inside.FindLink("far"));
    }

    [Fact]
    public void SetRoute_Unreachable_IsListedAndDeleted()
    {
        var route = new Route(IPNetwork.Parse("10.9.0.0/16"), Kind: RouteKind.Unreachable, Metric: 77);
        _links.SetRoute(route);
        Assert.Equal(route, Assert.Single(_links.ListRoutes(onlyOurs: true), r => r.Destination.BaseAddress.ToString() == "10.9.0.0"));
        Assert.True(_links.DeleteRoute(route));
        Assert.False(_links.DeleteRoute(route));
    }

    [Fact]
    public void AddAddress_Twice_IsFineAndRemovable()
    {
        var address = InterfaceAddress.Parse("10.8.0.1/24");
        _links.CreateBridge("br7");
        _links.AddAddress("br7", address);
        _links.AddAddress("br7", address);
        Assert.Equal([address], _links.ListAddresses("br7"));
        Assert.True(_links.RemoveAddress("br7", address));
        Assert.False(_links.RemoveAddress("br7", address));
    }

    [Fact]
    public void CreateVxlan_WithForwarding_ListsEntries()
    {
        _links.AddAddress("lo", InterfaceAddress.Parse("10.7.0.1/32"));
        _links.CreateVxlan("vx7", new VxlanOptions(7, IPAddress.Parse("10.7.0.1")));
        var flood1 = new Forwarding(PhysicalAddress.Parse("000000000000"), IPAddress.Parse("10.7.0.2"));
        var flood2 = flood1 with { Endpoint = IPAddress.Parse("10.7.0.3") };
        var host = new Forwarding(PhysicalAddress.Parse("026700000009"), IPAddress.Parse("10.7.0.2"));
        foreach (var entry in new[] { flood1, flood2, host }) _links.AddForwarding("vx7", entry);
        var listed = _links.ListForwarding("vx7");
        Assert.All(new[] { flood1, flood2, host }, entry => Assert.Contains(entry, listed));
        Assert.True(_links.DeleteForwarding("vx7", host));
        Assert.False(_links.DeleteForwarding("vx7", host));
        var neighbour = new Neighbour(IPAddress.Parse("10.7.1.0"), PhysicalAddress.Parse("026700000009"));
        _links.SetNeighbour("vx7", neighbour);
        Assert.Contains(neighbour, _links.ListNeighbours("vx7"));
    }

    [Fact]
    public void SetMaster_AndHairpin_ShowOnThePort()
    {
        _links.CreateBridge("br7");
        _links.CreateVeth("port", "end", _node.NewSpace("end"));
        _links.SetMaster("port", "br7");
        _links.SetHairpin("port", true);
        _links.SetAlias("port", "pod a/b");
        var port = _links.GetLink("port");
        Assert.Equal((_links.GetLink("br7").Index, "pod a/b"), (port.Master, port.Alias));
        Assert.Contains("hairpin on", TestNode.Run("nsenter", $"--net={_node.Space.Path} bridge -d link show dev port"), StringComparison.Ordinal);
    }

    [Fact]
    public void GetLink_Absent_SaysWhatAndErrno()
    {
        var error = Assert.Throws<NetlinkException>(() => _links.SetUp("nothere"));
        Assert.Equal(19, error.Errno);
        Assert.Contains("nothere", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void SetRoute_ThroughUnknownGateway_ExplainsRefusal()
    {
        var error = Assert.Throws<NetlinkException>(() => _links.SetRoute(new Route(IPNetwork.Parse("10.1.0.0/16"), IPAddress.Parse("10.2.3.4"))));
        Assert.Contains("10.1.0.0/16 via 10.2.3.4", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Run_InNamespace_LeavesTheCallersThreadAlone()
    {
        var before = File.ReadAllText("/proc/thread-self/net/dev");
        var inside = _node.Space.Run(() => File.ReadAllText("/proc/thread-self/net/dev"));
        Assert.NotEqual(before.Count(c => c == '\n'), inside.Count(c => c == '\n'));
        Assert.Equal(before.Count(c => c == '\n'), File.ReadAllText("/proc/thread-self/net/dev").Count(c => c == '\n'));
    }
}
