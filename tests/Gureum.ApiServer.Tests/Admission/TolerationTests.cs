using Gureum.ApiServer.Tests.Support;
using Gureum.Objects.Json;

namespace Gureum.ApiServer.Tests.Admission;

public sealed class TolerationTests(TestServer server)
{
    // Conformance: "pod generation should start at 1 and increment per update".
    [Fact]
    public async Task Update_ThatNamesTolerationsAnew_KeepsTheDefaultOnes()
    {
        var ns = await server.NamespaceAsync();
        var pod = (await server.Admin.PostAsync($"/api/v1/namespaces/{ns}/pods", """{"metadata":{"name":"p"},"spec":{"containers":[{"name":"c","image":"i"}]}}""")).Ok();
        pod.Child("spec")!["tolerations"] = new System.Text.Json.Nodes.JsonArray(new System.Text.Json.Nodes.JsonObject { ["key"] = "foo", ["operator"] = "Equal", ["value"] = "bar", ["effect"] = "NoSchedule" });
        var after = (await server.Admin.PutAsync($"/api/v1/namespaces/{ns}/pods/p", pod.ToJsonString())).Ok();
        Assert.Equal(["foo", "node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"], after.Child("spec")!.Objects("tolerations").Select(t => t.Text("key")));
        Assert.Equal(2, after.Child("metadata")!.Number("generation"));
    }
}
