using Gureum.Client;
using Gureum.Controllers.Tests.Support;
using Gureum.Objects.Kubevirt.V1;
using Gureum.Objects.Machines;

namespace Gureum.Controllers.Tests.VirtualMachines;

public sealed class EvacuationTests
{
    [Fact]
    public async Task Instance_ThatIsToLeaveItsNode_GetsOneMigrationAndIsFreeOnceItHasLeft()
    {
        await using var cluster = await TestCluster.StartAsync(nodes: 0);
        await cluster.AddNodeAsync("kvm", labels: new Dictionary<string, string> { [MachineNames.Schedulable] = "true" });
        await cluster.CreateAsync<VirtualMachineInstance>("""{"metadata":{"name":"m","namespace":"default"},"spec":{"evictionStrategy":"LiveMigrate","domain":{"memory":{"guest":"64Mi"},"devices":{}}}}""");
        await cluster.UntilAsync<VirtualMachineInstance>("default", "m", i => i?.Status.Phase == "Running");
        await PatchAsync(cluster, """{"status":{"evacuationNodeName":"kvm"}}""");
        var migration = (await cluster.UntilAsync<VirtualMachineInstanceMigration>("default", all => all.Count > 0)).Single();
        Assert.Equal(("m", "kvm"), (migration.Spec.VmiName, migration.Metadata.Annotations["kubevirt.io/evacuationMigration"]));
        await PatchAsync(cluster, """{"status":{"evacuationNodeName":"left-already"}}""");
        await cluster.UntilAsync<VirtualMachineInstance>("default", "m", i => i?.Status.EvacuationNodeName is null or "");
        Assert.Single((await cluster.Client.ListAsync<VirtualMachineInstanceMigration>("default")).Items);
    }

    private static Task PatchAsync(TestCluster cluster, string patch) => cluster.Client.PatchAsync<VirtualMachineInstance>("default", "m", PatchType.Merge, System.Text.Encoding.UTF8.GetBytes(patch), subresource: "status");
}
