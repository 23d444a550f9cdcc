using System.Text;
using Gureum.Client;
using Gureum.Controllers.Tests.Support;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Kubevirt.V1;
using Gureum.Objects.Machines;

namespace Gureum.Controllers.Tests.InstanceReplicaSets;

public sealed class InstanceReplicaSetTests
{
    private static string Set(int replicas) => """
        {"metadata":{"name":"web","namespace":"default"},"spec":{"replicas":REPLICAS,"selector":{"matchLabels":{"app":"web"}},"template":{"metadata":{"labels":{"app":"web"}},
        "spec":{"domain":{"memory":{"guest":"64Mi"},"devices":{}},"volumes":[{"name":"root","containerDisk":{"image":"tiny:1"}}]}}}}
        """.Replace("REPLICAS", replicas.ToString(System.Globalization.CultureInfo.InvariantCulture));

    private static async Task<TestCluster> StartAsync()
    {
        var cluster = await TestCluster.StartAsync(nodes: 0);
        await cluster.AddNodeAsync("kvm", labels: new Dictionary<string, string> { [MachineNames.Schedulable] = "true" });
        return cluster;
    }

    private static Task<VirtualMachineInstanceReplicaSet> ReadyAsync(TestCluster cluster, int count) =>
        cluster.UntilAsync<VirtualMachineInstanceReplicaSet>("default", "web", s => s?.Status.Replicas == count && s.Status.ReadyReplicas == count);

    private static async Task<List<VirtualMachineInstance>> InstancesAsync(TestCluster cluster) => [.. (await cluster.Client.ListAsync<VirtualMachineInstance>("default")).Items.Where(i => i.Metadata.DeletionTimestamp is null)];

    private static Task ChangeAsync(TestCluster cluster, string spec, string? subresource = null) =>
        cluster.Client.PatchAsync<VirtualMachineInstanceReplicaSet>("default", "web", PatchType.Merge, Encoding.UTF8.GetBytes("{\"spec\":{" + spec + "}}"), subresource: subresource);

    [Fact]
    public async Task Set_Scaled_HasAsManyReadyInstances()
    {
        await using var cluster = await StartAsync();
        await cluster.CreateAsync<VirtualMachineInstanceReplicaSet>(Set(3));
        Assert.Equal("app=web", (await ReadyAsync(cluster, 3)).Status.LabelSelector);
        Assert.All(await InstancesAsync(cluster), i => Assert.Equal(("VirtualMachineInstanceReplicaSet", "web"), (i.Metadata.OwnerReferences.Single().Kind, i.Metadata.Labels["app"])));
        await ChangeAsync(cluster, "\"replicas\":1", "scale");
        await ReadyAsync(cluster, 1);
        await cluster.UntilAsync<VirtualMachineInstance>("default", all => all.Count == 1);
        await ChangeAsync(cluster, "\"replicas\":0");
        await cluster.UntilAsync<VirtualMachineInstance>("default", all => all.Count == 0);
        await cluster.UntilAsync<Pod>("default", all => all.Count == 0);
    }

    [Fact]
    public async Task Set_WhoseInstanceEnds_ReplacesIt()
    {
        await using var cluster = await StartAsync();
        await cluster.CreateAsync<VirtualMachineInstanceReplicaSet>(Set(2));
        await ReadyAsync(cluster, 2);
        var victim = (await InstancesAsync(cluster))[0];
        var pod = (await cluster.Client.ListAsync<Pod>("default")).Items.Single(p => p.Metadata.OwnerReferences[0].Uid == victim.Metadata.Uid);
        await cluster.Client.UpdateStatusAsync(pod with { Metadata = pod.Metadata with { ResourceVersion = null }, Status = pod.Status with { Phase = "Failed" } });
        await cluster.UntilAsync<VirtualMachineInstance>("default", all => all.Count == 2 && all.All(i => i.Metadata.Uid != victim.Metadata.Uid && i.Status.Phase == "Running"));
        await ReadyAsync(cluster, 2);
    }

    [Fact]
    public async Task Set_WithAMatchingOrphan_AdoptsItAndLetsGoOfWhatNoLongerMatches()
    {
        await using var cluster = await StartAsync();
        await cluster.CreateAsync<VirtualMachineInstance>("""{"metadata":{"name":"orphan","namespace":"default","labels":{"app":"web"}},"spec":{"domain":{"memory":{"guest":"64Mi"},"devices":{}}}}""");
        // By then the controllers know of it: a set that does not makes a replica of its own first, and then has one too many.
        await cluster.UntilAsync<VirtualMachineInstance>("default", "orphan", i => i!.Status.Phase == "Running");
        await cluster.CreateAsync<VirtualMachineInstanceReplicaSet>(Set(1));
        await cluster.UntilAsync<VirtualMachineInstance>("default", "orphan", i => i!.Metadata.OwnerReferences.Any(o => o.Name == "web"));
        await ReadyAsync(cluster, 1);
        Assert.Single(await InstancesAsync(cluster));
        await cluster.Client.PatchAsync<VirtualMachineInstance>("default", "orphan", PatchType.Merge, """{"metadata":{"labels":{"app":"other"}}}"""u8.ToArray());
        await cluster.UntilAsync<VirtualMachineInstance>("default", all => all.Count == 2 && all.Single(i => i.Metadata.Name == "orphan").Metadata.OwnerReferences.Count == 0);
    }

    [Fact]
    public async Task Set_Paused_DoesNothingUntilItGoesOn()
    {
        await using var cluster = await StartAsync();
        await cluster.CreateAsync<VirtualMachineInstanceReplicaSet>(Set(1));
        await ReadyAsync(cluster, 1);
        await ChangeAsync(cluster, "\"paused\":true,\"replicas\":3");
        await cluster.UntilAsync<VirtualMachineInstanceReplicaSet>("default", "web", s => s!.Status.Conditions.Any(c => c is { Type: "ReplicaPaused", Status: "True" }));
        Assert.Single(await InstancesAsync(cluster));
        await ChangeAsync(cluster, "\"paused\":false");
        var resumed = await ReadyAsync(cluster, 3);
        Assert.Empty(resumed.Status.Conditions);
        await cluster.UntilAsync<Event>("default", all => all.Any(e => e.Reason == "SuccessfulPaused") && all.Any(e => e.Reason == "SuccessfulResumed"));
    }

    [Fact]
    public async Task Set_Deleted_TakesItsInstancesWithIt()
    {
        await using var cluster = await StartAsync();
        await cluster.CreateAsync<VirtualMachineInstanceReplicaSet>(Set(2));
        await ReadyAsync(cluster, 2);
        await cluster.Client.DeleteAsync<VirtualMachineInstanceReplicaSet>("default", "web");
        await cluster.UntilAsync<VirtualMachineInstance>("default", all => all.Count == 0);
    }
}
