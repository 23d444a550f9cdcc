using Gureum.ApiServer.Tests.Support;
using Gureum.Objects.Json;

namespace Gureum.ApiServer.Tests.Machines;

public sealed class MachineEvictionTests(TestServer server)
{
    private const string Machines = "/apis/kubevirt.io/v1/namespaces/";

    [Theory]
    // strategy, whether it can move, on which node it runs → code, the node that it is to leave
    [InlineData("None", "True", "n", 201, "")]
    [InlineData("LiveMigrate", "True", "n", 429, "n")]
    [InlineData("LiveMigrate", "False", "n", 429, "")]
    [InlineData("LiveMigrateIfPossible", "True", "n", 429, "n")]
    [InlineData("LiveMigrateIfPossible", "False", "n", 201, "")]
    [InlineData("External", "False", "n", 429, "n")]
    [InlineData("LiveMigrate", "True", "elsewhere", 201, "")]
    public async Task Eviction_OfAMachinesPod_FollowsItsStrategy(string strategy, string migratable, string node, int code, string leaves)
    {
        var ns = await server.NamespaceAsync();
        var made = (await server.Admin.PostAsync($"{Machines}{ns}/virtualmachineinstances", """{"metadata":{"name":"m"},"spec":{"evictionStrategy":"S","domain":{"memory":{"guest":"64Mi"},"devices":{}}}}""".Replace("\"S\"", $"\"{strategy}\""))).Ok();
        (await server.Admin.PatchAsync($"{Machines}{ns}/virtualmachineinstances/m/status", """{"status":{"phase":"Running","nodeName":"NODE","conditions":[{"type":"LiveMigratable","status":"YES"}]}}""".Replace("NODE", node).Replace("YES", migratable), Api.Merge)).Ok();
        (await server.Admin.PostAsync($"/api/v1/namespaces/{ns}/pods", """{"metadata":{"name":"p","labels":{"kubevirt.io":"virt-launcher"},"ownerReferences":[{"apiVersion":"kubevirt.io/v1","kind":"VirtualMachineInstance","name":"m","uid":"UID","controller":true}]},"spec":{"nodeName":"n","containers":[{"name":"c","image":"i"}]}}""".Replace("UID", made.Child("metadata")!.Text("uid")))).Ok();
        var answer = await server.Admin.PostAsync($"/api/v1/namespaces/{ns}/pods/p/eviction", """{"apiVersion":"policy/v1","kind":"Eviction","metadata":{"name":"p"}}""");
        Assert.Equal(code, answer.Code);
        if (leaves.Length > 0) Assert.Contains($"Eviction triggered evacuation of VMI \"{ns}/m\"", answer.Message);
        var after = (await server.Admin.GetAsync($"{Machines}{ns}/virtualmachineinstances/m")).Ok();
        Assert.Equal(leaves, after.Child("status")!.Text("evacuationNodeName") ?? "");
    }
}
