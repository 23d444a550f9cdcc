using System.Net;
using System.Text;
using Gureum.Network.Netlink;
using Gureum.Network.Nftables;
using Gureum.Network.Services;
using Gureum.Network.Tests.Support;
using static Gureum.Network.Tests.Support.ServiceSamples;

namespace Gureum.Network.Tests.Services;

/// <summary>Golden files in Golden/Services; set GUREUM_UPDATE_GOLDEN to the folder to write them anew.</summary>
public sealed class ServiceRendererTests
{
    private static readonly Dictionary<string, ServiceSpec> _samples = new()
    {
        ["cluster-address-one-endpoint"] = Web(End("10.244.0.5", 8080)),
        ["cluster-address-three-endpoints"] = Web(End("10.244.0.5", 8080), End("10.244.1.5", 8080, "there"), End("10.244.0.6", 8080)),
        ["cluster-address-many-endpoints"] = Web([.. Enumerable.Range(10, 17).Select(i => End($"10.244.1.{i}", 8080, "there"))]),
        ["no-endpoints"] = Web().OnNodePort(30080),
        ["terminating-endpoints-serve-last"] = Web(
            End("10.244.0.5") with { Ready = false, Terminating = true }, End("10.244.0.6") with { Ready = false, Serving = false }),
        ["affinity"] = Web(End("10.244.0.5"), End("10.244.1.5", node: "there")) with { Affinity = TimeSpan.FromHours(3) },
        ["node-port-cluster"] = Web(End("10.244.0.5"), End("10.244.1.5", node: "there")).OnNodePort(30080),
        ["node-port-local"] = Web(End("10.244.0.5"), End("10.244.1.5", node: "there")).OnNodePort(30080) with { ExternalLocal = true },
        ["node-port-local-none-here"] = Web(End("10.244.1.5", node: "there")).OnNodePort(30080) with { ExternalLocal = true },
        ["internal-local"] = Web(End("10.244.0.5"), End("10.244.1.5", node: "there")) with { InternalLocal = true },
        ["internal-local-none-here"] = Web(End("10.244.1.5", node: "there")) with { InternalLocal = true },
        ["load-balancer-with-sources"] = Web(End("10.244.0.5")) with
        {
            LoadBalancerAddresses = Addresses("192.168.9.9"), ExternalAddresses = Addresses("192.168.9.10"), LoadBalancerSources = [IPNetwork.Parse("192.168.77.0/24")],
        },
        ["locally-served"] = Service("kube-dns", "10.96.0.10", Port(53, End("10.244.0.5"))),
        ["several-ports-and-protocols"] = Service("dns", "10.96.1.2", Port(53, End("10.244.0.5", 53)) with { Name = "tcp" },
            Port(53, End("10.244.0.5", 53)) with { Name = "udp", Protocol = "udp" }, Port(99, End("10.244.0.5", 99)) with { Name = "sctp", Protocol = "sctp" }),
    };

    public static TheoryData<string> Names => [.. _samples.Keys];

    [Theory, MemberData(nameof(Names))]
    public void Render_Sample_IsAsTheGoldenFile(string name)
    {
        var text = Describe(ServiceRenderer.Render(_samples[name], Options));
        if (Environment.GetEnvironmentVariable("GUREUM_UPDATE_GOLDEN") is { Length: > 0 } folder)
            File.WriteAllText(Path.Combine(folder, "Services", name + ".nft"), text);
        Assert.Equal(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Golden", "Services", name + ".nft")), text);
    }

    [Fact]
    public void Golden_EveryFile_HasASample() => Assert.Equal(_samples.Keys.Order(StringComparer.Ordinal),
        Directory.GetFiles(Path.Combine(AppContext.BaseDirectory, "Golden", "Services")).Select(Path.GetFileNameWithoutExtension).Order(StringComparer.Ordinal));

    [Theory, MemberData(nameof(Names))]
    public void Render_Sample_IsAcceptedByTheKernel(string name)
    {
        using var node = new TestNode(setup: false);
        var proxy = new ServiceProxy(Options with { Namespace = node.Space });
        proxy.Replace([]);
        proxy.Apply([_samples[name]], []);
        var byChange = node.Nft($"list table ip {Options.Table}");
        proxy.Replace([_samples[name]]);
        Assert.Equal(Sorted(byChange), Sorted(node.Nft($"list table ip {Options.Table}")));
        proxy.Apply([], [_samples[name].Key]);
        var emptied = node.Nft($"list table ip {Options.Table}");
        proxy.Replace([]);
        Assert.Equal(Sorted(emptied), Sorted(node.Nft($"list table ip {Options.Table}")));
    }

    private static IEnumerable<string> Sorted(string listing) => listing.Split(['\n', ',']).Select(l => l.Trim()).Order(StringComparer.Ordinal);

    private static string Describe(OwnedRules rules)
    {
        var text = new StringBuilder();
        foreach (var (name, declaration) in rules.Sets) text.Append($"set {name} {{ {declaration} }}\n");
        foreach (var (name, body) in rules.Chains) text.Append($"chain {name} {{\n  {body.Replace("\n", "\n  ", StringComparison.Ordinal)}\n}}\n");
        foreach (var (element, value) in rules.Elements.OrderBy(e => e.Key.Map, StringComparer.Ordinal).ThenBy(e => e.Key.Key, StringComparer.Ordinal))
            text.Append($"{element.Map}: {element.Key}{(value.Length == 0 ? "" : " : " + value)}\n");
        return text.ToString();
    }
}
