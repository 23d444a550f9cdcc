using System.Net;
using Gureum.Network.Netlink;
using Gureum.Network.Tenants;
using Gureum.Network.Tests.Support;
using static Gureum.Network.Tests.Support.TenantSamples;

namespace Gureum.Network.Tests.Tenants;

/// <summary>Real packets through real bridges: what is one network, and what is not.</summary>
public sealed class TenantNetworksTests : IAsyncDisposable
{
    private readonly TenantNode _node = new(o => o with { Metadata = (request, _) => Task.FromResult(MetadataAnswer.Text(200, $"{string.Join(',', request.Networks)} {request.Source} {request.Path}")) });

    public ValueTask DisposeAsync() => _node.DisposeAsync();

    private static readonly TenantPort A1 = Guest("a1", "a", "s", "10.0.0.11"), A2 = Guest("a2", "a", "s", "10.0.0.12"), B1 = Guest("b1", "b", "s", "10.0.0.11"), B2 = Guest("b2", "b", "s", "10.0.0.12");

    private static TenantState Two() => TenantState.Empty with
    {
        Networks = [Net("a", 1, Subnet("s", "10.0.0.0/24", "10.0.0.1")), Net("b", 2, Subnet("s", "10.0.0.0/24", "10.0.0.1"))],
        Ports = [A1, A2, B1, B2, Server("a", "s", "10.0.0.2"), Server("b", "s", "10.0.0.2")],
    };

    [Fact]
    public async Task Networks_OfEqualAddresses_DoNotMeet()
    {
        var (a1, a2, b1, b2) = (_node.NewGuest(A1), _node.NewGuest(A2), _node.NewGuest(B1), _node.NewGuest(B2));
        var report = await _node.ApplyAsync(Two());
        Assert.Equal(["a1", "a2", "b1", "b2", "dhcp-a", "dhcp-b"], report.Ports.Order(StringComparer.Ordinal));
        using var one = Traffic.Serve(a2, "a2", 80);
        using var other = Traffic.Serve(b2, "b2", 80);
        Assert.Equal("a2 10.0.0.11", Traffic.Ask(a1, "10.0.0.12", 80));
        Assert.Equal("b2 10.0.0.11", Traffic.Ask(b1, "10.0.0.12", 80));
        other.Dispose();
        Assert.Equal("ConnectionRefused", Traffic.Ask(b1, "10.0.0.12", 80));
    }

    [Fact]
    public async Task Guest_ThatAsksByDhcp_LearnsItsSubnet()
    {
        var a1 = _node.NewGuest(A1, addressed: false);
        var b1 = _node.NewGuest(B1, addressed: false);
        var state = Two();
        state = state with { Ports = [A1, B1, .. state.Ports.Where(p => p.Role == PortRole.Dhcp)], Networks = state.Networks.SetItem(1, Net("b", 2, Subnet("s", "10.0.0.0/24") with { DnsServers = [IPAddress.Parse("192.0.2.53")], Routes = [new SubnetRoute(IPNetwork.Parse("10.9.0.0/16"), IPAddress.Parse("10.0.0.9"))] }) with { Mtu = 1400 }) };
        await _node.ApplyAsync(state);
        var said = _node.AskDhcp(a1);
        Assert.Contains("ip=10.0.0.11", said);
        Assert.Contains("subnet=255.255.255.0", said);
        Assert.Contains("router=10.0.0.1", said);
        Assert.Contains("staticroutes=169.254.169.254/32 10.0.0.2 0.0.0.0/0 10.0.0.1", said);
        Assert.Contains("dns=10.0.0.2", said);
        Assert.Contains("serverid=10.0.0.2", said);
        Assert.Contains("hostname=host-10-0-0-11", said);
        Assert.Contains("domain=openstacklocal", said);
        said = _node.AskDhcp(b1);
        Assert.Contains("ip=10.0.0.11", said);
        Assert.DoesNotContain("router=", said);
        Assert.Contains("staticroutes=169.254.169.254/32 10.0.0.2 10.9.0.0/16 10.0.0.9", said);
        Assert.Contains("dns=192.0.2.53", said);
        Assert.Contains("mtu=1400", said);
    }

    [Fact]
    public async Task Services_OfANetwork_AnswerNamesAndMetadata()
    {
        var a1 = _node.NewGuest(A1);
        await _node.ApplyAsync(Two() with { Ports = [A1, A2 with { HostName = "db", Interface = null }, Server("a", "s", "10.0.0.2")] });
        Assert.Equal("10.0.0.12\n", TenantNode.Inside(a1, "dig", "+short", "@10.0.0.2", "db.openstacklocal"));
        Assert.Equal("10.0.0.12\n", TenantNode.Inside(a1, "dig", "+short", "@10.0.0.2", "host-10-0-0-12.openstacklocal"));
        Assert.Equal("db.openstacklocal.\n", TenantNode.Inside(a1, "dig", "+short", "@10.0.0.2", "-x", "10.0.0.12"));
        Assert.Contains("NXDOMAIN", TenantNode.Inside(a1, "dig", "@10.0.0.2", "nobody.openstacklocal"));
        using (var inside = new RouteNetlink(a1)) inside.SetRoute(new Route(IPNetwork.Parse("169.254.169.254/32"), IPAddress.Parse("10.0.0.2"), "eth0"));
        Assert.Equal("a 10.0.0.11 /openstack", TenantNode.Inside(a1, "curl", "-s", "-m", "5", "http://169.254.169.254/openstack"));
    }

    [Fact]
    public async Task Restart_OfTheAgent_DisturbsNothingAndAdopts()
    {
        var (a1, a2) = (_node.NewGuest(A1), _node.NewGuest(A2));
        await _node.ApplyAsync(Two() with { Ports = [A1, A2, Server("a", "s", "10.0.0.2")] });
        using var server = Traffic.Serve(a2, "a2", 80);
        var before = Indexes();
        await _node.RestartAsync();
        Assert.Equal("a2 10.0.0.11", Traffic.Ask(a1, "10.0.0.12", 80));
        Assert.Equal(new[] { new TenantInterface(A1.Interface!, "shop/a1", true), new TenantInterface(A2.Interface!, "shop/a2", true) }.ToHashSet(), _node.Networks.Interfaces().ToHashSet());
        await _node.ApplyAsync(Two() with { Ports = [A1, A2, Server("a", "s", "10.0.0.2")] });
        Assert.Equal(before, Indexes());
        Assert.Equal("a2 10.0.0.11", Traffic.Ask(a1, "10.0.0.12", 80));
        Assert.Contains("ip=10.0.0.11", _node.AskDhcp(a1));
    }

    [Fact]
    public async Task State_ThatIsEmpty_LeavesNothingButGuestsInterfaces()
    {
        _node.NewGuest(A1);
        await _node.ApplyAsync(Two() with { Ports = [A1, Server("a", "s", "10.0.0.2")] });
        await _node.ApplyAsync(TenantState.Empty);
        Assert.Equal(new[] { "lo", A1.Interface! }.Order(StringComparer.Ordinal), Indexes().Keys.Order(StringComparer.Ordinal));
        _node.Networks.Remove(A1.Interface!);
        Assert.Equal(["lo"], Indexes().Keys);
        Assert.Equal(["tenants"], Directory.EnumerateFiles(_node.Networks.Options.Directory).Select(Path.GetFileName));
    }

    [Fact]
    public async Task Teardown_AfterEverything_LeavesTheNodeAsItWas()
    {
        _node.NewGuest(A1);
        var external = Net("x", 9, Subnet("e", "192.0.2.0/24", "192.0.2.1")) with { External = true };
        await _node.ApplyAsync(Two() with
        {
            Networks = [.. Two().Networks, external], Routers = [new TenantRouter("r", "shop/r", [], true)],
            Ports = [A1, Server("a", "s", "10.0.0.2"), Leg("r", "a", "s", "10.0.0.1"), Leg("r", "x", "e", "192.0.2.10", external: true)],
        });
        await _node.Networks.TeardownAsync();
        using var links = new RouteNetlink(_node.Space);
        Assert.Equal(["lo"], links.ListLinks().Select(l => l.Name));
        Assert.Empty(links.ListRoutes(onlyOurs: true));
        Assert.Equal("", TenantNode.Inside(_node.Space, "nft", "list", "tables"));
        Assert.False(Directory.Exists(_node.Networks.Options.Directory));
    }

    [Fact]
    public async Task Bridge_OfANetwork_HasNoWayToTheNode()
    {
        var a1 = _node.NewGuest(A1, gateway: "10.0.0.1");
        await _node.ApplyAsync(Two() with { Ports = [A1, Server("a", "s", "10.0.0.2")] });
        using (var node = new RouteNetlink(_node.Space)) node.AddAddress("lo", InterfaceAddress.Parse("10.0.0.1/32"));
        using var server = Traffic.Serve(_node.Space, "node", 80);
        Assert.Contains(Traffic.Ask(a1, "10.0.0.1", 80), (string[])["HostUnreachable", "TimedOut"]);
        // The network's own namespace forwards nothing either.
        using (var inside = new RouteNetlink(NetNamespace.At(_node.Tenants))) Assert.DoesNotContain(inside.ListAddresses(), a => a.Address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetwork && !IPAddress.IsLoopback(a.Address));
    }

    private Dictionary<string, int> Indexes()
    {
        using var links = new RouteNetlink(NetNamespace.At(_node.Tenants));
        return links.ListLinks().ToDictionary(l => l.Name, l => l.Index);
    }
}
