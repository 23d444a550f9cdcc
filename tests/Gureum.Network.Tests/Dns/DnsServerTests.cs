using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Gureum.Network.Dns;
using Gureum.Network.Tests.Support;

namespace Gureum.Network.Tests.Dns;

/// <summary>`dig` (package bind9-dnsutils) in a pod asks the server on the node's bridge.</summary>
public sealed class DnsServerTests : IAsyncLifetime
{
    private readonly TestNode _node = new();
    private readonly DnsTable _table = ClusterZoneTests.Table();
    private readonly List<IAsyncDisposable> _servers = [];
    private TestPod _pod = null!;

    private string ResolvConf => Path.Combine(_node.Folder, "resolv.conf");

    public async ValueTask InitializeAsync()
    {
        _pod = _node.NewPod("client");
        await File.WriteAllTextAsync(ResolvConf, "nameserver 10.244.0.1#5300\n");
        await StartAsync("10.96.0.10:53", ResolvConf);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var server in _servers) await server.DisposeAsync();
        _node.Dispose();
    }

    [Theory]
    [InlineData("web.shop.svc.cluster.local A", "10.96.1.1")]
    [InlineData("+tcp web.shop.svc.cluster.local A", "10.96.1.1")]
    [InlineData("+noedns web.shop.svc.cluster.local AAAA", "fd00:96::1")]
    [InlineData("_http._tcp.web.shop.svc.cluster.local SRV", "0 100 80 web.shop.svc.cluster.local.")]
    [InlineData("-x 10.96.1.1", "web.shop.svc.cluster.local.")]
    [InlineData("dns-version.cluster.local TXT", "\"1.1.0\"")]
    [InlineData("cluster.local SOA", "ns.dns.cluster.local. hostmaster.cluster.local. 1 7200 1800 86400 5")]
    public async Task Dig_FromAPod_GetsTheAnswer(string question, string answer) => Assert.Equal(answer, (await DigAsync($"+short {question}")).Trim());

    [Fact]
    public async Task Dig_ForAMissingName_GetsNxdomainWithSoa()
    {
        var text = await DigAsync("nothere.shop.svc.cluster.local");
        Assert.Contains("status: NXDOMAIN", text, StringComparison.Ordinal);
        Assert.Contains("flags: qr aa rd ra", text, StringComparison.Ordinal);
        Assert.Contains("SOA", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Dig_ForALargeAnswer_ComesBackOverTcp()
    {
        _table.Set(new DnsService("shop", "many", [], [], [.. Enumerable.Range(1, 200).Select(i => new DnsEndpoint(IPAddress.Parse($"10.244.9.{i}"), []))]));
        Assert.Equal(200, (await DigAsync("+short many.shop.svc.cluster.local")).Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
    }

    [Fact]
    public async Task Dig_ForAnOutsideName_IsForwardedRememberedAndFollowsAliases()
    {
        using (var upstream = new FakeUpstream(_node.Space, IPEndPoint.Parse("10.244.0.1:5300")))
        {
            Assert.Equal("192.0.2.7", (await DigAsync("+short www.example.org")).Trim());
            Assert.Equal("192.0.2.7", (await DigAsync("+short WWW.example.ORG")).Trim());
            Assert.Equal("www.example.org.\n192.0.2.7", (await DigAsync("+short docs.shop.svc.cluster.local")).Trim());
            Assert.Contains("status: NXDOMAIN", await DigAsync("other.example.org"), StringComparison.Ordinal);
        }
        Assert.Equal("192.0.2.7", (await DigAsync("+short www.example.org")).Trim());
        Assert.Contains("status: NXDOMAIN", await DigAsync("other.example.org"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Dig_WhenTheFirstUpstreamIsDead_AsksTheNext()
    {
        await File.WriteAllTextAsync(ResolvConf + "2", "nameserver 10.244.0.1#5998\nnameserver 10.244.0.1#5300\n");
        await StartAsync("10.96.0.10:5353", ResolvConf + "2");
        using var upstream = new FakeUpstream(_node.Space, IPEndPoint.Parse("10.244.0.1:5300"));
        Assert.Equal("192.0.2.7", (await DigAsync("-p 5353 +short www.example.org")).Trim());
    }

    [Fact]
    public async Task Dig_WithoutAnyUpstream_FailsAndInsideNamesStillWork()
    {
        Assert.Contains("status: SERVFAIL", await DigAsync("www.example.org"), StringComparison.Ordinal);
        Assert.Equal("10.96.1.1", (await DigAsync("+short web.shop.svc.cluster.local")).Trim());
    }

    [Fact]
    public async Task ExcludeCircles_WhenTheUpstreamForwardsToUs_LeavesItOut()
    {
        await File.WriteAllTextAsync(ResolvConf + "3", "nameserver 10.244.0.1#5301\n");
        using var upstream = new FakeUpstream(_node.Space, IPEndPoint.Parse("10.244.0.1:5301"), passOnTo: IPEndPoint.Parse("10.96.0.10:5354"));
        var (upstreams, forwarder) = await StartAsync("10.96.0.10:5354", ResolvConf + "3");
        await forwarder.ExcludeCirclesAsync(CancellationToken.None);
        Assert.Empty(upstreams.Current);
        Assert.Contains("status: SERVFAIL", await DigAsync("-p 5354 www.example.org"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Start_OnATakenAddress_Refuses()
    {
        var zone = new ClusterZone(new ClusterZoneOptions { ServerAddress = IPAddress.Loopback }, _table);
        await Assert.ThrowsAsync<SocketException>(() => DnsServer.StartAsync(zone, null, _node.Space, [IPEndPoint.Parse("10.96.0.10:53")]));
    }

    private async Task<(Upstreams, DnsForwarder)> StartAsync(string endpoint, string resolvConf)
    {
        var upstreams = new Upstreams(resolvConf, [], TimeProvider.System);
        var forwarder = new DnsForwarder(upstreams, _node.Space, TimeProvider.System);
        var zone = new ClusterZone(new ClusterZoneOptions { ServerAddress = IPAddress.Parse("10.96.0.10") }, _table);
        _servers.Add(await DnsServer.StartAsync(zone, forwarder, _node.Space, [IPEndPoint.Parse(endpoint)]));
        return (upstreams, forwarder);
    }

    private async Task<string> DigAsync(string arguments)
    {
        var start = new ProcessStartInfo("nsenter", $"--net={_pod.Space.Path} dig @10.96.0.10 +time=5 +tries=1 {arguments}") { RedirectStandardOutput = true, RedirectStandardError = true };
        using var dig = Process.Start(start)!;
        var error = dig.StandardError.ReadToEndAsync();
        var text = await dig.StandardOutput.ReadToEndAsync();
        await dig.WaitForExitAsync();
        return dig.ExitCode == 0 ? text : throw new InvalidOperationException($"dig failed (install bind9-dnsutils if it is missing): {await error}{text}");
    }
}
