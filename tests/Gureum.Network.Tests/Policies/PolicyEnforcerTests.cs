using System.Net;
using System.Net.Sockets;
using System.Text;
using Gureum.Network.Netlink;
using Gureum.Network.Nftables;
using Gureum.Network.Pods;
using Gureum.Network.Policies;
using Gureum.Network.Services;
using Gureum.Network.Tests.Support;
using static Gureum.Network.Tests.Support.PolicySamples;

namespace Gureum.Network.Tests.Policies;

/// <summary>Traffic through real rules, between pods of one node.</summary>
public sealed class PolicyEnforcerTests : IDisposable
{
    private const string Dropped = "TimedOut";
    private readonly TestNode _node = new();
    private readonly PolicyEnforcer _enforcer;
    private readonly ServiceProxy _proxy;
    private readonly List<IDisposable> _servers = [];
    private readonly TestPod _web, _client, _stranger;

    public PolicyEnforcerTests()
    {
        _enforcer = new PolicyEnforcer(Options with { Namespace = _node.Space });
        _proxy = new ServiceProxy(ServiceSamples.Options with { Namespace = _node.Space });
        _proxy.Replace([]);
        (_web, _client, _stranger) = (_node.NewPod("web"), _node.NewPod("client"), _node.NewPod("stranger"));
        foreach (var port in (int[])[80, 81, 90]) _servers.Add(Traffic.Serve(_web.Space, $"web{port}", port));
        _servers.Add(Traffic.ServeUdp(_web.Space, "web53", 53));
        _enforcer.Replace(new PolicyChange
        {
            Namespaces = [("shop", Labels("team=a")), ("other", Labels("team=b"))],
            Pods = [PodOf(_web, "app=web", new NamedPort("http", "tcp", 80)), PodOf(_client, "app=client"), PodOf(_stranger, "app=client") with { Namespace = "other" }],
        });
    }

    public void Dispose()
    {
        _servers.ForEach(s => s.Dispose());
        _node.Dispose();
    }

    [Theory, InlineData("0"), InlineData("1")]
    public void Deny_PodsOfOneNode_AreKeptApartAndThenNot(string bridgeFilter)
    {
        _node.Space.Run(() => File.WriteAllText("/proc/sys/net/bridge/bridge-nf-call-iptables", bridgeFilter));
        Assert.Equal($"web80 {_client.Address}", Ask(_client));
        Put(Ingress("deny", "app=web"));
        Assert.Equal(Dropped, Ask(_client));
        // The node's own probes, and what the pod asks of others.
        Assert.Equal("web80 10.244.0.1", Traffic.Ask(_node.Space, _web.Address.ToString(), 80));
        _servers.Add(Traffic.Serve(_client.Space, "client", 80));
        Assert.Equal($"client {_web.Address}", Traffic.Ask(_web.Space, _client.Address.ToString(), 80));
        _enforcer.Apply(new PolicyChange { PoliciesGone = [new PolicyKey("shop", "deny")] });
        Assert.Equal($"web80 {_client.Address}", Ask(_client));
    }

    [Fact]
    public void Ingress_OfSomePodsAndPorts_AdmitsTheseAlone()
    {
        Put(Ingress("some", "app=web", Rule(PodsWith("app=client")).At(new PolicyPort("tcp", 80))), Ingress("more", "app=web", Rule(PodsOf("team=b")).At(new PolicyPort("tcp", 85, 95))));
        Assert.Equal(($"web80 {_client.Address}", Dropped, Dropped), (Ask(_client), Ask(_client, 81), Ask(_client, 90)));
        Assert.Equal((Dropped, Dropped, $"web90 {_stranger.Address}"), (Ask(_stranger), Ask(_stranger, 81), Ask(_stranger, 90)));
    }

    [Fact]
    public void Ingress_ByAPortsName_AdmitsThePortThatThePodGivesIt()
    {
        Put(Ingress("named", "app=web", Rule().At(new PolicyPort("tcp", Name: "http"))));
        Assert.Equal(($"web80 {_client.Address}", Dropped), (Ask(_client), Ask(_client, 81)));
    }

    [Fact]
    public void Ingress_OfABlockExceptSome_AdmitsTheRest()
    {
        Put(Ingress("block", "app=web", Rule(Block("10.244.0.0/24", $"{_client.Address}/32"))));
        Assert.Equal((Dropped, $"web80 {_stranger.Address}"), (Ask(_client), Ask(_stranger)));
    }

    [Fact]
    public void Egress_Denied_KeepsThePodInButLetsItAnswer()
    {
        _servers.Add(Traffic.Serve(_client.Space, "client", 80));
        Put(Egress("stay", "app=web"));
        Assert.Equal(Dropped, Traffic.Ask(_web.Space, _client.Address.ToString(), 80));
        Assert.Equal($"web80 {_client.Address}", Ask(_client));
        Put(Egress("out", "app=web", Rule(PodsWith("app=client")).At(new PolicyPort("tcp", 80))));
        Assert.Equal($"client {_web.Address}", Traffic.Ask(_web.Space, _client.Address.ToString(), 80));
    }

    [Theory, InlineData("0"), InlineData("1")]
    public void Services_OnTheWay_AreSeenThroughOnBothSides(string bridgeFilter)
    {
        _node.Space.Run(() => File.WriteAllText("/proc/sys/net/bridge/bridge-nf-call-iptables", bridgeFilter));
        _proxy.Apply([ServiceSamples.Service("web", "10.96.1.1", ServiceSamples.Port(8000, ServiceSamples.End(_web)))], []);
        Put(Ingress("in", "app=web", Rule(PodsWith("app=client")).At(new PolicyPort("tcp", 80))), Egress("out", "app=client", Rule(PodsWith("app=web")).At(new PolicyPort("tcp", 80))));
        Assert.Equal($"web80 {_client.Address}", Traffic.Ask(_client.Space, "10.96.1.1", 8000));
        Assert.Equal(Dropped, Traffic.Ask(_stranger.Space, "10.96.1.1", 8000));
        // To itself, by its Service and under a policy that lets nothing in or out.
        Put(Ingress("in", "app=web"), Egress("closed", "app=web"));
        Assert.Equal("web80 10.244.0.1", Traffic.Ask(_web.Space, "10.96.1.1", 8000));
        Assert.Equal(Dropped, Traffic.Ask(_client.Space, "10.96.1.1", 8000));
    }

    [Fact]
    public void Udp_Ports_AreToldFromTcp()
    {
        Put(Ingress("udp", "app=web", Rule().At(new PolicyPort("udp", 53))));
        Assert.Equal((Dropped, $"web53 {_client.Address}"), (Ask(_client), Traffic.AskUdp(_client.Space, _web.Address.ToString(), 53)));
        Put(Ingress("udp", "app=web", Rule().At(new PolicyPort("tcp", 53))));
        Assert.Equal("TimedOut", Traffic.AskUdp(_client.Space, _web.Address.ToString(), 53));
    }

    [Fact]
    public void Connection_FromBeforeADeny_GoesOnAndANewOneDoesNotBegin()
    {
        var echo = _web.Space.Run(() => new TcpListener(IPAddress.Any, 7));
        echo.Start();
        _servers.Add(echo);
        using var client = _client.Space.Run(() => new TcpClient(AddressFamily.InterNetwork));
        client.Connect(_web.Address, 7);
        using var server = echo.AcceptTcpClient();
        Put(Ingress("deny", "app=web"));
        client.GetStream().Write("still"u8);
        var buffer = new byte[5];
        server.ReceiveTimeout = 10_000;
        server.GetStream().ReadExactly(buffer);
        Assert.Equal("still", Encoding.ASCII.GetString(buffer));
        Assert.Equal(Dropped, Traffic.Ask(_client.Space, _web.Address.ToString(), 7));
    }

    [Fact]
    public void Neighbours_PastTheNode_AreNotReached()
    {
        Put(Ingress("deny", "app=web"));
        // A pod that has made itself a way to its neighbour, as one with NET_ADMIN can.
        using (var inside = new RouteNetlink(_client.Space))
        {
            inside.SetRoute(new Route(new IPNetwork(_web.Address, 32), null, "eth0", _client.Address));
            inside.SetNeighbour("eth0", new Neighbour(_web.Address, _web.Lease.Mac));
        }
        using (var inside = new RouteNetlink(_web.Space))
        {
            inside.SetRoute(new Route(new IPNetwork(_client.Address, 32), null, "eth0", _web.Address));
            inside.SetNeighbour("eth0", new Neighbour(_client.Address, _client.Lease.Mac));
        }
        Assert.Equal(Dropped, Ask(_client));
        _node.Space.Run(() => File.WriteAllText("/proc/sys/net/bridge/bridge-nf-call-iptables", "0"));
        TestNode.Run("nsenter", $"--net={_node.Space.Path} ip link set gureum0 type bridge nf_call_iptables 0");
        Assert.Equal(Dropped, Ask(_client));
    }

    [Fact]
    public void Admit_OfANewPod_JudgesItBeforeItsFirstPacket()
    {
        Put(Ingress("deny", "app=web"));
        var seen = new List<PodLease>();
        _node.Network.Admit = lease =>
        {
            seen.Add(lease);
            Assert.DoesNotContain(TestNode.Run("nsenter", $"--net={_node.Space.Path} ip -o link"), lease.HostInterface, StringComparison.Ordinal);
            _enforcer.Apply(new PolicyChange { Pods = [Pod(lease.PodName, lease.Address.ToString(), "app=web")] });
        };
        var pod = _node.NewPod("late");
        _servers.Add(Traffic.Serve(pod.Space, "late", 80));
        Assert.Equal(pod.Lease, Assert.Single(seen));
        Assert.Equal(Dropped, Traffic.Ask(_client.Space, pod.Address.ToString(), 80));
    }

    [Fact]
    public void Admit_RefusedByTheKernel_KeepsThePodOffTheNetwork()
    {
        _node.Network.Admit = lease => _enforcer.Apply(new PolicyChange { Pods = [Pod(lease.PodName, lease.Address.ToString(), "app=web")] });
        Put(Ingress("deny", "app=web"));
        using (NftFaults.Arm(commands => commands.Contains("gureum-policies", StringComparison.Ordinal)))
        {
            Assert.Throws<NftException>(() => _node.NewPod("late"));
            Assert.DoesNotContain(_node.Network.Leases, l => l.PodName == "late");
        }
        var address = _node.NewPod("late2").Address;
        Assert.Contains($"{address} : goto in-isolated", _node.Nft("list map ip gureum-policies ingress"), StringComparison.Ordinal);
    }

    [Fact]
    public void Apply_AfterSomeoneFlushedTheTable_MendsItself()
    {
        Put(Ingress("deny", "app=web"));
        _node.Nft("delete table ip gureum-policies");
        Put(Ingress("other", "app=web", Rule(PodsWith("app=client")).At(new PolicyPort("tcp", 81))));
        Assert.Equal((Dropped, $"web81 {_client.Address}", Dropped), (Ask(_client), Ask(_client, 81), Ask(_stranger)));
    }

    private void Put(params PolicySpec[] policies) => _enforcer.Apply(new PolicyChange { Policies = [.. policies] });

    private string Ask(TestPod from, int port = 80) => Traffic.Ask(from.Space, _web.Address.ToString(), port);

    private static PolicyPod PodOf(TestPod pod, string labels, params NamedPort[] ports) => Pod(pod.Lease.PodName, pod.Address.ToString(), labels, ports: ports);
}
