using System.Net;
using System.Text;
using Gureum.ApiServer.Http;
using Gureum.ApiServer.Subresources;
using Gureum.ApiServer.Tests.Support;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;

namespace Gureum.ApiServer.Tests.Subresources;

/// <summary>What is asked through the proxy of pods, Services and nodes reaches them, and what they answer points back through it.</summary>
public sealed class ProxyTests(TestServer server) : IAsyncLifetime
{
    private WebApplication backend = null!;
    private int port;

    public async ValueTask InitializeAsync()
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(k => k.Listen(IPAddress.Loopback, 0));
        backend = builder.Build();
        backend.Run(AnswerAsync);
        await backend.StartAsync();
        port = new Uri(backend.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First()).Port;
    }

    public ValueTask DisposeAsync() => backend.DisposeAsync();

    private static async Task AnswerAsync(HttpContext context)
    {
        switch (context.Request.Path.Value)
        {
            case "/moved": context.Response.Redirect("/elsewhere?x=1"); return;
            case "/gone": context.Response.StatusCode = 410; await context.Response.WriteAsync("gone for good"); return;
            case "/page":
                context.Response.ContentType = "text/html; charset=utf-8";
                await context.Response.WriteAsync("<a href=\"/rewriteme\">test</a>");
                return;
            default: break;
        }
        using var reader = new StreamReader(context.Request.Body);
        var raw = context.Features.Get<IHttpRequestFeature>()!.RawTarget;
        await context.Response.WriteAsync($"{context.Request.Method} {raw} [{await reader.ReadToEndAsync()}] {context.Request.Headers["X-Forwarded-Uri"]} {context.Request.Headers["X-Mine"]}{context.Request.Headers.Authorization}");
    }

    // A pod that says it is where the backend listens, and a Service before it.
    private async Task<string> PodAsync()
    {
        var ns = await server.NamespaceAsync();
        (await server.Admin.PostAsync($"/api/v1/namespaces/{ns}/pods", $$$"""{"metadata":{"name":"p"},"spec":{"containers":[{"name":"c","image":"i","ports":[{"containerPort":{{{port}}}}]}]}}""")).Ok();
        (await server.Admin.PatchAsync($"/api/v1/namespaces/{ns}/pods/p/status", """{"status":{"podIP":"127.0.0.1","podIPs":[{"ip":"127.0.0.1"}]}}""", Api.Merge)).Ok();
        (await server.Admin.PostAsync($"/api/v1/namespaces/{ns}/services", $$$"""{"metadata":{"name":"s"},"spec":{"ports":[{"name":"web","port":80,"targetPort":{{{port}}}}]}}""")).Ok();
        (await server.Admin.PostAsync($"/apis/discovery.k8s.io/v1/namespaces/{ns}/endpointslices", $$$"""{"metadata":{"name":"s-1","labels":{"kubernetes.io/service-name":"s"}},"addressType":"IPv4","endpoints":[{"addresses":["127.0.0.1"]}],"ports":[{"name":"web","port":{{{port}}}}]}""")).Ok();
        return $"/api/v1/namespaces/{ns}";
    }

    [Theory]
    [InlineData("pods/p")]
    [InlineData("pods/http:p:")]
    [InlineData("services/s")]
    [InlineData("services/s:web")]
    [InlineData("services/s:80")]
    [InlineData("services/http:s:web")]
    public async Task EveryMethod_ThroughTheProxy_ReachesItsTarget(string target)
    {
        var path = $"{await PodAsync()}/{target}/proxy";
        foreach (var method in (string[])["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
        {
            var body = method is "GET" or "OPTIONS" ? null : "hello";
            var answer = await server.Admin.SendAsync(new HttpMethod(method), path + "/some/path%20with?a=1&b=%26", body, "text/plain", headers: [("X-Mine", "mine")]);
            Assert.Equal((200, $"{method} /some/path%20with?a=1&b=%26 [{body}] {path}/some/path%20with mine"), (answer.Code, answer.Text));
        }
        var head = await server.Admin.SendAsync(HttpMethod.Head, path + "/some/path", null);
        Assert.Equal((200, ""), (head.Code, head.Text));
    }

    [Fact]
    public async Task Body_WithoutALength_ReachesItsTargetWhole()
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, $"{await PodAsync()}/pods/p/proxy/upload") { Content = new StreamContent(new MemoryStream(Encoding.UTF8.GetBytes(new string('x', 100_000)))) };
        request.Content.Headers.ContentLength = null;
        request.Headers.TransferEncodingChunked = true;
        using var response = await server.Admin.Http.SendAsync(request);
        Assert.StartsWith($"POST /upload [{new string('x', 100_000)}] ", await response.Content.ReadAsStringAsync());
    }

    [Theory]
    [InlineData("pods/p")]
    [InlineData("services/s")]
    public async Task Proxy_WithoutASlash_RedirectsReaders(string target)
    {
        var path = $"{await PodAsync()}/{target}/proxy";
        foreach (var (method, query) in ((HttpMethod, string)[])[(HttpMethod.Get, "?method=GET"), (HttpMethod.Head, "")])
        {
            using var request = new HttpRequestMessage(method, path + query);
            using var response = await server.Plain.SendAsync(request);
            Assert.Equal((301, path + "/" + query), ((int)response.StatusCode, response.Headers.Location?.ToString()));
        }
        Assert.StartsWith("POST / ", (await server.Admin.PostAsync(path, "", "text/plain")).Text);
        Assert.StartsWith("GET / ", (await server.Admin.GetAsync(path + "/")).Text);
    }

    [Fact]
    public async Task Redirect_OfATarget_PointsBackThroughTheProxy()
    {
        var path = $"{await PodAsync()}/pods/p/proxy";
        using var request = new HttpRequestMessage(HttpMethod.Get, path + "/moved");
        using var response = await server.Plain.SendAsync(request);
        Assert.Equal((302, path + "/elsewhere?x=1"), ((int)response.StatusCode, response.Headers.Location?.ToString()));
    }

    [Fact]
    public async Task Page_OfATarget_LinksBackThroughTheProxy()
    {
        var path = $"{await PodAsync()}/pods/p:{port}/proxy";
        Assert.Equal($"<a href=\"{path}/rewriteme\">test</a>", (await server.Admin.GetAsync(path + "/page")).Text);
    }

    [Fact]
    public async Task Refusal_OfATarget_ComesAsItIs()
    {
        var answer = await server.Admin.GetAsync($"{await PodAsync()}/pods/p/proxy/gone");
        Assert.Equal((410, "gone for good"), (answer.Code, answer.Text));
    }

    [Theory]
    [InlineData("pods/ftp:p:80", 400, "invalid pod request \"ftp:p:80\"")]
    [InlineData("pods/p:1", 503, "error trying to reach service: ")]
    [InlineData("services/s:81", 503, "no service port 81 found for service \"s\"")]
    [InlineData("services/s:other", 503, "no endpoints available for service \"s:other\"")]
    public async Task Proxy_ToWhatIsNotThere_IsRefused(string target, int code, string message)
    {
        var answer = await server.Admin.GetAsync($"{await PodAsync()}/{target}/proxy/");
        Assert.Equal(code, answer.Code);
        Assert.StartsWith(message, answer.Message);
    }

    // What a status names must not lead to what only this machine can reach.
    [Theory]
    [InlineData("127.0.0.1", false)]
    [InlineData("::1", false)]
    [InlineData("::ffff:127.0.0.1", false)]
    [InlineData("0.0.0.0", false)]
    [InlineData("169.254.169.254", false)]
    [InlineData("224.0.0.1", false)]
    [InlineData("fe80::1", false)]
    [InlineData("10.1.2.3", true)]
    [InlineData("192.168.1.1", true)]
    [InlineData("fd00::1", true)]
    public void Address_OfThisMachineOrALink_IsNotProxiedTo(string address, bool allowed) => Assert.Equal(allowed, ConnectResolver.IsGlobalUnicast(IPAddress.Parse(address)));

    [Theory]
    [InlineData("<a href='/x'>", "<a href='/p/x'>")]
    [InlineData("<A HREF=/x>y", "<A HREF=/p/x>y")]
    [InlineData("<img alt=\"/no\" src = \"/i.png\" />", "<img alt=\"/no\" src = \"/p/i.png\" />")]
    [InlineData("<a href=\"x\">", "<a href=\"x\">")]
    [InlineData("<a href=\"/p/x\">", "<a href=\"/p/x\">")]
    [InlineData("<a href=\"http://10.0.0.1:80/x\">", "<a href=\"/p/x\">")]
    [InlineData("<a href=\"https://asked:6443/x\">", "<a href=\"https://asked:6443/p/x\">")]
    [InlineData("<a href=\"https://example.com/x\">", "<a href=\"https://example.com/x\">")]
    [InlineData("<!-- <a href=\"/x\"> --><a href=\"/y\">", "<!-- <a href=\"/x\"> --><a href=\"/p/y\">")]
    [InlineData("<script src=\"/s.js\">if (a < b) '<a href=\"/x\">'</script>", "<script src=\"/p/s.js\">if (a < b) '<a href=\"/x\">'</script>")]
    [InlineData("a < b <", "a < b <")]
    [InlineData("<a href=\"/x", "<a href=\"/x")]
    public void Links_OfAPage_AreRewrittenAndNothingElse(string page, string expected) => Assert.Equal(expected, new ProxyLinks("/p", "10.0.0.1:80", "asked:6443").RewritePage(page));

    [Fact]
    public async Task Path_WithALineInIt_StaysEscaped()
    {
        var answer = await server.Admin.GetAsync($"{await PodAsync()}/pods/p/proxy/a%0d%0aX-Mine:%20evil%0d%0a");
        Assert.Equal(200, answer.Code);
        Assert.StartsWith("GET /a%0d%0aX-Mine:%20evil%0d%0a [] ", answer.Text);
        Assert.DoesNotContain(" evil", answer.Text[answer.Text.IndexOf(']')..]);
    }
}
