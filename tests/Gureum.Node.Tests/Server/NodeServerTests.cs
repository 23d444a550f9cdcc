using System.Net;
using Gureum.Node.Server;

namespace Gureum.Node.Tests.Server;

public sealed class NodeServerTests
{
    [Fact]
    public async Task Get_WithTheApiServersCertificate_IsServed()
    {
        await using TestNode node = await TestNode.StartAsync();
        using HttpClient http = node.Http(node.ClientCertificate());

        Assert.Equal("ok", await http.GetStringAsync("/healthz"));
        Assert.Equal("{}", await http.GetStringAsync("/pods"));
        Assert.Equal(HttpStatusCode.NotFound, (await http.GetAsync("/nothing")).StatusCode);
    }

    [Fact]
    public async Task Get_WithoutCertificate_Is401()
    {
        await using TestNode node = await TestNode.StartAsync();
        using HttpClient http = node.Http(null);

        Assert.Equal(HttpStatusCode.Unauthorized, (await http.GetAsync("/pods")).StatusCode);
    }

    [Fact]
    public async Task Get_WithAnotherNameOfTheSameAuthority_IsRefused()
    {
        await using TestNode node = await TestNode.StartAsync();
        using HttpClient http = node.Http(node.ClientCertificate("some-user"));

        await Assert.ThrowsAsync<HttpRequestException>(() => http.GetAsync("/pods"));
    }

    [Fact]
    public async Task Get_WithTheNameFromAnotherAuthority_IsRefused()
    {
        await using TestNode node = await TestNode.StartAsync();
        using var others = new TestCertificates();
        using HttpClient http = node.Http(others.Issue("api-server", client: true));

        await Assert.ThrowsAsync<HttpRequestException>(() => http.GetAsync("/pods"));
    }

    [Fact]
    public async Task Exec_UnknownPod_Is404WithItsName()
    {
        await using TestNode node = await TestNode.StartAsync();
        using HttpClient http = node.Http(node.ClientCertificate());

        HttpResponseMessage response = await http.GetAsync("/exec/test/nobody/main?command=ls&output=1");

        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
        Assert.Contains("test/nobody", await response.Content.ReadAsStringAsync());
    }

    [Theory]
    [InlineData("tailLines=x", "tailLines")]
    [InlineData("limitBytes=0", "limitBytes")]
    [InlineData("sinceSeconds=5&sinceTime=2026-01-01T00:00:00Z", "exclude")]
    [InlineData("stream=Both", "Stdout")]
    [InlineData("follow=maybe", "follow")]
    public async Task Logs_WrongQuery_Is400NamingIt(string query, string expected)
    {
        await using TestNode node = await TestNode.StartAsync();
        using HttpClient http = node.Http(node.ClientCertificate());

        HttpResponseMessage response = await http.GetAsync($"/containerLogs/test/pod/main?{query}");

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Contains(expected, await response.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task Logs_OfAContainer_ComeAsText()
    {
        string file = Path.GetTempFileName();
        await File.WriteAllTextAsync(file, "2026-01-01T00:00:00.000000001Z stdout F one\n2026-01-01T00:00:01Z stderr F two\n");
        try
        {
            await using TestNode node = await TestNode.StartAsync();
            node.Log = new LogTarget(file, _ => Task.FromResult(false));
            using HttpClient http = node.Http(node.ClientCertificate());

            Assert.Equal("one\ntwo\n", await http.GetStringAsync("/containerLogs/test/pod/main"));
            Assert.Equal("2026-01-01T00:00:01Z two\n", await http.GetStringAsync("/containerLogs/test/pod/main?tailLines=1&timestamps=true&follow=true"));
        }
        finally
        {
            File.Delete(file);
        }
    }
}
