using Gureum.Controllers.DaemonSets;
using Gureum.Controllers.History;
using Gureum.Objects.Apps.V1;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Meta.V1;
using Gureum.Objects.Models;

namespace Gureum.Controllers.Tests.DaemonSets;

public sealed class DaemonSurgeTests
{
    private static readonly DateTimeOffset Now = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly Node[] Nodes = [.. ((string[])["n1", "n2", "n3"]).Select(name => new Node { Metadata = new ObjectMeta { Name = name } })];

    private static DaemonSet Set(string rolling) => ModelJson.Parse<DaemonSet>($$$$$"""
        {"metadata":{"name":"agent","namespace":"default","uid":"set"},"spec":{"selector":{"matchLabels":{"app":"agent"}},"updateStrategy":{"type":"RollingUpdate","rollingUpdate":{{{{{rolling}}}}}},
        "template":{"metadata":{"labels":{"app":"agent"}},"spec":{"containers":[{"name":"main","image":"example:v2"}]}}}}
        """);

    private static Pod Pod(string node, string hash, bool ready = true) => new()
    {
        Metadata = new ObjectMeta { Name = $"agent-{hash}-{node}", Namespace = "default", Uid = $"{hash}-{node}", CreationTimestamp = Now.AddHours(-1), Labels = new Dictionary<string, string> { [ControllerHistory.HashLabel] = hash } },
        Spec = new PodSpec { NodeName = node },
        Status = new PodStatus { Phase = "Running", Conditions = [new PodCondition { Type = "Ready", Status = ready ? "True" : "False", LastTransitionTime = Now.AddHours(-1) }] },
    };

    private static DaemonChanges Roll(string rolling, params Pod[] pods) => DaemonPlan.Roll(Set(rolling), Nodes, pods.ToLookup(pod => pod.Spec.NodeName!), "new", Now);

    [Fact]
    public void Roll_Surge_MakesNewPodsBesideTheOldOnes()
    {
        var changes = Roll("""{"maxSurge":2,"maxUnavailable":0}""", Pod("n1", "old"), Pod("n2", "old"), Pod("n3", "old"));
        Assert.Equal(2, changes.Create.Count);
        Assert.Empty(changes.Delete);
    }

    [Fact]
    public void Roll_NewPodIsReady_TheOldOneGoesAndTheNextMayCome()
    {
        var changes = Roll("""{"maxSurge":1,"maxUnavailable":0}""", Pod("n1", "old"), Pod("n1", "new"), Pod("n2", "old"), Pod("n3", "old"));
        Assert.Equal(["agent-old-n1"], changes.Delete.Select(pod => pod.Metadata.Name));
        Assert.Single(changes.Create);
    }

    [Fact]
    public void Roll_NewPodIsNotReady_TheOldOneStaysAndNoOtherComes()
    {
        var changes = Roll("""{"maxSurge":1,"maxUnavailable":0}""", Pod("n1", "old"), Pod("n1", "new", ready: false), Pod("n2", "old"), Pod("n3", "old"));
        Assert.Empty(changes.Delete);
        Assert.Empty(changes.Create);
    }

    [Fact]
    public void Roll_OldPodIsDown_IsReplacedBeyondTheSurge()
    {
        var changes = Roll("""{"maxSurge":1,"maxUnavailable":0}""", Pod("n1", "old", ready: false), Pod("n2", "old", ready: false), Pod("n3", "old"));
        Assert.Equal(["n1", "n2"], changes.Create);
    }

    [Fact]
    public void Roll_WithoutSurge_DeletesAsManyAsMayBeMissing()
    {
        var changes = Roll("""{"maxSurge":0,"maxUnavailable":2}""", Pod("n1", "old"), Pod("n2", "old"), Pod("n3", "old"));
        Assert.Equal((0, 2), (changes.Create.Count, changes.Delete.Count));
    }

    [Fact]
    public void Place_DuringSurge_KeepsOneOldAndOneNew()
    {
        var pods = new[] { Pod("n1", "old"), Pod("n1", "new"), Pod("n2", "old"), Pod("n3", "old") };
        Assert.Empty(DaemonPlan.Place(Set("""{"maxSurge":1,"maxUnavailable":0}"""), Nodes, pods.ToLookup(pod => pod.Spec.NodeName!), "new").Delete);
        Assert.Single(DaemonPlan.Place(Set("""{"maxSurge":0,"maxUnavailable":1}"""), Nodes, pods.ToLookup(pod => pod.Spec.NodeName!), "new").Delete);
    }
}
