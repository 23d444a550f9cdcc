using Gureum.Network.Services;
using Gureum.Network.Tests.Support;
using static Gureum.Network.Tests.Support.ServiceSamples;

namespace Gureum.Network.Tests.Services;

/// <summary>Real packets through real rules: a node, its pods and a machine outside.</summary>
public sealed class ServiceProxyTests : IDisposable
{
    private const string Address = "10.96.1.1", Node = "192.168.77.2";
    private readonly TestNode _node = new();
    private readonly ServiceProxy _proxy;
    private readonly List<IDisposable> _servers = [];

    public ServiceProxyTests()
    {
        _proxy = NewProxy();
        _proxy.Replace([]);
    }

    public void Dispose()
    {
        _servers.ForEach(s => s.Dispose());
        _node.Dispose();
    }

    [Theory, InlineData("0"), InlineData("1")]
    public void ClusterAddress_FromAPodOfTheSameNode_ReachesEveryEndpoint(string bridgeFilter)
    {
        _node.Space.Run(() => File.WriteAllText("/proc/sys/net/bridge/bridge-nf-call-iptables", bridgeFilter));
        var client = _node.NewPod("client");
        TestPod a = Server("a"), b = Server("b");
        _proxy.Apply([Web(End(a), End(b))], []);
        var answers = Enumerable.Range(0, 40).Select(_ => Traffic.Ask(client.Space, Address, 80)).Distinct().Order();
        Assert.Equal([$"a {client.Address}", $"b {client.Address}"], answers);
    }

    [Fact]
    public void ClusterAddress_FromTheNode_IsServed()
    {
        _proxy.Apply([Web(End(Server("a")))], []);
        Assert.Equal("a 10.244.0.1", Traffic.Ask(_node.Space, Address, 80));
    }

    [Theory, InlineData("0"), InlineData("1")]
    public void ClusterAddress_FromItsOnlyEndpoint_ComesBack(string bridgeFilter)
    {
        _node.Space.Run(() => File.WriteAllText("/proc/sys/net/bridge/bridge-nf-call-iptables", bridgeFilter));
        var pod = Server("a");
        _proxy.Apply([Web(End(pod))], []);
        Assert.Equal("a 10.244.0.1", Traffic.Ask(pod.Space, Address, 80));
    }

    [Fact]
    public void ClusterAddress_WithoutEndpoints_IsRefused()
    {
        var client = _node.NewPod("client");
        _proxy.Apply([Web()], []);
        Assert.Equal("ConnectionRefused", Traffic.Ask(client.Space, Address, 80));
        Assert.Equal("ConnectionRefused", Traffic.Ask(_node.Space, Address, 80));
        Assert.Equal("ConnectionRefused", Traffic.Ask(client.Space, "10.96.200.200", 80));
    }

    [Fact]
    public void ClusterAddress_AfterEndpointChanges_FollowsThem()
    {
        var client = _node.NewPod("client");
        TestPod a = Server("a"), b = Server("b");
        _proxy.Apply([Web(End(a))], []);
        Assert.Equal($"a {client.Address}", Traffic.Ask(client.Space, Address, 80));
        _proxy.Apply([Web(End(b))], []);
        Assert.Equal($"b {client.Address}", Traffic.Ask(client.Space, Address, 80));
        _proxy.Apply([], [new ServiceKey("shop", "web")]);
        Assert.Equal("ConnectionRefused", Traffic.Ask(client.Space, Address, 80));
    }

    /// <summary>The way to the API server: a Service whose endpoint is a process of the node.</summary>
    [Theory, InlineData("10.244.0.1"), InlineData(Node)]
    public void ClusterAddress_WithAnEndpointOnTheNodeItself_IsServedToPodsAndNode(string endpoint)
    {
        _node.NewOutside();
        var client = _node.NewPod("client");
        _servers.Add(Traffic.Serve(_node.Space, "api", 6443));
        _proxy.Apply([Web(End(endpoint, 6443))], []);
        Assert.Equal($"api {client.Address}", Traffic.Ask(client.Space, Address, 80));
        Assert.StartsWith("api ", Traffic.Ask(_node.Space, Address, 80), StringComparison.Ordinal);
    }

    [Fact]
    public void ClusterAddress_WithAnEndpointOutside_IsMasqueradedForPodsAndNode()
    {
        var outside = _node.NewOutside();
        var client = _node.NewPod("client");
        _servers.Add(Traffic.Serve(outside, "outside", 443));
        _proxy.Apply([Web(End("192.168.77.1", 443, node: null))], []);
        Assert.Equal($"outside {Node}", Traffic.Ask(client.Space, Address, 80));
        Assert.Equal($"outside {Node}", Traffic.Ask(_node.Space, Address, 80));
    }

    [Fact]
    public void ClusterAddress_WithManyEndpoints_ChoosesByMap()
    {
        var client = _node.NewPod("client");
        var pod = _node.NewPod("many");
        var ports = Enumerable.Range(8000, 20).ToList();
        foreach (var port in ports) _servers.Add(Traffic.Serve(pod.Space, $"p{port}", port));
        _proxy.Apply([Web([.. ports.Select(port => End(pod, (ushort)port))])], []);
        var answers = Enumerable.Range(0, 30).Select(_ => Traffic.Ask(client.Space, Address, 80)).Distinct().ToList();
        Assert.All(answers, answer => Assert.StartsWith("p80", answer, StringComparison.Ordinal));
        Assert.True(answers.Count > 1, "30 connections to 20 endpoints all met the same one");
    }

    [Fact]
    public void InternalLocal_WithoutEndpointHere_DropsAndDoesNotRefuse()
    {
        var client = _node.NewPod("client");
        _proxy.Apply([Web(End("10.244.7.7", node: "there")) with { InternalLocal = true }], []);
        Assert.Equal("TimedOut", Traffic.Ask(client.Space, Address, 80));
    }

    [Fact]
    public void Affinity_SameClient_StaysEvenOverARestart()
    {
        var client = _node.NewPod("client");
        var service = Web(End(Server("a")), End(Server("b")), End(Server("c"))) with { Affinity = TimeSpan.FromHours(1) };
        _proxy.Apply([service], []);
        var first = Traffic.Ask(client.Space, Address, 80);
        Assert.EndsWith(client.Address.ToString(), first, StringComparison.Ordinal);
        for (var i = 0; i < 15; i++) Assert.Equal(first, Traffic.Ask(client.Space, Address, 80));
        NewProxy().Replace([service]);
        for (var i = 0; i < 15; i++) Assert.Equal(first, Traffic.Ask(client.Space, Address, 80));
    }

    [Fact]
    public void NodePort_ClusterPolicy_IsMasqueradedAndServesPodsToo()
    {
        var outside = _node.NewOutside();
        var client = _node.NewPod("client");
        _proxy.Apply([Web(End(Server("a"))).OnNodePort(30080)], []);
        Assert.Equal("a 10.244.0.1", Traffic.Ask(outside, Node, 30080));
        Assert.StartsWith("a ", Traffic.Ask(client.Space, Node, 30080), StringComparison.Ordinal);
        Assert.StartsWith("a ", Traffic.Ask(_node.Space, Node, 30080), StringComparison.Ordinal);
        Assert.Equal("ConnectionRefused", Traffic.Ask(_node.Space, "127.0.0.1", 30080));
        _proxy.Apply([Web().OnNodePort(30080)], []);
        Assert.Equal("ConnectionRefused", Traffic.Ask(outside, Node, 30080));
    }

    [Fact]
    public void NodePort_LocalPolicy_KeepsTheSource()
    {
        var outside = _node.NewOutside();
        _proxy.Apply([Web(End(Server("a"))).OnNodePort(30080) with { ExternalLocal = true }], []);
        Assert.Equal("a 192.168.77.1", Traffic.Ask(outside, Node, 30080));
    }

    [Fact]
    public void NodePort_LocalPolicyWithoutEndpointHere_DropsOutsidersOnly()
    {
        var outside = _node.NewOutside();
        var elsewhere = Server("elsewhere");
        _proxy.Apply([Web(End(elsewhere) with { NodeName = "there" }).OnNodePort(30080) with { ExternalLocal = true }], []);
        Assert.Equal("TimedOut", Traffic.Ask(outside, Node, 30080));
        Assert.StartsWith("elsewhere ", Traffic.Ask(_node.Space, Node, 30080), StringComparison.Ordinal);
    }

    [Fact]
    public void LoadBalancer_WithSourceRanges_AdmitsOnlyThose()
    {
        var outside = _node.NewOutside();
        using (var links = new Gureum.Network.Netlink.RouteNetlink(outside))
        {
            links.AddAddress("eth0", Gureum.Network.Netlink.InterfaceAddress.Parse("192.168.77.99/24"));
            links.SetRoute(new(System.Net.IPNetwork.Parse("192.168.9.0/24"), System.Net.IPAddress.Parse(Node), "eth0"));
        }
        _proxy.Apply([Web(End(Server("a"))) with { LoadBalancerAddresses = Addresses("192.168.9.9"), LoadBalancerSources = [System.Net.IPNetwork.Parse("192.168.77.1/32")] }], []);
        Assert.Equal("a 10.244.0.1", Traffic.Ask(outside, "192.168.9.9", 80, from: "192.168.77.1"));
        Assert.Equal("TimedOut", Traffic.Ask(outside, "192.168.9.9", 80, from: "192.168.77.99"));
    }

    [Fact]
    public void Udp_EndpointReplaced_NextPacketOfTheSameSocketGoesToTheNewOne()
    {
        var client = _node.NewPod("client");
        TestPod a = _node.NewPod("a"), b = _node.NewPod("b");
        _servers.Add(Traffic.ServeUdp(a.Space, "a", 53));
        _servers.Add(Traffic.ServeUdp(b.Space, "b", 53));
        _proxy.Apply([Web(End(a, 53)).OverUdp()], []);
        Assert.Equal($"a {client.Address}", Traffic.AskUdp(client.Space, Address, 80, sourcePort: 5555));
        _proxy.Apply([Web(End(b, 53)).OverUdp()], []);
        Assert.Equal($"b {client.Address}", Traffic.AskUdp(client.Space, Address, 80, sourcePort: 5555));
    }

    [Fact]
    public void Apply_AfterSomeoneFlushedTheTable_MendsItself()
    {
        var client = _node.NewPod("client");
        var pod = Server("a");
        _proxy.Apply([Web(End(pod))], []);
        _node.Nft("delete table ip gureum-services");
        _proxy.Apply([Service("other", "10.96.1.2", Port(80, End(pod)))], []);
        Assert.Equal($"a {client.Address}", Traffic.Ask(client.Space, Address, 80));
    }

    [Fact]
    public void Teardown_LeavesOtherTablesAlone()
    {
        _node.Nft("add table ip users-own");
        _proxy.Teardown();
        Assert.DoesNotContain("gureum-services", _node.Nft("list tables"), StringComparison.Ordinal);
        Assert.Contains("users-own", _node.Nft("list tables"), StringComparison.Ordinal);
    }

    private ServiceProxy NewProxy() => new(Options with { Namespace = _node.Space });

    private TestPod Server(string name)
    {
        var pod = _node.NewPod(name);
        _servers.Add(Traffic.Serve(pod.Space, name, 80));
        return pod;
    }
}
