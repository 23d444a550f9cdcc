using Gureum.Objects.Meta.V1;
using Gureum.Objects.Policy.V1;
using Gureum.Scheduler.Preemption;
using Gureum.Scheduler.Snapshots;
using Gureum.Scheduler.Tests.Support;
using Gureum.Objects.Core.V1;

namespace Gureum.Scheduler.Tests;

public sealed class PreemptionTests
{
    private readonly Cluster cluster = new();

    private (Decision Decision, PreemptionResult Result, Snapshot Snapshot) Preempt(PodInfo pod, params NodeInfo[] nodes)
    {
        var snapshot = cluster.Of(nodes);
        var decision = PodScheduler.Default.Schedule(snapshot, pod, new Random(1));
        return (decision, new Preemptor(PodScheduler.Default).Find(snapshot, pod, decision), snapshot);
    }

    [Fact]
    public void Find_LowerPriorityPods_EvictsAsFewAsWillDo()
    {
        var (_, result, _) = Preempt(Cluster.Pod("p", "2", priority: 10), Cluster.Node("a", pods: [Cluster.Pod("small", "1"), Cluster.Pod("large", "3", priority: 5)]), Cluster.Node("b", pods: [Cluster.Pod("x", "2"), Cluster.Pod("y", "2")]));
        Assert.Equal("b", result.Node);
        Assert.Single(result.Victims);
    }

    [Fact]
    public void Find_BudgetForbids_PrefersAnotherNode()
    {
        cluster.AllBudgets.Add(new PodDisruptionBudget { Spec = new PodDisruptionBudgetSpec { Selector = new LabelSelector { MatchLabels = new Dictionary<string, string> { ["app"] = "guarded" } } }, Status = new PodDisruptionBudgetStatus { DisruptionsAllowed = 0 } });
        var (_, result, _) = Preempt(Cluster.Pod("p", "2", priority: 10), Cluster.Node("a", pods: Cluster.Pod("g", "4", labels: """{"app":"guarded"}""")), Cluster.Node("b", pods: Cluster.Pod("x", "4", priority: 5)));
        Assert.Equal("b", result.Node);
    }

    [Fact]
    public void Find_NobodyLower_SaysSo()
    {
        var pod = Cluster.Pod("p", "3");
        var (decision, result, snapshot) = Preempt(pod, Cluster.Node("a", pods: Cluster.Pod("q", "2")), Cluster.Node("b", taints: [new Taint { Key = "k", Value = "v", Effect = "NoSchedule" }]));
        Assert.Null(result.Node);
        Assert.Equal("0/2 nodes are available: 1 Insufficient cpu, 1 node(s) had untolerated taint {k: v}. preemption: 0/2 nodes are available: 1 No preemption victims found for incoming pod, 1 Preemption is not helpful for scheduling. The pod asks for cpu 3. Free: a has cpu 2 of 4.",
            Explanation.Of(snapshot, pod, decision, result));
    }
}
