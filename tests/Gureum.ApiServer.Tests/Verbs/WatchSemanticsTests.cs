using System.Text.Json.Nodes;
using Gureum.ApiServer.Tests.Support;
using Gureum.Objects.Json;

namespace Gureum.ApiServer.Tests.Verbs;

/// <summary>Where a watch begins, what it sends first, and how it ends: https://kubernetes.io/docs/reference/using-api/api-concepts/#semantics-for-watch.</summary>
public sealed class WatchSemanticsTests(TestServer server)
{
    private async Task<(string Maps, string Old)> MapsAsync()
    {
        var maps = $"/api/v1/namespaces/{await server.NamespaceAsync()}/configmaps";
        (await server.Admin.PostAsync(maps, """{"metadata":{"name":"a"}}""")).Ok();
        var old = (await server.Admin.GetAsync(maps)).Ok().Child("metadata")!.Text("resourceVersion")!;
        (await server.Admin.PostAsync(maps, """{"metadata":{"name":"b"}}""")).Ok();
        return (maps, old);
    }

    /// <summary>A watch that a test reads event by event.</summary>
    private sealed class Stream(HttpResponseMessage response, StreamReader reader) : IDisposable
    {
        internal static async Task<Stream> OpenAsync(Api api, string path)
        {
            var response = await api.Http.GetAsync(path, HttpCompletionOption.ResponseHeadersRead);
            Assert.Equal(200, (int)response.StatusCode);
            return new Stream(response, new StreamReader(await response.Content.ReadAsStreamAsync()));
        }

        internal async Task<JsonObject?> NextAsync() => await reader.ReadLineAsync() is { } line ? JsonNode.Parse(line)!.AsObject() : null;

        /// <summary>TYPE NAME, or BOOKMARK with a star when it ends what was there.</summary>
        internal async Task<string> TellAsync()
        {
            var happened = (await NextAsync())!;
            var metadata = happened.Child("object")!.Child("metadata")!;
            var end = metadata.Child("annotations")?.Text("k8s.io/initial-events-end") == "true" ? "*" : "";
            return $"{happened.Text("type")} {metadata.Text("name")}{end}";
        }

        public void Dispose()
        {
            reader.Dispose();
            response.Dispose();
        }
    }

    /// <summary>The whole table of upstream, with what comes after it once "z" is made. N is an old revision.</summary>
    [Theory]
    [InlineData("", "ADDED a,ADDED b,ADDED z")]
    [InlineData("&resourceVersion=0", "ADDED a,ADDED b,ADDED z")]
    [InlineData("&allowWatchBookmarks=true", "ADDED a,ADDED b,BOOKMARK *,ADDED z")]
    [InlineData("&resourceVersion=N", "ADDED b,ADDED z")]
    [InlineData("&resourceVersion=N&allowWatchBookmarks=true", "ADDED b,ADDED z")]
    [InlineData("&sendInitialEvents=true&resourceVersionMatch=NotOlderThan", "ADDED a,ADDED b,ADDED z")]
    [InlineData("&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true", "ADDED a,ADDED b,BOOKMARK *,ADDED z")]
    [InlineData("&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true&resourceVersion=N", "ADDED a,ADDED b,BOOKMARK *,ADDED z")]
    [InlineData("&sendInitialEvents=false&resourceVersionMatch=NotOlderThan", "ADDED z")]
    [InlineData("&sendInitialEvents=false&resourceVersionMatch=NotOlderThan&resourceVersion=0", "ADDED z")]
    [InlineData("&sendInitialEvents=false&resourceVersionMatch=NotOlderThan&resourceVersion=N", "ADDED b,ADDED z")]
    public async Task Watch_OfEachKind_BeginsWhereItShould(string options, string expected)
    {
        var (maps, old) = await MapsAsync();
        using var stream = await Stream.OpenAsync(server.Admin, $"{maps}?watch=true{options.Replace("=N", "=" + old, StringComparison.Ordinal).Replace("resourceVersionMatch=" + old + "otOlderThan", "resourceVersionMatch=NotOlderThan", StringComparison.Ordinal)}");
        (await server.Admin.PostAsync(maps, """{"metadata":{"name":"z"}}""")).Ok();
        foreach (var wanted in expected.Split(',')) Assert.Equal(wanted, await stream.TellAsync());
    }

    [Theory]
    [InlineData("sendInitialEvents=true", "resourceVersionMatch: Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan")]
    [InlineData("sendInitialEvents=false", "resourceVersionMatch: Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan")]
    [InlineData("resourceVersionMatch=NotOlderThan", "resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided")]
    [InlineData("resourceVersion=1&resourceVersionMatch=Exact", "[resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided, resourceVersionMatch: Unsupported value: \"Exact\": supported values: \"NotOlderThan\"]")]
    [InlineData("sendInitialEvents=true&resourceVersionMatch=NotOlderThan&continue=x", "resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden when continue is provided")]
    public async Task Watch_WithOptionsThatDoNotGoTogether_IsRefused(string query, string why)
    {
        var answer = await server.Admin.GetAsync("/api/v1/configmaps?watch=true&" + query);
        Assert.Equal((422, "ListOptions.meta.k8s.io \"\" is invalid: " + why), (answer.Code, answer.Message));
    }

    [Fact]
    public async Task Watch_FromAForgottenRevision_SaysSoInTheStreamAndEnds()
    {
        await using var forgetful = new TestServer();
        await forgetful.InitializeAsync();
        await forgetful.RestartAsync();
        using var stream = await Stream.OpenAsync(forgetful.Admin, "/api/v1/configmaps?watch=true&resourceVersion=1");
        var happened = (await stream.NextAsync())!;
        var status = happened.Child("object")!;
        Assert.Equal(("ERROR", "Status", "v1", 410L, "Expired"), (happened.Text("type"), status.Text("kind"), status.Text("apiVersion"), status.Number("code"), status.Text("reason")));
        Assert.Matches(@"^too old resource version: 1 \(\d+\)$", status.Text("message"));
        Assert.Null(await stream.NextAsync());
    }

    [Fact]
    public async Task Watch_FromAForgottenRevisionInProtobuf_SaysSoInAFrame()
    {
        await using var forgetful = new TestServer();
        await forgetful.InitializeAsync();
        await forgetful.RestartAsync();
        var answer = await forgetful.Admin.GetAsync("/api/v1/configmaps?watch=true&resourceVersion=1", "application/vnd.kubernetes.protobuf");
        Assert.Equal(200, answer.Code);
        Assert.Contains("\n\u0005ERROR", answer.Text);
        Assert.Contains("v1\u0012\u0006Status", answer.Text);
        Assert.Contains("too old resource version: 1 (", answer.Text);
    }

    [Fact]
    public async Task Watch_WithInitialEventsOfARevisionToCome_SaysSoInTheStream()
    {
        using var stream = await Stream.OpenAsync(server.Admin, "/api/v1/configmaps?watch=true&resourceVersion=99999999&sendInitialEvents=true&resourceVersionMatch=NotOlderThan");
        var status = (await stream.NextAsync())!.Child("object")!;
        Assert.Equal((504L, "Timeout"), (status.Number("code"), status.Text("reason")));
        Assert.StartsWith("Timeout: Too large resource version: 99999999, current: ", status.Text("message"));
    }

    [Fact]
    public async Task Watch_OfOneObject_ShowsItAlone()
    {
        var (maps, _) = await MapsAsync();
        var ns = maps.Split('/')[4];
        foreach (var path in (string[])[$"{maps}?watch=true&fieldSelector=metadata.name%3Db", $"/api/v1/watch/namespaces/{ns}/configmaps/b"])
        {
            using var stream = await Stream.OpenAsync(server.Admin, path);
            Assert.Equal("ADDED b", await stream.TellAsync());
        }
        // A name with the parameter reads the object: only a collection is watched by it.
        Assert.Equal("ConfigMap", (await server.Admin.GetAsync($"{maps}/b?watch=true")).Ok().Text("kind"));
        var answer = await server.Admin.GetAsync($"/api/v1/watch/namespaces/{ns}/configmaps/b?fieldSelector=metadata.name%3Da");
        Assert.Equal((400, "fieldSelector metadata.name doesn't match requested name"), (answer.Code, answer.Message));
    }

    [Fact]
    public async Task Watch_WhoseTimeIsOver_Ends()
    {
        var (maps, _) = await MapsAsync();
        using var stream = await Stream.OpenAsync(server.Admin, maps + "?watch=true&timeoutSeconds=1");
        Assert.Equal(("ADDED a", "ADDED b"), (await stream.TellAsync(), await stream.TellAsync()));
        Assert.Null(await stream.NextAsync());
    }

    [Fact]
    public async Task Watch_OfADeletion_ShowsTheLastStateAtTheRevisionOfTheDeletion()
    {
        var (maps, _) = await MapsAsync();
        var before = (await server.Admin.GetAsync(maps)).Ok().Child("metadata")!.Text("resourceVersion")!;
        using var stream = await Stream.OpenAsync(server.Admin, $"{maps}?watch=true&resourceVersion={before}");
        (await server.Admin.DeleteAsync(maps + "/b")).Ok();
        var happened = (await stream.NextAsync())!;
        Assert.Equal("DELETED", happened.Text("type"));
        Assert.True(long.Parse(happened.Child("object")!.Child("metadata")!.Text("resourceVersion")!) > long.Parse(before));
    }

    // Just before its end a watch tells how far it has come: past changes that were none of its own.
    [Fact]
    public async Task Watch_OfAQuietCollection_TellsHowFarItHasComeBeforeItEnds()
    {
        var (maps, _) = await MapsAsync();
        var start = (await server.Admin.GetAsync(maps)).Ok().Child("metadata")!.Text("resourceVersion");
        using var stream = await Stream.OpenAsync(server.Admin, $"{maps}?watch=true&timeoutSeconds=4&allowWatchBookmarks=true&resourceVersion={start}");
        var elsewhere = (await server.Admin.PostAsync(maps.Replace("configmaps", "serviceaccounts"), """{"metadata":{"name":"else"}}""")).Ok().Child("metadata")!.Text("resourceVersion")!;
        var bookmark = (await stream.NextAsync())!;
        Assert.Equal(("BOOKMARK", "ConfigMap", "v1"), (bookmark.Text("type"), bookmark.Child("object")!.Text("kind"), bookmark.Child("object")!.Text("apiVersion")));
        Assert.True(long.Parse(bookmark.Child("object")!.Child("metadata")!.Text("resourceVersion")!) >= long.Parse(elsewhere));
        Assert.Null(await stream.NextAsync());
    }

    [Theory]
    [InlineData("application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1", "PartialObjectMetadata")]
    [InlineData("application/json;as=Table;g=meta.k8s.io;v=v1", "Table")]
    public async Task Bookmark_InAnotherForm_IsOfThatForm(string accept, string kind)
    {
        var maps = $"/api/v1/namespaces/{await server.NamespaceAsync()}/configmaps";
        using var request = new HttpRequestMessage(HttpMethod.Get, maps + "?watch=true&allowWatchBookmarks=true");
        request.Headers.TryAddWithoutValidation("Accept", accept);
        using var response = await server.Admin.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync());
        var line = (await reader.ReadLineAsync())!;
        var bookmark = JsonNode.Parse(line)!.AsObject();
        Assert.Equal(("BOOKMARK", kind), (bookmark.Text("type"), bookmark.Child("object")!.Text("kind")));
        Assert.Contains("\"k8s.io/initial-events-end\":\"true\"", line);
    }

    // True for anything that is not false, as everywhere in queries.
    [Theory]
    [InlineData("watch=1", true)]
    [InlineData("watch=yes", true)]
    [InlineData("watch=", true)]
    [InlineData("watch=false", false)]
    [InlineData("watch=FALSE", false)]
    [InlineData("watch=0", false)]
    public async Task Flag_InAQuery_IsTrueUnlessItSaysFalse(string query, bool watches)
    {
        var (maps, _) = await MapsAsync();
        using var stream = await Stream.OpenAsync(server.Admin, $"{maps}?{query}&timeoutSeconds=1");
        Assert.Equal(watches, (await stream.NextAsync())!.ContainsKey("type"));
    }
}
