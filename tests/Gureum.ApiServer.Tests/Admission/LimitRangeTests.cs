using Gureum.ApiServer.Tests.Support;
using Gureum.Objects.Json;

namespace Gureum.ApiServer.Tests.Admission;

public sealed class LimitRangeTests(TestServer server)
{
    [Fact]
    public async Task Pod_WithoutResources_TakesTheDefaults()
    {
        var ns = await LimitedAsync("""{"type":"Container","default":{"cpu":"500m"},"defaultRequest":{"cpu":"250m","memory":"64Mi"}}""");
        var pod = (await server.Admin.PostAsync($"/api/v1/namespaces/{ns}/pods", """{"metadata":{"name":"p"},"spec":{"containers":[{"name":"c","image":"i"}]}}""")).Ok();
        var resources = pod.Child("spec")!.Objects("containers").Single().Child("resources")!;
        Assert.Equal("""{"limits":{"cpu":"500m"},"requests":{"cpu":"250m","memory":"64Mi"}}""", resources.ToJsonString());
        Assert.Contains("LimitRanger plugin set", pod.Child("metadata")!.Child("annotations")!.Text("kubernetes.io/limit-ranger"));
    }

    [Theory]
    [InlineData("""{"type":"Container","max":{"cpu":"1"}}""", """{"limits":{"cpu":"2"}}""", "maximum cpu usage per Container is 1, but limit is 2")]
    [InlineData("""{"type":"Container","min":{"memory":"1Gi"}}""", """{"requests":{"memory":"512Mi"}}""", "minimum memory usage per Container is 1Gi, but request is 512Mi")]
    [InlineData("""{"type":"Pod","max":{"cpu":"1"}}""", """{"limits":{"cpu":"1500m"}}""", "maximum cpu usage per Pod is 1, but limit is 1500m")]
    [InlineData("""{"type":"Container","maxLimitRequestRatio":{"cpu":"2"}}""", """{"limits":{"cpu":"1"},"requests":{"cpu":"250m"}}""", "cpu max limit to request ratio per Container is 2, but provided ratio is 4.000000")]
    public async Task Pod_BeyondALimit_IsRefusedByName(string limit, string resources, string message)
    {
        var ns = await LimitedAsync(limit);
        var answer = await server.Admin.PostAsync($"/api/v1/namespaces/{ns}/pods", $$$"""{"metadata":{"name":"p"},"spec":{"containers":[{"name":"c","image":"i","resources":{{{resources}}}}]}}""");
        Assert.Equal(403, answer.Code);
        Assert.Contains(message, answer.Message);
    }

    private async Task<string> LimitedAsync(string limit)
    {
        var ns = await server.NamespaceAsync();
        (await server.Admin.PostAsync($"/api/v1/namespaces/{ns}/limitranges", $$$"""{"metadata":{"name":"l"},"spec":{"limits":[{{{limit}}}]}}""")).Ok();
        return ns;
    }
}
