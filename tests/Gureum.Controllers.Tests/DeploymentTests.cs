using Gureum.Client;
using Gureum.Controllers.Deployments;
using Gureum.Controllers.Tests.Support;
using Gureum.Objects.Apps.V1;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Discovery.V1;
using Gureum.Objects.Meta.V1;

namespace Gureum.Controllers.Tests;

public sealed class DeploymentTests
{
    private static bool IsRolledOut(Deployment? d, int replicas) =>
        d?.Status is { } s && s.ObservedGeneration == d.Metadata.Generation && s.UpdatedReplicas == replicas && s.AvailableReplicas == replicas && s.Replicas == replicas
        && DeploymentConditions.Find(s, "Progressing")?.Reason == DeploymentConditions.SetAvailable;

    [Fact]
    public async Task Create_ThreeReplicas_RunsAndReportsThem()
    {
        await using var cluster = await TestCluster.StartAsync();
        await cluster.CreateAsync<Deployment>(Samples.Deployment("web", 3));
        var deployment = await cluster.UntilAsync<Deployment>("default", "web", d => IsRolledOut(d, 3));
        Assert.Equal("1", deployment.Metadata.Annotations[Revisions.Revision]);
        var pods = await cluster.UntilAsync<Pod>("default", all => all.Count == 3, "app=web");
        Assert.Equal(3, pods.Select(p => p.Spec.NodeName).Distinct().Count());
        Assert.All(pods, p => Assert.Contains(Revisions.PodTemplateHash, p.Metadata.Labels.Keys));
    }

    [Fact]
    public async Task Update_NewImage_ReplacesAllAndKeepsHistory()
    {
        await using var cluster = await TestCluster.StartAsync();
        var made = await cluster.CreateAsync<Deployment>(Samples.Deployment("web", 4));
        await cluster.UntilAsync<Deployment>("default", "web", d => IsRolledOut(d, 4));
        await cluster.Client.PatchAsync<Deployment>("default", "web", PatchType.Strategic, """{"spec":{"template":{"spec":{"containers":[{"name":"main","image":"example:v2"}]}}}}"""u8.ToArray());
        await cluster.UntilAsync<Deployment>("default", "web", d => d?.Metadata.Generation > made.Metadata.Generation && IsRolledOut(d, 4));
        var pods = await cluster.UntilAsync<Pod>("default", all => all.Count == 4, "app=web");
        Assert.All(pods, p => Assert.Equal("example:v2", p.Spec.Containers[0].Image));
        var sets = (await cluster.Client.ListAsync<ReplicaSet>("default")).Items;
        Assert.Equal(["1", "2"], sets.Select(s => s.Metadata.Annotations[Revisions.Revision]).Order());

        // What `kubectl rollout undo` does: the old template again.
        var old = sets.Single(s => s.Metadata.Annotations[Revisions.Revision] == "1");
        await cluster.Client.PatchAsync<Deployment>("default", "web", PatchType.Strategic, """{"spec":{"template":{"spec":{"containers":[{"name":"main","image":"example:v1"}]}}}}"""u8.ToArray());
        await cluster.UntilAsync<ReplicaSet>("default", old.Metadata.Name!, s => s?.Metadata.Annotations[Revisions.Revision] == "3" && s.Status.AvailableReplicas == 4);
    }

    [Fact]
    public async Task Recreate_NewImage_NeverRunsBothVersions()
    {
        await using var cluster = await TestCluster.StartAsync();
        await cluster.CreateAsync<Deployment>(Samples.Deployment("web", 2, extra: """ "strategy":{"type":"Recreate"}, """));
        await cluster.UntilAsync<Deployment>("default", "web", d => IsRolledOut(d, 2));
        await cluster.Client.PatchAsync<Deployment>("default", "web", PatchType.Strategic, """{"spec":{"template":{"spec":{"containers":[{"name":"main","image":"example:v2"}]}}}}"""u8.ToArray());
        await cluster.UntilAsync<Pod>("default", all =>
        {
            Assert.True(all.Select(p => p.Spec.Containers[0].Image).Distinct().Count() <= 1);
            return all.Count == 2 && all.All(p => p.Spec.Containers[0].Image == "example:v2");
        }, "app=web");
    }

    [Fact]
    public async Task Delete_Deployment_TakesSetsAndPodsAlong()
    {
        await using var cluster = await TestCluster.StartAsync();
        await cluster.CreateAsync<Deployment>(Samples.Deployment("web", 2));
        await cluster.UntilAsync<Deployment>("default", "web", d => IsRolledOut(d, 2));
        await cluster.Client.DeleteAsync<Deployment>("default", "web", new DeleteOptions { PropagationPolicy = "Foreground" });
        await cluster.UntilAsync<Deployment>("default", "web", d => d is null);
        await cluster.UntilAsync<ReplicaSet>("default", all => all.Count == 0);
        await cluster.UntilAsync<Pod>("default", all => all.Count == 0);
    }

    [Fact]
    public async Task Delete_Orphaning_LeavesThePods()
    {
        await using var cluster = await TestCluster.StartAsync();
        await cluster.CreateAsync<Deployment>(Samples.Deployment("web", 2));
        await cluster.UntilAsync<Deployment>("default", "web", d => IsRolledOut(d, 2));
        await cluster.Client.DeleteAsync<Deployment>("default", "web", new DeleteOptions { PropagationPolicy = "Orphan" });
        await cluster.UntilAsync<Deployment>("default", "web", d => d is null);
        var set = Assert.Single(await cluster.UntilAsync<ReplicaSet>("default", all => all.All(s => s.Metadata.OwnerReferences.Count == 0)));
        Assert.Equal(2, (await cluster.UntilAsync<Pod>("default", all => all.Count == 2)).Count(p => p.Metadata.OwnerReferences.Single().Uid == set.Metadata.Uid));
    }

    [Fact]
    public async Task Service_OverPods_HasSlicesAndEndpoints()
    {
        await using var cluster = await TestCluster.StartAsync();
        await cluster.CreateAsync<Deployment>(Samples.Deployment("web", 3));
        await cluster.CreateAsync<Service>(Samples.Service("web", "web"));
        var slice = Assert.Single(await cluster.UntilAsync<EndpointSlice>("default", all => all.Count == 1 && all[0].Endpoints.Count(e => e.Conditions?.Ready == true) == 3, "kubernetes.io/service-name=web"));
        Assert.Equal(8080, slice.Ports.Single().Port);
        var endpoints = await cluster.UntilAsync<Endpoints>("default", "web", e => e is { Subsets.Count: 1 } && e.Subsets[0].Addresses.Count == 3);
        Assert.Equal(8080, endpoints.Subsets[0].Ports.Single().Port);
    }

    [Fact]
    public async Task Pods_TooLarge_SayWhyWithNumbers()
    {
        await using var cluster = await TestCluster.StartAsync(nodes: 2);
        await cluster.CreateAsync<Pod>("""{"metadata":{"name":"big","namespace":"default"},"spec":{"containers":[{"name":"main","image":"x","resources":{"requests":{"cpu":"64","memory":"1Gi"}}}]}}""");
        var pod = await cluster.UntilAsync<Pod>("default", "big", p => p?.Status.Conditions.Any(c => c.Type == "PodScheduled" && c.Reason == "Unschedulable") == true);
        var message = pod.Status.Conditions.Single(c => c.Type == "PodScheduled").Message!;
        Assert.StartsWith("0/2 nodes are available: 2 Insufficient cpu.", message);
        Assert.Contains("The pod asks for cpu 64, memory 1Gi. Free: node-0 has cpu 8 of 8; node-1 has cpu 8 of 8.", message);
    }
}
