using Gureum.Network.Policies;
using Gureum.Network.Tests.Support;
using static Gureum.Network.Tests.Support.PolicySamples;

namespace Gureum.Network.Tests.Policies;

/// <summary>Golden files in Golden/Policies; set GUREUM_UPDATE_GOLDEN to the Golden folder to write them anew.</summary>
public sealed class PolicyRendererTests
{
    private static readonly Dictionary<string, PolicyChange> _samples = new()
    {
        ["none"] = Cluster(),
        ["deny-ingress"] = Cluster(Ingress("deny", "")),
        ["deny-egress"] = Cluster(Egress("deny", "app=web")),
        ["allow-all"] = Cluster(Ingress("all", "app=web", Rule())),
        ["both-directions"] = Cluster(new PolicySpec(new PolicyKey("shop", "both"), Labelled("app=web"), [Rule(PodsWith("app=client"))], [Rule(PodsOf("team=b"))])),
        ["union-shares-sets"] = Cluster(Ingress("one", "app=web", Rule(PodsWith("app=client")).At(new PolicyPort("tcp", 80))), Ingress("two", "", Rule(PodsWith("app=client")).At(new PolicyPort("udp", 53)))),
        ["peers"] = Cluster(Ingress("peers", "app=web", Rule(PodsWith("app=client"), PodsOf(""), PodsOf("team=b", "app=client")), Rule(PodsWith("")))),
        ["ports"] = Cluster(Ingress("ports", "app=web", Rule().At(new PolicyPort("tcp", 80), new PolicyPort("tcp", 8000, 8080), new PolicyPort("udp"), new PolicyPort("sctp", 7, 7)))),
        ["named-ports"] = Cluster(Ingress("named", "app=web", Rule(PodsWith("app=client")).At(new PolicyPort("tcp", Name: "http"))), Egress("named-out", "app=client", Rule().At(new PolicyPort("tcp", Name: "http")))),
        ["blocks"] = Cluster(Ingress("blocks", "app=web", Rule(Block("10.0.0.0/8", "10.1.0.0/16", "10.1.2.0/24", "10.1.0.0/16", "10.9.0.0/24"), Block("0.0.0.0/0"), Block("0.0.0.0/0", "192.0.2.0/24")))),
        ["blocks-of-the-other-family"] = Cluster(Ingress("six", "app=web", Rule(Block("2001:db8::/32", "2001:db8:1::/48")))),
        ["nobody-selected"] = Cluster(Ingress("nobody", "app=absent", Rule(PodsWith("app=client")))),
        ["long-names"] = Cluster(Ingress(new string('n', 253), "app=web", Rule(PodsWith("app=client"))) with { Key = new PolicyKey("shop", new string('n', 253)) }),
    };

    public static TheoryData<string> Names => [.. _samples.Keys];

    [Theory, MemberData(nameof(Names))]
    public void Everything_Sample_IsAsTheGoldenFile(string name)
    {
        var text = Text(_samples[name]);
        if (Environment.GetEnvironmentVariable("GUREUM_UPDATE_GOLDEN") is { Length: > 0 } folder)
            File.WriteAllText(Path.Combine(folder, "Policies", name + ".nft"), text);
        Assert.Equal(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Golden", "Policies", name + ".nft")), text);
    }

    [Fact]
    public void Golden_EveryFile_HasASample() => Assert.Equal(_samples.Keys.Order(StringComparer.Ordinal),
        Directory.GetFiles(Path.Combine(AppContext.BaseDirectory, "Golden", "Policies")).Select(Path.GetFileNameWithoutExtension).Order(StringComparer.Ordinal));

    [Theory, MemberData(nameof(Names))]
    public void Change_Sample_IsTakenByTheKernelAndLeavesNothing(string name)
    {
        using var node = new TestNode(setup: false);
        var enforcer = new PolicyEnforcer(Options with { Namespace = node.Space });
        var sample = _samples[name];
        enforcer.Replace(sample with { Policies = [] });
        var empty = Listing(node);
        enforcer.Apply(sample);
        var byChange = Listing(node);
        enforcer.Replace(sample);
        Assert.Equal(byChange, Listing(node));
        enforcer.Apply(new PolicyChange { PoliciesGone = [.. sample.Policies.Select(p => p.Key)] });
        Assert.Equal(empty, Listing(node));
        enforcer.Teardown();
        Assert.Equal("", node.Nft("list tables"));
    }

    // In an order of its own: that of chains and elements is the order of the changes.
    internal static string Listing(TestNode node) => node.Nft($"list table bridge {Options.Table}") + string.Join('\n', node.Nft($"list table ip {Options.Table}")
        .Split("\tchain ").SelectMany((part, i) => i == 0 ? part.Split(['\n', ',']).Select(l => l.Trim()) : [part.TrimEnd('\n', '}', '\t')]).Order(StringComparer.Ordinal));

    private static string Text(PolicyChange change)
    {
        var book = new PolicyBook(Options);
        book.Change(change);
        return book.Everything()[PolicyTable.Base(Options).Length..];
    }
}
