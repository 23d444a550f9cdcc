using System.Text.Json.Nodes;
using Gureum.ApiServer.Tests.Support;
using Gureum.Objects.Json;

namespace Gureum.ApiServer.Tests.Tables;

public sealed class PodTableTests(TestServer server)
{
    private const string Table = "application/json;as=Table;v=v1;g=meta.k8s.io";

    [Theory]
    [InlineData("""{"phase":"Running","containerStatuses":[{"name":"a","ready":true,"restartCount":0,"state":{"running":{}}}]}""", "1/1", "Running")]
    [InlineData("""{"phase":"Running","containerStatuses":[{"name":"a","ready":false,"restartCount":4,"state":{"waiting":{"reason":"CrashLoopBackOff"}}}]}""", "0/1", "CrashLoopBackOff")]
    [InlineData("""{"phase":"Succeeded","containerStatuses":[{"name":"a","restartCount":0,"state":{"terminated":{"exitCode":0,"reason":"Completed"}}}]}""", "0/1", "Completed")]
    [InlineData("""{"phase":"Failed","containerStatuses":[{"name":"a","restartCount":0,"state":{"terminated":{"exitCode":3}}}]}""", "0/1", "ExitCode:3")]
    [InlineData("""{"phase":"Failed","containerStatuses":[{"name":"a","restartCount":0,"state":{"terminated":{"exitCode":137,"signal":9}}}]}""", "0/1", "Signal:9")]
    [InlineData("""{"phase":"Failed","reason":"Evicted"}""", "0/1", "Evicted")]
    [InlineData("""{"phase":"Pending","initContainerStatuses":[{"name":"i","restartCount":0,"state":{"waiting":{"reason":"PodInitializing"}}}]}""", "0/1", "Init:0/1")]
    [InlineData("""{"phase":"Pending","initContainerStatuses":[{"name":"i","restartCount":2,"state":{"terminated":{"exitCode":1,"reason":"Error"}}}]}""", "0/1", "Init:Error")]
    [InlineData("""{"phase":"Pending","initContainerStatuses":[{"name":"i","restartCount":0,"state":{"waiting":{"reason":"ImagePullBackOff"}}}]}""", "0/1", "Init:ImagePullBackOff")]
    public async Task Status_OfPod_IsTheWordThatUsersKnow(string status, string ready, string word)
    {
        var ns = await server.NamespaceAsync();
        var pods = $"/api/v1/namespaces/{ns}/pods";
        (await server.Admin.PostAsync(pods, """{"metadata":{"name":"p"},"spec":{"initContainers":[{"name":"i","image":"x"}],"containers":[{"name":"a","image":"x"}]}}""")).Ok();
        (await server.Admin.PatchAsync(pods + "/p/status", "{\"status\":" + status + "}", Api.Merge)).Ok();
        var cells = Cells((await server.Admin.GetAsync(pods, Table)).Ok());
        Assert.Equal((ready, word), (cells[1]!.GetValue<string>(), cells[2]!.GetValue<string>()));
    }

    [Fact]
    public async Task Restarts_WithALastTermination_SayHowLongAgo()
    {
        var ns = await server.NamespaceAsync();
        var pods = $"/api/v1/namespaces/{ns}/pods";
        (await server.Admin.PostAsync(pods, """{"metadata":{"name":"p"},"spec":{"containers":[{"name":"a","image":"x"}]}}""")).Ok();
        var ended = DateTimeOffset.UtcNow.AddHours(-3).ToString("yyyy-MM-dd'T'HH:mm:ss'Z'");
        (await server.Admin.PatchAsync(pods + "/p/status", $$$$"""{"status":{"phase":"Running","containerStatuses":[{"name":"a","ready":true,"restartCount":5,"state":{"running":{}},"lastState":{"terminated":{"exitCode":1,"finishedAt":"{{{{ended}}}}"}}}]}}""", Api.Merge)).Ok();
        Assert.Equal("5 (3h ago)", Cells((await server.Admin.GetAsync(pods, Table)).Ok())[3]!.GetValue<string>());
    }

    [Fact]
    public async Task Pod_BeingDeletedOnItsNode_IsTerminating()
    {
        var ns = await server.NamespaceAsync();
        var pods = $"/api/v1/namespaces/{ns}/pods";
        (await server.Admin.PostAsync(pods, """{"metadata":{"name":"p"},"spec":{"nodeName":"n","containers":[{"name":"a","image":"x"}]}}""")).Ok();
        (await server.Admin.DeleteAsync(pods + "/p")).Ok();
        var wide = await server.Kubectl.OkAsync($"get pods -n {ns} -o wide");
        Assert.Matches(@"NAME +READY +STATUS +RESTARTS +AGE +IP +NODE +NOMINATED NODE +READINESS GATES", wide);
        Assert.Matches(@"p +0/1 +Terminating +0 +\S+ +<none> +n +<none> +<none>", wide);
    }

    private static JsonArray Cells(JsonObject table) => table.Objects("rows").Single()["cells"]!.AsArray();
}
