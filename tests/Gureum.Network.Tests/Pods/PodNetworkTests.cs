using System.Net;
using Gureum.Network.Netlink;
using Gureum.Network.Pods;
using Gureum.Network.Tests.Support;

namespace Gureum.Network.Tests.Pods;

public sealed class PodNetworkTests : IDisposable
{
    private readonly TestNode _node = new();

    public void Dispose() => _node.Dispose();

    [Fact]
    public void Attach_TwoPods_ReachEachOtherAndTheNode()
    {
        TestPod a = _node.NewPod("a"), b = _node.NewPod("b");
        using var server = Traffic.Serve(b.Space, "b", 80);
        using var onNode = Traffic.Serve(_node.Space, "node", 81);
        Assert.Equal($"b {a.Address}", Traffic.Ask(a.Space, b.Address.ToString(), 80));
        Assert.Equal($"node {a.Address}", Traffic.Ask(a.Space, "10.244.0.1", 81));
        Assert.Equal("b 10.244.0.1", Traffic.Ask(_node.Space, b.Address.ToString(), 80));
    }

    [Fact]
    public void Attach_Again_AnswersTheSameAndMends()
    {
        var pod = _node.NewPod("a");
        using (var inside = new RouteNetlink(pod.Space)) inside.DeleteLink("eth0");
        var again = _node.Network.Attach(new AttachRequest("a", NetworkNamespace: pod.Space.Path, PodNamespace: "default", PodName: "a"));
        Assert.Equal(pod.Address, again.Address);
        Assert.Null(_node.Network.Check("a"));
    }

    [Fact]
    public void Attach_AfterRestart_KeepsPodsAndNeverReusesTheirAddresses()
    {
        TestPod a = _node.NewPod("a"), b = _node.NewPod("b");
        using var server = Traffic.Serve(b.Space, "b", 80);
        _node.Restart();
        Assert.Equal($"b {a.Address}", Traffic.Ask(a.Space, b.Address.ToString(), 80));
        Assert.DoesNotContain(_node.NewPod("c").Address, new[] { a.Address, b.Address });
    }

    [Fact]
    public void Attach_ToMissingNamespace_LeavesNothing()
    {
        Assert.Throws<NetlinkException>(() => _node.Network.Attach(new AttachRequest("x", NetworkNamespace: "/nowhere/netns")));
        Assert.Empty(_node.Network.Leases);
        Assert.Empty(Directory.GetFiles(Path.Combine(_node.Options.StateDirectory, "leases")));
    }

    [Fact]
    public void Detach_UnknownContainer_Succeeds() => _node.Network.Detach("never-seen");

    [Fact]
    public void Detach_KnownContainer_FreesInterfaceAndLease()
    {
        var pod = _node.NewPod("a");
        _node.Network.Detach("a");
        using var links = new RouteNetlink(_node.Space);
        Assert.Null(links.FindLink(pod.Lease.HostInterface));
        Assert.Empty(_node.Network.Leases);
    }

    [Fact]
    public void Attach_WithTakenAddress_NamesTheHolder()
    {
        var pod = _node.NewPod("a");
        var error = Assert.Throws<PodNetworkException>(() => _node.Network.Attach(new AttachRequest("vm", Address: pod.Address)));
        Assert.Contains("default/a", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Attach_GuestWithForeignAddress_GetsAHostRoute()
    {
        var lease = _node.Network.Attach(new AttachRequest("vm", Address: IPAddress.Parse("10.244.9.9")));
        using var links = new RouteNetlink(_node.Space);
        Assert.Contains(links.ListRoutes(), r => r.Destination == IPNetwork.Parse("10.244.9.9/32") && r.Link == "gureum0");
        _node.Network.Detach("vm");
        Assert.DoesNotContain(links.ListRoutes(), r => r.Destination == IPNetwork.Parse("10.244.9.9/32"));
        Assert.Equal("gv", lease.HostInterface[..2]);
    }

    [Fact]
    public void Attach_WhenRangeIsFull_SaysSo()
    {
        using var small = new TestNode(change: o => o with { PodCidr = IPNetwork.Parse("10.244.0.0/29") });
        for (var i = 0; i < 5; i++) small.Network.Attach(new AttachRequest($"g{i}"));
        var error = Assert.Throws<PodNetworkException>(() => small.Network.Attach(new AttachRequest("g5")));
        Assert.Contains("10.244.0.0/29", error.Message, StringComparison.Ordinal);
        small.Network.Detach("g2");
        Assert.Equal(IPAddress.Parse("10.244.0.4"), small.Network.Attach(new AttachRequest("g5")).Address);
    }

    [Fact]
    public void Pod_ToOutside_IsMasqueradedAndToPodsIsNot()
    {
        var outside = _node.NewOutside();
        var pod = _node.NewPod("a");
        using var server = Traffic.Serve(outside, "outside", 80);
        Assert.Equal("outside 192.168.77.2", Traffic.Ask(pod.Space, "192.168.77.1", 80));
    }

    [Fact]
    public void Setup_WithUplink_NeverLetsClusterAddressesOut()
    {
        _node.NewOutside();
        var pod = _node.NewPod("a");
        Assert.Equal("HostUnreachable", Traffic.Ask(pod.Space, "10.244.5.5", 80));
        using var links = new RouteNetlink(_node.Space);
        Assert.All(new[] { "10.244.0.0/16", "10.96.0.0/12" }, range => Assert.Contains(links.ListRoutes(onlyOurs: true),
            r => r.Kind == RouteKind.Unreachable && r.Destination == IPNetwork.Parse(range)));
        links.DeleteLink("gureum0");
        Assert.Equal("HostUnreachable", Traffic.Ask(_node.Space, "10.96.1.1", 80));
    }

    [Fact]
    public void HostPort_FromOutsideAndFromThePodItself_LeadsToThePod()
    {
        var outside = _node.NewOutside();
        var pod = _node.NewPod("a", new PortMapping(8080, 80, "tcp"), new PortMapping(8081, 80, "tcp", IPAddress.Parse("192.168.77.2")));
        using var server = Traffic.Serve(pod.Space, "a", 80);
        Assert.Equal("a 192.168.77.1", Traffic.Ask(outside, "192.168.77.2", 8080));
        Assert.Equal("a 192.168.77.1", Traffic.Ask(outside, "192.168.77.2", 8081));
        Assert.StartsWith("a ", Traffic.Ask(pod.Space, "192.168.77.2", 8080), StringComparison.Ordinal);
        _node.Restart();
        Assert.Equal("a 192.168.77.1", Traffic.Ask(outside, "192.168.77.2", 8080));
        _node.Network.Detach("a");
        Assert.Equal("ConnectionRefused", Traffic.Ask(outside, "192.168.77.2", 8080));
    }

    [Fact]
    public void HostPort_OfTheLoopbackAddress_LeadsTheNodeAloneToThePod()
    {
        var pod = _node.NewPod("a", new PortMapping(8080, 80, "tcp", IPAddress.Loopback));
        var other = _node.NewPod("b", new PortMapping(8080, 80, "tcp", _node.Options.Gateway));
        using var first = Traffic.Serve(pod.Space, "a", 80);
        using var second = Traffic.Serve(other.Space, "b", 80);
        Assert.StartsWith("a ", Traffic.Ask(_node.Space, "127.0.0.1", 8080), StringComparison.Ordinal);
        Assert.StartsWith("b ", Traffic.Ask(_node.Space, $"{_node.Options.Gateway}", 8080), StringComparison.Ordinal);
    }

    [Fact]
    public void Loopback_OfTheNode_IsOutOfReachOfAPodThatRoutesThere()
    {
        var pod = _node.NewPod("a");
        using var server = Traffic.Serve(_node.Space, "node", 9090);
        Inside("ip route del table local local 127.0.0.0/8 dev lo");
        Inside("ip route del table local local 127.0.0.1 dev lo");
        Inside($"ip route add 127.0.0.0/8 via {_node.Options.Gateway} dev eth0 src {pod.Address} onlink");
        foreach (var link in (string[])["all", "eth0"]) pod.Space.Run(() => File.WriteAllText($"/proc/sys/net/ipv4/conf/{link}/route_localnet", "1"));
        Assert.Equal("TimedOut", Traffic.Ask(pod.Space, "127.0.0.1", 9090));
        // What came was dropped by the rule made for it, not lost on the way.
        Assert.Matches(@"ip daddr 127\.0\.0\.0/8 counter packets [1-9]", _node.Nft($"list chain ip {_node.Options.Table} loopback-guard"));

        void Inside(string command) => TestNode.Run("nsenter", $"--net={pod.Space.Path} {command}");
    }

    [Fact]
    public void HostPort_Taken_NamesTheHolder()
    {
        _node.NewPod("a", new PortMapping(8080, 80, "tcp"));
        var error = Assert.Throws<PodNetworkException>(() => _node.NewPod("b", new PortMapping(8080, 80, "tcp")));
        Assert.Contains("default/a", error.Message, StringComparison.Ordinal);
        Assert.Single(_node.Network.Leases);
    }

    [Fact]
    public void Collect_DeadContainers_FreesThemAndStrayInterfaces()
    {
        TestPod dead = _node.NewPod("dead"), alive = _node.NewPod("alive");
        using var links = new RouteNetlink(_node.Space);
        links.CreateVeth("gvstray", "x", _node.NewSpace("stray"));
        links.SetMaster("gvstray", "gureum0");
        Assert.Equal(["dead"], _node.Network.Collect(new HashSet<string> { "alive" }).Select(l => l.ContainerId));
        Assert.Null(links.FindLink(dead.Lease.HostInterface));
        Assert.Null(links.FindLink("gvstray"));
        Assert.NotNull(links.FindLink(alive.Lease.HostInterface));
    }

    [Fact]
    public void Teardown_AfterPods_LeavesTheNamespaceAsItWas()
    {
        _node.NewPod("a", new PortMapping(8080, 80, "udp"));
        _node.Network.Teardown();
        using var links = new RouteNetlink(_node.Space);
        Assert.Equal(["lo"], links.ListLinks().Where(l => l.Kind is not null || l.Name == "lo").Select(l => l.Name));
        Assert.Empty(links.ListRoutes(onlyOurs: true));
        Assert.Equal("", _node.Nft("list ruleset"));
        Assert.Equal("0", _node.Space.Run(() => File.ReadAllText("/proc/sys/net/ipv4/ip_forward")).Trim());
    }

    [Fact]
    public void Constructor_WithWrongOptions_NamesEveryFault()
    {
        var error = Assert.Throws<ArgumentException>(() => new PodNetwork(_node.Options with
        {
            ServiceCidr = IPNetwork.Parse("10.244.1.0/24"), Bridge = "far-too-long-a-name", Mtu = 12,
        }));
        Assert.Contains("overlaps", error.Message, StringComparison.Ordinal);
        Assert.Contains("far-too-long-a-name", error.Message, StringComparison.Ordinal);
        Assert.Contains("12", error.Message, StringComparison.Ordinal);
    }
}
