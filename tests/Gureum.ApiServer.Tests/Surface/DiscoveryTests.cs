using System.Text.Json.Nodes;
using Gureum.ApiServer.Tests.Support;
using Gureum.Objects.Json;

namespace Gureum.ApiServer.Tests.Surface;

/// <summary>Discovery, both forms, against discovery.txt: the facts of kube-apiserver's own answers.</summary>
public sealed class DiscoveryTests(SurfaceServer server) : IClassFixture<SurfaceServer>
{
    private const string AggregatedForm = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

    private static readonly string[] Golden = [.. File.ReadLines(Path.Combine(AppContext.BaseDirectory, "Surface", "discovery.txt")).Where(l => !l.StartsWith('#'))];

    private static readonly string[] StoredOtherwise = ["mutatingadmissionpolicies", "mutatingadmissionpolicybindings", "customresourcedefinitions"];

    private static IEnumerable<string> GoldenGroups => Golden.Where(l => l.StartsWith("group ", StringComparison.Ordinal));

    [Fact]
    public async Task Groups_Legacy_AreUpstreams()
    {
        var groups = (await server.Admin.GetAsync("/apis")).Ok().Objects("groups").Where(g => !Beyond.Group(g.Text("name")!)).ToList();
        Assert.Equal(GoldenGroups, groups.Select(g => $"group {g.Text("name")} {string.Join(',', g.Objects("versions").Select(v => v.Text("version")))}"));
        foreach (var group in groups)
        {
            Assert.Equal(group.Objects("versions").First().ToJsonString(), group.Child("preferredVersion")!.ToJsonString());
            Assert.Equal(group.Objects("versions").Select(v => v.ToJsonString()), (await server.Admin.GetAsync("/apis/" + group.Text("name"))).Ok().Objects("versions").Select(v => v.ToJsonString()));
        }
    }

    [Fact]
    public async Task Resources_Legacy_AreUpstreams()
    {
        var found = new List<string>();
        foreach (var version in Versions())
        {
            var list = (await server.Admin.GetAsync((version.Contains('/') ? "/apis/" : "/api/") + version)).Ok();
            Assert.Equal(("APIResourceList", "v1", version), (list.Text("kind"), list.Text("apiVersion"), list.Text("groupVersion")));
            found.AddRange(list.Objects("resources").Select(r => Line(version, r.Text("name")!, r.Text("singularName"), Kind(version, r.Text("group"), r.Text("version"), r.Text("kind")), r.Flag("namespaced") == true, r)));
        }
        Assert.Equal(Golden.Except(GoldenGroups), found);
    }

    [Fact]
    public async Task Everything_Aggregated_IsUpstreams()
    {
        var (groups, found) = (new List<string>(), new List<string>());
        foreach (var path in (string[])["/api", "/apis"])
            foreach (var group in (await server.Admin.GetAsync(path, AggregatedForm)).Ok().Objects("items"))
            {
                var name = group.Child("metadata")!.Text("name") ?? "";
                if (Beyond.Group(name)) continue;
                if (name.Length > 0) groups.Add($"group {name} {string.Join(',', group.Objects("versions").Select(v => v.Text("version")))}");
                foreach (var version in group.Objects("versions"))
                {
                    Assert.Equal("Current", version.Text("freshness"));
                    var groupVersion = name.Length > 0 ? name + "/" + version.Text("version") : version.Text("version")!;
                    foreach (var resource in version.Objects("resources"))
                    {
                        var (plural, namespaced) = (resource.Text("resource")!, resource.Text("scope") == "Namespaced");
                        found.Add(Line(groupVersion, plural, resource.Text("singularResource"), ResponseKind(groupVersion, resource), namespaced, resource));
                        found.AddRange(resource.Objects("subresources").Select(s => Line(groupVersion, plural + "/" + s.Text("subresource"), "", ResponseKind(groupVersion, s), namespaced, s)));
                    }
                }
            }
        Assert.Equal(GoldenGroups, groups);
        Assert.Equal(Golden.Except(GoldenGroups).Select(l => string.Join(' ', l.Split(' ').Where(w => !w.StartsWith("hash=", StringComparison.Ordinal)))).Order(StringComparer.Ordinal), found.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Aggregated_AskedAgainWithItsTag_IsNotSentAgain()
    {
        var first = await server.Admin.GetAsync("/apis", AggregatedForm);
        var again = await server.Admin.SendAsync(HttpMethod.Get, "/apis", null, accept: AggregatedForm, headers: [("If-None-Match", first.Headers.ETag!.ToString())]);
        Assert.Equal((304, ""), (again.Code, again.Text));
    }

    private static IEnumerable<string> Versions() => Golden.Except(GoldenGroups).Select(l => l.Split(' ')[0]).Distinct();

    private static string ResponseKind(string groupVersion, JsonObject resource)
    {
        var kind = resource.Child("responseKind")!;
        return Kind(groupVersion, kind.Text("group"), kind.Text("version"), kind.Text("kind"));
    }

    // Group and version are given only where they are others than the resource's.
    private static string Kind(string groupVersion, string? group, string? version, string? kind)
    {
        if (string.IsNullOrEmpty(version)) return kind!;
        var full = string.IsNullOrEmpty(group) ? version : group + "/" + version;
        Assert.NotEqual(groupVersion, full);
        return full + "/" + kind;
    }

    private static string Line(string groupVersion, string name, string? singular, string kind, bool namespaced, JsonObject resource)
    {
        var line = $"{groupVersion} {name} {(string.IsNullOrEmpty(singular) ? "-" : singular)} {kind} {(namespaced ? "namespaced" : "cluster")} {string.Join(',', resource.Texts("verbs"))}";
        if (resource.Texts("shortNames").ToList() is { Count: > 0 } names) line += " short=" + string.Join(',', names);
        if (resource.Texts("categories").ToList() is { Count: > 0 } categories) line += " category=" + string.Join(',', categories);
        return resource.Text("storageVersionHash") is { Length: > 0 } hash && !StoredOtherwise.Contains(name) ? line + " hash=" + hash : line;
    }
}
