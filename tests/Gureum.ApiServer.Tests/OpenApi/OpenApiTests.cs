using System.Text.Json.Nodes;
using Gureum.ApiServer.Tests.Support;
using Gureum.Objects.Json;

namespace Gureum.ApiServer.Tests.OpenApi;

public sealed class OpenApiTests(TestServer server)
{
    [Fact]
    public async Task DefinedKind_SaysOfItsCommonFieldsWhatAllKindsSay()
    {
        var schema = await DefinedAsync("described.example.com", """{"type":"object","properties":{"spec":{"type":"object","nullable":true,"properties":{"a":{"type":"string"}}},"inner":{"type":"object","x-kubernetes-embedded-resource":true}},"required":["spec"]}""");
        Assert.StartsWith("APIVersion defines", schema.Child("properties")!.Child("apiVersion")!.Text("description"));
        Assert.StartsWith("Standard object's metadata", schema.Child("properties")!.Child("metadata")!.Text("description"));
        Assert.Equal(["kind", "apiVersion"], schema.Child("properties")!.Child("inner")!.Texts("required"));
        // What may be null is of no type in OpenAPI 2.0, and not required.
        Assert.Equal("{}", schema.Child("properties")!.Child("spec")!.ToJsonString());
        Assert.False(schema.ContainsKey("required"));
    }

    [Fact]
    public async Task DefinedKindThatTakesAnything_HasNoPropertiesInVersion2()
    {
        var schema = await DefinedAsync("anything.example.com", """{"type":"object","x-kubernetes-preserve-unknown-fields":true,"properties":{"spec":{"type":"string"}}}""");
        Assert.Equal(["type", "x-kubernetes-group-version-kind"], schema.Select(p => p.Key));
    }

    private async Task<JsonObject> DefinedAsync(string group, string schema)
    {
        (await server.Admin.PostAsync("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", $$$"""
            {"metadata":{"name":"things.{{{group}}}"},"spec":{"group":"{{{group}}}","scope":"Namespaced","names":{"kind":"Thing","plural":"things"},"versions":[{"name":"v1","served":true,"storage":true,"schema":{"openAPIV3Schema":{{{schema}}}}}]}}
            """)).Ok();
        var name = string.Join('.', group.Split('.').Reverse()) + ".v1.Thing";
        for (var tries = 0; tries < 250; tries++)
        {
            if ((await server.Admin.GetAsync("/openapi/v2")).Ok().Child("definitions")!.Child(name) is { } found) return found;
            await Task.Delay(20);
        }
        throw new InvalidOperationException($"{name} is not published");
    }

    [Fact]
    public async Task Index_NamesEveryGroupVersion_AndItsDocumentIsThere()
    {
        var paths = (await server.Admin.GetAsync("/openapi/v3")).Ok().Child("paths")!;
        Assert.True(paths.ContainsKey("api/v1"));
        foreach (var (path, entry) in paths)
        {
            var document = (await server.Admin.GetAsync(entry!["serverRelativeURL"]!.GetValue<string>())).Ok();
            if (path.StartsWith("api", StringComparison.Ordinal)) Assert.True(document.Child("components")!.Child("schemas")!.Count > 0, path);
        }
    }

    [Theory]
    [InlineData("io.k8s.api.core.v1.PodSpec", "containers", "x-kubernetes-list-type", "map")]
    [InlineData("io.k8s.api.core.v1.PodSpec", "containers", "x-kubernetes-patch-merge-key", "name")]
    [InlineData("io.k8s.api.core.v1.PodSpec", "volumes", "x-kubernetes-patch-strategy", "merge,retainKeys")]
    [InlineData("io.k8s.api.core.v1.ContainerPort", "protocol", "default", "TCP")]
    [InlineData("io.k8s.api.core.v1.ContainerPort", "name", "default", null)]
    [InlineData("io.k8s.api.core.v1.PodSpec", "restartPolicy", "default", null)]
    [InlineData("io.k8s.api.core.v1.SecretKeySelector", "name", "default", "")]
    public async Task Document_OfCoreGroup_CarriesMergeRules(string type, string field, string extension, string? expected)
    {
        var schemas = (await server.Admin.GetAsync("/openapi/v3/api/v1")).Ok().Child("components")!.Child("schemas")!;
        Assert.Equal(expected, schemas.Child(type)!.Child("properties")!.Child(field)!.Text(extension));
    }

    [Theory]
    [InlineData("io.k8s.api.core.v1.PodSpec", "restartPolicy", """["Always","Never","OnFailure"]""")]
    [InlineData("io.k8s.api.core.v1.Taint", "effect", """["NoExecute","NoSchedule","PreferNoSchedule"]""")]
    public async Task Document_OfCoreGroup_NamesTheValuesOfEnums(string type, string field, string expected)
    {
        foreach (var (path, place) in ((string, string)[])[("/openapi/v3/api/v1", "components/schemas"), ("/openapi/v2", "definitions")])
        {
            var schemas = (await server.Admin.GetAsync(path)).Ok().At(place.Split('/'))!.AsObject();
            Assert.Equal(expected, schemas.Child(type)!.Child("properties")!.Child(field)!["enum"]!.ToJsonString());
        }
    }

    [Fact]
    public async Task Explain_OfAFieldWithFewValues_NamesThem() => Assert.Contains("ENUM:\n    ClusterIP\n    ExternalName\n    LoadBalancer\n    NodePort", await server.Kubectl.OkAsync("explain service.spec.type"));

    [Fact]
    public async Task Document_RefersOnlyToWhatItDefines()
    {
        foreach (var path in (string[])["/openapi/v2", "/openapi/v3/api/v1", "/openapi/v3/apis/apps/v1", "/openapi/v3/apis/apiextensions.k8s.io/v1", "/openapi/v3/apis/autoscaling/v2"])
        {
            var answer = await server.Admin.GetAsync(path);
            var document = answer.Ok();
            var defined = document.Child("definitions") ?? document.Child("components")!.Child("schemas")!;
            var missing = System.Text.RegularExpressions.Regex.Matches(answer.Text, "\"\\$ref\":\"#/(?:definitions|components/schemas)/([^\"]+)\"").Select(m => m.Groups[1].Value).Distinct().Where(name => !defined.ContainsKey(name));
            Assert.Empty(missing);
        }
    }

    [Fact]
    public async Task Document_AskedAgainWithItsTag_IsNotSentAgain()
    {
        var first = await server.Admin.GetAsync("/openapi/v3/apis/batch/v1");
        var again = await server.Admin.SendAsync(HttpMethod.Get, "/openapi/v3/apis/batch/v1", null, headers: [("If-None-Match", first.Headers.ETag!.ToString())]);
        Assert.Equal((304, ""), (again.Code, again.Text));
    }

    [Fact]
    public async Task Document_AskedByItsHash_NeverChanges_AndByAnotherLeadsToIt()
    {
        var address = (await server.Admin.GetAsync("/openapi/v3")).Ok().Child("paths")!.Child("apis/batch/v1")!.Text("serverRelativeURL")!;
        using var known = await server.Plain.GetAsync(address);
        Assert.Equal((200, "public, immutable"), ((int)known.StatusCode, string.Join(", ", known.Headers.GetValues("Cache-Control").SelectMany(v => v.Split(", ")))));
        Assert.True(known.Content.Headers.Expires > DateTimeOffset.UtcNow.AddDays(300));
        using var old = await server.Plain.GetAsync("/openapi/v3/apis/batch/v1?hash=00");
        Assert.Equal((301, address), ((int)old.StatusCode, old.Headers.Location?.ToString()));
    }

    [Fact]
    public async Task Document_OfUnknownGroup_IsNotFound() => Assert.Equal(404, (await server.Admin.GetAsync("/openapi/v3/apis/nothing.example.com/v1")).Code);

    [Fact]
    public async Task Explain_OfNestedField_ShowsItsTypes()
    {
        var text = await server.Kubectl.OkAsync("explain deployment.spec.template.spec.containers --recursive");
        Assert.Contains("containers <[]Container>", text);
        Assert.Contains("readinessProbe\t<Probe>", text);
        Assert.Contains("name\t<string> -required-", text);
    }

    [Theory]
    [InlineData("pod.spec.containers", "FIELD: containers <[]Container>", "List of containers belonging to the pod.")]
    [InlineData("deployment", "KIND:       Deployment", "Deployment enables declarative updates for Pods and ReplicaSets.")]
    [InlineData("networkpolicies.spec.podSelector", "FIELD: podSelector <LabelSelector>", "selects the pods")]
    public async Task Explain_OfBuiltInField_ShowsWhatItIsFor(string what, string title, string description)
    {
        var text = await server.Kubectl.OkAsync("explain " + what);
        Assert.Contains(title, text);
        Assert.Contains(description, text);
    }

    [Fact]
    public void Descriptions_WithoutTheirFile_AreNone() =>
        Assert.Null(new ApiServer.OpenApi.Descriptions(Path.Combine(AppContext.BaseDirectory, "no-such-file")).Find("core.v1.Pod"));

    [Fact]
    public void Extract_OfDamagedDocumentation_LeavesTheOldDescriptions()
    {
        var directory = Directory.CreateTempSubdirectory("gureum-descriptions-");
        try
        {
            var (source, target) = (Path.Combine(directory.FullName, "source.xml"), Path.Combine(directory.FullName, "target.txt"));
            File.WriteAllText(source, """<doc><members><member name="T:k8s.Models.V1Pod"><summary>A group of""");
            File.WriteAllText(target, "core.v1.Pod\tkept\n");
            Assert.Throws<System.Xml.XmlException>(() => ApiServer.OpenApi.DescriptionsExtractor.Extract(source, target));
            Assert.Equal("core.v1.Pod\tkept\n", File.ReadAllText(target));
        }
        finally { directory.Delete(recursive: true); }
    }

    [Fact]
    public async Task Definition_OnceStored_IsPublishedInItsDocument()
    {
        await TestDefinitions.CreateAsync(server.Admin, "published.example.com", "Gadget", "gadgets", """{"type":"object","properties":{"spec":{"type":"object","properties":{"size":{"type":"integer","description":"How large."}}}}}""");
        var schemas = (await server.Admin.GetAsync("/openapi/v3/apis/published.example.com/v1")).Ok().Child("components")!.Child("schemas")!;
        var size = schemas.Child("com.example.published.v1.Gadget")!.Child("properties")!.Child("spec")!.Child("properties")!.Child("size")!;
        Assert.Equal("How large.", size.Text("description"));
        Assert.Contains("com.example.published.v1.Gadget", (await server.Admin.GetAsync("/openapi/v2")).Text);
    }
}
