using Gureum.ApiServer.Tests.Support;
using Gureum.Objects.Json;

namespace Gureum.ApiServer.Tests.Machines;

/// <summary>Tokens for uploads and the door that takes them, up to the node that fills the claim.</summary>
public sealed class UploadTests(TestServer server)
{
    private const string Claim = """{"metadata":{"name":"NAME","annotations":{"cdi.kubevirt.io/storage.upload.target":"","cdi.kubevirt.io/storage.pod.phase":"Pending"}},"spec":{"accessModes":["ReadWriteOnce"],"resources":{"requests":{"storage":"1Mi"}}}}""";

    private async Task<string> ClaimAsync(string name, string? ns = null)
    {
        ns ??= await server.NamespaceAsync();
        (await server.Admin.PostAsync($"/api/v1/namespaces/{ns}/persistentvolumeclaims", Claim.Replace("NAME", name))).Ok();
        return ns;
    }

    private Task<Answer> AskAsync(string ns, string claim) =>
        server.Admin.PostAsync($"/apis/upload.cdi.kubevirt.io/v1beta1/namespaces/{ns}/uploadtokenrequests", """{"apiVersion":"upload.cdi.kubevirt.io/v1beta1","kind":"UploadTokenRequest","metadata":{"name":"t"},"spec":{"pvcName":"CLAIM"}}""".Replace("CLAIM", claim));

    private async Task<Answer> SendAsync(string? token, string method = "HEAD", string path = "/v1beta1/upload-async") =>
        await server.Anonymous().SendAsync(new HttpMethod(method), path, method == "HEAD" ? null : "disk", "application/octet-stream", headers: token is null ? [] : [("Authorization", "Bearer " + token)]);

    [Fact]
    public async Task Token_OfAClaim_OpensTheDoorForThatClaimAloneAndNoApi()
    {
        var ns = await ClaimAsync("c");
        var answer = (await AskAsync(ns, "c")).Ok();
        Assert.Equal(("UploadTokenRequest", ns), (answer.Text("kind"), answer.Child("metadata")!.Text("namespace")));
        var token = answer.Child("status")!.Text("token")!;
        // Nobody fills the claim yet: the token is good, and there is no node to go to.
        Assert.Equal(503, (await SendAsync(token, "POST")).Code);
        Assert.Equal(401, (await server.Anonymous().SendAsync(HttpMethod.Get, "/api/v1/namespaces", null, headers: ("Authorization", "Bearer " + token))).Code);
        // A claim of the same name is another claim.
        await server.Admin.PatchAsync($"/api/v1/namespaces/{ns}/persistentvolumeclaims/c", """{"metadata":{"finalizers":null}}""", Api.Merge);
        await server.Admin.DeleteAsync($"/api/v1/namespaces/{ns}/persistentvolumeclaims/c");
        await ClaimAsync("c", ns);
        Assert.Equal(404, (await SendAsync(token, "POST")).Code);
    }

    [Fact]
    public async Task Door_WithoutAGoodToken_IsShut()
    {
        Assert.Equal(400, (await SendAsync(null, "POST")).Code);
        Assert.Equal(401, (await SendAsync("nonsense", "POST", "/v1beta1/upload")).Code);
    }

    [Fact]
    public async Task Token_OfAnotherClaim_IsRefused()
    {
        var ns = await server.NamespaceAsync();
        (await server.Admin.PostAsync($"/api/v1/namespaces/{ns}/persistentvolumeclaims", """{"metadata":{"name":"plain"},"spec":{"accessModes":["ReadWriteOnce"],"resources":{"requests":{"storage":"1Mi"}}}}""")).Ok();
        var plain = await AskAsync(ns, "plain");
        Assert.Equal((400, true), (plain.Code, plain.Message.Contains("is not an upload target", StringComparison.Ordinal)));
        Assert.Equal(404, (await AskAsync(ns, "none")).Code);
        Assert.Equal(422, (await AskAsync(ns, "")).Code);
    }

    [Theory]
    [InlineData("subresources.kubevirt.io", "v1", "virtualmachines/start")]
    [InlineData("subresources.kubevirt.io", "v1", "virtualmachineinstances/console")]
    [InlineData("upload.cdi.kubevirt.io", "v1beta1", "uploadtokenrequests")]
    public async Task Discovery_OfWhatIsOnlyAnswered_NamesIt(string group, string version, string name)
    {
        Assert.Contains((await server.Admin.GetAsync("/apis")).Ok().Objects("groups"), g => g.Text("name") == group);
        Assert.Contains((await server.Admin.GetAsync("/apis/" + group)).Ok().Objects("versions"), v => v.Text("version") == version);
        Assert.Contains((await server.Admin.GetAsync($"/apis/{group}/{version}")).Ok().Objects("resources"), r => r.Text("name") == name);
    }
}
