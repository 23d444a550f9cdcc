using Gureum.ApiServer.Tests.Support;
using Gureum.Objects.Json;

namespace Gureum.ApiServer.Tests.Tables;

/// <summary>The columns of every built-in kind that can be listed, against columns.txt: the facts of kube-apiserver's printers.</summary>
public sealed class ColumnTests(TestServer server)
{
    private static readonly string[] Golden = [.. File.ReadLines(Path.Combine(AppContext.BaseDirectory, "Tables", "columns.txt")).Where(l => !l.StartsWith('#'))];

    [Fact]
    public async Task Columns_OfEveryKind_AreUpstreams()
    {
        var found = new List<string>();
        foreach (var group in Golden.Select(l => l.Split('|')[0].Split(' ')))
        {
            var table = (await server.Admin.GetAsync($"{(group[0].Contains('/') ? "/apis/" : "/api/")}{group[0]}/{group[1]}?limit=1", "application/json;as=Table;g=meta.k8s.io;v=v1")).Ok();
            found.Add($"{group[0]} {group[1]}" + string.Concat(table.Objects("columnDefinitions").Select(c => $"|{c.Text("name")}/{c.Text("type")}/{c.Text("format")}/{c.Number("priority")}")));
        }
        Assert.True(Golden.SequenceEqual(found), string.Join('\n', Golden.Zip(found).Where(p => p.First != p.Second).Select(p => $"upstream {p.First}\nhere     {p.Second}")));
    }

    // A bookmark has nothing but a revision: no printer may stumble over what is missing.
    [Fact]
    public async Task EveryKind_WatchedAsATable_SendsItsBookmark()
    {
        foreach (var group in Golden.Select(l => l.Split('|')[0].Split(' ')).Where(g => g[1] != "componentstatuses"))
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, $"{(group[0].Contains('/') ? "/apis/" : "/api/")}{group[0]}/{group[1]}?watch=true&allowWatchBookmarks=true&fieldSelector=metadata.name%3Dnobody");
            request.Headers.TryAddWithoutValidation("Accept", "application/json;as=Table;g=meta.k8s.io;v=v1");
            using var response = await server.Admin.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
            using var reader = new StreamReader(await response.Content.ReadAsStreamAsync());
            Assert.StartsWith("{\"type\":\"BOOKMARK\",\"object\":{\"kind\":\"Table\"", await reader.ReadLineAsync());
        }
    }

    [Fact]
    public async Task Golden_HasEveryKindThatCanBeListed()
    {
        var served = new List<string>();
        foreach (var path in (string[])["/api", "/apis"])
            foreach (var group in (await server.Admin.GetAsync(path, "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList")).Ok().Objects("items").Where(g => g.Child("metadata")!.Text("name") is not { } name || !name.EndsWith(".example.com", StringComparison.Ordinal)))
                foreach (var version in group.Objects("versions"))
                    served.AddRange(version.Objects("resources").Where(r => r.Texts("verbs").Contains("list")).Select(r => $"{(group.Child("metadata")!.Text("name") is { } name ? name + "/" : "")}{version.Text("version")} {r.Text("resource")}"));
        Assert.Equal(served.Order(StringComparer.Ordinal), Golden.Select(l => l.Split('|')[0]).Order(StringComparer.Ordinal));
    }
}
