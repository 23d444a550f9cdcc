using System.Net;
using Gureum.Network.Netlink;
using Gureum.Network.Pods;
using Gureum.Network.Tests.Support;

namespace Gureum.Network.Tests.Pods;

/// <summary>Two nodes on one wire, each with its range of pods.</summary>
public sealed class OverlayTests : IDisposable
{
    private readonly TestNode _one = new(), _two = new(change: o => o with { PodCidr = IPNetwork.Parse("10.244.1.0/24") });
    private readonly Overlay _here, _there;
    private readonly OverlayPeer _peerOne = new("one", IPNetwork.Parse("10.244.0.0/24"), IPAddress.Parse("192.168.88.1"));
    private readonly OverlayPeer _peerTwo = new("two", IPNetwork.Parse("10.244.1.0/24"), IPAddress.Parse("192.168.88.2"));

    public OverlayTests()
    {
        using (RouteNetlink a = new(_one.Space), b = new(_two.Space))
        {
            a.CreateVeth("wire", "wire", _two.Space);
            a.AddAddress("wire", InterfaceAddress.Parse("192.168.88.1/24"));
            b.AddAddress("wire", InterfaceAddress.Parse("192.168.88.2/24"));
            a.SetUp("wire");
            b.SetUp("wire");
        }
        _here = new Overlay(_one.Options, new VxlanOptions(71, _peerOne.Address));
        _there = new Overlay(_two.Options, new VxlanOptions(71, _peerTwo.Address));
        foreach (var overlay in new[] { _here, _there }) overlay.Setup(1450);
        _there.SetPeers([_peerOne]);
    }

    public void Dispose()
    {
        _here.Dispose();
        _there.Dispose();
        _one.Dispose();
        _two.Dispose();
    }

    [Fact]
    public void SetPeers_PodsOfTwoNodes_SeeEachOthersAddresses()
    {
        TestPod a = _one.NewPod("a"), b = _two.NewPod("b");
        using var server = Traffic.Serve(b.Space, "b", 80);
        Assert.Equal("HostUnreachable", Traffic.Ask(a.Space, b.Address.ToString(), 80));
        _here.SetPeers([_peerTwo]);
        Assert.Equal($"b {a.Address}", Traffic.Ask(a.Space, b.Address.ToString(), 80));
        Assert.Equal("b 10.244.0.1", Traffic.Ask(_one.Space, b.Address.ToString(), 80));
        _here.SetPeers([]);
        Assert.Equal("HostUnreachable", Traffic.Ask(a.Space, b.Address.ToString(), 80));
    }

    [Fact]
    public void SetPeers_WithAMigratedGuest_RoutesItsAddressToItsNewNode()
    {
        var pod = _one.NewPod("a");
        var space = _two.NewSpace("guest");
        var guest = _two.Network.Attach(new AttachRequest("guest", NetworkNamespace: space.Path, Address: IPAddress.Parse("10.244.0.99")));
        using var server = Traffic.Serve(space, "guest", 80);
        _here.SetPeers([_peerTwo with { Guests = [guest.Address] }]);
        Assert.Equal($"guest {pod.Address}", Traffic.Ask(pod.Space, "10.244.0.99", 80));
    }

    [Fact]
    public void SetPeers_AgainAfterARestart_LeavesOnlyThePeersThatAreLeft()
    {
        var gone = new OverlayPeer("gone", IPNetwork.Parse("10.244.7.0/24"), IPAddress.Parse("192.168.88.7"));
        _here.SetPeers([_peerTwo, gone]);
        using var again = new Overlay(_one.Options, new VxlanOptions(71, _peerOne.Address));
        again.Setup(1450);
        again.SetPeers([_peerTwo]);
        using var links = new RouteNetlink(_one.Space);
        Assert.Equal(_peerTwo.Address, Assert.Single(links.ListForwarding(again.Name)).Endpoint);
        Assert.Equal("10.244.1.0", Assert.Single(links.ListNeighbours(again.Name)).Address.ToString());
        Assert.Equal(_peerTwo.PodCidr, Assert.Single(links.ListRoutes(onlyOurs: true), r => r.Link == again.Name).Destination);
        again.Teardown();
        Assert.Null(links.FindLink(again.Name));
    }
}
