using System.Net;
using System.Net.NetworkInformation;
using Gureum.Network.Netlink;
using Gureum.Network.Tenants;
using Gureum.Network.Tests.Support;
using static Gureum.Network.Tests.Support.TenantSamples;

namespace Gureum.Network.Tests.Tenants;

/// <summary>Security groups and spoofing with real packets.</summary>
public sealed class SecurityTests : IAsyncDisposable
{
    private readonly TenantNode _node = new();

    public ValueTask DisposeAsync() => _node.DisposeAsync();

    private static readonly TenantPort Web = Guest("web", "a", "s", "10.0.0.11", true, "web"), Client = Guest("client", "a", "s", "10.0.0.12", true, "client"), Free = Guest("free", "a", "s", "10.0.0.13");

    private static readonly GroupRule Out = new(Ingress: false);

    private static TenantState State(params SecurityGroup[] groups) => TenantState.Empty with
    {
        Networks = [Net("a", 1, Subnet("s", "10.0.0.0/24", "10.0.0.1"))], Ports = [Web, Client, Free, Server("a", "s", "10.0.0.2")], Groups = [.. groups],
    };

    private (NetNamespace Web, NetNamespace Client, NetNamespace Free) Guests() => (_node.NewGuest(Web), _node.NewGuest(Client), _node.NewGuest(Free));

    [Fact]
    public async Task Groups_AllowWhatTheirRulesSayAndTheAnswers()
    {
        var (web, client, free) = Guests();
        await _node.ApplyAsync(State(Group("web", new GroupRule(true, 6, 80, 81)), Group("client", Out)));
        using var one = Traffic.Serve(web, "web", 80);
        using var two = Traffic.Serve(web, "web", 82);
        using var three = Traffic.Serve(client, "client", 80);
        Assert.Equal("web 10.0.0.12", Traffic.Ask(client, "10.0.0.11", 80));
        Assert.Equal("web 10.0.0.13", Traffic.Ask(free, "10.0.0.11", 80));
        Assert.Equal("TimedOut", Traffic.Ask(client, "10.0.0.11", 82));
        // No rule lets anything in there, and none lets the other speak.
        Assert.Equal("TimedOut", Traffic.Ask(free, "10.0.0.12", 80));
        Assert.Equal("TimedOut", Traffic.Ask(web, "10.0.0.12", 80));
        Assert.Equal("TimedOut", Traffic.Ask(web, "10.0.0.13", 80));
    }

    [Fact]
    public async Task Rules_ThatChange_HoldAtOnce()
    {
        var (web, client, _) = Guests();
        using var server = Traffic.Serve(web, "web", 80);
        await _node.ApplyAsync(State(Group("web"), Group("client", Out)));
        Assert.Equal("TimedOut", Traffic.Ask(client, "10.0.0.11", 80));
        await _node.ApplyAsync(State(Group("web", new GroupRule(true, 6, 80, 80)), Group("client", Out)));
        Assert.Equal("web 10.0.0.12", Traffic.Ask(client, "10.0.0.11", 80));
        await _node.ApplyAsync(State(Group("web", new GroupRule(true, 6, 80, 80, IPNetwork.Parse("10.0.0.13/32"))), Group("client", Out)));
        Assert.Equal("TimedOut", Traffic.Ask(client, "10.0.0.11", 80));
        var all = State(Group("web"), Group("client", Out));
        await _node.ApplyAsync(all with { Ports = [Web with { Secured = false }, .. all.Ports.Skip(1)] });
        Assert.Equal("web 10.0.0.12", Traffic.Ask(client, "10.0.0.11", 80));
    }

    [Fact]
    public async Task RemoteGroup_NamesItsMembersWhereverTheyAre()
    {
        var (web, client, free) = Guests();
        using var server = Traffic.Serve(web, "web", 80);
        var state = State(Group("web", new GroupRule(true, 6, 80, 80, RemoteGroup: "client")), Group("client", Out));
        await _node.ApplyAsync(state);
        Assert.Equal("web 10.0.0.12", Traffic.Ask(client, "10.0.0.11", 80));
        Assert.Equal("TimedOut", Traffic.Ask(free, "10.0.0.11", 80));
        // A port of another node joins the group under the address that the free one has.
        await _node.ApplyAsync(state with { Ports = [.. state.Ports, Guest("far", "a", "s", "10.0.0.13", true, "client") with { Interface = null }] });
        Assert.Equal("web 10.0.0.13", Traffic.Ask(free, "10.0.0.11", 80));
        await _node.ApplyAsync(state);
        Assert.Equal("TimedOut", Traffic.Ask(free, "10.0.0.11", 80));
    }

    [Fact]
    public async Task Icmp_ByItsType_IsAllowed()
    {
        var (_, client, _) = Guests();
        await _node.ApplyAsync(State(Group("web"), Group("client", Out)));
        Assert.DoesNotContain("1 received", TenantNode.Inside(client, "ping", "-c", "1", "-W", "1", "10.0.0.11"));
        await _node.ApplyAsync(State(Group("web", new GroupRule(true, 1, 8)), Group("client", Out)));
        Assert.Contains("1 received", TenantNode.Inside(client, "ping", "-c", "1", "-W", "1", "10.0.0.11"));
        await _node.ApplyAsync(State(Group("web", new GroupRule(true, 1, 13, 0)), Group("client", Out)));
        Assert.DoesNotContain("1 received", TenantNode.Inside(client, "ping", "-c", "1", "-W", "1", "10.0.0.11"));
    }

    [Fact]
    public async Task Spoofing_OfAddressOrCard_IsDropped()
    {
        var (web, client, free) = Guests();
        var everything = State(Group("web", Out, new GroupRule(true)), Group("client", Out, new GroupRule(true)));
        await _node.ApplyAsync(everything);
        using var server = Traffic.Serve(free, "free", 80);
        using (var inside = new RouteNetlink(client)) inside.AddAddress("eth0", InterfaceAddress.Parse("10.0.0.99/24"));
        Assert.Equal("free 10.0.0.12", Traffic.Ask(client, "10.0.0.13", 80));
        Assert.Equal("TimedOut", Traffic.Ask(client, "10.0.0.13", 80, from: "10.0.0.99"));
        // It may not say that the address is its own either.
        Assert.DoesNotContain("Received 1", TenantNode.Inside(free, "arping", "-c", "1", "-w", "1", "-I", "eth0", "10.0.0.99"));
        await _node.ApplyAsync(everything with { Ports = [Web, Client with { Allowed = [new AllowedPair(IPNetwork.Parse("10.0.0.96/28"), null)] }, Free, Server("a", "s", "10.0.0.2")] });
        Assert.Equal("free 10.0.0.99", Traffic.Ask(client, "10.0.0.13", 80, from: "10.0.0.99"));
        using (var inside = new RouteNetlink(web)) inside.SetMac("eth0", PhysicalAddress.Parse("02-00-00-00-00-77"));
        Assert.NotEqual("free 10.0.0.11", Traffic.Ask(web, "10.0.0.13", 80));
    }

    [Fact]
    public async Task Dhcp_IsAnsweredWithoutARule_ButNotByGuests()
    {
        var web = _node.NewGuest(Web, addressed: false);
        await _node.ApplyAsync(State(Group("web")) with { Ports = [Web, Server("a", "s", "10.0.0.2")] });
        Assert.Contains("ip=10.0.0.11", _node.AskDhcp(web));
    }

    [Fact]
    public async Task Tables_SomebodyFlushed_BecomeOursAgain()
    {
        var (web, client, _) = Guests();
        using var server = Traffic.Serve(web, "web", 80);
        await _node.ApplyAsync(State(Group("web"), Group("client", Out)));
        TenantNode.Inside(NetNamespace.At(_node.Tenants), "nft", "flush", "ruleset");
        await _node.ApplyAsync(State(Group("web", new GroupRule(true, 6, 81, 81)), Group("client", Out)));
        Assert.Equal("TimedOut", Traffic.Ask(client, "10.0.0.11", 80));
    }
}
