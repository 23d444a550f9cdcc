using Gureum.ApiServer.Tests.Support;
using Gureum.Objects.Json;

namespace Gureum.ApiServer.Tests.Surface;

/// <summary>Kinds of the core group that are asked or told but never stored, and what deletions answer with.</summary>
public sealed class VirtualKindTests(TestServer server)
{
    [Fact]
    public async Task ComponentStatuses_Listed_ShowTheStoreHealthy()
    {
        var list = (await server.Admin.GetAsync("/api/v1/componentstatuses")).Ok();
        Assert.Equal(("ComponentStatusList", "etcd-0"), (list.Text("kind"), list.Objects("items").Single().Child("metadata")!.Text("name")));
        var condition = (await server.Admin.GetAsync("/api/v1/componentstatuses/etcd-0")).Ok().Objects("conditions").Single();
        Assert.Equal(("Healthy", "True", "ok"), (condition.Text("type"), condition.Text("status"), condition.Text("message")));
        Assert.Matches("NAME +STATUS +MESSAGE +ERROR\netcd-0 +Healthy +ok", await server.Kubectl.OkAsync("get componentstatuses"));
    }

    [Fact]
    public async Task ComponentStatuses_OfNobody_AreNotFound()
    {
        var answer = await server.Admin.GetAsync("/api/v1/componentstatuses/nobody");
        Assert.Equal((404, "componentstatuses \"nobody\" not found"), (answer.Code, answer.Message));
        Assert.Empty((await server.Admin.GetAsync("/api/v1/componentstatuses?fieldSelector=metadata.name%3Dnobody")).Ok().Objects("items"));
    }

    [Fact]
    public async Task Bindings_Posted_AssignThePodThatTheyName()
    {
        var ns = await server.NamespaceAsync();
        await server.Admin.PostAsync($"/api/v1/namespaces/{ns}/pods", """{"metadata":{"name":"p"},"spec":{"containers":[{"name":"c","image":"i"}]}}""");
        Assert.Equal(400, (await server.Admin.PostAsync($"/api/v1/namespaces/{ns}/bindings", """{"target":{"kind":"Node","name":"n"}}""")).Code);
        (await server.Admin.PostAsync($"/api/v1/namespaces/{ns}/bindings", """{"metadata":{"name":"p"},"target":{"kind":"Node","name":"n"}}""")).Ok();
        Assert.Equal("n", (await server.Admin.GetAsync($"/api/v1/namespaces/{ns}/pods/p")).Ok().Child("spec")!.Text("nodeName"));
        Assert.Equal(409, (await server.Admin.PostAsync($"/api/v1/namespaces/{ns}/bindings", """{"metadata":{"name":"p"},"target":{"kind":"Node","name":"m"}}""")).Code);
    }

    [Theory]
    [InlineData("/api/v1/componentstatuses", "v1 ComponentStatus is deprecated in v1.19+")]
    [InlineData("/api/v1/namespaces/default/endpoints", "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice")]
    public async Task AKind_ThatIsToGo_SaysSoWithEveryAnswer(string path, string warning) =>
        Assert.Equal([$"299 - \"{warning}\""], (await server.Admin.GetAsync(path)).Headers.GetValues("Warning"));

    [Fact]
    public async Task ADefinedVersion_ThatIsToGo_SaysSoInItsAuthorsWordsOrOurs()
    {
        const string group = "going.example.com", open = """ "schema":{"openAPIV3Schema":{"type":"object"}} """;
        (await server.Admin.PostAsync("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", $$$"""
            {"metadata":{"name":"ships.{{{group}}}"},"spec":{"group":"{{{group}}}","scope":"Namespaced","names":{"kind":"Ship","plural":"ships"},"versions":[
            {"name":"v1","served":true,"storage":true,{{{open}}}},{"name":"v1beta1","served":true,"storage":false,"deprecated":true,{{{open}}}},{"name":"v1alpha1","served":true,"storage":false,"deprecated":true,"deprecationWarning":"sunk",{{{open}}}}]}}
            """)).Ok();
        while ((await server.Admin.GetAsync($"/apis/{group}/v1/ships")).Code == 404) await Task.Delay(20);
        Assert.Equal([$"299 - \"{group}/v1beta1 Ship is deprecated; use {group}/v1 Ship\""], (await server.Admin.GetAsync($"/apis/{group}/v1beta1/ships")).Headers.GetValues("Warning"));
        Assert.Equal(["299 - \"sunk\""], (await server.Admin.GetAsync($"/apis/{group}/v1alpha1/ships")).Headers.GetValues("Warning"));
        Assert.False((await server.Admin.GetAsync($"/apis/{group}/v1/ships")).Headers.Contains("Warning"));
    }

    [Theory]
    [InlineData("serviceaccounts", "ServiceAccount", "{}")]
    [InlineData("services", "Service", """{"spec":{"ports":[{"port":80}]}}""")]
    [InlineData("configmaps", "Status", "{}")]
    [InlineData("endpoints", "Status", "{}")]
    public async Task ADeletion_OnceDone_AnswersWithWhatUpstreamAnswers(string plural, string kind, string body)
    {
        var ns = await server.NamespaceAsync();
        (await server.Admin.PostAsync($"/api/v1/namespaces/{ns}/{plural}", body.Insert(1, "\"metadata\":{\"name\":\"a\"}" + (body == "{}" ? "" : ",")))).Ok();
        Assert.Equal(kind, (await server.Admin.DeleteAsync($"/api/v1/namespaces/{ns}/{plural}/a")).Ok().Text("kind"));
    }
}
