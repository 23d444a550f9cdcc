using System.Net;
using Gureum.Network.Netlink;
using Gureum.Network.Tenants;
using Gureum.Network.Tests.Support;
using static Gureum.Network.Tests.Support.TenantSamples;

namespace Gureum.Network.Tests.Tenants;

/// <summary>Routers with real packets: between networks, to the outside, and from there by floating addresses.</summary>
public sealed class RouterTests : IAsyncDisposable
{
    private readonly TenantNode _node = new(o => o with { Metadata = (request, _) => Task.FromResult(MetadataAnswer.Text(200, $"{string.Join(',', request.Networks.Order(StringComparer.Ordinal))} {request.Source}")) });

    public ValueTask DisposeAsync() => _node.DisposeAsync();

    private static readonly TenantPort A1 = Guest("a1", "a", "s", "10.0.0.11"), A2 = Guest("a2", "a", "s", "10.0.0.12"), B1 = Guest("b1", "b", "s", "10.0.1.11");

    private static FloatingAddress Floating(string address, TenantPort port) => new("f-" + address, "x", IPAddress.Parse(address), port.Id, port.Addresses[0].Address);

    private static TenantState Routed(bool snat = true, params FloatingAddress[] floating) => TenantState.Empty with
    {
        Networks =
        [
            Net("a", 1, Subnet("s", "10.0.0.0/24", "10.0.0.1")), Net("b", 2, Subnet("s", "10.0.1.0/24", "10.0.1.1")),
            Net("x", 3, Subnet("e", "192.0.2.0/24", "192.0.2.1")) with { External = true },
        ],
        Ports = [A1, A2, B1, Leg("r", "a", "s", "10.0.0.1"), Leg("r", "b", "s", "10.0.1.1"), Leg("r", "x", "e", "192.0.2.10", external: true)],
        Routers = [new TenantRouter("r", "shop/r", [], snat)], FloatingAddresses = [.. floating],
    };

    private (NetNamespace A1, NetNamespace A2, NetNamespace B1) Guests() =>
        (_node.NewGuest(A1, gateway: "10.0.0.1"), _node.NewGuest(A2, gateway: "10.0.0.1"), _node.NewGuest(B1, gateway: "10.0.1.1"));

    // A machine that the node reaches, with a way back to nothing but the node.
    private NetNamespace Outside()
    {
        var outside = _node.NewSpace("outside");
        using var node = new RouteNetlink(_node.Space);
        using var other = new RouteNetlink(outside);
        node.CreateVeth("uplink", "eth0", outside);
        node.AddAddress("uplink", InterfaceAddress.Parse("198.51.100.2/24"));
        node.SetUp("uplink");
        other.AddAddress("eth0", InterfaceAddress.Parse("198.51.100.1/24"));
        other.SetUp("lo");
        other.SetUp("eth0");
        node.SetRoute(new Route(new IPNetwork(IPAddress.Any, 0), IPAddress.Parse("198.51.100.1"), "uplink"));
        return outside;
    }

    [Fact]
    public async Task Router_BetweenNetworks_PassesBothWays()
    {
        var (a1, _, b1) = Guests();
        var report = await _node.ApplyAsync(Routed());
        Assert.Contains("r", report.Routers);
        using var server = Traffic.Serve(b1, "b1", 80);
        using var other = Traffic.Serve(a1, "a1", 80);
        Assert.Equal("b1 10.0.0.11", Traffic.Ask(a1, "10.0.1.11", 80));
        Assert.Equal("a1 10.0.1.11", Traffic.Ask(b1, "10.0.0.11", 80));
        Assert.Equal("a,b 10.0.0.11", TenantNode.Inside(a1, "curl", "-s", "-m", "5", "http://169.254.169.254/"));
    }

    [Fact]
    public async Task Router_WithAGateway_HidesItsNetworksBehindIt()
    {
        var (a1, _, _) = Guests();
        var outside = Outside();
        await _node.ApplyAsync(Routed());
        using var server = Traffic.Serve(outside, "outside", 80);
        // The node hides the external network in its turn.
        Assert.Equal("outside 198.51.100.2", Traffic.Ask(a1, "198.51.100.1", 80));
        using var near = Traffic.Serve(_node.Space, "node", 80);
        Assert.Equal("node 192.0.2.10", Traffic.Ask(a1, "192.0.2.1", 80));
        // Nobody outside looks in.
        using var inside = Traffic.Serve(a1, "a1", 80);
        using (var node = new RouteNetlink(_node.Space)) node.SetRoute(new Route(IPNetwork.Parse("10.0.0.0/24"), IPAddress.Parse("192.0.2.10"), TenantNames.EdgeHost("x")));
        Assert.Equal("TimedOut", Traffic.Ask(_node.Space, "10.0.0.11", 80));
    }

    [Fact]
    public async Task FloatingAddress_OfAGuest_LeadsToItBothWays()
    {
        var (a1, a2, b1) = Guests();
        await _node.ApplyAsync(Routed(true, Floating("192.0.2.50", A1), Floating("192.0.2.51", B1)));
        using var one = Traffic.Serve(a1, "a1", 80);
        using var other = Traffic.Serve(b1, "b1", 80);
        using var node = Traffic.Serve(_node.Space, "node", 80);
        Assert.Equal("a1 192.0.2.1", Traffic.Ask(_node.Space, "192.0.2.50", 80));
        Assert.Equal("node 192.0.2.50", Traffic.Ask(a1, "192.0.2.1", 80));
        Assert.Equal("node 192.0.2.10", Traffic.Ask(a2, "192.0.2.1", 80));
        // Among guests, with and without one of their own; and to itself.
        Assert.Equal("b1 192.0.2.50", Traffic.Ask(a1, "192.0.2.51", 80));
        Assert.Equal("a1 192.0.2.10", Traffic.Ask(a2, "192.0.2.50", 80));
        Assert.Equal("a1 192.0.2.50", Traffic.Ask(a1, "192.0.2.50", 80));
    }

    [Fact]
    public async Task FloatingAddress_ThatIsTaken_LeadsNowhereAndThenElsewhere()
    {
        var (a1, a2, _) = Guests();
        await _node.ApplyAsync(Routed(true, Floating("192.0.2.50", A1)));
        using var one = Traffic.Serve(a1, "a1", 80);
        using var other = Traffic.Serve(a2, "a2", 80);
        Assert.Equal("a1 192.0.2.1", Traffic.Ask(_node.Space, "192.0.2.50", 80));
        await _node.ApplyAsync(Routed());
        Assert.NotEqual("a1 192.0.2.1", Traffic.Ask(_node.Space, "192.0.2.50", 80));
        await _node.ApplyAsync(Routed(true, Floating("192.0.2.50", A2)));
        Assert.Equal("a2 192.0.2.1", Traffic.Ask(_node.Space, "192.0.2.50", 80));
    }

    [Fact]
    public async Task Router_ThatDoesNotHide_ShowsItsNetworksOutside()
    {
        var (a1, _, _) = Guests();
        await _node.ApplyAsync(Routed(snat: false));
        using var inside = Traffic.Serve(a1, "a1", 80);
        using (var node = new RouteNetlink(_node.Space)) node.SetRoute(new Route(IPNetwork.Parse("10.0.0.0/24"), IPAddress.Parse("192.0.2.10"), TenantNames.EdgeHost("x")));
        Assert.Equal("a1 192.0.2.1", Traffic.Ask(_node.Space, "10.0.0.11", 80));
    }

    [Fact]
    public async Task Cluster_FromATenant_IsNotReached()
    {
        var (a1, _, _) = Guests();
        using (var node = new RouteNetlink(_node.Space)) node.AddAddress("lo", InterfaceAddress.Parse("10.96.0.10/32"));
        await _node.ApplyAsync(Routed());
        using var server = Traffic.Serve(_node.Space, "names", 80);
        Assert.Equal("TimedOut", Traffic.Ask(a1, "10.96.0.10", 80));
    }

    [Fact]
    public async Task ExternalNetwork_OnTheMachinesOwnAddresses_IsKeptOffThem()
    {
        Outside();
        var state = Routed();
        state = state with { Networks = state.Networks.SetItem(2, Net("x", 3, Subnet("e", "198.51.100.0/24", "198.51.100.1")) with { External = true }), Ports = [.. state.Ports.Where(p => p.Role != PortRole.Guest)] };
        var report = await _node.Networks.ApplyAsync(state);
        Assert.Contains(report.Problems, p => p.Contains("overlap", StringComparison.Ordinal));
        using var node = new RouteNetlink(_node.Space);
        Assert.Null(node.FindLink(TenantNames.EdgeHost("x")));
    }

    [Fact]
    public async Task Routes_OfARouter_AreThereAndGoAgain()
    {
        var (_, a2, b1) = Guests();
        using (var inside = new RouteNetlink(a2)) inside.AddAddress("lo", InterfaceAddress.Parse("10.7.0.1/32"));
        var state = Routed();
        await _node.ApplyAsync(state with { Routers = [new TenantRouter("r", "shop/r", [new SubnetRoute(IPNetwork.Parse("10.7.0.0/16"), IPAddress.Parse("10.0.0.12"))], true)] });
        using var server = Traffic.Serve(a2, "a2", 80);
        Assert.Equal("a2 10.0.1.11", Traffic.Ask(b1, "10.7.0.1", 80));
        await _node.ApplyAsync(state);
        Assert.NotEqual("a2 10.0.1.11", Traffic.Ask(b1, "10.7.0.1", 80));
    }
}
