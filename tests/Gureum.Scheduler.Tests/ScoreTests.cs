using Gureum.Scheduler.Snapshots;
using Gureum.Scheduler.Tests.Support;
using Gureum.Objects.Core.V1;

namespace Gureum.Scheduler.Tests;

public sealed class ScoreTests
{
    private readonly Cluster cluster = new();

    private string? Decide(PodInfo pod, params NodeInfo[] nodes) => PodScheduler.Default.Schedule(cluster.Of(nodes), pod, new Random(1)).Node;

    [Fact]
    public void Schedule_OneNodeBusier_TakesTheOther() =>
        Assert.Equal("b", Decide(Cluster.Pod("p"), Cluster.Node("a", pods: Cluster.Pod("q", "3")), Cluster.Node("b")));

    [Fact]
    public void Schedule_SiblingOnNode_TakesTheOther() =>
        Assert.Equal("b", Decide(Cluster.Pod("p", owner: "set"), Cluster.Node("a", pods: Cluster.Pod("q", owner: "set")), Cluster.Node("b", pods: Cluster.Pod("r", "500m"))));

    [Fact]
    public void Schedule_SoftTaint_TakesTheOther() =>
        Assert.Equal("b", Decide(Cluster.Pod("p"), Cluster.Node("a", taints: [new Taint { Key = "old", Effect = "PreferNoSchedule" }]), Cluster.Node("b", pods: Cluster.Pod("q", "1"))));

    [Fact]
    public void Schedule_SameSeed_SameChoice()
    {
        var nodes = Enumerable.Range(0, 20).Select(i => Cluster.Node("n" + i)).ToArray();
        var pod = Cluster.Pod("p");
        var snapshot = cluster.Of(nodes);
        var first = PodScheduler.Default.Schedule(snapshot, pod, new Random(7)).Node;
        Assert.Equal(first, PodScheduler.Default.Schedule(snapshot, pod, new Random(7)).Node);
        Assert.True(Enumerable.Range(0, 50).Select(seed => PodScheduler.Default.Schedule(snapshot, pod, new Random(seed)).Node).Distinct().Count() > 5);
    }

    [Theory]
    [InlineData(50, 50)]
    [InlineData(200, 100)]
    [InlineData(5000, 500)]
    public void Enough_OfNodes_GrowsSlowly(int nodes, int enough) => Assert.Equal(enough, PodScheduler.Enough(nodes));
}
