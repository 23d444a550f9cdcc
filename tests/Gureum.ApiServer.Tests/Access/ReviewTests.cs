using Gureum.ApiServer.Tests.Support;
using Gureum.Objects.Json;

namespace Gureum.ApiServer.Tests.Access;

public sealed class ReviewTests(TestServer server)
{
    private const string Rbac = "/apis/rbac.authorization.k8s.io/v1", Group = "/apis/authorization.k8s.io/v1";

    private async Task<string> ReaderAsync(string user)
    {
        var ns = await server.NamespaceAsync();
        (await server.Admin.PostAsync($"{Rbac}/namespaces/{ns}/roles", """{"metadata":{"name":"reader"},"rules":[{"apiGroups":["apps"],"resources":["deployments","deployments/scale"],"verbs":["get","list"],"resourceNames":["web"]}]}""")).Ok();
        (await server.Admin.PostAsync($"{Rbac}/namespaces/{ns}/rolebindings", $$$"""{"metadata":{"name":"reader"},"roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"Role","name":"reader"},"subjects":[{"kind":"User","apiGroup":"rbac.authorization.k8s.io","name":"{{{user}}}"}]}""")).Ok();
        return ns;
    }

    [Fact]
    public async Task AccessReview_SaysWhetherAndWhy()
    {
        var ns = await ReaderAsync("reader1");
        var yes = (await server.Admin.PostAsync(Group + "/subjectaccessreviews", """{"spec":{"user":"reader1","resourceAttributes":{"namespace":"NAMESPACE","verb":"get","group":"apps","resource":"deployments","name":"web"}}}""".Replace("NAMESPACE", ns))).Ok().Child("status")!;
        Assert.Equal((true, $"RBAC: allowed by RoleBinding \"reader/{ns}\" of Role \"reader\" to User \"reader1\""), (yes.Flag("allowed"), yes.Text("reason")));
        var no = (await server.Admin.PostAsync(Group + "/subjectaccessreviews", """{"spec":{"user":"reader1","resourceAttributes":{"namespace":"NAMESPACE","verb":"get","group":"apps","resource":"deployments","name":"db"}}}""".Replace("NAMESPACE", ns))).Ok().Child("status")!;
        Assert.Equal(false, no.Flag("allowed"));
        var path = (await server.Admin.PostAsync(Group + "/subjectaccessreviews", """{"spec":{"groups":["system:authenticated"],"nonResourceAttributes":{"path":"/version","verb":"get"}}}""")).Ok().Child("status")!;
        Assert.True(path.Flag("allowed"));
    }

    [Theory]
    [InlineData("subjectaccessreviews", """{"user":"a"}""", "exactly one of nonResourceAttributes or resourceAttributes must be specified")]
    [InlineData("subjectaccessreviews", """{"user":"a","resourceAttributes":{"verb":"get"},"nonResourceAttributes":{"path":"/"}}""", "cannot be specified in combination with resourceAttributes")]
    [InlineData("subjectaccessreviews", """{"resourceAttributes":{"verb":"get"}}""", "spec.user: Invalid value: \"\": at least one of user or group must be specified")]
    [InlineData("selfsubjectaccessreviews", """{}""", "exactly one of nonResourceAttributes or resourceAttributes must be specified")]
    [InlineData("namespaces/default/localsubjectaccessreviews", """{"user":"a","resourceAttributes":{"namespace":"other","verb":"get"}}""", "spec.resourceAttributes.namespace: Invalid value: \"other\": must match metadata.namespace")]
    [InlineData("namespaces/default/localsubjectaccessreviews", """{"user":"a","nonResourceAttributes":{"path":"/"}}""", "disallowed on this kind of request")]
    public async Task AccessReview_OfNothingSensible_IsInvalid(string path, string spec, string message)
    {
        var refused = await server.Admin.PostAsync($"{Group}/{path}", $$$"""{"spec":{{{spec}}}}""");
        Assert.Equal((422, "Invalid"), (refused.Code, refused.Reason));
        Assert.Contains(message, refused.Message);
    }

    [Fact]
    public async Task LocalReview_IsForThoseOfTheNamespace()
    {
        var ns = await ReaderAsync("reader2");
        var yes = (await server.Admin.PostAsync($"{Group}/namespaces/{ns}/localsubjectaccessreviews", """{"spec":{"user":"reader2","resourceAttributes":{"namespace":"NAMESPACE","verb":"list","group":"apps","resource":"deployments","subresource":"scale","name":"web"}}}""".Replace("NAMESPACE", ns))).Ok();
        Assert.True(yes.Child("status")!.Flag("allowed"));
        Assert.Equal(403, (await server.As("reader2").PostAsync($"{Group}/namespaces/{ns}/localsubjectaccessreviews", """{"spec":{"user":"reader2","resourceAttributes":{"namespace":"NAMESPACE","verb":"list"}}}""".Replace("NAMESPACE", ns))).Code);
    }

    [Fact]
    public async Task RulesReview_ListsWhatOneMayDo()
    {
        var ns = await ReaderAsync("reader3");
        var status = (await server.As("reader3").PostAsync(Group + "/selfsubjectrulesreviews", $$$"""{"spec":{"namespace":"{{{ns}}}"}}""")).Ok().Child("status")!;
        Assert.Contains(status.Objects("resourceRules"), r => r.Texts("resources").Contains("deployments/scale") && r.Texts("resourceNames").Single() == "web");
        Assert.Contains(status.Objects("nonResourceRules"), r => r.Texts("nonResourceURLs").Contains("/version"));
        Assert.Contains("deployments.apps", await server.Kubectl.OkAsync($"auth can-i --list --as reader3 -n {ns}"));
        Assert.Contains("yes", await server.Kubectl.OkAsync($"auth can-i get deployments.apps/web --as reader3 -n {ns}"));
    }

    [Theory]
    [InlineData("/healthz", 200)]
    [InlineData("/livez", 200)]
    [InlineData("/readyz", 200)]
    [InlineData("/version", 200)]
    [InlineData("/livez/ping", 403)]
    [InlineData("/metrics", 403)]
    [InlineData("/api", 403)]
    [InlineData("/openapi/v2", 403)]
    [InlineData("/", 403)]
    public async Task Stranger_SeesWhetherTheServerIsWell_AndNothingElse(string path, int code) => Assert.Equal(code, (await server.Anonymous().GetAsync(path)).Code);
}
