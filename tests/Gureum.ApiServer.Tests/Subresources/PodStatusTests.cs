using System.Text.Json.Nodes;
using Gureum.ApiServer.Tests.Support;
using Gureum.Client;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Json;

namespace Gureum.ApiServer.Tests.Subresources;

/// <summary>What a report on a pod may change, and that a late one undoes nothing.</summary>
public sealed class PodStatusTests(TestServer server)
{
    [Fact]
    public async Task Update_WithOwnersOfBefore_LeavesTheOwnersOfNow()
    {
        string pods = $"/api/v1/namespaces/{await server.NamespaceAsync()}/pods";
        JsonObject before = (await server.Admin.PostAsync(pods, """{"metadata":{"name":"p","ownerReferences":[{"apiVersion":"v1","kind":"ReplicationController","name":"rc","uid":"1"}]},"spec":{"nodeName":"n","containers":[{"name":"main","image":"x"}]}}""")).Ok();
        (await server.Admin.PatchAsync(pods + "/p", """{"metadata":{"ownerReferences":null}}""", Api.Merge)).Ok();
        before["metadata"]!.AsObject().Remove("resourceVersion");
        before["status"] = new JsonObject { ["phase"] = "Running" };

        JsonObject after = (await server.Admin.PutAsync(pods + "/p/status", before.ToJsonString())).Ok();

        Assert.Equal((null, "Running", "BestEffort"), (after.At("metadata", "ownerReferences")?.ToJsonString(), after["status"]!.AsObject().Text("phase"), after["status"]!.AsObject().Text("qosClass")));
    }

    [Fact]
    public async Task ChangeStatus_OfOneThatWasChangedMeanwhile_KeepsWhatOthersWrote()
    {
        string ns = await server.NamespaceAsync();
        var client = new ApiClient(server.Host.Connect(UserInfo.ApiServer, "tests"));
        Pod known = await client.CreateAsync(new Pod { Metadata = new() { Name = "p", Namespace = ns }, Spec = new() { Containers = [new() { Name = "main", Image = "x" }] } });
        await client.PatchAsync<Pod>(ns, "p", PatchType.Merge, """{"metadata":{"labels":{"mark":"kept"}}}"""u8.ToArray());
        int tries = 0;

        Pod? written = await client.ChangeStatusAsync(known, pod =>
        {
            tries++;
            return pod with { Status = pod.Status with { Phase = "Running" } };
        });

        Assert.Equal((2, "kept", "Running"), (tries, written!.Metadata.Labels["mark"], written.Status.Phase));
    }

    [Fact]
    public async Task ChangeStatus_OfAnotherOneUnderItsName_WritesNothing()
    {
        string ns = await server.NamespaceAsync();
        var client = new ApiClient(server.Host.Connect(UserInfo.ApiServer, "tests"));
        var pod = new Pod { Metadata = new() { Name = "p", Namespace = ns }, Spec = new() { Containers = [new() { Name = "main", Image = "x" }] } };
        Pod first = await client.CreateAsync(pod);
        await client.DeleteAsync<Pod>(ns, "p");
        await client.CreateAsync(pod);

        Assert.Null(await client.ChangeStatusAsync(first, known => known with { Status = known.Status with { Phase = "Running" } }));

        Assert.Equal("Pending", (await client.GetAsync<Pod>(ns, "p")).Status.Phase);
    }
}
