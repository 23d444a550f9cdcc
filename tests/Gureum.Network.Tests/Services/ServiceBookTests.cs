using CsCheck;
using Gureum.Network.Nftables;
using Gureum.Network.Services;
using Gureum.Network.Tests.Support;
using static Gureum.Network.Tests.Support.ServiceSamples;

namespace Gureum.Network.Tests.Services;

public sealed class ServiceBookTests
{
    private readonly RuleBook<ServiceKey> _book = new(Options.Table);

    [Fact]
    public void Change_OneOfMany_NamesOnlyThatOne()
    {
        for (var i = 0; i < 100; i++) Enter(Service($"s{i}", $"10.96.2.{i}", Port(80, End("10.244.0.5"))));
        var commands = Enter(Service("s7", "10.96.2.7", Port(80, End("10.244.0.6"))));
        Assert.All(commands.Split('\n', StringSplitOptions.RemoveEmptyEntries), line => Assert.Matches("shop/s7/|10.244.0.[56] . 10.244.0.[56]", line));
        Assert.DoesNotContain("10.244.0.5", commands, StringComparison.Ordinal); // still claimed by the other 99
    }

    [Fact]
    public void Change_ToTheSame_IsEmpty()
    {
        Enter(Web(End("10.244.0.5")));
        Assert.Equal("", Enter(Web(End("10.244.0.5"))));
    }

    [Fact]
    public void Change_TwoClaimANodePort_FirstNameWinsAndTheOtherInherits()
    {
        Enter(Service("b", "10.96.2.2", Port(80, End("10.244.0.5"))).OnNodePort(30080));
        Assert.Contains("node-ports { tcp . 30080 : goto ext-", Enter(Service("a", "10.96.2.1", Port(80, End("10.244.0.6"))).OnNodePort(30080)), StringComparison.Ordinal);
        var commands = _book.Change([new(new ServiceKey("shop", "a"), OwnedRules.None)]);
        Assert.Matches("add element ip gureum-services node-ports { tcp . 30080 : goto ext-[0-9a-f]+-shop/b/", commands);
    }

    /// <summary>Any history of changes leaves the kernel with what a replacement of the table would.</summary>
    [Fact]
    public void Change_AnyHistory_EqualsAFreshTable()
    {
        using var node = new TestNode(setup: false);
        var options = Options with { Namespace = node.Space };
        var step = Gen.Select(Gen.Int[0, 3], Gen.Int[0, 3], Gen.Int[0, 2], Gen.Int[0, 15]);
        step.Array[1, 12].Sample(steps =>
        {
            var proxy = new ServiceProxy(options);
            proxy.Replace([]);
            var now = new Dictionary<ServiceKey, ServiceSpec>();
            foreach (var (name, endpoints, nodePort, flags) in steps)
            {
                var service = Service($"s{name}", $"10.96.3.{name / 2 + 1}", Port(80, [.. Enumerable.Range(0, endpoints).Select(e => End($"10.244.0.{e + 2}", node: e == 0 ? "there" : "here"))]))
                    .OnNodePort((ushort)(nodePort == 0 ? 0 : 30000 + nodePort)) with
                {
                    Affinity = (flags & 1) != 0 ? TimeSpan.FromSeconds(10 + endpoints) : null, InternalLocal = (flags & 2) != 0, ExternalLocal = (flags & 4) != 0,
                };
                if (flags >= 12) { proxy.Apply([], [service.Key]); now.Remove(service.Key); }
                else { proxy.Apply([service], []); now[service.Key] = service; }
            }
            var byHistory = Listing(node);
            proxy.Replace(now.Values);
            Assert.Equal(byHistory, Listing(node));
        }, iter: 25, threads: 1);
    }

    private static string Listing(TestNode node) => string.Join('\n', node.Nft($"list table ip {Options.Table}")
        .Split("\tchain ").SelectMany((part, i) => i == 0 ? part.Split(['\n', ',']).Select(l => l.Trim()) : [part.TrimEnd('\n', '}', '\t')]).Order(StringComparer.Ordinal));

    private string Enter(ServiceSpec service) => _book.Change([new(service.Key, ServiceRenderer.Render(service, Options))]);
}
