using Gureum.ApiServer.Tests.Support;
using Gureum.Objects.Json;

namespace Gureum.ApiServer.Tests.Verbs;

public sealed class PodSpecTests(TestServer server)
{
    [Fact]
    public async Task Create_WithSysctlsOfBadNames_NamesThoseAlone()
    {
        var answer = await PodAsync(""","securityContext":{"sysctls":[{"name":"foo-","value":"bar"},{"name":"kernel.shmmax","value":"1"},{"name":"safe-and-unsafe","value":"1"},{"name":"bar..","value":"42"},{"name":"kernel.shmmax","value":"2"},{"value":"1"}]}""");
        Assert.Equal(422, answer.Code);
        Assert.Contains("spec.securityContext.sysctls[0].name: Invalid value: \"foo-\": must have at most 253 characters and match regex", answer.Message);
        Assert.Contains("spec.securityContext.sysctls[3].name: Invalid value: \"bar..\"", answer.Message);
        Assert.Contains("spec.securityContext.sysctls[4].name: Duplicate value: \"kernel.shmmax\"", answer.Message);
        Assert.Contains("spec.securityContext.sysctls[5].name: Required value", answer.Message);
        Assert.DoesNotContain("safe-and-unsafe", answer.Message);
    }

    [Theory]
    [InlineData("example.com/a", "Always")]
    [InlineData("example.com/a:latest", "Always")]
    [InlineData("example.com/a:1", "IfNotPresent")]
    public async Task Create_WithAVolumeOfAnImage_PullsAsItsTagSays(string reference, string policy)
    {
        var pod = (await PodAsync($$$""","volumes":[{"name":"v","image":{"reference":"{{{reference}}}"}}]""")).Ok();
        Assert.Equal(policy, pod.Child("spec")!.Objects("volumes").First(v => v.Text("name") == "v").Child("image")!.Text("pullPolicy"));
    }

    private async Task<Answer> PodAsync(string more) =>
        await server.Admin.PostAsync($"/api/v1/namespaces/{await server.NamespaceAsync()}/pods", $$$"""{"metadata":{"name":"p"},"spec":{"containers":[{"name":"c","image":"i"}]{{{more}}} } }""");
}
