using System.Text;
using System.Text.Json.Nodes;
using Gureum.ApiServer.Tests.Support;
using Gureum.Client;
using Gureum.Objects.Authentication.V1;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Json;

namespace Gureum.ApiServer.Tests.Authentication;

/// <summary>Who a token stands for: those of bootstrapping, those of the old kind, and their reviews.</summary>
public sealed class TokenTests(TestServer server)
{
    private static string Base64(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));

    private async Task<string> BootstrapAsync(string id, string more = "", string usage = "true")
    {
        (await server.Admin.PostAsync("/api/v1/namespaces/kube-system/secrets", $$$"""
            {"metadata":{"name":"bootstrap-token-{{{id}}}"},"type":"bootstrap.kubernetes.io/token","data":{"token-id":"{{{Base64(id)}}}","token-secret":"{{{Base64("0123456789abcdef")}}}","usage-bootstrap-authentication":"{{{Base64(usage)}}}"{{{more}}}}}
            """)).Ok();
        return id + ".0123456789abcdef";
    }

    private Task<Answer> WhoAsync(string token) => server.Anonymous().SendAsync(HttpMethod.Post, "/apis/authentication.k8s.io/v1/selfsubjectreviews", "{}", headers: [("Authorization", "Bearer " + token)]);

    private async Task<JsonObject> ReviewAsync(string token, string audiences = "[]") =>
        (await server.Admin.PostAsync("/apis/authentication.k8s.io/v1/tokenreviews", $$$"""{"spec":{"token":"{{{token}}}","audiences":{{{audiences}}}}}""")).Ok().Child("status")!;

    [Fact]
    public async Task BootstrapToken_IsABootstrapper()
    {
        var token = await BootstrapAsync("abcdef", $",\"auth-extra-groups\":\"{Base64("system:bootstrappers:workers,system:bootstrappers:a-team")}\",\"expiration\":\"{Base64("2999-01-01T00:00:00Z")}\"");
        var user = (await ReviewAsync(token)).Child("user")!;
        Assert.Equal("system:bootstrap:abcdef", user.Text("username"));
        Assert.Equal(["system:bootstrappers", "system:bootstrappers:a-team", "system:bootstrappers:workers", "system:authenticated"], user.Texts("groups"));
        Assert.Equal("system:bootstrap:abcdef", (await WhoAsync(token)).Ok().Child("status")!.Child("userInfo")!.Text("username"));
        Assert.Equal(401, (await WhoAsync("abcdef.0123456789abcdeX")).Code);
        Assert.Equal(401, (await WhoAsync("abcdef.0123456789abcdee")).Code);
        (await server.Admin.DeleteAsync("/api/v1/namespaces/kube-system/secrets/bootstrap-token-abcdef")).Ok();
        Assert.Equal(401, (await WhoAsync(token)).Code);
    }

    [Theory]
    [InlineData("expire", "expiration", "2020-01-01T00:00:00Z", "true")]
    [InlineData("nodate", "expiration", "soon", "true")]
    [InlineData("nouse0", "description", "x", "false")]
    [InlineData("groups", "auth-extra-groups", "system:masters", "true")]
    public async Task BootstrapToken_ThatIsNotToBeUsed_IsNobody(string id, string key, string value, string usage) =>
        Assert.Equal(401, (await WhoAsync(await BootstrapAsync(id, $",\"{key}\":\"{Base64(value)}\"", usage))).Code);

    /// <summary>As the token controller does it.</summary>
    private async Task<(string Namespace, string Token)> LegacyAsync()
    {
        var ns = await server.NamespaceAsync();
        var client = new ApiClient(server.Host.Connect(UserInfo.ApiServer, "token-controller"));
        var secret = await client.CreateAsync(new Secret { Metadata = new() { Name = "old", Namespace = ns, Annotations = new Dictionary<string, string> { ["kubernetes.io/service-account.name"] = "default" } }, Type = "kubernetes.io/service-account-token" });
        var issued = await client.CreateAsync<ServiceAccount, TokenRequest>(ns, "default", "token", new TokenRequest { Spec = new TokenRequestSpec { BoundObjectRef = new BoundObjectReference { ApiVersion = "v1", Kind = "Secret", Name = "old", Uid = secret.Metadata.Uid } } });
        await client.UpdateAsync(secret with { Data = new Dictionary<string, byte[]> { ["token"] = Encoding.UTF8.GetBytes(issued.Status.Token!) } });
        return (ns, issued.Status.Token!);
    }

    [Fact]
    public async Task LegacyToken_LivesAsLongAsItsSecret_AndItsUseIsNoted()
    {
        var (ns, token) = await LegacyAsync();
        var claims = JsonNode.Parse(Encoding.UTF8.GetString(System.Buffers.Text.Base64Url.DecodeFromChars(token.Split('.')[1])))!.AsObject();
        Assert.Equal(("kubernetes/serviceaccount", $"system:serviceaccount:{ns}:default", "old"), (claims.Text("iss"), claims.Text("sub"), claims.Text("kubernetes.io/serviceaccount/secret.name")));
        Assert.False(claims.ContainsKey("exp"));
        var user = (await WhoAsync(token)).Ok().Child("status")!.Child("userInfo")!;
        Assert.Equal($"system:serviceaccount:{ns}:default", user.Text("username"));
        string? noted = null;
        for (var tries = 0; tries < 500 && noted is null; tries++)
        {
            noted = (await server.Admin.GetAsync($"/api/v1/namespaces/{ns}/secrets/old")).Ok().Child("metadata")!.Child("labels")?.Text("kubernetes.io/legacy-token-last-used");
            if (noted is null) await Task.Delay(20);
        }
        Assert.Matches(@"^\d{4}-\d\d-\d\d$", noted);
        (await server.Admin.PatchAsync($"/api/v1/namespaces/{ns}/secrets/old", """{"metadata":{"labels":{"kubernetes.io/legacy-token-invalid-since":"2026-01-01"}}}""", Api.Merge)).Ok();
        Assert.Equal(401, (await WhoAsync(token)).Code);
        (await server.Admin.PatchAsync($"/api/v1/namespaces/{ns}/secrets/old", """{"metadata":{"labels":{"kubernetes.io/legacy-token-invalid-since":null}}}""", Api.Merge)).Ok();
        (await WhoAsync(token)).Ok();
        (await server.Admin.DeleteAsync($"/api/v1/namespaces/{ns}/secrets/old")).Ok();
        Assert.Equal(401, (await WhoAsync(token)).Code);
    }

    [Fact]
    public async Task LegacyToken_IsForTheControllerAlone_AndDiesWithItsAccount()
    {
        var (ns, token) = await LegacyAsync();
        var asked = (await server.Admin.PostAsync($"/api/v1/namespaces/{ns}/serviceaccounts/default/token", """{"spec":{"boundObjectRef":{"apiVersion":"v1","kind":"Secret","name":"old"}}}""")).Ok().Child("status")!.Text("token")!;
        Assert.Contains("\"exp\":", Encoding.UTF8.GetString(System.Buffers.Text.Base64Url.DecodeFromChars(asked.Split('.')[1])));
        (await server.Admin.DeleteAsync($"/api/v1/namespaces/{ns}/serviceaccounts/default")).Ok();
        Assert.Equal(401, (await WhoAsync(token)).Code);
    }

    [Fact]
    public async Task Review_HoldsTokensToTheirAudiences()
    {
        var ns = await server.NamespaceAsync();
        var token = (await server.Admin.PostAsync($"/api/v1/namespaces/{ns}/serviceaccounts/default/token", """{"spec":{"audiences":["vault","registry"]}}""")).Ok().Child("status")!.Text("token")!;
        Assert.Equal((false, "invalid bearer token"), ((await ReviewAsync(token)).Flag("authenticated") ?? false, (await ReviewAsync(token)).Text("error")));
        var reviewed = await ReviewAsync(token, """["registry","other"]""");
        Assert.True(reviewed.Flag("authenticated"));
        Assert.Equal(["registry"], reviewed.Texts("audiences"));
        Assert.Equal($"system:serviceaccount:{ns}:default", reviewed.Child("user")!.Text("username"));
        Assert.False((await ReviewAsync(token, """["other"]""")).Flag("authenticated"));
        Assert.Equal(401, (await WhoAsync(token)).Code);
        Assert.Equal(400, (await server.Admin.PostAsync("/apis/authentication.k8s.io/v1/tokenreviews", """{"spec":{}}""")).Code);
    }

    [Fact]
    public async Task IssuerDiscovery_IsReadByServiceAccounts_AndNobodyElse()
    {
        var ns = await server.NamespaceAsync();
        var token = (await server.Admin.PostAsync($"/api/v1/namespaces/{ns}/serviceaccounts/default/token", "{}")).Ok().Child("status")!.Text("token")!;
        var discovery = await server.Anonymous().SendAsync(HttpMethod.Get, "/.well-known/openid-configuration", null, headers: [("Authorization", "Bearer " + token)]);
        var found = discovery.Ok();
        Assert.Equal("https://kubernetes.default.svc.cluster.local", found.Text("issuer"));
        Assert.Equal(["ES256"], found.Texts("id_token_signing_alg_values_supported"));
        Assert.Equal("public, max-age=3600", discovery.Headers.CacheControl!.ToString());
        var keys = await server.Anonymous().SendAsync(HttpMethod.Get, "/openid/v1/jwks", null, headers: [("Authorization", "Bearer " + token)]);
        var header = JsonNode.Parse(Encoding.UTF8.GetString(System.Buffers.Text.Base64Url.DecodeFromChars(token.Split('.')[0])))!.AsObject();
        Assert.Equal(header.Text("kid"), keys.Ok().Objects("keys").Single().Text("kid"));
        Assert.Equal(403, (await server.As("jane").GetAsync("/openid/v1/jwks")).Code);
        Assert.Equal(403, (await server.Anonymous().GetAsync("/.well-known/openid-configuration")).Code);
    }
}
