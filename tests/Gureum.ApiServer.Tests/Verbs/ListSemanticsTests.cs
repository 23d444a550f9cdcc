using System.Text;
using System.Text.Json.Nodes;
using Gureum.ApiServer.Tests.Support;
using Gureum.Objects.Json;

namespace Gureum.ApiServer.Tests.Verbs;

/// <summary>resourceVersion, resourceVersionMatch, limit and continue of lists: https://kubernetes.io/docs/reference/using-api/api-concepts/#semantics-for-get-and-list.</summary>
public sealed class ListSemanticsTests(TestServer server)
{
    // Two maps, then a third: what a list shows tells which state it saw.
    private async Task<(string Maps, string Old)> MapsAsync()
    {
        var maps = $"/api/v1/namespaces/{await server.NamespaceAsync()}/configmaps";
        foreach (var name in (string[])["a", "b"]) (await server.Admin.PostAsync(maps, $$$"""{"metadata":{"name":"{{{name}}}"}}""")).Ok();
        var old = (await server.Admin.GetAsync(maps)).Ok().Child("metadata")!.Text("resourceVersion")!;
        (await server.Admin.PostAsync(maps, """{"metadata":{"name":"c"}}""")).Ok();
        return (maps, old);
    }

    private static string Names(JsonObject list) => string.Join(',', list.Objects("items").Select(i => i.Child("metadata")!.Text("name")));

    /// <summary>The whole table of upstream: rows by limit, columns by revision ("" none, 0 any, N an old one).</summary>
    [Theory]
    [InlineData("", "", "", "a,b,c")]
    [InlineData("", "0", "", "a,b,c")]
    [InlineData("", "N", "", "a,b,c")]
    [InlineData("", "0", "NotOlderThan", "a,b,c")]
    [InlineData("", "N", "NotOlderThan", "a,b,c")]
    [InlineData("", "N", "Exact", "a,b")]
    [InlineData("1", "", "", "a")]
    [InlineData("1", "0", "", "a")]
    [InlineData("9", "N", "", "a,b")]
    [InlineData("9", "0", "NotOlderThan", "a,b,c")]
    [InlineData("9", "N", "NotOlderThan", "a,b,c")]
    [InlineData("9", "N", "Exact", "a,b")]
    public async Task List_OfEachKind_SeesTheStateItAskedFor(string limit, string version, string match, string expected)
    {
        var (maps, old) = await MapsAsync();
        var list = (await server.Admin.GetAsync($"{maps}?limit={limit}&resourceVersion={(version == "N" ? old : version)}&resourceVersionMatch={match}")).Ok();
        Assert.Equal(expected, Names(list));
        if (match == "Exact") Assert.Equal(old, list.Child("metadata")!.Text("resourceVersion"));
        else if (limit != "9" || version != "N" || match.Length > 0) Assert.True(long.Parse(list.Child("metadata")!.Text("resourceVersion")!) > long.Parse(old));
    }

    [Theory]
    [InlineData("resourceVersionMatch=Exact", "resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided")]
    [InlineData("resourceVersionMatch=NotOlderThan", "resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided")]
    [InlineData("resourceVersion=0&resourceVersionMatch=Exact", "resourceVersionMatch: Forbidden: resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\"")]
    [InlineData("resourceVersion=1&resourceVersionMatch=Sometimes", "resourceVersionMatch: Unsupported value: \"Sometimes\": supported values: \"Exact\", \"NotOlderThan\", \"\"")]
    [InlineData("continue=x&resourceVersion=1&resourceVersionMatch=NotOlderThan", "resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden when continue is provided")]
    [InlineData("sendInitialEvents=true", "sendInitialEvents: Forbidden: sendInitialEvents is forbidden for list")]
    [InlineData("resourceVersionMatch=Never", "[resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided, resourceVersionMatch: Unsupported value: \"Never\": supported values: \"Exact\", \"NotOlderThan\", \"\"]")]
    public async Task List_WithOptionsThatDoNotGoTogether_IsRefusedWithAllReasons(string query, string why)
    {
        foreach (var answer in new[] { await server.Admin.GetAsync("/api/v1/configmaps?" + query), await server.Admin.DeleteAsync("/api/v1/namespaces/nowhere/configmaps?" + query) })
            Assert.Equal((422, "Invalid", "ListOptions.meta.k8s.io \"\" is invalid: " + why), (answer.Code, answer.Reason, answer.Message));
    }

    [Theory]
    [InlineData("resourceVersion=abc", "invalid resource version: resourceVersion: Invalid value: \"abc\": strconv.ParseUint: parsing \"abc\": invalid syntax")]
    [InlineData("resourceVersion=-1", "invalid resource version: resourceVersion: Invalid value: \"-1\": strconv.ParseUint: parsing \"-1\": invalid syntax")]
    [InlineData("limit=many", "strconv.ParseInt: parsing \"many\": invalid syntax")]
    [InlineData("fieldSelector=metadata.name", "invalid selector: 'metadata.name'; can't understand 'metadata.name'")]
    [InlineData("continue=%7E%7E", "invalid continue token: continue key is not valid: illegal base64 data")]
    [InlineData("continue=e30", "invalid continue token: continue key is not valid: server does not recognize this encoded version ")]
    public async Task List_WithAnUnreadableParameter_IsABadRequest(string query, string message)
    {
        var answer = await server.Admin.GetAsync("/api/v1/configmaps?" + query);
        Assert.Equal((400, "BadRequest", message), (answer.Code, answer.Reason, answer.Message));
    }

    [Theory]
    [InlineData("configmaps?resourceVersion=99999999")]
    [InlineData("configmaps?resourceVersion=99999999&resourceVersionMatch=NotOlderThan")]
    [InlineData("configmaps?resourceVersion=99999999&resourceVersionMatch=Exact")]
    [InlineData("configmaps/any?resourceVersion=99999999")]
    public async Task Read_OfARevisionToCome_TimesOut(string path)
    {
        var answer = await server.Admin.GetAsync("/api/v1/namespaces/default/" + path);
        Assert.Equal((504, "Timeout"), (answer.Code, answer.Reason));
        Assert.StartsWith("Timeout: Too large resource version: 99999999, current: ", answer.Message);
        Assert.Equal(("ResourceVersionTooLarge", 1L), (answer.Json.Child("details")!.Objects("causes").Single().Text("reason"), answer.Json.Child("details")!.Number("retryAfterSeconds")));
    }

    [Fact]
    public async Task Read_OfARevisionThatHasBeen_ShowsTheObject()
    {
        var (maps, old) = await MapsAsync();
        Assert.Equal("c", (await server.Admin.GetAsync($"{maps}/c?resourceVersion={old}")).Ok().Child("metadata")!.Text("name"));
        Assert.Equal(400, (await server.Admin.GetAsync($"{maps}/c?resourceVersion=x")).Code);
    }

    [Fact]
    public async Task Pages_AfterTheObjectsChanged_ShowTheStateOfTheFirst()
    {
        var (maps, _) = await MapsAsync();
        var first = (await server.Admin.GetAsync(maps + "?limit=1")).Ok();
        Assert.Equal(2, first.Child("metadata")!.Number("remainingItemCount"));
        (await server.Admin.DeleteAsync(maps + "/b")).Ok();
        (await server.Admin.PostAsync(maps, """{"metadata":{"name":"bb"}}""")).Ok();
        var second = (await server.Admin.GetAsync($"{maps}?limit=9&continue={first.Child("metadata")!.Text("continue")}")).Ok();
        Assert.Equal("b,c", Names(second));
        Assert.Equal(first.Child("metadata")!.Text("resourceVersion"), second.Child("metadata")!.Text("resourceVersion"));
        Assert.False(second.Child("metadata")!.ContainsKey("continue"));
    }

    [Fact]
    public async Task Pages_OfASelection_DoNotSayHowManyRemain()
    {
        var (maps, _) = await MapsAsync();
        var metadata = (await server.Admin.GetAsync(maps + "?limit=1&fieldSelector=metadata.name!%3Da")).Ok().Child("metadata")!;
        Assert.True(metadata.ContainsKey("continue"));
        Assert.False(metadata.ContainsKey("remainingItemCount"));
    }

    // What was before a server's start is forgotten by it.
    [Fact]
    public async Task Token_WhoseStateIsForgotten_ExpiresWithOneThatGoesOn()
    {
        await using var forgetful = new TestServer();
        await forgetful.InitializeAsync();
        await forgetful.RestartAsync();
        (await forgetful.Admin.PostAsync("/api/v1/namespaces", """{"metadata":{"name":"pages"}}""")).Ok();
        foreach (var name in (string[])["a", "b", "c"]) (await forgetful.Admin.PostAsync("/api/v1/namespaces/pages/configmaps", $$$"""{"metadata":{"name":"{{{name}}}"}}""")).Ok();
        var expired = await forgetful.Admin.GetAsync("/api/v1/namespaces/pages/configmaps?limit=1&continue=" + Token(1, "b"));
        Assert.Equal((410, "Expired"), (expired.Code, expired.Reason));
        Assert.Equal("The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. "
            + "Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.", expired.Message);
        var next = expired.Json.Child("metadata")!.Text("continue")!;
        Assert.Equal("b,c", Names((await forgetful.Admin.GetAsync("/api/v1/namespaces/pages/configmaps?continue=" + next)).Ok()));
        var exact = await forgetful.Admin.GetAsync("/api/v1/namespaces/pages/configmaps?resourceVersion=1&resourceVersionMatch=Exact");
        Assert.Equal((410, "Expired", "The resourceVersion for the provided list is too old."), (exact.Code, exact.Reason, exact.Message));
    }

    [Theory]
    [InlineData("../../secrets/default/x")]
    [InlineData("/b")]
    [InlineData("a//b")]
    public async Task Token_ThatClimbsOutOfItsCollection_IsRefused(string start)
    {
        var answer = await server.Admin.GetAsync("/api/v1/namespaces/default/configmaps?continue=" + Token(1, start));
        Assert.Equal((400, "invalid continue token: continue key is not valid: " + start), (answer.Code, answer.Message));
    }

    [Fact]
    public async Task Token_WithARevisionBeside_IsRefused()
    {
        var (maps, old) = await MapsAsync();
        var token = (await server.Admin.GetAsync(maps + "?limit=1")).Ok().Child("metadata")!.Text("continue");
        Assert.Equal("specifying resource version is not allowed when using continue", (await server.Admin.GetAsync($"{maps}?continue={token}&resourceVersion={old}")).Message);
        Assert.Equal("b,c", Names((await server.Admin.GetAsync($"{maps}?continue={token}&resourceVersion=0")).Ok()));
    }

    [Fact]
    public async Task DeleteCollection_WithALimit_DeletesOnePage()
    {
        var (maps, _) = await MapsAsync();
        Assert.Equal("a,b", Names((await server.Admin.DeleteAsync(maps + "?limit=2")).Ok()));
        Assert.Equal("c", Names((await server.Admin.GetAsync(maps)).Ok()));
    }

    [Fact]
    public async Task DeleteCollection_OfASelection_LeavesTheRest()
    {
        var (maps, _) = await MapsAsync();
        Assert.Equal("a,b", Names((await server.Admin.DeleteAsync(maps + "?fieldSelector=metadata.name!%3Dc", """{"kind":"DeleteOptions","apiVersion":"v1","propagationPolicy":"Background","gracePeriodSeconds":0}""")).Ok()));
        Assert.Equal("c", Names((await server.Admin.GetAsync(maps)).Ok()));
    }

    private static string Token(long revision, string start) =>
        Convert.ToBase64String(Encoding.UTF8.GetBytes($$"""{"v":"meta.k8s.io/v1","rv":{{revision}},"start":"{{start}}"}""")).TrimEnd('=');
}
