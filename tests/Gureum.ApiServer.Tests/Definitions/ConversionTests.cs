using System.Text.Json.Nodes;
using Gureum.ApiServer.Tests.Support;
using Gureum.Objects.Json;

namespace Gureum.ApiServer.Tests.Definitions;

/// <summary>Definitions with several versions: conversion by a real webhook, or by name alone.</summary>
public sealed class ConversionTests(TestServer server)
{
    private const string Definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";

    private static string Version(string name, bool storage, string fields, string more = "") => $$"""{"name":"{{name}}","served":true,"storage":{{(storage ? "true" : "false")}},"""
        + """  "subresources":{"status":{}},"schema":{"openAPIV3Schema":{"type":"object","properties":{"status":{"type":"object","x-kubernetes-preserve-unknown-fields":true},"spec":{"type":"object","properties":{""" + fields + "}}}}}" + more + "}";

    private const string First = "\"address\":{\"type\":\"string\"}", Second = "\"host\":{\"type\":\"string\"},\"port\":{\"type\":\"string\"},\"colour\":{\"type\":\"string\",\"default\":\"red\"}";

    private static string Definition(string group, string conversion, params string[] versions) =>
        $$$"""{"apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition","metadata":{"name":"cogs.{{{group}}}"},"spec":{"group":"{{{group}}}","scope":"Namespaced","names":{"kind":"Cog","plural":"cogs"},"conversion":{{{conversion}}},"versions":[{{{string.Join(',', versions)}}}]}}""";

    private async Task DefineAsync(string group, string conversion, params string[] versions)
    {
        (await server.Admin.PostAsync(Definitions, Definition(group, conversion, versions))).Ok();
        while ((await server.Admin.GetAsync($"/apis/{group}/v1/cogs")).Code == 404) await Task.Delay(20);
        while ((await server.Admin.GetAsync($"{Definitions}/cogs.{group}")).Ok().Child("status")?.Objects("conditions").Any(c => c.Text("type") == "Established") != true) await Task.Delay(20);
    }

    private static string By(WebhookServer webhook, string versions = "\"v1\"") => $$$"""{"strategy":"Webhook","webhook":{"clientConfig":{{{webhook.ClientConfig}}},"conversionReviewVersions":[{{{versions}}}]}}""";

    private static string Cog(string group, string version, string spec, string name = "a") => $$$"""{"apiVersion":"{{{group}}}/{{{version}}}","kind":"Cog","metadata":{"name":"{{{name}}}"},"spec":{{{spec}}}}""";

    // v1 has an address, v2 its host and port apart.
    private static JsonObject Convert(JsonObject value, string desired)
    {
        var (made, spec) = (value.DeepClone().AsObject(), value.Need("spec"));
        made["apiVersion"] = desired;
        var target = made.Need("spec");
        if (desired.EndsWith("/v2", StringComparison.Ordinal) && spec.Text("address") is { } address)
        {
            target.Remove("address");
            (target["host"], target["port"]) = (address.Split(':')[0], address.Split(':')[1]);
        }
        else if (desired.EndsWith("/v1", StringComparison.Ordinal) && spec.Text("host") is { } host)
        {
            foreach (var gone in (string[])["host", "port", "colour"]) target.Remove(gone);
            target["address"] = host + ":" + spec.Text("port");
        }
        return made;
    }

    private static JsonObject Answer(JsonObject review, Func<JsonObject, JsonNode?> convert)
    {
        var request = review.Child("request")!;
        return new JsonObject
        {
            ["kind"] = "ConversionReview", ["apiVersion"] = review.Text("apiVersion"),
            ["response"] = new JsonObject
            {
                ["uid"] = request.Text("uid"), ["result"] = new JsonObject { ["status"] = "Success" }, ["convertedObjects"] = new JsonArray([.. request.Objects("objects").Select(o => convert(o))]),
            },
        };
    }

    private Task<WebhookServer> ConverterAsync(Func<JsonObject, JsonObject, JsonObject?>? spoil = null) => WebhookServer.StartRawAsync(server, (review, context) =>
    {
        var answer = Answer(review, o => Convert(o, review.Child("request")!.Text("desiredAPIVersion")!));
        return WebhookServer.WriteAsync(context, spoil?.Invoke(review, answer) ?? answer);
    });

    [Fact]
    public async Task Webhook_ConvertsReadsAndWritesOfEachVersion()
    {
        await using var webhook = await ConverterAsync();
        const string group = "hooked.example.com";
        await DefineAsync(group, By(webhook), Version("v1", true, First), Version("v2", false, Second));
        var (ns, admin) = (await server.NamespaceAsync(), server.Admin);
        var (v1, v2) = ($"/apis/{group}/v1/namespaces/{ns}/cogs", $"/apis/{group}/v2/namespaces/{ns}/cogs");
        (await admin.PostAsync(v1, Cog(group, "v1", """{"address":"one:80"}"""))).Ok();
        Assert.Empty(webhook.Reviews);
        var shown = (await admin.GetAsync(v2 + "/a")).Ok();
        Assert.Equal((group + "/v2", "one", "80", "red"), (shown.Text("apiVersion"), shown.Child("spec")!.Text("host"), shown.Child("spec")!.Text("port"), shown.Child("spec")!.Text("colour")));
        Assert.Single(webhook.Reviews);
        await admin.GetAsync(v2 + "/a");
        Assert.Single(webhook.Reviews);
        var made = (await admin.PostAsync(v2, Cog(group, "v2", """{"host":"two","port":"81","address":"none"}""", "b"))).Ok();
        Assert.Equal(("two", (string?)null), (made.Child("spec")!.Text("host"), made.Child("spec")!.Text("address")));
        Assert.Equal("two:81", (await admin.GetAsync(v1 + "/b")).Ok().Child("spec")!.Text("address"));
        Assert.Equal("""{"address":"two:81"}""", JsonNode.Parse(JsonPeek.Raw(server.Host.State.Newest.Get($"/registry/{group}/cogs/{ns}/b")!.Json, ["spec"]).ToArray())!.ToJsonString());
        Assert.Equal(["one", "two"], (await admin.GetAsync(v2)).Ok().Objects("items").Select(i => i.Child("spec")!.Text("host")!));
        var patched = (await admin.PatchAsync(v2 + "/a", """{"spec":{"port":"8080"}}""", Api.Merge)).Ok();
        Assert.Equal((2L, "8080"), (patched.Child("metadata")!.Number("generation"), patched.Child("spec")!.Text("port")));
        Assert.Equal("one:8080", (await admin.GetAsync(v1 + "/a")).Ok().Child("spec")!.Text("address"));
        (await admin.ApplyAsync(v2 + "/a", Cog(group, "v2", """{"host":"new"}"""), "tester", force: true)).Ok();
        Assert.Equal("new:8080", (await admin.GetAsync(v1 + "/a")).Ok().Child("spec")!.Text("address"));
        (await admin.PatchAsync(v2 + "/a/status", """{"status":{"ready":true}}""", Api.Merge)).Ok();
        Assert.True((await admin.GetAsync(v1 + "/a/status")).Ok().Child("status")!.Flag("ready"));
        Assert.Equal("a", (await admin.GetAsync(v2 + "?fieldSelector=metadata.name%3Da")).Ok().Objects("items").Single().Child("metadata")!.Text("name"));
        Assert.Contains("\"b\" deleted", await server.Kubectl.OkAsync($"delete cogs.v2.{group} a b -n {ns}"));
    }

    [Fact]
    public async Task Webhook_ConvertsWatches()
    {
        await using var webhook = await ConverterAsync();
        const string group = "watched.example.com";
        await DefineAsync(group, By(webhook), Version("v1", true, First), Version("v2", false, Second));
        var ns = await server.NamespaceAsync();
        (await server.Admin.PostAsync($"/apis/{group}/v1/namespaces/{ns}/cogs", Cog(group, "v1", """{"address":"one:80"}"""))).Ok();
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        using var response = await server.Admin.Http.GetAsync($"/apis/{group}/v2/namespaces/{ns}/cogs?watch=1", HttpCompletionOption.ResponseHeadersRead, limit.Token);
        using var lines = new StreamReader(await response.Content.ReadAsStreamAsync(limit.Token));
        Assert.Equal(("ADDED", "one"), await NextAsync());
        (await server.Admin.PatchAsync($"/apis/{group}/v1/namespaces/{ns}/cogs/a", """{"spec":{"address":"two:80"}}""", Api.Merge)).Ok();
        Assert.Equal(("MODIFIED", "two"), await NextAsync());
        (await server.Admin.DeleteAsync($"/apis/{group}/v1/namespaces/{ns}/cogs/a")).Ok();
        Assert.Equal(("DELETED", "two"), await NextAsync());

        async Task<(string?, string?)> NextAsync()
        {
            var frame = JsonNode.Parse((await lines.ReadLineAsync(limit.Token))!)!.AsObject();
            return (frame.Text("type"), frame.Child("object")!.Child("spec")!.Text("host"));
        }
    }

    [Fact]
    public async Task StorageVersion_Changed_LeavesOldObjectsReadableAndIsRemembered()
    {
        await using var webhook = await ConverterAsync();
        const string group = "moved.example.com";
        await DefineAsync(group, By(webhook), Version("v1", true, First), Version("v2", false, Second));
        var ns = await server.NamespaceAsync();
        (await server.Admin.PostAsync($"/apis/{group}/v1/namespaces/{ns}/cogs", Cog(group, "v1", """{"address":"one:80"}"""))).Ok();
        var changed = (await server.Admin.PatchAsync($"{Definitions}/cogs.{group}", $$$"""{"spec":{"versions":[{{{Version("v1", false, First)}}},{{{Version("v2", true, Second)}}}]}}""", Api.Merge)).Ok();
        Assert.Equal(["v1", "v2"], changed.Child("status")!.Texts("storedVersions"));
        for (var tries = 0; ; tries++)
        {
            (await server.Admin.PostAsync($"/apis/{group}/v1/namespaces/{ns}/cogs", Cog(group, "v1", """{"address":"two:81"}""", "b" + tries))).Ok();
            if (JsonPeek.Text(server.Host.State.Newest.Get($"/registry/{group}/cogs/{ns}/b{tries}")!.Json, ["apiVersion"]) == group + "/v2") break;
            Assert.True(tries < 500, "the new storage version is never used");
            await Task.Delay(20);
        }
        Assert.Equal("one:80", (await server.Admin.GetAsync($"/apis/{group}/v1/namespaces/{ns}/cogs/a")).Ok().Child("spec")!.Text("address"));
        Assert.Equal("one", (await server.Admin.GetAsync($"/apis/{group}/v2/namespaces/{ns}/cogs")).Ok().Objects("items").First().Child("spec")!.Text("host"));
        var refused = await server.Admin.PatchAsync($"{Definitions}/cogs.{group}", $$$"""{"spec":{"conversion":{"strategy":"None","webhook":null},"versions":[{{{Version("v2", true, Second)}}}]}}""", Api.Merge);
        Assert.Equal(422, refused.Code);
        Assert.Contains("status.storedVersions[0]: Invalid value: \"v1\": missing from spec.versions; v1 was previously a storage version", refused.Message);
    }

    [Theory]
    [InlineData("name", "returned invalid object: must have the same name: a != other")]
    [InlineData("uid", "returned invalid object: must have the same UID: ")]
    [InlineData("version", "returned invalid object: invalid groupVersion (expected bad-version.example.com/v2, received bad-version.example.com/v3)")]
    [InlineData("kind", "returned invalid object: invalid kind (expected Cog, received Wheel)")]
    [InlineData("label", "returned invalid object: metadata.labels: Invalid value: \"not a value\"")]
    [InlineData("count", "returned 0 objects, expected 1")]
    [InlineData("review", "failed: expected response.uid=")]
    [InlineData("refusal", "failed: no luck today")]
    [InlineData("nothing", "failed: no response provided")]
    public async Task Webhook_ThatBreaksTheRules_IsAnInternalErrorThatSaysWhy(string fault, string message)
    {
        await using var webhook = await ConverterAsync((_, answer) =>
        {
            var response = answer.Child("response")!;
            var converted = response.Objects("convertedObjects").First();
            switch (fault)
            {
                case "name" or "uid": converted.Need("metadata")[fault] = "other"; break;
                case "version": converted["apiVersion"] = "bad-version.example.com/v3"; break;
                case "kind": converted["kind"] = "Wheel"; break;
                case "label": converted.Need("metadata")["labels"] = new JsonObject { ["a"] = "not a value" }; break;
                case "count": response["convertedObjects"] = new JsonArray(); break;
                case "review": response["uid"] = "other"; break;
                case "refusal": response["result"] = new JsonObject { ["status"] = "Failure", ["message"] = "no luck today" }; break;
                default: answer.Remove("response"); break;
            }
            return answer;
        });
        var group = $"bad-{fault}.example.com";
        await DefineAsync(group, By(webhook), Version("v1", true, First), Version("v2", false, Second));
        var ns = await server.NamespaceAsync();
        (await server.Admin.PostAsync($"/apis/{group}/v1/namespaces/{ns}/cogs", Cog(group, "v1", """{"address":"one:80"}"""))).Ok();
        foreach (var answer in (Answer[])[await server.Admin.GetAsync($"/apis/{group}/v2/namespaces/{ns}/cogs/a"), await server.Admin.GetAsync($"/apis/{group}/v2/namespaces/{ns}/cogs"), await server.Admin.PatchAsync($"/apis/{group}/v2/namespaces/{ns}/cogs/a", "{}", Api.Merge)])
        {
            Assert.Equal((500, "InternalError"), (answer.Code, answer.Reason));
            Assert.Contains($"conversion webhook for {group}/v1, Kind=Cog {message}", answer.Message);
        }
    }

    [Fact]
    public async Task Webhook_ThatIsGone_IsAnInternalError_AndTheStoredVersionStillWorks()
    {
        var webhook = await ConverterAsync();
        const string group = "gone.example.com";
        await DefineAsync(group, By(webhook), Version("v1", true, First), Version("v2", false, Second));
        await webhook.DisposeAsync();
        var ns = await server.NamespaceAsync();
        (await server.Admin.PostAsync($"/apis/{group}/v1/namespaces/{ns}/cogs", Cog(group, "v1", """{"address":"one:80"}"""))).Ok();
        var refused = await server.Admin.GetAsync($"/apis/{group}/v2/namespaces/{ns}/cogs/a");
        Assert.Equal(500, refused.Code);
        Assert.Contains($"conversion webhook for {group}/v1, Kind=Cog failed: Post \"https://127.0.0.1:{webhook.Port}/ask?timeout=30s\": dial tcp: connect: connection refused", refused.Message);
        Assert.Equal("one:80", (await server.Admin.GetAsync($"/apis/{group}/v1/namespaces/{ns}/cogs/a")).Ok().Child("spec")!.Text("address"));
        (await server.Admin.DeleteAsync($"/apis/{group}/v1/namespaces/{ns}/cogs/a")).Ok();
    }

    [Fact]
    public async Task Webhook_KeepsMetadataButForLabelsAndAnnotations()
    {
        await using var webhook = await ConverterAsync((_, answer) =>
        {
            foreach (var converted in answer.Child("response")!.Objects("convertedObjects"))
            {
                var metadata = converted.Need("metadata");
                metadata["labels"] = new JsonObject { ["from"] = "webhook" };
                metadata["finalizers"] = new JsonArray("example.com/never");
                metadata.Remove("generation");
            }
            return answer;
        });
        const string group = "meta.example.com";
        await DefineAsync(group, By(webhook, "\"v7\",\"v1beta1\""), Version("v1", true, First), Version("v2", false, Second));
        var ns = await server.NamespaceAsync();
        (await server.Admin.PostAsync($"/apis/{group}/v1/namespaces/{ns}/cogs", Cog(group, "v1", """{"address":"one:80"}"""))).Ok();
        var metadata = (await server.Admin.GetAsync($"/apis/{group}/v2/namespaces/{ns}/cogs/a")).Ok().Child("metadata")!;
        Assert.Equal("webhook", metadata.Child("labels")!.Text("from"));
        Assert.Equal((1L, false), (metadata.Number("generation"), metadata.ContainsKey("finalizers")));
        Assert.Equal("apiextensions.k8s.io/v1beta1", webhook.Reviews.First().Text("apiVersion"));
    }

    [Fact]
    public async Task NoConversion_RenamesTheVersion_AndEachShowsItsOwnFields()
    {
        const string group = "renamed.example.com";
        await DefineAsync(group, """{"strategy":"None"}""", Version("v1", true, First), Version("v2", false, Second));
        var (ns, admin) = (await server.NamespaceAsync(), server.Admin);
        (await admin.PostAsync($"/apis/{group}/v2/namespaces/{ns}/cogs", Cog(group, "v2", """{"host":"h"}"""))).Ok();
        Assert.Empty((await admin.GetAsync($"/apis/{group}/v1/namespaces/{ns}/cogs/a")).Ok().Child("spec")!);
        var spec = (await admin.GetAsync($"/apis/{group}/v2/namespaces/{ns}/cogs/a")).Ok().Child("spec")!;
        Assert.Equal(("h", "red"), (spec.Text("host"), spec.Text("colour")));
    }

    [Fact]
    public async Task NoConversion_KeepsFieldOwnersAcrossVersions()
    {
        const string group = "owned.example.com";
        await DefineAsync(group, """{"strategy":"None"}""", Version("v1", true, Second), Version("v2", false, Second));
        var (ns, admin) = (await server.NamespaceAsync(), server.Admin);
        var (v1, v2) = ($"/apis/{group}/v1/namespaces/{ns}/cogs/a", $"/apis/{group}/v2/namespaces/{ns}/cogs/a");
        (await admin.ApplyAsync(v1, Cog(group, "v1", """{"host":"one","port":"80"}"""), "one")).Ok();
        var conflict = await admin.ApplyAsync(v2, Cog(group, "v2", """{"host":"two"}"""), "two");
        Assert.Equal((409, "Apply failed with 1 conflict: conflict with \"one\": .spec.host"), (conflict.Code, conflict.Message));
        // The same manager in another version lets go of what it no longer sends.
        var spec = (await admin.ApplyAsync(v2, Cog(group, "v2", """{"host":"three"}"""), "one")).Ok();
        Assert.Equal(("three", (string?)null), (spec.Child("spec")!.Text("host"), spec.Child("spec")!.Text("port")));
        Assert.Equal(group + "/v2", Assert.Single((await admin.GetAsync(v2)).Ok().Child("metadata")!.Objects("managedFields")).Text("apiVersion"));
    }

    [Fact]
    public async Task DeprecatedVersion_WarnsItsUsers()
    {
        const string group = "old.example.com";
        await DefineAsync(group, """{"strategy":"None"}""", Version("v1beta1", false, First, ",\"deprecated\":true"), Version("v1", true, First, ",\"deprecated\":true,\"deprecationWarning\":\"use something else\""), Version("v2", false, First));
        Assert.Equal([$"299 - \"{group}/v1beta1 Cog is deprecated; use {group}/v2 Cog\""], (await server.Admin.GetAsync($"/apis/{group}/v1beta1/cogs")).Headers.GetValues("Warning"));
        Assert.Equal(["299 - \"use something else\""], (await server.Admin.GetAsync($"/apis/{group}/v1/cogs")).Headers.GetValues("Warning"));
        Assert.False((await server.Admin.GetAsync($"/apis/{group}/v2/cogs")).Headers.Contains("Warning"));
    }

    [Theory]
    [InlineData("""{"strategy":"Magic"}""", "spec.conversion.strategy: Unsupported value: \"Magic\": supported values: \"None\", \"Webhook\"")]
    [InlineData("""{"strategy":"Webhook"}""", "spec.conversion.webhookClientConfig: Required value: required when strategy is set to Webhook")]
    [InlineData("""{"strategy":"Webhook","webhook":{"clientConfig":{},"conversionReviewVersions":["v1"]}}""", "spec.conversion.webhookClientConfig: Required value: exactly one of url or service is required")]
    [InlineData("""{"strategy":"Webhook","webhook":{"clientConfig":{"url":"http://x"},"conversionReviewVersions":["v1"]}}""", "spec.conversion.webhookClientConfig.url: Invalid value: \"http\": 'https' is the only allowed URL scheme; desired format: https://host[/path]")]
    [InlineData("""{"strategy":"Webhook","webhook":{"clientConfig":{"url":"https://x"},"conversionReviewVersions":["v3","v3"]}}""", "spec.conversion.conversionReviewVersions[1]: Invalid value: \"v3\": duplicate version")]
    [InlineData("""{"strategy":"Webhook","webhook":{"clientConfig":{"url":"https://x"},"conversionReviewVersions":["v3"]}}""", "must include at least one of v1, v1beta1")]
    [InlineData("""{"strategy":"None","webhook":{"clientConfig":{"url":"https://x"},"conversionReviewVersions":["v1"]}}""", "spec.conversion.conversionReviewVersions: Forbidden: should not be set when strategy is not set to Webhook")]
    public async Task Create_OfADefinitionWithAFaultyConversion_IsRefused(string conversion, string message)
    {
        var refused = await server.Admin.PostAsync(Definitions, Definition("faulty.example.com", conversion, Version("v1", true, First)));
        Assert.Equal(422, refused.Code);
        Assert.Contains(message, refused.Message);
    }

    [Fact]
    public async Task Change_OfADefinition_ShowsInDiscoveryAndOpenApiAtOnce()
    {
        const string group = "published.example.com";
        await DefineAsync(group, """{"strategy":"None"}""", Version("v1", true, First));
        Assert.Contains($"apis/{group}/v1", (await server.Admin.GetAsync("/openapi/v3")).Text);
        (await server.Admin.PatchAsync($"{Definitions}/cogs.{group}", $$$"""{"spec":{"versions":[{{{Version("v1", true, First)}}},{{{Version("v2", false, Second)}}}]}}""", Api.Merge)).Ok();
        while ((await server.Admin.GetAsync($"/apis/{group}/v2/cogs")).Code == 404) await Task.Delay(20);
        Assert.Equal(group + "/v2", (await server.Admin.GetAsync($"/apis/{group}")).Ok().Child("preferredVersion")!.Text("groupVersion"));
        Assert.Contains($"apis/{group}/v2", (await server.Admin.GetAsync("/openapi/v3")).Text);
        Assert.Contains("colour", (await server.Admin.GetAsync($"/openapi/v3/apis/{group}/v2")).Text);
        Assert.Contains("com.example.published.v2.Cog", (await server.Admin.GetAsync("/openapi/v2")).Text);
    }
}
