using Gureum.ApiServer.Tests.Support;
using Gureum.Objects.Json;

namespace Gureum.ApiServer.Tests.Admission;

public sealed class RuntimeClassTests(TestServer server)
{
    [Fact]
    public async Task Pod_OfARuntimeClassThatIsNotThere_IsRefused()
    {
        var answer = await PodAsync(await server.NamespaceAsync(), "nowhere");
        Assert.Equal(403, answer.Code);
        Assert.Equal("pods \"p\" is forbidden: pod rejected: RuntimeClass \"nowhere\" not found", answer.Message);
    }

    [Fact]
    public async Task Pod_OfARuntimeClass_TakesItsOverheadAndPlaces()
    {
        await ClassAsync("heavy", ""","overhead":{"podFixed":{"cpu":"10m","memory":"1Mi"}},"scheduling":{"nodeSelector":{"kind":"heavy"},"tolerations":[{"key":"heavy","operator":"Exists"}]}""");
        var spec = (await PodAsync(await server.NamespaceAsync(), "heavy", ""","nodeSelector":{"disk":"fast"},"tolerations":[{"key":"heavy","operator":"Equal","value":"yes","effect":"NoSchedule"}]""")).Ok().Child("spec")!;
        Assert.Equal("""{"cpu":"10m","memory":"1Mi"}""", spec.Child("overhead")!.ToJsonString());
        Assert.Equal("""{"disk":"fast","kind":"heavy"}""", spec.Child("nodeSelector")!.ToJsonString());
        // The narrower toleration says nothing that the wider does not.
        var heavy = spec.Objects("tolerations").Where(t => t.Text("key") == "heavy").ToList();
        Assert.Equal("Exists", Assert.Single(heavy).Text("operator"));
    }

    [Theory]
    [InlineData("odd-a", ""","overhead":{"podFixed":{"cpu":"10m"}}""", ""","overhead":{"cpu":"20m"}""", "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead")]
    [InlineData("odd-b", "", ""","overhead":{"cpu":"20m"}""", "pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead")]
    [InlineData("odd-c", ""","scheduling":{"nodeSelector":{"disk":"slow"}}""", ""","nodeSelector":{"disk":"fast"}""", "conflict: runtimeClass.scheduling.nodeSelector[disk] = slow; pod.spec.nodeSelector[disk] = fast")]
    public async Task Pod_ThatContradictsItsRuntimeClass_IsRefused(string name, string more, string pod, string why)
    {
        await ClassAsync(name, more);
        var answer = await PodAsync(await server.NamespaceAsync(), name, pod);
        Assert.Equal(403, answer.Code);
        Assert.Equal($"pods \"p\" is forbidden: {why}", answer.Message);
    }

    private async Task ClassAsync(string name, string more) =>
        (await server.Admin.PostAsync("/apis/node.k8s.io/v1/runtimeclasses", $$$"""{"metadata":{"name":"{{{name}}}"},"handler":"runc"{{{more}}}}""")).Ok();

    private Task<Answer> PodAsync(string ns, string name, string more = "") =>
        server.Admin.PostAsync($"/api/v1/namespaces/{ns}/pods", $$$"""{"metadata":{"name":"p"},"spec":{"runtimeClassName":"{{{name}}}","containers":[{"name":"c","image":"i"}]{{{more}}}}}""");
}
