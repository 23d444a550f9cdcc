using Gureum.Controllers.VirtualMachines;
using Gureum.Objects.Kubevirt.V1;

namespace Gureum.Controllers.Tests.VirtualMachines;

public sealed class LiveCardsTests
{
    /// <summary>Networks by name; one that begins with "pod" is the pods', and "x:state" says more of its interface.</summary>
    private static VirtualMachineInstanceSpec Spec(params string[] cards) => new()
    {
        Networks = [.. cards.Select(c => c.Split(':')[0]).Select(c => c.StartsWith("pod", StringComparison.Ordinal) ? new Network { Name = c, Pod = new PodNetwork() } : new Network { Name = c, Multus = new MultusNetwork { NetworkName = c } })],
        Domain = new DomainSpec { Devices = new Devices { Interfaces = [.. cards.Select(c => c.Split(':')).Select(c => new Interface { Name = c[0], State = c.Length > 1 ? c[1] : null })] } },
    };

    private static string Cards(VirtualMachineInstanceSpec spec)
    {
        Assert.Equal(spec.Networks.Select(n => n.Name), spec.Domain!.Devices!.Interfaces.Select(i => i.Name));
        return string.Join(' ', spec.Domain.Devices.Interfaces.Select(i => i.Name + (i.State is { Length: > 0 } state ? ":" + state : "")));
    }

    [Theory]
    [InlineData("pod a", "pod a", "pod a")]
    [InlineData("pod a", "pod a b", "pod a b")]
    [InlineData("pod a b", "pod b", "pod b")]
    [InlineData("a pod", "b pod", "pod b")]
    [InlineData("pod a", "pod a:absent", "pod a:absent")]
    [InlineData("pod a:absent", "pod a", "pod a")]
    // The pods' network is there from the start, or not at all.
    [InlineData("a", "pod a b", "a b")]
    [InlineData("pod a", "a", "pod a")]
    public void Follow_OfATemplate_HasItsCards(string has, string wanted, string then) => Assert.Equal(then, Cards(LiveCards.Follow(Spec(has.Split(' ')), Spec(wanted.Split(' ')))));

    [Fact]
    public void Follow_OfTheSameCards_IsTheSameSpec()
    {
        var spec = Spec("pod", "a");
        Assert.Same(spec, LiveCards.Follow(spec, Spec("pod", "a")));
    }

    [Fact]
    public void Follow_OfACardThatIsThere_LeavesItAsItIs()
    {
        var has = Spec("a");
        has = has with { Domain = has.Domain! with { Devices = new Devices { Interfaces = [new Interface { Name = "a", Model = "virtio", MacAddress = "fa:16:3e:00:00:01" }] } } };
        Assert.Equal("virtio", LiveCards.Follow(has, Spec("a", "b")).Domain!.Devices!.Interfaces[0].Model);
    }

    [Fact]
    public void Without_LeavesThePodsNetworkAlone() => Assert.Equal("pod", Cards(LiveCards.Without(Spec("a", "pod", "b"))));
}
