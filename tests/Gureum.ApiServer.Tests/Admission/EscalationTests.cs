using Gureum.ApiServer.Tests.Support;

namespace Gureum.ApiServer.Tests.Admission;

public sealed class EscalationTests(TestServer server)
{
    private const string Rbac = "/apis/rbac.authorization.k8s.io/v1";

    [Fact]
    public async Task Role_WithMoreThanItsAuthorHolds_IsRefused()
    {
        var (ns, jane) = await AuthorAsync("jane1");
        var more = await jane.PostAsync($"{Rbac}/namespaces/{ns}/roles", """{"metadata":{"name":"more"},"rules":[{"apiGroups":[""],"resources":["pods","secrets"],"verbs":["get"]}]}""");
        Assert.Equal(403, more.Code);
        Assert.Contains("user \"jane1\"", more.Message);
        Assert.Contains("is attempting to grant RBAC permissions not currently held:\n{APIGroups:[\"\"], Resources:[\"secrets\"], Verbs:[\"get\"]}", more.Message);
        (await jane.PostAsync($"{Rbac}/namespaces/{ns}/roles", """{"metadata":{"name":"same"},"rules":[{"apiGroups":[""],"resources":["pods"],"verbs":["get"]}]}""")).Ok();
    }

    [Fact]
    public async Task Binding_OfARoleThatItsAuthorDoesNotHold_IsRefusedWithoutTheVerbBind()
    {
        var (ns, jane) = await AuthorAsync("jane2");
        const string Body = """{"metadata":{"name":"b"},"roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole","name":"cluster-admin"},"subjects":[{"kind":"User","name":"jane2","apiGroup":"rbac.authorization.k8s.io"}]}""";
        Assert.Equal(403, (await jane.PostAsync($"{Rbac}/namespaces/{ns}/rolebindings", Body)).Code);
        (await server.Admin.PostAsync($"{Rbac}/namespaces/{ns}/roles", """{"metadata":{"name":"binder"},"rules":[{"apiGroups":["rbac.authorization.k8s.io"],"resources":["clusterroles"],"verbs":["bind"],"resourceNames":["cluster-admin"]}]}""")).Ok();
        await BindAsync(ns, "binder", "jane2");
        (await jane.PostAsync($"{Rbac}/namespaces/{ns}/rolebindings", Body)).Ok();
    }

    [Fact]
    public async Task Binding_OfARoleThatDoesNotExist_IsRefused()
    {
        var (ns, jane) = await AuthorAsync("jane3");
        var refused = await jane.PostAsync($"{Rbac}/namespaces/{ns}/rolebindings", """{"metadata":{"name":"b"},"roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole","name":"to-come"},"subjects":[{"kind":"User","name":"jane3","apiGroup":"rbac.authorization.k8s.io"}]}""");
        Assert.Equal((404, "clusterroles.rbac.authorization.k8s.io \"to-come\" not found"), (refused.Code, refused.Message));
    }

    [Fact]
    public async Task Role_WithTheVerbEscalate_MayHoldAnything_AndWhatIsMissingIsToldTogether()
    {
        var (ns, jane) = await AuthorAsync("jane4");
        const string Body = """{"metadata":{"name":"more"},"rules":[{"apiGroups":[""],"resources":["secrets"],"verbs":["get","list"]}]}""";
        var refused = await jane.PostAsync($"{Rbac}/namespaces/{ns}/roles", Body);
        Assert.Contains("not currently held:\n{APIGroups:[\"\"], Resources:[\"secrets\"], Verbs:[\"get\" \"list\"]}", refused.Message);
        (await server.Admin.PostAsync($"{Rbac}/namespaces/{ns}/roles", """{"metadata":{"name":"escalator"},"rules":[{"apiGroups":["rbac.authorization.k8s.io"],"resources":["roles"],"verbs":["escalate"]}]}""")).Ok();
        await BindAsync(ns, "escalator", "jane4");
        (await jane.PostAsync($"{Rbac}/namespaces/{ns}/roles", Body)).Ok();
    }

    [Fact]
    public async Task Aggregation_IsForThoseWhoMayDoEverything()
    {
        (await server.Admin.PostAsync(Rbac + "/clusterroles", """{"metadata":{"name":"gatherer-author"},"rules":[{"apiGroups":["rbac.authorization.k8s.io"],"resources":["clusterroles"],"verbs":["create","patch","get"]}]}""")).Ok();
        (await server.Admin.PostAsync(Rbac + "/clusterrolebindings", """{"metadata":{"name":"gatherer-author"},"roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole","name":"gatherer-author"},"subjects":[{"kind":"User","name":"jane5","apiGroup":"rbac.authorization.k8s.io"}]}""")).Ok();
        var refused = await server.As("jane5").PostAsync(Rbac + "/clusterroles", """{"metadata":{"name":"gatherer"},"aggregationRule":{"clusterRoleSelectors":[{"matchLabels":{"a":"b"}}]},"rules":[]}""");
        Assert.Equal((403, "clusterroles.rbac.authorization.k8s.io \"gatherer\" is forbidden: must have cluster-admin privileges to use the aggregationRule"), (refused.Code, refused.Message));
        (await server.Admin.PostAsync(Rbac + "/clusterroles", """{"metadata":{"name":"gatherer"},"aggregationRule":{"clusterRoleSelectors":[{"matchLabels":{"a":"b"}}]},"rules":[]}""")).Ok();
    }

    private async Task<(string, Api)> AuthorAsync(string user)
    {
        var ns = await server.NamespaceAsync();
        (await server.Admin.PostAsync($"{Rbac}/namespaces/{ns}/roles", """{"metadata":{"name":"author"},"rules":[{"apiGroups":[""],"resources":["pods"],"verbs":["get"]},{"apiGroups":["rbac.authorization.k8s.io"],"resources":["roles","rolebindings"],"verbs":["create","update"]}]}""")).Ok();
        await BindAsync(ns, "author", user);
        return (ns, server.As(user));
    }

    private async Task BindAsync(string ns, string role, string user) =>
        (await server.Admin.PostAsync($"{Rbac}/namespaces/{ns}/rolebindings", $$$"""{"metadata":{"name":"{{{role}}}"},"roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"Role","name":"{{{role}}}"},"subjects":[{"kind":"User","name":"{{{user}}}","apiGroup":"rbac.authorization.k8s.io"}]}""")).Ok();
}
