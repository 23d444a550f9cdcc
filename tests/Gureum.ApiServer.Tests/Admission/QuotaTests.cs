using Gureum.ApiServer.Tests.Support;

namespace Gureum.ApiServer.Tests.Admission;

public sealed class QuotaTests(TestServer server)
{
    [Fact]
    public async Task Creates_AtTheEdgeOfTheQuota_LetExactlyTheQuotaThrough()
    {
        var ns = await server.NamespaceAsync();
        (await server.Admin.PostAsync($"/api/v1/namespaces/{ns}/resourcequotas", """{"metadata":{"name":"few"},"spec":{"hard":{"count/configmaps":"5"}}}""")).Ok();
        var answers = await Task.WhenAll(Enumerable.Range(0, 40).Select(i => server.Admin.PostAsync($"/api/v1/namespaces/{ns}/configmaps", $$$"""{"metadata":{"name":"c{{{i}}}"}}""")));
        Assert.Equal((5, 35), (answers.Count(a => a.Code == 201), answers.Count(a => a.Code == 403)));
        Assert.Contains("exceeded quota: few, requested: count/configmaps=1, used: count/configmaps=5, limited: count/configmaps=5", answers.Last(a => a.Code == 403).Message);
    }

    [Fact]
    public async Task Create_ThatFails_GivesItsShareBack()
    {
        var ns = await server.NamespaceAsync();
        var maps = $"/api/v1/namespaces/{ns}/configmaps";
        (await server.Admin.PostAsync(maps, """{"metadata":{"name":"a"}}""")).Ok();
        (await server.Admin.PostAsync($"/api/v1/namespaces/{ns}/resourcequotas", """{"metadata":{"name":"two"},"spec":{"hard":{"configmaps":"2"}}}""")).Ok();
        for (var i = 0; i < 3; i++) Assert.Equal(409, (await server.Admin.PostAsync(maps, """{"metadata":{"name":"a"}}""")).Code);
        Assert.Equal(201, (await server.Admin.PostAsync(maps, """{"metadata":{"name":"b"}}""")).Code);
        (await server.Admin.DeleteAsync(maps + "/a")).Ok();
        Assert.Equal(201, (await server.Admin.PostAsync(maps, """{"metadata":{"name":"c"}}""")).Code);
    }

    [Fact]
    public async Task Pod_WithoutRequests_UnderAQuotaOfThem_IsRefused()
    {
        var ns = await server.NamespaceAsync();
        (await server.Admin.PostAsync($"/api/v1/namespaces/{ns}/resourcequotas", """{"metadata":{"name":"cpu"},"spec":{"hard":{"requests.cpu":"1"}}}""")).Ok();
        static string Pod(string name, string resources) => $$$"""{"metadata":{"name":"{{{name}}}"},"spec":{"containers":[{"name":"c","image":"i","resources":{{{resources}}}}]}}""";
        Assert.Contains("failed quota: cpu: must specify requests.cpu for: c", (await server.Admin.PostAsync($"/api/v1/namespaces/{ns}/pods", Pod("a", "{}"))).Message);
        (await server.Admin.PostAsync($"/api/v1/namespaces/{ns}/pods", Pod("b", """{"requests":{"cpu":"700m"}}"""))).Ok();
        Assert.Contains("requested: requests.cpu=400m, used: requests.cpu=700m, limited: requests.cpu=1", (await server.Admin.PostAsync($"/api/v1/namespaces/{ns}/pods", Pod("c", """{"requests":{"cpu":"400m"}}"""))).Message);
    }
}
