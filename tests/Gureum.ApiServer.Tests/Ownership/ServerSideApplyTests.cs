using Gureum.ApiServer.Tests.Support;
using Gureum.Objects.Json;

namespace Gureum.ApiServer.Tests.Ownership;

public sealed class ServerSideApplyTests(TestServer server)
{
    private const string Head = """{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"c"},"data":""";

    private async Task<string> NewAsync() => $"/api/v1/namespaces/{await server.NamespaceAsync()}/configmaps/c";

    [Fact]
    public async Task Apply_OfMissingObject_CreatesItAndOwnsItsFields()
    {
        var path = await NewAsync();
        var answer = await server.Admin.ApplyAsync(path, Head + """{"a":"1"}}""", "one");
        Assert.Equal(201, answer.Code);
        var entry = answer.Json.Child("metadata")!.Objects("managedFields").Single();
        Assert.Equal(("one", "Apply", """{"f:data":{"f:a":{}}}"""), (entry.Text("manager"), entry.Text("operation"), entry["fieldsV1"]!.ToJsonString()));
    }

    [Fact]
    public async Task ManagedFields_AreWrittenInOneOrderWhateverOrderTheBodyHas()
    {
        var path = await NewAsync();
        var made = (await server.Admin.ApplyAsync(path, Head + """{"b":"1","a":"1"},"binaryData":{"z":"YQ==","y":"YQ=="}}""", "one")).Ok();
        Assert.Equal(["""one {"f:binaryData":{"f:y":{},"f:z":{}},"f:data":{"f:a":{},"f:b":{}}}"""], Owners(made));
        var put = (await server.Admin.PutAsync(path, Head + """{"d":"1","b":"1","c":"1","a":"1"}}""")).Ok();
        Assert.Equal("""{"f:data":{"f:c":{},"f:d":{}}}""", put.Child("metadata")!.Objects("managedFields").Single(m => m.Text("operation") == "Update")["fieldsV1"]!.ToJsonString());
    }

    [Fact]
    public async Task Apply_OfJsonWithANameTwice_WarnsAsForYaml()
    {
        var path = await NewAsync();
        using var request = new HttpRequestMessage(HttpMethod.Patch, path + "?fieldManager=one") { Content = new StringContent(Head + """{"a":"1","a":"2"}}""", System.Text.Encoding.UTF8, "application/apply-patch+yaml") };
        using var answer = await server.Admin.Http.SendAsync(request);
        Assert.Contains("key \"a\" already set in map", string.Join(' ', answer.Headers.GetValues("Warning")).Replace("\\", "", StringComparison.Ordinal));
        Assert.Contains("\"a\":\"2\"", await answer.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task Apply_OfAnothersField_IsRefusedWithCauses()
    {
        var path = await NewAsync();
        (await server.Admin.ApplyAsync(path, Head + """{"a":"1","b":"1"}}""", "one")).Ok();
        var one = await server.Admin.ApplyAsync(path, Head + """{"a":"2"}}""", "two");
        Assert.Equal((409, "Conflict", "Apply failed with 1 conflict: conflict with \"one\": .data.a"), (one.Code, one.Reason, one.Message));
        var cause = one.Json.Child("details")!.Objects("causes").Single();
        Assert.Equal(("FieldManagerConflict", ".data.a", "conflict with \"one\""), (cause.Text("reason"), cause.Text("field"), cause.Text("message")));
        var both = await server.Admin.ApplyAsync(path, Head + """{"a":"2","b":"2"}}""", "two");
        Assert.Equal("Apply failed with 2 conflicts: conflicts with \"one\":\n- .data.a\n- .data.b", both.Message);
    }

    [Fact]
    public async Task Apply_Forced_TakesTheFieldOver()
    {
        var path = await NewAsync();
        (await server.Admin.ApplyAsync(path, Head + """{"a":"1","b":"1"}}""", "one")).Ok();
        var value = (await server.Admin.ApplyAsync(path, Head + """{"a":"2"}}""", "two", force: true)).Ok();
        Assert.Equal("""{"a":"2","b":"1"}""", value["data"]!.ToJsonString());
        Assert.Equal(["""one {"f:data":{"f:b":{}}}""", """two {"f:data":{"f:a":{}}}"""], Owners(value));
    }

    [Fact]
    public async Task Apply_WithoutAFieldOfBefore_RemovesItUnlessAnotherOwnsItToo()
    {
        var path = await NewAsync();
        (await server.Admin.ApplyAsync(path, Head + """{"a":"1","b":"1","c":"1"}}""", "one")).Ok();
        (await server.Admin.ApplyAsync(path, Head + """{"b":"1"}}""", "two")).Ok();
        var value = (await server.Admin.ApplyAsync(path, Head + """{"c":"1"}}""", "one")).Ok();
        Assert.Equal("""{"b":"1","c":"1"}""", value["data"]!.ToJsonString());
    }

    [Fact]
    public async Task Apply_OfTheSame_ChangesNothing()
    {
        var path = await NewAsync();
        var first = (await server.Admin.ApplyAsync(path, Head + """{"a":"1"}}""", "one")).Ok();
        var again = (await server.Admin.ApplyAsync(path, Head + """{"a":"1"}}""", "one")).Ok();
        Assert.Equal(first.ToJsonString(), again.ToJsonString());
    }

    [Fact]
    public async Task Update_OfAnAppliedField_TakesItFromTheApplier()
    {
        var path = await NewAsync();
        (await server.Admin.ApplyAsync(path, Head + """{"a":"1"}}""", "one")).Ok();
        var value = (await server.Admin.PatchAsync(path, """{"data":{"a":"2"}}""", Api.Merge)).Ok();
        Assert.Equal(["""tester {"f:data":{"f:a":{}}}"""], Owners(value));
        Assert.Equal("Apply failed with 1 conflict: conflict with \"tester\" using v1: .data.a", (await server.Admin.ApplyAsync(path, Head + """{"a":"1"}}""", "one")).Message);
    }

    [Fact]
    public async Task Owners_GivenAsOneEmptyEntry_AreForgotten()
    {
        var path = await NewAsync();
        (await server.Admin.ApplyAsync(path, Head + """{"a":"1"}}""", "one")).Ok();
        var value = (await server.Admin.PatchAsync(path, """[{"op":"replace","path":"/metadata/managedFields","value":[{}]}]""", Api.JsonPatch)).Ok();
        Assert.Null(value.Child("metadata")!.Items("managedFields"));
    }

    [Fact]
    public async Task Apply_OfKeyedList_MergesItemByItem()
    {
        var ns = await server.NamespaceAsync();
        var path = $"/apis/apps/v1/namespaces/{ns}/deployments/d";
        static string Body(string containers) => """{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"d"},"spec":{"selector":{"matchLabels":{"a":"b"}},"template":{"metadata":{"labels":{"a":"b"}},"spec":{"containers":[""" + containers + "]}}}}";
        (await server.Admin.ApplyAsync(path, Body("""{"name":"x","image":"i:1","ports":[{"containerPort":80},{"containerPort":81}]}"""), "one")).Ok();
        (await server.Admin.ApplyAsync(path, Body("""{"name":"side","image":"s:1"}"""), "two")).Ok();
        var value = (await server.Admin.ApplyAsync(path, Body("""{"name":"x","image":"i:2","ports":[{"containerPort":80}]}"""), "one")).Ok();
        var containers = value.Child("spec")!.Child("template")!.Child("spec")!.Objects("containers").ToDictionary(c => c.Text("name")!);
        Assert.Equal(["side", "x"], containers.Keys.Order());
        Assert.Equal("i:2", containers["x"].Text("image"));
        Assert.Equal(80, Assert.Single(containers["x"].Objects("ports")).Number("containerPort"));
    }

    [Fact]
    public async Task Apply_ToStatus_LeavesTheRestAlone()
    {
        var ns = await server.NamespaceAsync();
        var path = $"/apis/apps/v1/namespaces/{ns}/deployments/d";
        (await server.Admin.ApplyAsync(path, """{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"d"},"spec":{"selector":{"matchLabels":{"a":"b"}},"template":{"metadata":{"labels":{"a":"b"}},"spec":{"containers":[{"name":"x","image":"i"}]}}}}""", "one")).Ok();
        var value = (await server.Admin.ApplyAsync(path + "/status", """{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"d"},"spec":{"replicas":9},"status":{"replicas":3}}""", "controller")).Ok();
        Assert.Equal((1, 3), (value.Child("spec")!.Number("replicas"), value.Child("status")!.Number("replicas")));
        Assert.Contains("""controller {"f:status":{"f:replicas":{}}}""", Owners(value));
    }

    [Fact]
    public async Task Apply_WithoutManager_IsRefused() =>
        Assert.Contains("fieldManager: Required value", (await server.Admin.PatchAsync(await NewAsync(), Head + "{}}", Api.Apply)).Message);

    [Fact]
    public async Task Scale_ByKubectl_ConflictsWithTheApplier()
    {
        var ns = await server.NamespaceAsync();
        const string Yaml = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d}\nspec:\n  replicas: 2\n  selector: {matchLabels: {a: b}}\n  template:\n    metadata: {labels: {a: b}}\n    spec: {containers: [{name: x, image: i}]}\n";
        await server.Kubectl.OkAsync($"apply --server-side -n {ns} -f -", Yaml);
        await server.Kubectl.OkAsync($"scale deployment d --replicas=4 -n {ns}");
        var (code, output) = await server.Kubectl.RunAsync($"apply --server-side -n {ns} -f -", Yaml);
        Assert.Equal(1, code);
        Assert.Contains("Apply failed with 1 conflict: conflict with \"kubectl\" with subresource \"scale\" using apps/v1: .spec.replicas", output);
        Assert.Contains("-  replicas: 4", (await server.Kubectl.RunAsync($"diff --server-side --force-conflicts -n {ns} -f -", Yaml)).Output);
        await server.Kubectl.OkAsync($"apply --server-side --force-conflicts -n {ns} -f -", Yaml);
        Assert.Contains("manager: kubectl", await server.Kubectl.OkAsync($"get deployment d -n {ns} -o yaml --show-managed-fields"));
    }

    private static List<string> Owners(System.Text.Json.Nodes.JsonObject value) =>
        [.. value.Child("metadata")!.Objects("managedFields").Select(m => $"{m.Text("manager")} {m["fieldsV1"]!.ToJsonString()}")];
}
