using System.Diagnostics;
using System.Net;
using System.Net.NetworkInformation;
using Gureum.Network.Dhcp;
using Gureum.Network.Netlink;
using Gureum.Network.Pods;
using Gureum.Network.Tests.Support;

namespace Gureum.Network.Tests.Dhcp;

/// <summary>The server against a real client: busybox's udhcpc, on a cable to the bridge that stands for a guest's tap.</summary>
public sealed class DhcpServerTests : IDisposable
{
    private readonly TestNode _node = new();

    public void Dispose() => _node.Dispose();

    private DhcpLease Lease(PodLease place) => new(place.Mac, place.Address, _node.Options.Gateway, 1400, [IPAddress.Parse("10.96.0.10")], ["default.svc.cluster.local", "svc.cluster.local"], "web-vm", "default.svc.cluster.local");

    [Fact]
    public async Task Client_OfAKnownGuest_LearnsItsPlace()
    {
        var place = _node.Network.Attach(new AttachRequest("uid-1", PodNamespace: "default", PodName: "virt-launcher-web"));
        await using var server = DhcpServer.Start(_node.Options.Bridge, _node.Space);
        server.Put(Lease(place));
        var said = Ask(place.Mac);
        Assert.Contains($"ip={place.Address}", said);
        Assert.Contains("subnet=255.255.255.255", said);
        Assert.Contains("router=10.244.0.1", said);
        Assert.Contains("staticroutes=10.244.0.1/32 0.0.0.0 0.0.0.0/0 10.244.0.1", said);
        Assert.Contains("dns=10.96.0.10", said);
        Assert.Contains("hostname=web-vm", said);
        Assert.Contains("search=default.svc.cluster.local svc.cluster.local", said);
        Assert.Contains("mtu=1400", said);
        Assert.Contains("lease=86400", said);
    }

    [Fact]
    public async Task Client_ThatNobodyTold_GetsNoAnswer()
    {
        await using var server = DhcpServer.Start(_node.Options.Bridge, _node.Space);
        Assert.DoesNotContain("ip=", Ask(PhysicalAddress.Parse("02-67-00-00-00-01")));
    }

    [Fact]
    public async Task Start_WhereAnotherServerListens_SaysSo()
    {
        await using var server = DhcpServer.Start(_node.Options.Bridge, _node.Space);
        Assert.Throws<System.Net.Sockets.SocketException>(() => DhcpServer.Start(_node.Options.Bridge, _node.Space));
    }

    [Fact]
    public void Attach_OfAMachine_MakesATapThatDetachRemoves()
    {
        var place = _node.Network.Attach(new AttachRequest("uid-2", PodNamespace: "default", PodName: "m"));
        using var links = new RouteNetlink(_node.Space);
        var (tap, bridge) = (links.GetLink(place.HostInterface), links.GetLink(_node.Options.Bridge));
        Assert.Equal(("tun", bridge.Index, true), (tap.Kind, tap.Master, tap.Up));
        Assert.Equal(place, _node.Network.Attach(new AttachRequest("uid-2", PodNamespace: "default", PodName: "m")));
        _node.Network.Detach("uid-2");
        Assert.Null(links.FindLink(place.HostInterface));
    }

    [Fact]
    public void Collect_OfTheDead_RemovesTheirTaps()
    {
        var place = _node.Network.Attach(new AttachRequest("uid-3"));
        _node.Network.Collect(new HashSet<string>());
        using var links = new RouteNetlink(_node.Space);
        Assert.Null(links.FindLink(place.HostInterface));
    }

    private string Ask(PhysicalAddress mac)
    {
        var space = _node.NewSpace("guest");
        using (var links = new RouteNetlink(_node.Space))
        {
            links.CreateVeth("cable", "eth0", space, peerMac: mac);
            links.SetMaster("cable", _node.Options.Bridge);
            links.SetUp("cable");
        }
        using (var inside = new RouteNetlink(space)) inside.SetUp("eth0");
        var script = Path.Combine(_node.Folder, "told");
        File.WriteAllText(script, "#!/bin/sh\n[ \"$1\" = bound ] && env\nexit 0\n");
        File.SetUnixFileMode(script, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        var start = new ProcessStartInfo("nsenter", ["--net=" + space.Path, "busybox", "udhcpc", "-i", "eth0", "-f", "-n", "-q", "-t", "3", "-T", "1", "-O", "staticroutes", "-O", "search", "-O", "mtu", "-s", script]) { RedirectStandardOutput = true, RedirectStandardError = true };
        using var client = Process.Start(start)!;
        var said = client.StandardOutput.ReadToEndAsync();
        var complained = client.StandardError.ReadToEnd();
        Assert.True(client.WaitForExit(TimeSpan.FromSeconds(30)), "udhcpc did not end");
        Assert.DoesNotContain("applet not found", complained); // Debian: busybox
        return said.Result;
    }
}
