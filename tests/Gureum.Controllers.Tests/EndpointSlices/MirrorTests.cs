using Gureum.Controllers.EndpointSlices;
using Gureum.Controllers.Tests.Support;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Discovery.V1;
using Gureum.Objects.Meta.V1;
using EndpointPort = Gureum.Objects.Core.V1.EndpointPort;

namespace Gureum.Controllers.Tests.EndpointSlices;

public sealed class MirrorTests
{
    private static readonly EndpointPort Http = new() { Name = "http", Port = 80, Protocol = "TCP" }, Admin = new() { Name = "admin", Port = 81, Protocol = "TCP" };

    [Fact]
    public async Task EndpointsByHand_MadeChangedAndDeleted_HaveASliceThatFollows()
    {
        await using var cluster = await TestCluster.StartAsync();
        await cluster.CreateAsync<Service>("""{"metadata":{"name":"far","namespace":"default"},"spec":{"ports":[{"port":80}]}}""");
        var made = await cluster.CreateAsync<Endpoints>("""{"metadata":{"name":"far","namespace":"default","labels":{"by":"hand"}},"subsets":[{"addresses":[{"ip":"10.1.2.3"}],"ports":[{"port":80}]}]}""");
        var slice = Assert.Single(await cluster.UntilAsync<EndpointSlice>("default", all => all.Count == 1, "kubernetes.io/service-name=far"));
        Assert.Equal(("10.1.2.3", 80, "IPv4", "hand"), (slice.Endpoints[0].Addresses[0], slice.Ports[0].Port, slice.AddressType, slice.Metadata.Labels["by"]));
        Assert.Equal((MirrorPlan.Manager, made.Metadata.Uid), (slice.Metadata.Labels[SlicePlan.ManagedBy], slice.Metadata.OwnerReferences[0].Uid));

        await cluster.Client.UpdateAsync((await cluster.Client.GetAsync<Endpoints>("default", "far")) with { Subsets = [new EndpointSubset { Addresses = [new EndpointAddress { Ip = "10.2.3.4" }], Ports = [new EndpointPort { Port = 80 }] }] });
        await cluster.UntilAsync<EndpointSlice>("default", all => all.Count == 1 && all[0].Endpoints[0].Addresses[0] == "10.2.3.4", "kubernetes.io/service-name=far");

        await cluster.Client.DeleteAsync<Endpoints>("default", "far");
        await cluster.UntilAsync<EndpointSlice>("default", all => all.Count == 0, "kubernetes.io/service-name=far");
    }

    [Theory]
    [InlineData(false, null, null, true)]
    [InlineData(true, null, null, false)]
    [InlineData(false, MirrorPlan.Skip, null, false)]
    [InlineData(false, null, MirrorPlan.Leader, false)]
    public void Wanted_OfEndpointsThatOthersSpeakFor_IsFalse(bool selector, string? label, string? annotation, bool wanted)
    {
        var service = new Service { Metadata = new ObjectMeta { Name = "s" }, Spec = new ServiceSpec { Selector = selector ? new Dictionary<string, string> { ["a"] = "b" } : [] } };
        var endpoints = Of() with { Metadata = new ObjectMeta { Name = "s", Labels = One(label, "true"), Annotations = One(annotation, "{}") } };
        Assert.Equal(wanted, MirrorPlan.Wanted(endpoints, service));
        Assert.False(MirrorPlan.Wanted(null, service));
        Assert.False(MirrorPlan.Wanted(endpoints, null));
    }

    [Fact]
    public void Plan_OfSubsetsThatShareAnAddress_IsOneSliceWithAllPorts()
    {
        var (changes, _, _) = MirrorPlan.Plan(Of(Subset(Http, "10.0.0.1"), Subset(Admin, "10.0.0.1")), []);
        Assert.Equal(["admin", "http"], Assert.Single(changes.Create).Ports.Select(p => p.Name));
    }

    [Fact]
    public void Plan_OfBothFamiliesAndOfWhatIsNoAddress_IsASliceForEachFamily()
    {
        var (changes, invalid, _) = MirrorPlan.Plan(Of(Subset(Http, "10.0.0.1", "fd00::1", "nowhere")), []);
        Assert.Equal(["IPv4", "IPv6"], changes.Create.Select(s => s.AddressType).Order());
        Assert.Equal(1, invalid);
    }

    [Fact]
    public void Plan_BeyondTheLimit_LeavesOutThoseThatAreNotReady()
    {
        var ready = Enumerable.Range(0, MirrorPlan.MostEndpoints).Select(i => $"10.0.{i / 250}.{i % 250}").ToArray();
        var (changes, _, tooMany) = MirrorPlan.Plan(Of(Subset(Http, ready) with { NotReadyAddresses = [new EndpointAddress { Ip = "10.9.9.9" }] }), []);
        Assert.Equal(1, tooMany);
        Assert.All(Assert.Single(changes.Create).Endpoints, e => Assert.True(e.Conditions!.Ready));
    }

    [Fact]
    public void Plan_OfOtherPorts_RewritesTheSliceThatIsThere_AndSettles()
    {
        var slice = Assert.Single(MirrorPlan.Plan(Of(Subset(Http, "10.0.0.1")), []).Changes.Create) with { Metadata = new ObjectMeta { Name = "s-1", Namespace = "default" } };
        var (changes, _, _) = MirrorPlan.Plan(Of(Subset(Admin, "10.0.0.1")), [slice]);
        Assert.Empty(changes.Create);
        Assert.Empty(changes.Delete);
        var updated = Assert.Single(changes.Update);
        Assert.Equal(("s-1", "admin"), (updated.Metadata.Name, updated.Ports[0].Name));
        Assert.Empty(MirrorPlan.Plan(Of(Subset(Admin, "10.0.0.1")), [updated]).Changes.Update);
    }

    private static Endpoints Of(params EndpointSubset[] subsets) => new() { Metadata = new ObjectMeta { Name = "s", Namespace = "default", Uid = "u" }, Subsets = subsets };

    private static EndpointSubset Subset(EndpointPort port, params string[] addresses) => new() { Ports = [port], Addresses = [.. addresses.Select(a => new EndpointAddress { Ip = a })] };

    private static Dictionary<string, string> One(string? key, string value) => key is null ? [] : new() { [key] = value };
}
