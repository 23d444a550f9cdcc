using Gureum.Objects.Core.V1;
using Gureum.Objects.Meta.V1;
using Gureum.Objects.Models;
using Gureum.Objects.Placement;
using Gureum.Objects.Storage.V1;
using Gureum.Scheduler.Snapshots;
using Gureum.Scheduler.Tests.Support;

namespace Gureum.Scheduler.Tests;

public sealed class FilterTests
{
    private readonly Cluster cluster = new();

    private Decision Decide(PodInfo pod, params NodeInfo[] nodes) => PodScheduler.Default.Schedule(cluster.Of(nodes), pod, new Random(1));

    private string Why(PodInfo pod, NodeInfo node)
    {
        var decision = Decide(pod, node);
        Assert.Null(decision.Node);
        return decision.Everywhere?.Reasons[0] ?? Assert.Single(decision.Rejections).Value.Reasons[0];
    }

    [Fact]
    public void Schedule_NotEnoughCpu_SaysInsufficientCpu() =>
        Assert.Equal("Insufficient cpu", Why(Cluster.Pod("p", "3"), Cluster.Node("a", pods: Cluster.Pod("q", "2"))));

    [Fact]
    public void Schedule_UntoleratedTaint_NamesIt()
    {
        var node = Cluster.Node("a", taints: [new Taint { Key = "gpu", Value = "yes", Effect = "NoSchedule" }]);
        Assert.Equal("node(s) had untolerated taint {gpu: yes}", Why(Cluster.Pod("p"), node));
        Assert.Equal("a", Decide(Cluster.Pod("p", spec: """ "tolerations":[{"key":"gpu","operator":"Exists"}] """), node).Node);
    }

    [Fact]
    public void Schedule_NodeSelector_PicksTheLabelledNode()
    {
        var pod = Cluster.Pod("p", spec: """ "nodeSelector":{"disk":"ssd"} """);
        Assert.Equal(Reasons.NodeAffinity, Why(pod, Cluster.Node("a")));
        Assert.Equal("b", Decide(pod, Cluster.Node("a"), Cluster.Node("b", labels: new Dictionary<string, string> { ["disk"] = "ssd" })).Node);
    }

    [Fact]
    public void Schedule_AffinityToNodeName_GoesThere()
    {
        var pod = Cluster.Pod("p", spec: """ "affinity":{"nodeAffinity":{"requiredDuringSchedulingIgnoredDuringExecution":{"nodeSelectorTerms":[{"matchFields":[{"key":"metadata.name","operator":"In","values":["b"]}]}]}}} """);
        Assert.Equal("b", Decide(pod, Cluster.Node("a"), Cluster.Node("b")).Node);
    }

    [Fact]
    public void Schedule_HostPortTaken_Refuses()
    {
        PodInfo WithPort(string name) => new(Cluster.Pod(name).Pod is var pod ? pod with { Spec = pod.Spec with { Containers = [pod.Spec.Containers[0] with { Ports = [new ContainerPort { ContainerPortValue = 80, HostPort = 80 }] }] } } : null!);
        Assert.Equal(Reasons.HostPorts, Why(WithPort("p"), Cluster.Node("a", pods: WithPort("q"))));
    }

    [Fact]
    public void Schedule_AntiAffinityByHost_SpreadsAndThenRefuses()
    {
        const string Apart = """ "affinity":{"podAntiAffinity":{"requiredDuringSchedulingIgnoredDuringExecution":[{"topologyKey":"kubernetes.io/hostname","labelSelector":{"matchLabels":{"app":"db"}}}]}} """;
        var first = Cluster.Pod("p", spec: Apart, labels: """{"app":"db"}""");
        Assert.Equal("b", Decide(Cluster.Pod("q", spec: Apart, labels: """{"app":"db"}"""), Cluster.Node("a", pods: first), Cluster.Node("b")).Node);
        Assert.Equal(Reasons.PodAntiAffinity, Why(Cluster.Pod("q", spec: Apart, labels: """{"app":"db"}"""), Cluster.Node("a", pods: first)));
        // The running pod's wish holds too against one that has none.
        Assert.Equal(Reasons.ExistingAntiAffinity, Why(Cluster.Pod("r", labels: """{"app":"db"}"""), Cluster.Node("a", pods: first)));
    }

    [Fact]
    public void Schedule_AffinityToItself_TheFirstMayStart()
    {
        const string Together = """ "affinity":{"podAffinity":{"requiredDuringSchedulingIgnoredDuringExecution":[{"topologyKey":"kubernetes.io/hostname","labelSelector":{"matchLabels":{"app":"x"}}}]}} """;
        var first = Cluster.Pod("p", spec: Together, labels: """{"app":"x"}""");
        Assert.NotNull(Decide(first, Cluster.Node("a"), Cluster.Node("b")).Node);
        Assert.Equal("b", Decide(Cluster.Pod("q", spec: Together, labels: """{"app":"x"}"""), Cluster.Node("a"), Cluster.Node("b", pods: first)).Node);
        Assert.Equal(Reasons.PodAffinity, Why(Cluster.Pod("r", spec: Together), Cluster.Node("a")));
    }

    [Fact]
    public void Schedule_SpreadOverZones_KeepsTheSkew()
    {
        const string Spread = """ "topologySpreadConstraints":[{"maxSkew":1,"topologyKey":"zone","whenUnsatisfiable":"DoNotSchedule","labelSelector":{"matchLabels":{"app":"x"}}}] """;
        NodeInfo In(string name, string zone, params PodInfo[] pods) => Cluster.Node(name, labels: new Dictionary<string, string> { ["zone"] = zone }, pods: pods);
        var running = Cluster.Pod("p", labels: """{"app":"x"}""");
        var next = Cluster.Pod("q", spec: Spread, labels: """{"app":"x"}""");
        Assert.Equal("b", Decide(next, In("a", "1", running), In("b", "2")).Node);
        var full = Decide(next, In("a", "1", running), In("b", "2") is var b ? NodeInfo.Of(b.Node with { Spec = new NodeSpec { Unschedulable = true } }) : null!);
        Assert.Null(full.Node);
        Assert.Equal(Reasons.Spread, full.Rejections["a"].Reasons[0]);
        Assert.Equal(Reasons.SpreadLabel, Why(next, Cluster.Node("c")));
    }

    [Fact]
    public void Schedule_ClaimOnOtherNode_FollowsTheVolume()
    {
        var pod = Cluster.Pod("p", spec: """ "volumes":[{"name":"d","persistentVolumeClaim":{"claimName":"data"}}] """);
        Assert.Equal("persistentvolumeclaim \"data\" not found", Why(pod, Cluster.Node("a")));
        cluster.Claims.Add(ModelJson.Parse<PersistentVolumeClaim>("""{"metadata":{"name":"data","namespace":"default"},"spec":{"storageClassName":"local"}}"""));
        Assert.Equal(Reasons.UnboundImmediate, Why(pod, Cluster.Node("a")));
        cluster.Classes.Add(new StorageClass { Metadata = new ObjectMeta { Name = "local" }, Provisioner = "gureum.io/local", VolumeBindingMode = "WaitForFirstConsumer" });
        Assert.Equal("a", Decide(pod, Cluster.Node("a")).Node);
        cluster.Claims[0] = cluster.Claims[0] with { Spec = cluster.Claims[0].Spec with { VolumeName = "v" }, Metadata = cluster.Claims[0].Metadata with { Annotations = new Dictionary<string, string> { [VolumeMatching.BindCompleted] = "yes" } } };
        cluster.AllVolumes.Add(ModelJson.Parse<PersistentVolume>("""{"metadata":{"name":"v"},"spec":{"nodeAffinity":{"required":{"nodeSelectorTerms":[{"matchExpressions":[{"key":"kubernetes.io/hostname","operator":"In","values":["b"]}]}]}}}}"""));
        Assert.Equal(Reasons.VolumeAffinity, Why(pod, Cluster.Node("a")));
        Assert.Equal("b", Decide(pod, Cluster.Node("a"), Cluster.Node("b")).Node);
    }
}
