using Gureum.ApiServer.Tests.Support;
using Gureum.Objects.Json;

namespace Gureum.ApiServer.Tests.Access;

public sealed class AccessTests(TestServer server)
{
    [Fact]
    public async Task Nobody_MayReadNothing()
    {
        var answer = await server.Anonymous().GetAsync("/api/v1/namespaces/default/secrets");
        Assert.Equal((403, "secrets is forbidden: User \"system:anonymous\" cannot list resource \"secrets\" in API group \"\" in the namespace \"default\""), (answer.Code, answer.Message));
    }

    [Fact]
    public async Task Token_ThatNobodyGave_IsUnauthorized() =>
        Assert.Equal(401, (await server.Anonymous().SendAsync(HttpMethod.Get, "/api/v1/pods", null, headers: [("Authorization", "Bearer not.a.token")])).Code);

    [Fact]
    public async Task Token_OfAServiceAccount_SaysWhoItIs()
    {
        var ns = await server.NamespaceAsync();
        var token = (await server.Admin.PostAsync($"/api/v1/namespaces/{ns}/serviceaccounts/default/token", """{"spec":{}}""")).Ok().Child("status")!.Text("token");
        var review = (await server.Anonymous().SendAsync(HttpMethod.Post, "/apis/authentication.k8s.io/v1/selfsubjectreviews", "{}", headers: [("Authorization", "Bearer " + token)])).Ok();
        Assert.Equal($"system:serviceaccount:{ns}:default", review.Child("status")!.Child("userInfo")!.Text("username"));
    }

    [Fact]
    public async Task Impersonation_NeedsTheRightTo()
    {
        Assert.Equal(403, (await server.Admin.SendAsync(HttpMethod.Get, "/api/v1/secrets", null, headers: [("Impersonate-User", "jane")])).Code);
        var refused = await server.As("bob").SendAsync(HttpMethod.Get, "/api/v1/secrets", null, headers: [("Impersonate-User", "admin")]);
        Assert.Contains("User \"bob\" cannot impersonate resource \"users\"", refused.Message);
    }
}
