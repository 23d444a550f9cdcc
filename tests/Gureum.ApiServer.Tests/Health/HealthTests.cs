using System.Text;
using Gureum.ApiServer.Health;
using Gureum.ApiServer.Requests;
using Gureum.ApiServer.Responses;
using Gureum.ApiServer.Tests.Support;

namespace Gureum.ApiServer.Tests.Health;

public sealed class HealthTests(TestServer server)
{
    private static (int Code, string Text)? Ask(string path, string query, string? problem)
    {
        var pages = new HealthPages([new HealthCheck("ping", static () => null)], [new HealthCheck("etcd", () => problem)]);
        var call = new ApiCall("GET", path, UserInfo.Anonymous) { Query = ApiCall.ParseQuery(query) };
        return pages.Find(call, RequestTarget.Parse("GET", path, false)) is BodyResult result ? (result.Status, Encoding.UTF8.GetString(result.Body.Span)) : null;
    }

    [Theory]
    [InlineData("/readyz", "", null, 200, "ok")]
    [InlineData("/readyz/", "?verbose", null, 200, "[+]ping ok\n[+]etcd ok\nreadyz check passed\n")]
    [InlineData("/livez", "?verbose", "disk full", 200, "[+]ping ok\nlivez check passed\n")]
    [InlineData("/readyz", "", "disk full", 500, "[+]ping ok\n[-]etcd failed: reason withheld\nreadyz check failed\n")]
    [InlineData("/healthz", "", "disk full", 500, "[+]ping ok\n[-]etcd failed: reason withheld\nhealthz check failed\n")]
    [InlineData("/readyz", "?exclude=etcd", "disk full", 200, "ok")]
    [InlineData("/readyz", "?verbose&exclude=etcd&exclude=none&exclude=other", "disk full", 200, "[+]ping ok\n[+]etcd excluded: ok\nwarn: some health checks cannot be excluded: no matches for \"none\",\"other\"\nreadyz check passed\n")]
    [InlineData("/readyz/etcd", "", "disk full", 500, "internal server error: disk full\n")]
    [InlineData("/livez/ping", "", "disk full", 200, "ok")]
    public void Find_AnswersAsUpstream(string path, string query, string? problem, int code, string text) => Assert.Equal((code, text), Ask(path, query, problem));

    [Theory]
    [InlineData("/livez/etcd")]
    [InlineData("/readyzz")]
    [InlineData("/readyz/none")]
    public void Find_OfAnUnknownCheck_IsNothing(string path) => Assert.Null(Ask(path, "", null));

    [Fact]
    public async Task Server_IsReadyOnceAllIsThere()
    {
        Assert.Equal("[+]ping ok\n[+]etcd ok\n[+]poststarthook/bootstrap ok\n[+]shutdown ok\nreadyz check passed\n", (await server.Admin.GetAsync("/readyz?verbose")).Text);
        Assert.Equal("ok", (await server.Admin.GetAsync("/readyz/poststarthook/bootstrap")).Text);
        Assert.Equal("ok", await server.Kubectl.OkAsync("get --raw /livez"));
        Assert.Contains("kubernetes_healthcheck{name=\"etcd\",type=\"readyz\"} 1\n", (await server.Admin.GetAsync("/metrics/slis")).Text);
    }
}
