using Gureum.ApiServer.Tests.Support;
using Gureum.Objects.Json;

namespace Gureum.ApiServer.Tests.Verbs;

/// <summary>The options that writes carry: dry runs, field managers, preconditions, and how wrong ones are refused.</summary>
public sealed class RequestOptionTests(TestServer server)
{
    private async Task<string> MapsAsync()
    {
        var maps = $"/api/v1/namespaces/{await server.NamespaceAsync()}/configmaps";
        (await server.Admin.PostAsync(maps, """{"metadata":{"name":"m"},"data":{"a":"1"}}""")).Ok();
        return maps;
    }

    [Theory]
    [InlineData("POST", "", "{}", "", "dryRun=Some", "CreateOptions", "dryRun: Unsupported value: [\"Some\"]: supported values: \"All\"")]
    [InlineData("POST", "", "{}", "", "dryRun=", "CreateOptions", "dryRun: Unsupported value: [\"\"]: supported values: \"All\"")]
    [InlineData("PUT", "/m", "{}", "", "fieldValidation=Loose", "UpdateOptions", "fieldValidation: Unsupported value: \"Loose\": supported values: \"\", \"Ignore\", \"Strict\", \"Warn\"")]
    [InlineData("PATCH", "/m", "{}", Api.Merge, "force=true", "PatchOptions", "force: Forbidden: may not be specified for non-apply patch")]
    [InlineData("PATCH", "/m", "{}", Api.Apply, "", "PatchOptions", "fieldManager: Required value: is required for apply patch")]
    [InlineData("PATCH", "/m", "{}", Api.Merge, "fieldManager=a%07b", "PatchOptions", "fieldManager: Invalid value: \"a\\ab\": invalid character U+0007 (at position 1)")]
    [InlineData("DELETE", "/m", null, "", "dryRun=Some", "DeleteOptions", "dryRun: Unsupported value: [\"Some\"]: supported values: \"All\"")]
    [InlineData("DELETE", "/m", """{"dryRun":["None"]}""", "", "", "DeleteOptions", "dryRun: Unsupported value: [\"None\"]: supported values: \"All\"")]
    [InlineData("DELETE", "/m", """{"propagationPolicy":"Sideways"}""", "", "", "DeleteOptions", "propagationPolicy: Unsupported value: \"Sideways\": supported values: \"Foreground\", \"Background\", \"Orphan\", \"nil\"")]
    [InlineData("DELETE", "/m", """{"propagationPolicy":"Orphan","orphanDependents":true}""", "", "", "DeleteOptions", "propagationPolicy: Invalid value: \"Orphan\": orphanDependents and deletionPropagation cannot be both set")]
    [InlineData("POST", "", "{}", "", "dryRun=Some&fieldValidation=Loose", "CreateOptions", "[dryRun: Unsupported value: [\"Some\"]: supported values: \"All\", fieldValidation: Unsupported value: \"Loose\": supported values: \"\", \"Ignore\", \"Strict\", \"Warn\"]")]
    public async Task Write_WithAWrongOption_IsRefused(string method, string path, string? body, string type, string query, string kind, string why)
    {
        var maps = await MapsAsync();
        var answer = await server.Admin.SendAsync(new HttpMethod(method), $"{maps}{path}?{query}", body, type.Length > 0 ? type : "application/json");
        Assert.Equal((422, "Invalid", $"{kind}.meta.k8s.io \"\" is invalid: {why}"), (answer.Code, answer.Reason, answer.Message));
        Assert.Equal("1", (await server.Admin.GetAsync(maps + "/m")).Ok().Child("data")!.Text("a"));
    }

    [Fact]
    public async Task FieldManager_ThatIsTooLong_IsRefused()
    {
        var answer = await server.Admin.PostAsync($"{await MapsAsync()}?fieldManager={new string('x', 129)}", "{}");
        Assert.Equal((422, "CreateOptions.meta.k8s.io \"\" is invalid: fieldManager: Too long: may not be more than 128 bytes"), (answer.Code, answer.Message));
    }

    /// <summary>Everything that a dry run of each write answers is as if it had been done, and nothing has.</summary>
    [Theory]
    [InlineData("POST", "", """{"metadata":{"name":"new"}}""", "", 201)]
    [InlineData("POST", "", """{"metadata":{"name":"m"}}""", "", 409)]
    [InlineData("PUT", "/m", """{"data":{"a":"2"}}""", "", 200)]
    [InlineData("PATCH", "/m", """{"data":{"a":"2"}}""", Api.Merge, 200)]
    [InlineData("PATCH", "/m", """{"data":{"a":"2"}}""", Api.Strategic, 200)]
    [InlineData("PATCH", "/m", """[{"op":"remove","path":"/data"}]""", Api.JsonPatch, 200)]
    [InlineData("PATCH", "/n", """{"data":{"a":"2"}}""", Api.Apply, 201)]
    [InlineData("DELETE", "/m", null, "", 200)]
    [InlineData("DELETE", "/m", """{"kind":"DeleteOptions","apiVersion":"v1","dryRun":["All"]}""", "", 200)]
    [InlineData("DELETE", "", null, "", 200)]
    [InlineData("DELETE", "", """{"dryRun":["All"]}""", "", 200)]
    public async Task DryRun_OfEachWrite_ChangesNothing(string method, string path, string? body, string type, int code)
    {
        var maps = await MapsAsync();
        var before = (await server.Admin.GetAsync(maps)).Ok();
        // A deletion with a body is told there, and nowhere else.
        var query = method == "DELETE" && body is not null ? "" : "?dryRun=All&fieldManager=me";
        var answer = await server.Admin.SendAsync(new HttpMethod(method), maps + path + query, body, type.Length > 0 ? type : "application/json");
        Assert.Equal(code, answer.Code);
        if (method == "POST" && code == 201) Assert.False(answer.Json.Child("metadata")!.ContainsKey("resourceVersion"));
        var after = (await server.Admin.GetAsync(maps)).Ok();
        Assert.Equal(before["items"]!.ToJsonString(), after["items"]!.ToJsonString());
    }

    [Fact]
    public async Task DryRun_OfKubectlsDeletion_LeavesTheObject()
    {
        var maps = await MapsAsync();
        await server.Kubectl.OkAsync($"delete configmap m -n {maps.Split('/')[4]} --dry-run=server");
        (await server.Admin.GetAsync(maps + "/m")).Ok();
    }

    [Theory]
    [InlineData("apis/apps/v1", "deployments", "scale", """{"spec":{"replicas":5}}""", Api.Merge)]
    [InlineData("apis/apps/v1", "deployments", "status", """{"status":{"replicas":5}}""", Api.Merge)]
    public async Task DryRun_OfASubresource_ChangesNothing(string version, string plural, string sub, string body, string type)
    {
        var path = $"/{version}/namespaces/{await server.NamespaceAsync()}/{plural}";
        var before = (await server.Admin.PostAsync(path, """{"metadata":{"name":"d"},"spec":{"replicas":1,"selector":{"matchLabels":{"a":"b"}},"template":{"metadata":{"labels":{"a":"b"}},"spec":{"containers":[{"name":"c","image":"i"}]}}}}""")).Ok();
        (await server.Admin.PatchAsync($"{path}/d/{sub}?dryRun=All", body, type)).Ok();
        Assert.Equal(before.ToJsonString(), (await server.Admin.GetAsync(path + "/d")).Ok().ToJsonString());
    }

    [Theory]
    [InlineData("binding", """{"metadata":{"name":"p"},"target":{"kind":"Node","name":"n"}}""", true)]
    [InlineData("eviction", """{"metadata":{"name":"p"}}""", true)]
    [InlineData("eviction", """{"metadata":{"name":"p"},"deleteOptions":{"dryRun":["All"]}}""", false)]
    public async Task DryRun_OfABindingOrAnEviction_ChangesNothing(string sub, string body, bool query)
    {
        var pods = $"/api/v1/namespaces/{await server.NamespaceAsync()}/pods";
        var before = (await server.Admin.PostAsync(pods, """{"metadata":{"name":"p"},"spec":{"containers":[{"name":"c","image":"i"}]}}""")).Ok();
        (await server.Admin.PostAsync($"{pods}/p/{sub}{(query ? "?dryRun=All" : "")}", body)).Ok();
        Assert.Equal(before.ToJsonString(), (await server.Admin.GetAsync(pods + "/p")).Ok().ToJsonString());
    }

    [Fact]
    public async Task DryRun_OfAService_KeepsNoAddress()
    {
        var services = $"/api/v1/namespaces/{await server.NamespaceAsync()}/services";
        var address = (await server.Admin.PostAsync(services + "?dryRun=All", """{"metadata":{"name":"s"},"spec":{"clusterIP":"10.96.99.99","ports":[{"port":80}]}}""")).Ok().Child("spec")!.Text("clusterIP");
        Assert.Equal(address, (await server.Admin.PostAsync(services, """{"metadata":{"name":"t"},"spec":{"clusterIP":"10.96.99.99","ports":[{"port":80}]}}""")).Ok().Child("spec")!.Text("clusterIP"));
    }

    [Theory]
    [InlineData("""{"preconditions":{"uid":"not-it"}}""", "the UID in the precondition (not-it) does not match the UID in record (UID). The object might have been deleted and then recreated")]
    [InlineData("""{"preconditions":{"resourceVersion":"1"}}""", "the ResourceVersion in the precondition (1) does not match the ResourceVersion in record (VERSION). The object might have been modified")]
    public async Task Deletion_OfAnotherObjectThanMeant_Conflicts(string body, string why)
    {
        var maps = await MapsAsync();
        var metadata = (await server.Admin.GetAsync(maps + "/m")).Ok().Child("metadata")!;
        var answer = await server.Admin.DeleteAsync(maps + "/m", body);
        Assert.Equal((409, "Conflict", "Operation cannot be fulfilled on ConfigMap \"m\": " + why.Replace("UID)", metadata.Text("uid") + ")").Replace("VERSION", metadata.Text("resourceVersion"))), (answer.Code, answer.Reason, answer.Message));
    }

    [Fact]
    public async Task Deletion_OfTheObjectMeant_IsDone()
    {
        var maps = await MapsAsync();
        var metadata = (await server.Admin.GetAsync(maps + "/m")).Ok().Child("metadata")!;
        (await server.Admin.DeleteAsync(maps + "/m", $$$"""{"preconditions":{"uid":"{{{metadata.Text("uid")}}}","resourceVersion":"{{{metadata.Text("resourceVersion")}}}"}}""")).Ok();
        Assert.Equal(404, (await server.Admin.GetAsync(maps + "/m")).Code);
    }

    [Fact]
    public async Task Manager_WithoutAName_IsTheFirstPartOfTheAgent()
    {
        var maps = await MapsAsync();
        var managed = (await server.Admin.GetAsync(maps + "/m")).Ok().Child("metadata")!.Objects("managedFields").Single();
        Assert.Equal(("tester", "Update", "v1"), (managed.Text("manager"), managed.Text("operation"), managed.Text("apiVersion")));
    }

    // A right to one name is enough to watch that name.
    [Fact]
    public async Task List_ByAName_NeedsARightToThatNameAlone()
    {
        var maps = await MapsAsync();
        var ns = maps.Split('/')[4];
        (await server.Admin.PostAsync($"/apis/rbac.authorization.k8s.io/v1/namespaces/{ns}/roles", """{"metadata":{"name":"one"},"rules":[{"apiGroups":[""],"resources":["configmaps"],"resourceNames":["m"],"verbs":["get","list","watch"]}]}""")).Ok();
        (await server.Admin.PostAsync($"/apis/rbac.authorization.k8s.io/v1/namespaces/{ns}/rolebindings", """{"metadata":{"name":"one"},"roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"Role","name":"one"},"subjects":[{"kind":"User","name":"ann","apiGroup":"rbac.authorization.k8s.io"}]}""")).Ok();
        var ann = server.As("ann");
        Assert.Single((await ann.GetAsync(maps + "?fieldSelector=metadata.name%3Dm")).Ok().Objects("items"));
        Assert.Equal(403, (await ann.GetAsync(maps + "?fieldSelector=metadata.name%3Dother")).Code);
        Assert.Equal(403, (await ann.GetAsync(maps + "?fieldSelector=metadata.name!%3Dm")).Code);
        Assert.Equal(403, (await ann.GetAsync(maps)).Code);
    }
}
