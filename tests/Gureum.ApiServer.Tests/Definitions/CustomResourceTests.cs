using Gureum.ApiServer.Tests.Support;
using Gureum.Objects.Json;

namespace Gureum.ApiServer.Tests.Definitions;

/// <summary>What a definition's schema does to its objects.</summary>
public sealed class CustomResourceTests(TestServer server)
{
    private const string Schema = """
        {"type":"object","properties":{"spec":{"type":"object","required":["size"],"properties":{
          "size":{"type":"integer","minimum":1,"maximum":9,"exclusiveMaximum":true},
          "mode":{"type":"string","enum":["fast","slow"],"default":"slow","maxLength":4},
          "inner":{"type":"object","default":{},"properties":{"deep":{"type":"string","default":"x"}}},
          "free":{"type":"object","x-kubernetes-preserve-unknown-fields":true},
          "port":{"x-kubernetes-int-or-string":true},
          "maybe":{"type":"string","nullable":true},
          "tags":{"type":"array","maxItems":3,"x-kubernetes-list-type":"set","items":{"type":"string"}},
          "parts":{"type":"array","x-kubernetes-list-type":"map","x-kubernetes-list-map-keys":["name"],"items":{"type":"object","required":["name"],"properties":{"name":{"type":"string"}}}},
          "template":{"type":"object","x-kubernetes-embedded-resource":true,"x-kubernetes-preserve-unknown-fields":true}}},
         "status":{"type":"object","properties":{"replicas":{"type":"integer"}}}}}
        """;

    private async Task<string> DefineAsync(string group, string subresources = """{"status":{}}""")
    {
        await TestDefinitions.CreateAsync(server.Admin, group, "Cog", "cogs", Schema, subresources);
        return $"/apis/{group}/v1/namespaces/{await server.NamespaceAsync()}/cogs";
    }

    private static string Cog(string path, string spec, string name = "a") => $$$"""{"apiVersion":"{{{path.Split('/')[2]}}}/v1","kind":"Cog","metadata":{"name":"{{{name}}}"},"spec":{{{spec}}}}""";

    [Fact]
    public async Task Create_PrunesDefaultsAndKeeps_AsTheSchemaSays()
    {
        var path = await DefineAsync("prune.example.com");
        var spec = (await server.Admin.PostAsync(path, Cog(path, """{"size":2,"unknown":1,"mode":null,"maybe":null,"port":"http","free":{"any":[1,{"b":2}]},"template":{"apiVersion":"v1","kind":"Pod","metadata":{"name":"p"},"x":1}}"""))).Ok().Child("spec")!;
        Assert.False(spec.ContainsKey("unknown"));
        Assert.Equal("slow", spec.Text("mode"));
        Assert.Equal("x", spec.Child("inner")!.Text("deep"));
        Assert.True(spec.ContainsKey("maybe") && spec["maybe"] is null, "a nullable field keeps its null");
        Assert.Equal("""{"any":[1,{"b":2}]}""", spec["free"]!.ToJsonString());
        Assert.Equal(1, spec.Child("template")!.Number("x"));
    }

    [Theory]
    [InlineData("""{}""", "spec.size: Required value")]
    [InlineData("""{"size":"two"}""", "spec.size: Invalid value: \"string\": spec.size in body must be of type integer: \"string\"")]
    [InlineData("""{"size":0}""", "spec.size: Invalid value: 0: spec.size in body should be greater than or equal to 1")]
    [InlineData("""{"size":9}""", "spec.size: Invalid value: 9: spec.size in body should be less than 9")]
    [InlineData("""{"size":1,"mode":"odd"}""", "spec.mode: Unsupported value: \"odd\": supported values: \"fast\", \"slow\"")]
    [InlineData("""{"size":1,"inner":7}""", "spec.inner: Invalid value: \"integer\": spec.inner in body must be of type object: \"integer\"")]
    [InlineData("""{"size":1,"port":true}""", "spec.port")]
    [InlineData("""{"size":1,"tags":["a","b","a"]}""", "spec.tags[2]: Duplicate value: \"a\"")]
    [InlineData("""{"size":1,"tags":["a","b","c","d"]}""", "spec.tags: Too many: 4: must have at most 3 items")]
    [InlineData("""{"size":1,"parts":[{"name":"a"},{"name":"a"}]}""", "spec.parts[1]: Duplicate value: {\"name\":\"a\"}")]
    [InlineData("""{"size":1,"template":{"kind":"Pod"}}""", "spec.template.apiVersion: Required value: must not be empty")]
    public async Task Create_OfInvalidObject_IsRefusedOnceWithUpstreamsMessage(string spec, string message)
    {
        const string group = "invalid.example.com";
        if ((await server.Admin.GetAsync($"/apis/{group}/v1/cogs")).Code == 404) await DefineAsync(group);
        var path = $"/apis/{group}/v1/namespaces/default/cogs";
        var answer = await server.Admin.PostAsync(path, Cog(path, spec));
        Assert.Equal((422, "Invalid"), (answer.Code, answer.Reason));
        Assert.Contains(message, answer.Message);
        Assert.Single(answer.Json.Child("details")!.Objects("causes"));
        // Items that cannot be told apart cannot be owned: an apply is refused before anything is validated.
        Assert.Equal(message.Contains("Duplicate value", StringComparison.Ordinal) ? 400 : 422, (await server.Admin.ApplyAsync(path + "/a", Cog(path, spec), "tester")).Code);
    }

    [Fact]
    public async Task SchemaChange_ShowsNewDefaultsInOldObjects_AndPrunesWhatItNoLongerNames()
    {
        var path = await DefineAsync("change.example.com");
        (await server.Admin.PostAsync(path, Cog(path, """{"size":2,"port":80}"""))).Ok();
        var changed = Schema.Replace("\"port\":{\"x-kubernetes-int-or-string\":true}", "\"colour\":{\"type\":\"string\",\"default\":\"red\"}");
        (await server.Admin.PatchAsync("/apis/apiextensions.k8s.io/v1/customresourcedefinitions/cogs.change.example.com", $$$"""[{"op":"replace","path":"/spec/versions/0/schema/openAPIV3Schema","value":{{{changed}}}}]""", Api.JsonPatch)).Ok();
        var spec = (await server.Admin.GetAsync(path + "/a")).Ok().Child("spec")!;
        for (var tries = 0; tries < 500 && spec.Text("colour") is null; tries++)
        {
            await Task.Delay(20);
            spec = (await server.Admin.GetAsync(path + "/a")).Ok().Child("spec")!;
        }
        Assert.Equal("red", spec.Text("colour"));
        Assert.False(spec.ContainsKey("port"));
        Assert.Equal("red", (await server.Admin.GetAsync(path)).Ok().Objects("items").Single().Child("spec")!.Text("colour"));
    }

    [Fact]
    public async Task Status_IsWrittenByItsSubresourceAlone()
    {
        var path = await DefineAsync("status.example.com");
        (await server.Admin.PostAsync(path, Cog(path, """{"size":2}"""))).Ok();
        Assert.Null((await server.Admin.PatchAsync(path + "/a", """{"status":{"replicas":3}}""", Api.Merge)).Ok().Child("status"));
        var shown = (await server.Admin.PatchAsync(path + "/a/status", """{"spec":{"size":5},"status":{"replicas":3}}""", Api.Merge)).Ok();
        Assert.Equal((2L, 3L, 1L), (shown.Child("spec")!.Number("size"), shown.Child("status")!.Number("replicas"), shown.Child("metadata")!.Number("generation")));
    }

    [Fact]
    public async Task Scale_ReadsAndSetsTheFieldsThatTheDefinitionNames()
    {
        var path = await DefineAsync("scale.example.com", """{"status":{},"scale":{"specReplicasPath":".spec.size","statusReplicasPath":".status.replicas"}}""");
        (await server.Admin.PostAsync(path, Cog(path, """{"size":2}"""))).Ok();
        Assert.Equal(2, (await server.Admin.GetAsync(path + "/a/scale")).Ok().Child("spec")!.Number("replicas"));
        (await server.Admin.PatchAsync(path + "/a/scale", """{"spec":{"replicas":4}}""", Api.Merge)).Ok();
        Assert.Equal(4, (await server.Admin.GetAsync(path + "/a")).Ok().Child("spec")!.Number("size"));
        Assert.Equal(422, (await server.Admin.PatchAsync(path + "/a/scale", """{"spec":{"replicas":-1}}""", Api.Merge)).Code);
    }

    [Fact]
    public async Task FieldSelector_TakesSelectableFields_AndRefusesOthers()
    {
        const string group = "fields.example.com";
        (await server.Admin.PostAsync("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", $$$"""
            {"metadata":{"name":"cogs.{{{group}}}"},"spec":{"group":"{{{group}}}","scope":"Namespaced","names":{"kind":"Cog","plural":"cogs","shortNames":["cg"],"categories":["all"]},
             "versions":[{"name":"v1","served":true,"storage":true,"selectableFields":[{"jsonPath":".spec.mode"}],"schema":{"openAPIV3Schema":{{{Schema}}}}},
                         {"name":"v2","served":true,"storage":false,"schema":{"openAPIV3Schema":{{{Schema}}}}}]}}
            """)).Ok();
        while ((await server.Admin.GetAsync($"/apis/{group}/v1/cogs")).Code == 404) await Task.Delay(20);
        var path = $"/apis/{group}/v1/namespaces/{await server.NamespaceAsync()}/cogs";
        (await server.Admin.PostAsync(path, Cog(path, """{"size":2,"mode":"fast"}"""))).Ok();
        (await server.Admin.PostAsync(path, Cog(path, """{"size":2}""", "b"))).Ok();
        Assert.Equal("a", Assert.Single((await server.Admin.GetAsync(path + "?fieldSelector=spec.mode%3Dfast")).Ok().Objects("items")).Child("metadata")!.Text("name"));
        Assert.Equal(400, (await server.Admin.GetAsync(path + "?fieldSelector=spec.size%3D2")).Code);
        Assert.Equal(group + "/v2", (await server.Admin.GetAsync(path.Replace("/v1/", "/v2/") + "/a")).Ok().Text("apiVersion"));
        var named = (await server.Admin.GetAsync($"/apis/{group}/v1")).Ok().Objects("resources").Single(r => r.Text("name") == "cogs");
        Assert.Equal(["cg"], named.Texts("shortNames"));
        Assert.Equal(["all"], named.Texts("categories"));
    }
}
