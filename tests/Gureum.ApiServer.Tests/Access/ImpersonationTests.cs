using Gureum.ApiServer.Tests.Support;
using Gureum.Objects.Json;

namespace Gureum.ApiServer.Tests.Access;

public sealed class ImpersonationTests(TestServer server)
{
    private const string Rbac = "/apis/rbac.authorization.k8s.io/v1", Self = "/apis/authentication.k8s.io/v1/selfsubjectreviews";

    private Task<Answer> AsAsync(Api api, params (string, string)[] headers) => api.SendAsync(HttpMethod.Post, Self, "{}", headers: headers);

    [Fact]
    public async Task Impersonation_TakesOnNameGroupsIdentifierAndExtras()
    {
        var user = (await AsAsync(server.Admin, ("Impersonate-User", "jane"), ("Impersonate-Group", "dev"), ("Impersonate-Uid", "u-1"), ("Impersonate-Extra-Example.com%2fScopes", "read"))).Ok().Child("status")!.Child("userInfo")!;
        Assert.Equal(("jane", "u-1"), (user.Text("username"), user.Text("uid")));
        Assert.Equal(["dev", "system:authenticated"], user.Texts("groups"));
        Assert.Equal("read", user.Child("extra")!.Texts("example.com/scopes").Single());
    }

    [Fact]
    public async Task Impersonation_OfServiceAccountsAndStrangers_HasTheirGroups()
    {
        var user = (await AsAsync(server.Admin, ("Impersonate-User", "system:serviceaccount:a:b"))).Ok().Child("status")!.Child("userInfo")!;
        Assert.Equal(["system:serviceaccounts", "system:serviceaccounts:a", "system:authenticated"], user.Texts("groups"));
        Assert.Equal(403, (await AsAsync(server.Admin, ("Impersonate-User", "system:anonymous"))).Code);
        Assert.Equal(200, (await server.Admin.SendAsync(HttpMethod.Get, "/healthz", null, headers: [("Impersonate-User", "system:anonymous")])).Code);
    }

    [Fact]
    public async Task Impersonation_WithoutAUser_IsABadRequest()
    {
        var refused = await AsAsync(server.Admin, ("Impersonate-Group", "system:masters"));
        Assert.Equal((400, "requested [Group system:masters] without impersonating a user"), (refused.Code, refused.Message));
        Assert.Equal(400, (await AsAsync(server.Admin, ("Impersonate-Extra-a", "b"))).Code);
        Assert.Equal(400, (await AsAsync(server.Admin, ("Impersonate-Uid", "b"))).Code);
    }

    [Fact]
    public async Task Impersonation_NeedsEachRight()
    {
        (await server.Admin.PostAsync(Rbac + "/clusterroles", """{"metadata":{"name":"actor"},"rules":[{"apiGroups":[""],"resources":["users"],"verbs":["impersonate"],"resourceNames":["jane"]},{"apiGroups":["authentication.k8s.io"],"resources":["userextras/scopes"],"verbs":["impersonate"],"resourceNames":["read"]}]}""")).Ok();
        (await server.Admin.PostAsync(Rbac + "/clusterrolebindings", """{"metadata":{"name":"actor"},"roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole","name":"actor"},"subjects":[{"kind":"User","apiGroup":"rbac.authorization.k8s.io","name":"actor"}]}""")).Ok();
        var actor = server.As("actor");
        Assert.Equal("jane", (await AsAsync(actor, ("Impersonate-User", "jane"), ("Impersonate-Extra-Scopes", "read"))).Ok().Child("status")!.Child("userInfo")!.Text("username"));
        await RefusedAsync("users \"john\" is forbidden: User \"actor\" cannot impersonate resource \"users\" in API group \"\" at the cluster scope", ("Impersonate-User", "john"));
        await RefusedAsync("groups \"dev\" is forbidden: User \"actor\" cannot impersonate resource \"groups\" in API group \"\" at the cluster scope", ("Impersonate-User", "jane"), ("Impersonate-Group", "dev"));
        await RefusedAsync("groups \"system:authenticated\" is forbidden", ("Impersonate-User", "jane"), ("Impersonate-Group", "system:authenticated"));
        await RefusedAsync("userextras.authentication.k8s.io \"write\" is forbidden: User \"actor\" cannot impersonate resource \"userextras/scopes\" in API group \"authentication.k8s.io\" at the cluster scope", ("Impersonate-User", "jane"), ("Impersonate-Extra-Scopes", "write"));
        await RefusedAsync("uids.authentication.k8s.io \"u\" is forbidden", ("Impersonate-User", "jane"), ("Impersonate-Uid", "u"));
        await RefusedAsync("serviceaccounts \"b\" is forbidden: User \"actor\" cannot impersonate resource \"serviceaccounts\" in API group \"\" in the namespace \"a\"", ("Impersonate-User", "system:serviceaccount:a:b"));

        async Task RefusedAsync(string message, params (string, string)[] headers)
        {
            var refused = await AsAsync(actor, headers);
            Assert.Equal(403, refused.Code);
            Assert.Contains(message, refused.Message);
        }
    }
}
