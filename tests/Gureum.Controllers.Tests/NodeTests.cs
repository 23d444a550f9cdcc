using Gureum.Controllers.Nodes;
using Gureum.Controllers.Tests.Support;
using Gureum.Objects.Core.V1;

namespace Gureum.Controllers.Tests;

public sealed class NodeTests
{
    [Fact]
    public async Task Node_Silent_BecomesUnknownAndItsPodsMove()
    {
        var options = new ControllerOptions { NodeMonitorGrace = TimeSpan.FromMilliseconds(500), NodeMonitorPeriod = TimeSpan.FromMilliseconds(100), NodeEvictionRate = 100 };
        await using var cluster = await TestCluster.StartAsync(nodes: 1, options);
        await cluster.CreateAsync<Pod>("""{"metadata":{"name":"one","namespace":"default"},"spec":{"tolerations":[{"key":"node.kubernetes.io/unreachable","operator":"Exists","effect":"NoExecute","tolerationSeconds":0}],"containers":[{"name":"main","image":"x"}]}}""");
        var node = await cluster.UntilAsync<Node>(null, "node-0", n => n is not null && n.Spec.Taints.Any(t => t.Key == NodeHealth.Unreachable && t.Effect == "NoExecute"));
        Assert.Equal("Unknown", NodeHealth.Find(node, "Ready")?.Status);
        await cluster.UntilAsync<Pod>("default", "one", p => p is null || p.Metadata.DeletionTimestamp is not null);
    }

    [Fact]
    public void Due_PodToleratesForAWhile_LeavesAfterThat()
    {
        var now = DateTimeOffset.UnixEpoch;
        Taint[] taints = [new Taint { Key = NodeHealth.NotReady, Effect = "NoExecute", TimeAdded = now }];
        Pod Tolerating(long? seconds) => new() { Spec = new PodSpec { Tolerations = [new Toleration { Key = NodeHealth.NotReady, Operator = "Exists", Effect = "NoExecute", TolerationSeconds = seconds }] } };
        Assert.Equal(now.AddSeconds(300), Evictions.Due(Tolerating(300), taints, now.AddSeconds(1)));
        Assert.Null(Evictions.Due(Tolerating(null), taints, now));
        Assert.Equal(now, Evictions.Due(new Pod(), taints, now));
    }

    [Fact]
    public void PutBack_RangeThatNoNodeGot_IsTheNext()
    {
        var pool = new PodCidrPool("10.0.0.0/16", 24);

        pool.PutBack(pool.Take()!);

        Assert.Equal("10.0.0.0/24", pool.Take());
        Assert.Equal("10.0.1.0/24", pool.Take());
    }

    [Fact]
    public void Take_AllRangesUsed_GivesNone()
    {
        var pool = new PodCidrPool("10.0.0.0/23", 24);
        Assert.True(pool.Occupy("10.0.0.0/24"));
        Assert.False(pool.Occupy("10.0.0.0/24"));
        Assert.False(pool.Occupy("10.9.0.0/24"));
        Assert.Equal("10.0.1.0/24", pool.Take());
        Assert.Null(pool.Take());
        pool.Release("10.0.0.0/24");
        Assert.Equal("10.0.0.0/24", pool.Take());
    }
}
