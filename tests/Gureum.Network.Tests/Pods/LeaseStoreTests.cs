using System.Collections.Immutable;
using System.Net;
using CsCheck;
using Gureum.Network.Pods;

namespace Gureum.Network.Tests.Pods;

public sealed class LeaseStoreTests : IDisposable
{
    private static readonly IPNetwork _range = IPNetwork.Parse("10.244.0.0/28");
    private readonly string _folder = Directory.CreateTempSubdirectory("gureum-leases-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    /// <summary>However pods come and go and the agent restarts: no address has two holders, and reserved ones have none.</summary>
    [Fact]
    public void PickFree_AnyHistory_NeverGivesAnAddressTwice() => Gen.Int[0, 19].Array[1, 60].Sample(steps =>
    {
        foreach (var file in Directory.GetFiles(_folder)) File.Delete(file);
        var store = new LeaseStore(_range, _folder);
        foreach (var step in steps)
        {
            if (step == 0) store = new LeaseStore(_range, _folder);
            else if (store.TryGet(($"c{step}", "eth0"), out var held)) store.Remove(held);
            else if (store.All.Count < 13)
            {
                var address = store.PickFree();
                Assert.Null(store.At(address));
                Assert.InRange(address.GetAddressBytes()[3], 2, 14);
                store.Put(Lease($"c{step}", address));
            }
            else Assert.Throws<PodNetworkException>(() => store.PickFree());
        }
        Assert.Equal(store.All.OrderBy(l => l.ContainerId).Select(l => (l.ContainerId, l.Address)),
            new LeaseStore(_range, _folder).All.OrderBy(l => l.ContainerId).Select(l => (l.ContainerId, l.Address)));
    }, iter: 40, threads: 1);

    [Fact]
    public void Open_AfterAWriteThatWasCutShort_ForgetsIt()
    {
        File.WriteAllText(Path.Combine(_folder, "10.244.0.2.new"), "{\"containerId\":");
        Assert.Empty(new LeaseStore(_range, _folder).All);
        Assert.Empty(Directory.GetFiles(_folder));
    }

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("{}")]
    [InlineData("{\"containerId\":\"x\",\"interface\":\"eth0\",\"address\":\"junk\",\"mac\":\"\",\"hostInterface\":\"\",\"networkNamespace\":null,\"podNamespace\":\"\",\"podName\":\"\",\"podUid\":\"\",\"ports\":[]}")]
    public void Open_WithAFileThatIsNoLease_NamesIt(string content)
    {
        File.WriteAllText(Path.Combine(_folder, "10.244.0.2"), content);
        var error = Assert.Throws<PodNetworkException>(() => new LeaseStore(_range, _folder));
        Assert.Contains("10.244.0.2", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Put_ThenOpen_KeepsEveryField()
    {
        var lease = Lease("c", IPAddress.Parse("10.244.0.3")) with
        {
            NetworkNamespace = "/run/netns/x", Ports = [new PortMapping(8080, 80, "udp", IPAddress.Parse("192.0.2.1")), new PortMapping(1, 2, "tcp")],
        };
        new LeaseStore(_range, _folder).Put(lease);
        var read = Assert.Single(new LeaseStore(_range, _folder).All);
        Assert.Equal(lease with { Ports = [] }, read with { Ports = [] });
        Assert.Equal(lease.Ports, read.Ports);
    }

    private static PodLease Lease(string id, IPAddress address) =>
        new(id, "eth0", address, PodNetwork.MacOf(address), "gv" + id, null, "shop", "web", "u", ImmutableArray<PortMapping>.Empty);
}
