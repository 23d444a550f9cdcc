using System.Diagnostics;
using Gureum.Controllers.Tests.Support;
using Gureum.Objects.Apps.V1;
using Gureum.Objects.Core.V1;

namespace Gureum.Controllers.Tests;

public sealed class ScaleTests(ITestOutputHelper output)
{
    [Fact]
    public async Task Deployment_TwoThousandPodsOnHundredNodes_AllBoundAndSpread()
    {
        const int Pods = 2000, Nodes = 100;
        await using var cluster = await TestCluster.StartAsync(Nodes, kubelet: false);
        var (cpu, clock) = (Process.GetCurrentProcess().TotalProcessorTime, Stopwatch.StartNew());
        await cluster.CreateAsync<Deployment>(Samples.Deployment("web", Pods));
        await cluster.UntilAsync<Deployment>("default", "web", d => d?.Status.Replicas == Pods);
        var pods = await cluster.UntilAsync<Pod>("default", all => all.Count == Pods && all.All(p => !string.IsNullOrEmpty(p.Spec.NodeName)), "app=web");
        output.WriteLine($"{Pods} pods bound: {(Process.GetCurrentProcess().TotalProcessorTime - cpu).TotalMilliseconds / Pods:0.00} CPU-ms each, {clock.ElapsedMilliseconds} ms in all");
        Assert.All(pods.GroupBy(p => p.Spec.NodeName), node => Assert.InRange(node.Count(), Pods / Nodes - 2, Pods / Nodes + 2));
    }
}
