using System.Net;
using System.Net.NetworkInformation;
using Gureum.Network.Tenants;
using Gureum.Network.Tests.Support;
using static Gureum.Network.Tests.Support.TenantSamples;

namespace Gureum.Network.Tests.Tenants;

/// <summary>Golden files in Golden/Tenants; set GUREUM_UPDATE_GOLDEN to the Golden folder to write them anew.</summary>
public sealed class TenantRulesTests
{
    private static readonly TenantPort Web = Guest("web", "a", "s", "10.0.0.11", true, "web", "gone");

    private static TenantState State(params SecurityGroup[] groups) => TenantState.Empty with
    {
        Networks = [Net("a", 1, Subnet("s", "10.0.0.0/24", "10.0.0.1")), Net("b", 70_000, Subnet("s", "10.0.0.0/24"))], Ports = [Web, Server("a", "s", "10.0.0.2"), Guest("free", "b", "s", "10.0.0.13")], Groups = [.. groups],
    };

    private static readonly Dictionary<string, Func<string>> _samples = new()
    {
        ["port-without-rules"] = () => Security(State(Group("web"))),
        ["group-of-all-kinds"] = () => Security(State(Group("web", new GroupRule(false), new GroupRule(true, 6, 80, 80), new GroupRule(true, 17, 53, 54, IPNetwork.Parse("10.1.0.0/16")), new GroupRule(true, 1, 8), new GroupRule(true, 1, 3, 4),
            new GroupRule(true, 112, Remote: IPNetwork.Parse("0.0.0.0/0")), new GroupRule(true, 132, 7, 7), new GroupRule(true, 6, 80, 80)))),
        ["remote-group"] = () => Security(State(Group("web", new GroupRule(true, 6, 80, 80, RemoteGroup: "web"), new GroupRule(true, RemoteGroup: "nobody")))),
        ["allowed-pairs"] = () => Security(State(Group("web")) with { Ports = [Web with { Allowed = [new AllowedPair(IPNetwork.Parse("10.0.0.8/29"), null), new AllowedPair(IPNetwork.Parse("10.0.0.99/32"), PhysicalAddress.Parse("02-00-00-00-00-01"))] }] }),
        ["unjudged"] = () => Security(State() with { Ports = [Web with { Secured = false }] }),
        ["router"] = () => Router(true, new FloatingAddress("f", "x", IPAddress.Parse("192.0.2.50"), "a1", IPAddress.Parse("10.0.0.11")), new FloatingAddress("g", "x", IPAddress.Parse("192.0.2.51"), "a1", IPAddress.Parse("10.0.0.11"))),
        ["router-that-shows"] = () => Router(false),
        ["edge"] = () => EdgeRenderer.Render("gureum-tenants", [IPNetwork.Parse("192.0.2.0/24")], [IPNetwork.Parse("10.244.0.0/16"), IPNetwork.Parse("10.96.0.0/16")]),
        ["edge-of-nothing"] = () => EdgeRenderer.Render("gureum-tenants", [], [IPNetwork.Parse("10.244.0.0/16")]),
    };

    public static TheoryData<string> Names => [.. _samples.Keys];

    [Theory, MemberData(nameof(Names))]
    public void Rules_OfASample_AreAsTheGoldenFileAndTakenByTheKernel(string name)
    {
        var text = _samples[name]();
        if (Environment.GetEnvironmentVariable("GUREUM_UPDATE_GOLDEN") is { Length: > 0 } folder) File.WriteAllText(Path.Combine(folder, "Tenants", name + ".nft"), text);
        Assert.Equal(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Golden", "Tenants", name + ".nft")), text);
        using var node = new TestNode(setup: false);
        new Nftables.Nft(node.Space).Apply(text);
    }

    [Fact]
    public void Golden_EveryFile_HasASample() => Assert.Equal(_samples.Keys.Order(StringComparer.Ordinal),
        Directory.GetFiles(Path.Combine(AppContext.BaseDirectory, "Golden", "Tenants")).Select(Path.GetFileNameWithoutExtension).Order(StringComparer.Ordinal));

    // Whatever the way there, the tables are those of the last state.
    [Fact]
    public void Changes_FromStateToState_LeaveWhatEverythingWrites()
    {
        using var node = new TestNode(setup: false);
        var nft = new Nftables.Nft(node.Space);
        var book = new SecurityBook("t");
        TenantState[] states = [State(), State(Group("web", new GroupRule(true, RemoteGroup: "web"))), State(Group("web", new GroupRule(true, 6, 1, 2, RemoteGroup: "other"))), State(Group("web")) with { Ports = [] }, State(Group("web", new GroupRule(true, RemoteGroup: "web"))), TenantState.Empty];
        book.Change(states[0], TenantNetworks.Present(states[0]));
        nft.Apply(book.Everything());
        foreach (var state in states)
        {
            nft.Apply(book.Change(state, TenantNetworks.Present(state)));
            var byChange = Listing(node);
            nft.Apply(book.Everything());
            Assert.Equal(Listing(node), byChange);
        }
    }

    [Fact]
    public void Zones_OfNetworks_DifferAndFit()
    {
        var zones = SecurityTable.ZonesOf([Net("a", 1), Net("b", 65_536), Net("c", 65_535), Net("d", 131_070)]);
        Assert.Equal(4, zones.Values.Distinct().Count());
        Assert.All(zones.Values, z => Assert.InRange(z, 1, 65_535));
        Assert.Equal(1, zones[TenantNames.Bridge("a")]);
    }

    private static string Listing(TestNode node) => string.Join('\n', node.Nft("list ruleset").Split("\tchain ").SelectMany((part, i) => i == 0 ? part.Split(['\n', ',']).Select(l => l.Trim()) : [part.TrimEnd('\n', '}', '\t')]).Order(StringComparer.Ordinal));

    private static string Security(TenantState state)
    {
        var book = new SecurityBook("gureum-tenants");
        book.Change(state, TenantNetworks.Present(state));
        return book.Everything();
    }

    private static string Router(bool snat, params FloatingAddress[] floating)
    {
        var state = TenantState.Empty with
        {
            Networks = [Net("a", 1, Subnet("s", "10.0.0.0/24", "10.0.0.1")), Net("x", 2, Subnet("e", "192.0.2.0/24", "192.0.2.1")) with { External = true }],
            Ports = [Guest("a1", "a", "s", "10.0.0.11"), Leg("r", "a", "s", "10.0.0.1"), Leg("r", "x", "e", "192.0.2.10", external: true)], FloatingAddresses = [.. floating],
        };
        var plan = RouterPlan.Of(new TenantRouter("r", "shop/r", [], snat), state, new Dictionary<string, int> { ["a"] = 1500, ["x"] = 1500 }, "gureum-tenants");
        return plan.Rules;
    }
}
