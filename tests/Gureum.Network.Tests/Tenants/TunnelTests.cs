using System.Net;
using Gureum.Network.Netlink;
using Gureum.Network.Tenants;
using Gureum.Network.Tests.Support;
using static Gureum.Network.Tests.Support.TenantSamples;

namespace Gureum.Network.Tests.Tenants;

/// <summary>Networks over two nodes, which have a cable between them.</summary>
public sealed class TunnelTests : IAsyncDisposable
{
    private readonly TenantNode _one = new(o => o with { Underlay = IPAddress.Parse("203.0.113.1"), Mtu = 1450 }, "one"), _other = new(o => o with { Underlay = IPAddress.Parse("203.0.113.2"), Mtu = 1450 }, "other");

    public TunnelTests()
    {
        using var one = new RouteNetlink(_one.Space);
        using var other = new RouteNetlink(_other.Space);
        one.CreateVeth("uplink", "uplink", _other.Space);
        one.AddAddress("uplink", InterfaceAddress.Parse("203.0.113.1/24"));
        other.AddAddress("uplink", InterfaceAddress.Parse("203.0.113.2/24"));
        one.SetUp("uplink");
        other.SetUp("uplink");
    }

    public async ValueTask DisposeAsync()
    {
        await _one.DisposeAsync();
        await _other.DisposeAsync();
    }

    private static readonly TenantPort A1 = Guest("a1", "a", "s", "10.0.0.11", true, "all"), A2 = Guest("a2", "a", "s", "10.0.0.12", true, "all"), B1 = Guest("b1", "b", "s", "10.0.0.13");

    private static TenantState State(string peer, params string[] here) => TenantState.Empty with
    {
        Networks = [Net("a", 1, Subnet("s", "10.0.0.0/24", "10.0.0.1")), Net("b", 2, Subnet("s", "10.0.0.0/24", "10.0.0.1"))], Peers = [IPAddress.Parse(peer)],
        Ports = [.. new[] { A1, A2, B1, Server("a", "s", "10.0.0.2"), Server("b", "s", "10.0.0.2") }.Select(p => p with { Interface = here.Contains(p.Id) ? p.Interface : null })],
        Groups = [Group("all", new GroupRule(false), new GroupRule(true, RemoteGroup: "all"))],
    };

    [Fact]
    public async Task Guests_OfTwoNodes_MeetOnTheirNetworkAlone()
    {
        var (a1, a2, b1) = (_one.NewGuest(A1), _other.NewGuest(A2), _other.NewGuest(B1));
        await _one.ApplyAsync(State("203.0.113.2", "a1"));
        await _other.ApplyAsync(State("203.0.113.1", "a2", "b1"));
        using var server = Traffic.Serve(a2, "a2", 80);
        using var stranger = Traffic.Serve(b1, "b1", 80);
        Assert.Equal("a2 10.0.0.11", Traffic.Ask(a1, "10.0.0.12", 80));
        Assert.Contains(Traffic.Ask(a1, "10.0.0.13", 80), (string[])["TimedOut", "HostUnreachable"]);
        // Each node answers its own guests, under the one address.
        Assert.Contains("ip=10.0.0.11", _one.AskDhcp(a1));
        Assert.Contains("ip=10.0.0.12", _other.AskDhcp(a2));
        Assert.Contains("1 received", TenantNode.Inside(a1, "ping", "-c", "1", "-W", "2", "10.0.0.2"));
        Assert.Contains("1 received", TenantNode.Inside(a2, "ping", "-c", "1", "-W", "2", "10.0.0.2"));
    }

    [Fact]
    public async Task Tunnel_WithoutOtherNodes_IsNotThere()
    {
        _one.NewGuest(A1);
        await _one.ApplyAsync(State("203.0.113.2", "a1") with { Peers = [] });
        Assert.DoesNotContain("gx", Links());
        await _one.ApplyAsync(State("203.0.113.2", "a1"));
        Assert.Contains("gx", Links());
        await _one.ApplyAsync(State("203.0.113.2", "a1") with { Peers = [] });
        Assert.DoesNotContain("gx", Links());
    }

    [Fact]
    public async Task Guest_ThatMoves_IsFoundWhereItIs()
    {
        var (a1, a2) = (_one.NewGuest(A1), _other.NewGuest(A2));
        await _one.ApplyAsync(State("203.0.113.2", "a1"));
        await _other.ApplyAsync(State("203.0.113.1", "a2"));
        using (var server = Traffic.Serve(a2, "before", 80)) Assert.Equal("before 10.0.0.11", Traffic.Ask(a1, "10.0.0.12", 80));
        _other.Networks.Remove(A2.Interface!);
        await _other.ApplyAsync(State("203.0.113.1"));
        var moved = _one.NewGuest(A2);
        await _one.ApplyAsync(State("203.0.113.2", "a1", "a2"));
        TenantNode.Inside(moved, "arping", "-c", "1", "-w", "1", "-U", "-I", "eth0", "10.0.0.12");
        using var after = Traffic.Serve(moved, "after", 80);
        Assert.Equal("after 10.0.0.11", Traffic.Ask(a1, "10.0.0.12", 80));
    }

    private string Links()
    {
        using var links = new RouteNetlink(NetNamespace.At(_one.Tenants));
        return string.Join(' ', links.ListLinks().Select(l => l.Name));
    }
}
