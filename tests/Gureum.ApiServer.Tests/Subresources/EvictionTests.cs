using Gureum.ApiServer.Tests.Support;
using Gureum.Objects.Json;

namespace Gureum.ApiServer.Tests.Subresources;

public sealed class EvictionTests(TestServer server)
{
    [Theory]
    [InlineData("", true)]
    [InlineData("?dryRun=All", false)]
    public async Task Evict_PodThatRuns_SaysThatItWasDisrupted(string query, bool marked)
    {
        var pods = $"/api/v1/namespaces/{await server.NamespaceAsync()}/pods";
        (await server.Admin.PostAsync(pods, """{"metadata":{"name":"p","finalizers":["test/keep"]},"spec":{"nodeName":"n","containers":[{"name":"main","image":"x"}]}}""")).Ok();
        (await server.Admin.PostAsync(pods + "/p/eviction" + query, """{"apiVersion":"policy/v1","kind":"Eviction","metadata":{"name":"p"}}""")).Ok();

        var pod = (await server.Admin.GetAsync(pods + "/p")).Ok();
        var condition = (pod.Child("status")?.Objects("conditions") ?? []).FirstOrDefault(c => c.Text("type") == "DisruptionTarget");
        Assert.Equal(marked ? ("True", "EvictionByEvictionAPI", "Eviction API: evicting") : (null, null, null), (condition?.Text("status"), condition?.Text("reason"), condition?.Text("message")));
        Assert.Equal(marked, pod.Child("metadata")!.ContainsKey("deletionTimestamp"));
    }
}
