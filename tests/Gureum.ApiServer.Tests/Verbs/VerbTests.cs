using System.Text.Json.Nodes;
using Gureum.ApiServer.Tests.Support;
using Gureum.Objects.Json;

namespace Gureum.ApiServer.Tests.Verbs;

public sealed class VerbTests(TestServer server)
{
    private async Task<string> MapsAsync() => $"/api/v1/namespaces/{await server.NamespaceAsync()}/configmaps";

    private static string Map(string name, string data = "{}") => $"{{\"metadata\":{{\"name\":\"{name}\",\"labels\":{{\"n\":\"{name}\"}}}},\"data\":{data}}}";

    [Theory]
    [InlineData(Api.Merge, """{"data":{"a":null,"b":"2"}}""")]
    [InlineData(Api.Strategic, """{"data":{"a":null,"b":"2"}}""")]
    [InlineData(Api.JsonPatch, """[{"op":"remove","path":"/data/a"},{"op":"add","path":"/data/b","value":"2"}]""")]
    public async Task Patch_OfEachType_ChangesTheObject(string type, string patch)
    {
        var maps = await MapsAsync();
        (await server.Admin.PostAsync(maps, Map("m", """{"a":"1","c":"3"}"""))).Ok();
        Assert.Equal("""{"b":"2","c":"3"}""", (await server.Admin.PatchAsync(maps + "/m", patch, type)).Ok()["data"]!.ToJsonString());
    }

    [Fact]
    public async Task Update_OfAnOldVersion_Conflicts()
    {
        var maps = await MapsAsync();
        var first = (await server.Admin.PostAsync(maps, Map("m"))).Ok();
        (await server.Admin.PatchAsync(maps + "/m", """{"data":{"a":"1"}}""", Api.Merge)).Ok();
        var answer = await server.Admin.PutAsync(maps + "/m", first.ToJsonString());
        Assert.Equal((409, "Conflict", "Operation cannot be fulfilled on configmaps \"m\": the object has been modified; please apply your changes to the latest version and try again"), (answer.Code, answer.Reason, answer.Message));
    }

    [Fact]
    public async Task Patch_ManyAtOnceWithoutAVersion_AllSucceed()
    {
        var maps = await MapsAsync();
        (await server.Admin.PostAsync(maps, Map("m"))).Ok();
        var answers = await Task.WhenAll(Enumerable.Range(0, 40).Select(i => server.Admin.PatchAsync(maps + "/m", $$$"""{"data":{"k{{{i}}}":"v"}}""", i % 2 == 0 ? Api.Merge : Api.Strategic)));
        Assert.All(answers, a => Assert.Equal(200, a.Code));
        Assert.Equal(40, (await server.Admin.GetAsync(maps + "/m")).Ok().Child("data")!.Count);
    }

    [Fact]
    public async Task JsonPatch_ThroughAStatusThatIsEmpty_FindsItsWay()
    {
        var quotas = $"/api/v1/namespaces/{await server.NamespaceAsync()}/resourcequotas";
        (await server.Admin.PostAsync(quotas, """{"metadata":{"name":"q"}}""")).Ok();
        var before = (await server.Admin.GetAsync(quotas + "/q")).Ok().Child("metadata")!.Text("resourceVersion");
        Assert.Equal(before, (await server.Admin.PatchAsync(quotas + "/q", "[]", Api.JsonPatch)).Ok().Child("metadata")!.Text("resourceVersion"));
        var patched = (await server.Admin.PatchAsync(quotas + "/q/status", """[{"op":"add","path":"/status/hard","value":{"pods":"3"}}]""", Api.JsonPatch)).Ok();
        Assert.Equal("""{"hard":{"pods":"3"}}""", patched["status"]!.ToJsonString());
        var labelled = (await server.Admin.PatchAsync(quotas + "/q", """[{"op":"add","path":"/metadata/labels","value":{"a":"b"}}]""", Api.JsonPatch)).Ok();
        Assert.Equal("b", labelled.Child("metadata")!.Child("labels")!.Text("a"));
    }

    [Fact]
    public async Task Create_CsiNodeWithoutDrivers_IsTaken() =>
        Assert.Equal(201, (await server.Admin.PostAsync("/apis/storage.k8s.io/v1/csinodes", """{"metadata":{"name":"bare"},"spec":{"drivers":[]}}""")).Code);

    [Fact]
    public async Task DryRun_StoresNothing()
    {
        var maps = await MapsAsync();
        Assert.Equal(201, (await server.Admin.PostAsync(maps + "?dryRun=All", Map("m"))).Code);
        Assert.Equal(404, (await server.Admin.GetAsync(maps + "/m")).Code);
    }

    [Fact]
    public async Task GenerateName_GivesEachItsOwn()
    {
        var maps = await MapsAsync();
        var names = await Task.WhenAll(Enumerable.Range(0, 20).Select(async _ => (await server.Admin.PostAsync(maps, """{"metadata":{"generateName":"g-"}}""")).Ok().Child("metadata")!.Text("name")));
        Assert.Equal(20, names.Distinct().Count());
        Assert.All(names, n => Assert.Matches("^g-[a-z0-9]{5}$", n));
    }

    [Fact]
    public async Task Pages_OfALimitedList_AreOfOneMoment()
    {
        var maps = await MapsAsync();
        for (var i = 0; i < 5; i++) (await server.Admin.PostAsync(maps, Map("m" + i))).Ok();
        var first = (await server.Admin.GetAsync(maps + "?limit=2")).Ok();
        Assert.Equal(3, first.Child("metadata")!.Number("remainingItemCount"));
        (await server.Admin.DeleteAsync(maps + "/m4")).Ok();
        var names = Names(first);
        for (var page = first; page.Child("metadata")!.Text("continue") is { Length: > 0 } token;)
        {
            page = (await server.Admin.GetAsync($"{maps}?limit=2&continue={Uri.EscapeDataString(token)}")).Ok();
            names.AddRange(Names(page));
        }
        Assert.Equal(["m0", "m1", "m2", "m3", "m4"], names);
    }

    [Fact]
    public async Task Finalizer_HoldsTheObjectUntilItIsGone()
    {
        var maps = await MapsAsync();
        (await server.Admin.PostAsync(maps, """{"metadata":{"name":"m","finalizers":["example.com/hold"]}}""")).Ok();
        Assert.NotNull((await server.Admin.DeleteAsync(maps + "/m")).Ok().Child("metadata")!.Text("deletionTimestamp"));
        Assert.Equal(200, (await server.Admin.GetAsync(maps + "/m")).Code);
        (await server.Admin.PatchAsync(maps + "/m", """{"metadata":{"finalizers":null}}""", Api.Merge)).Ok();
        Assert.Equal(404, (await server.Admin.GetAsync(maps + "/m")).Code);
    }

    [Fact]
    public async Task Delete_WithAnotherUid_IsRefused()
    {
        var maps = await MapsAsync();
        (await server.Admin.PostAsync(maps, Map("m"))).Ok();
        Assert.Equal(409, (await server.Admin.DeleteAsync(maps + "/m", """{"preconditions":{"uid":"not-it"}}""")).Code);
    }

    [Fact]
    public async Task Watch_BySelector_ShowsWhatEntersAndLeavesIt()
    {
        var maps = await MapsAsync();
        var version = (await server.Admin.GetAsync(maps)).Ok().Child("metadata")!.Text("resourceVersion");
        using var response = await server.Admin.Http.GetAsync($"{maps}?watch=true&resourceVersion={version}&labelSelector=n%3Din", HttpCompletionOption.ResponseHeadersRead);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync());
        (await server.Admin.PostAsync(maps, Map("out"))).Ok();
        (await server.Admin.PostAsync(maps, Map("in"))).Ok();
        (await server.Admin.PatchAsync(maps + "/in", """{"data":{"a":"1"}}""", Api.Merge)).Ok();
        (await server.Admin.PatchAsync(maps + "/in", """{"metadata":{"labels":{"n":"else"}}}""", Api.Merge)).Ok();
        var types = new List<string>();
        while (types.Count < 3) types.Add(JsonNode.Parse((await reader.ReadLineAsync())!)!["type"]!.GetValue<string>());
        Assert.Equal(["ADDED", "MODIFIED", "DELETED"], types);
    }

    [Fact]
    public async Task Watch_WithInitialEvents_MarksTheirEnd()
    {
        var maps = await MapsAsync();
        (await server.Admin.PostAsync(maps, Map("m"))).Ok();
        using var response = await server.Admin.Http.GetAsync($"{maps}?watch=true&sendInitialEvents=true&allowWatchBookmarks=true&resourceVersionMatch=NotOlderThan", HttpCompletionOption.ResponseHeadersRead);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync());
        Assert.Contains("\"type\":\"ADDED\"", await reader.ReadLineAsync());
        Assert.Contains("\"k8s.io/initial-events-end\":\"true\"", await reader.ReadLineAsync());
    }

    [Fact]
    public async Task Watch_OnTheOldPath_StreamsToo()
    {
        var ns = await server.NamespaceAsync();
        using var response = await server.Admin.Http.GetAsync($"/api/v1/watch/namespaces/{ns}/serviceaccounts", HttpCompletionOption.ResponseHeadersRead);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync());
        Assert.Contains("\"type\":\"ADDED\"", await reader.ReadLineAsync());
    }

    private static List<string> Names(JsonObject list) => [.. list.Objects("items").Select(i => i.Child("metadata")!.Text("name")!)];
}
