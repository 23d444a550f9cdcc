using System.Text;
using Gureum.Node.Pods;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Models;

namespace Gureum.Node.Tests.Admission;

public sealed class ContainerResizeTests
{
    private static ResourceRequirements Resources(string json) => ModelJson.Parse<ResourceRequirements>(Encoding.UTF8.GetBytes(json));

    [Theory]
    [InlineData("""{"requests":{"cpu":"100m"}}""", """{"requests":{"cpu":"0.1"}}""", false)]
    [InlineData("""{"requests":{"cpu":"100m"}}""", """{"requests":{"cpu":"200m"}}""", true)]
    [InlineData("""{"limits":{"memory":"1Gi"}}""", """{"limits":{"memory":"1024Mi"}}""", false)]
    [InlineData("""{"limits":{"memory":"1Gi"}}""", "{}", true)]
    [InlineData("{}", """{"requests":{"ephemeral-storage":"1Gi"}}""", false)]
    public void Wanted_ComparesAmountsOfWhatCanBeResized(string given, string wanted, bool expected) => Assert.Equal(expected, ContainerResize.Wanted(Resources(given), Resources(wanted)));

    [Fact]
    public void Wanted_ContainerOfAnOlderAgent_IsLeftAlone() => Assert.False(ContainerResize.Wanted(null, Resources("""{"requests":{"cpu":"1"}}""")));

    [Theory]
    [InlineData("cpu", true)]
    [InlineData("memory", false)]
    public void NeedsRestart_OnlyForWhatThePolicyNames(string restartsFor, bool expected)
    {
        var container = ModelJson.Parse<Container>(Encoding.UTF8.GetBytes($$$"""{"name":"main","resources":{"limits":{"cpu":"2"}},"resizePolicy":[{"resourceName":"{{{restartsFor}}}","restartPolicy":"RestartContainer"}]}"""));
        Assert.Equal(expected, ContainerResize.NeedsRestart(container, Resources("""{"limits":{"cpu":"1"}}""")));
    }
}
