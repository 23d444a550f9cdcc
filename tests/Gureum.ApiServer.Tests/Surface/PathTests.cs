using System.Net;
using Gureum.ApiServer.Tests.Support;
using Gureum.Objects.Json;

namespace Gureum.ApiServer.Tests.Surface;

/// <summary>Every path and method of upstream's document, asked of a running server.</summary>
public sealed class PathTests(SurfaceServer server) : IClassFixture<SurfaceServer>
{
    private const string NoSuchPath = "the server could not find the requested resource";

    [Fact]
    public async Task EveryPath_OfUpstream_IsServedWithItsMethods()
    {
        var missing = new List<string>();
        foreach (var (path, methods) in Reference.Paths().Where(p => !LeftOut.Has(p.Path)))
            foreach (var method in methods)
                if (await AskAsync(method, path) is var (code, text) && !Serves(code, text)) missing.Add($"{method.ToUpperInvariant()} {path}: {code} {text}");
        Assert.True(missing.Count == 0, string.Join('\n', missing));
    }

    [Fact]
    public async Task EveryEntry_LeftOut_StandsUpstreamAndIsNotServed()
    {
        foreach (var (prefix, reason) in LeftOut.Paths)
        {
            Assert.NotEmpty(reason);
            var described = Reference.Paths().Where(p => p.Path.StartsWith(prefix, StringComparison.Ordinal)).ToList();
            Assert.True(described.Count > 0, prefix + " stands in the list of what is left out, but upstream has no such path");
            foreach (var (path, methods) in described)
                if (methods.Contains("get") && await AskAsync("get", path) is var (code, text))
                    Assert.False(Serves(code, text), $"{path} stands in the list of what is left out, but it is served: {code}");
        }
    }

    [Theory]
    [InlineData("PUT", "/api/v1/namespaces/surface/pods")]
    [InlineData("DELETE", "/api/v1/namespaces")]
    [InlineData("POST", "/api/v1/componentstatuses")]
    [InlineData("DELETE", "/api/v1/namespaces/surface/pods/p/exec")]
    [InlineData("PATCH", "/api/v1/namespaces/surface/bindings/b")]
    [InlineData("POST", "/apis/apps/v1/namespaces/surface/deployments/d/scale")]
    [InlineData("DELETE", "/apis/apps/v1/namespaces/surface/deployments/d/status")]
    [InlineData("POST", "/version")]
    [InlineData("DELETE", "/api/v1/watch/namespaces/surface/configmaps/kube-root-ca.crt")]
    public async Task AMethod_ThatAPathLacks_IsNotAllowed(string method, string path)
    {
        var answer = await server.Admin.SendAsync(new HttpMethod(method), path, "{}");
        Assert.Equal((405, "MethodNotAllowed", "the server does not allow this method on the requested resource"), (answer.Code, answer.Reason, answer.Message));
    }

    [Theory]
    [InlineData("/")]
    [InlineData("/index.html")]
    public async Task TheRoot_ListsPathsInOrder_AndEachAnswers(string root)
    {
        var paths = (await server.Admin.GetAsync(root)).Ok().Texts("paths").ToList();
        Assert.Equal(paths.Distinct().Order(StringComparer.Ordinal), paths);
        Assert.Empty(new[] { "/.well-known/openid-configuration", "/api", "/api/v1", "/apis", "/apis/apps", "/apis/apps/v1", "/healthz", "/livez/ping", "/metrics", "/openapi/v2", "/openapi/v3", "/openid/v1/jwks", "/readyz/etcd", "/version" }.Except(paths));
        foreach (var path in paths) Assert.Equal((path, 200), (path, (await AskAsync("get", path)).Code));
    }

    private static bool Serves(int code, string text) => code != 405 && !(code == 404 && (text.Contains(NoSuchPath, StringComparison.Ordinal) || !text.StartsWith('{')));

    // Answers of watches and logs may never end: the head is enough, and the body is read only where something was refused.
    private async Task<(int Code, string Text)> AskAsync(string method, string path)
    {
        var address = path.Replace("{namespace}", "surface", StringComparison.Ordinal).Replace("{name}", "nobody", StringComparison.Ordinal).Replace("{path}", "some/path", StringComparison.Ordinal).Replace("{logpath}", "a.log", StringComparison.Ordinal);
        using var request = new HttpRequestMessage(new HttpMethod(method.ToUpperInvariant()), address + (method is "get" or "head" or "options" ? "" : "?dryRun=All"));
        if (method is "post" or "put" or "patch") request.Content = new ByteArrayContent("{}"u8.ToArray()) { Headers = { ContentType = new(method == "patch" ? Api.Merge : "application/json") } };
        using var response = await server.Admin.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        var text = response.StatusCode < HttpStatusCode.BadRequest ? "" : method == "head" && response.StatusCode == HttpStatusCode.NotFound ? "{" : await response.Content.ReadAsStringAsync();
        return ((int)response.StatusCode, text);
    }
}
