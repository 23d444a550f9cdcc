using Gureum.ApiServer.Tests.Support;
using Gureum.Objects.Json;

namespace Gureum.ApiServer.Tests.Conformance;

/// <summary>[sig-api-machinery] FieldValidation: the conformance tests of that name, and what each wish and kind of write answers.</summary>
public sealed class FieldValidationTests(TestServer server)
{
    private const string Ports = """
        "ports":{"type":"array","x-kubernetes-list-map-keys":["containerPort","protocol"],"x-kubernetes-list-type":"map","items":{"type":"object","required":["containerPort","protocol"],
        "properties":{"containerPort":{"format":"int32","type":"integer"},"hostIP":{"type":"string"},"hostPort":{"format":"int32","type":"integer"},"name":{"type":"string"},"protocol":{"type":"string"}}}}
        """;

    private const string Spec = "\"foo\":{\"type\":\"string\"},\"cronSpec\":{\"type\":\"string\",\"pattern\":\"^(\\\\d+|\\\\*)(/\\\\d+)?(\\\\s+(\\\\d+|\\\\*)(/\\\\d+)?){4}$\"}," + Ports;

    private static string Deployment(string metadata, string spec) => """
        {"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"my-dep",METADATA"labels":{"app":"nginx"}},
        "spec":{SPEC"selector":{"matchLabels":{"app":"nginx"}},"template":{"metadata":{"labels":{"app":"nginx"}},"spec":{"containers":[{"name":"nginx","image":"nginx:latest"}]}}}}
        """.Replace("METADATA", metadata, StringComparison.Ordinal).Replace("SPEC", spec, StringComparison.Ordinal);

    private static string Schema(string more = "", string beside = "") => "{\"type\":\"object\",\"properties\":{\"spec\":{\"type\":\"object\"," + beside + "\"properties\":{" + more + Spec + "}}}}";

    private async Task<Answer> ApplyAsync(string schema, string body, string query)
    {
        var ns = await server.NamespaceAsync();
        var group = ns + ".validated.example.com";
        await TestDefinitions.CreateAsync(server.Admin, group, "Noxu", "noxus", schema);
        return await server.Admin.PatchAsync($"/apis/{group}/v1/namespaces/{ns}/noxus/mytest?fieldManager=field_validation_mgr&{query}", body.Replace("GROUP", group + "/v1", StringComparison.Ordinal), Api.Apply);
    }

    private static string Yaml(string metadata, string spec) => $"\napiVersion: GROUP\nkind: Noxu\nmetadata:\n  name: mytest\n{metadata}spec:\n{spec}  cronSpec: \"* * * * */5\"\n  ports:\n  - name: x\n    containerPort: 80\n    protocol: TCP";

    [Fact]
    public async Task Should_detect_unknown_and_duplicate_fields_of_a_typed_object()
    {
        var answer = await server.Admin.PostAsync($"/apis/apps/v1/namespaces/{await server.NamespaceAsync()}/deployments?fieldManager=field_validation_mgr&fieldValidation=Strict", Deployment("", "\"unknownField\":\"foo\",\"replicas\":2,\"replicas\":3,"));
        Assert.Equal((400, "Deployment in version \"v1\" cannot be handled as a Deployment: strict decoding error: unknown field \"spec.unknownField\", duplicate field \"spec.replicas\""), (answer.Code, answer.Message));
    }

    [Fact]
    public async Task Should_detect_unknown_metadata_fields_of_a_typed_object()
    {
        var answer = await server.Admin.PostAsync($"/apis/apps/v1/namespaces/{await server.NamespaceAsync()}/deployments?fieldValidation=Strict", Deployment("\"unknownMeta\":\"foo\",", ""));
        Assert.Contains("strict decoding error: unknown field \"metadata.unknownMeta\"", answer.Message);
    }

    [Fact]
    public async Task Should_create_or_apply_a_valid_CR_for_CRD_with_validation_schema() =>
        (await ApplyAsync(Schema(), Yaml("", "  foo: foo1\n"), "fieldValidation=Strict")).Ok();

    [Fact]
    public async Task Should_create_or_apply_a_CR_with_unknown_fields_for_CRD_with_no_validation_schema() =>
        (await ApplyAsync("""{"type":"object","x-kubernetes-preserve-unknown-fields":true}""", Yaml("", "  foo: foo1\n"), "fieldValidation=Strict")).Ok();

    [Fact]
    public async Task Should_create_or_apply_an_invalid_CR_with_extra_properties_for_CRD_with_validation_schema()
    {
        var answer = await ApplyAsync(Schema(), Yaml("", "  extraProperty: arbitrary-value\n"), "fieldValidation=Strict");
        Assert.Contains(".spec.extraProperty: field not declared in schema", answer.Message);
    }

    [Fact]
    public async Task Should_detect_unknown_metadata_fields_in_both_the_root_and_embedded_object_of_a_CR()
    {
        var schema = Schema("""
            "template":{"type":"object","x-kubernetes-embedded-resource":true,"properties":{"metadata":{"type":"object","properties":{"name":{"type":"string"}}},"spec":{"type":"object"}}},
            """);
        var answer = await ApplyAsync(schema, Yaml("  unknownMeta: unknown\n", "  template:\n    apiversion: foo/v1\n    kind: Sub\n    metadata:\n        unknownSubMeta: unknown\n        name: subobject\n"), "fieldValidation=Strict");
        Assert.Contains(".metadata.unknownMeta: field not declared in schema", answer.Message);
    }

    [Fact]
    public async Task Should_detect_duplicates_in_a_CR_when_preserving_unknown_fields()
    {
        var answer = await ApplyAsync(Schema(beside: "\"x-kubernetes-preserve-unknown-fields\":true,"), Yaml("", "  unknown: uk1\n  foo: foo1\n  foo: foo2\n"), "fieldValidation=Strict");
        Assert.Equal((400, "error strict decoding YAML: error converting YAML to JSON: yaml: unmarshal errors:\n  line 9: key \"foo\" already set in map"), (answer.Code, answer.Message));
    }

    private const string Yes = """{"metadata":{"name":"m"},"data":{"a":"1"}}""";

    private async Task<(string Maps, string Map)> MapAsync()
    {
        var maps = $"/api/v1/namespaces/{await server.NamespaceAsync()}/configmaps";
        (await server.Admin.PostAsync(maps, Yes)).Ok();
        return (maps, maps + "/m");
    }

    private static string[] Warnings(Answer answer) => answer.Headers.TryGetValues("Warning", out var values) ? [.. values] : [];

    /// <summary>The same body under each wish: refused, told, passed over.</summary>
    [Theory]
    [InlineData("POST", """{"metadata":{"name":"n"},"foo":1,"data":{"a":"1","a":"2"}}""", "application/json", "unknown field \"foo\"", "duplicate field \"data.a\"")]
    [InlineData("POST", "metadata:\n  name: n\n  bar: 1\ndata:\n  a: \"1\"\n  a: \"2\"\n", "application/yaml", "line 6: key \"a\" already set in map", "unknown field \"metadata.bar\"")]
    [InlineData("PUT", """{"metadata":{"name":"m"},"foo":1}""", "application/json", "unknown field \"foo\"", null)]
    [InlineData("PATCH", """{"data":{"a":"1","a":"2"},"foo":1}""", Api.Merge, "duplicate field \"data.a\"", "unknown field \"foo\"")]
    [InlineData("PATCH", """{"metadata":{"labels":{"x":"1","x":"2"}},"foo":1}""", Api.Strategic, "duplicate field \"metadata.labels.x\"", "unknown field \"foo\"")]
    [InlineData("PATCH", """[{"op":"add","path":"/foo","value":1,"note":"why"}]""", Api.JsonPatch, "json patch unknown field \"[0].note\"", "unknown field \"foo\"")]
    public async Task Write_WithFieldsThatDoNotBelong_IsRefusedToldOrPassedOver(string method, string body, string type, string first, string? second)
    {
        var (maps, map) = await MapAsync();
        var path = method == "POST" ? maps : map;
        async Task<Answer> SendAsync(string wish) => await server.Admin.SendAsync(new HttpMethod(method), $"{path}?dryRun=All&fieldValidation={wish}", body, type);
        string[] expected = [.. new[] { first, second }.OfType<string>()];
        foreach (var wish in (string[])["Warn", ""])
        {
            var told = await SendAsync(wish);
            told.Ok();
            Assert.Equal(expected.Select(e => $"299 - \"{e.Replace("\"", "\\\"")}\""), Warnings(told));
        }
        var passed = await SendAsync("Ignore");
        passed.Ok();
        Assert.Empty(Warnings(passed));
        var refused = await SendAsync("Strict");
        Assert.Equal((method == "PATCH" ? 422 : 400, method == "PATCH" ? "Invalid" : "BadRequest"), (refused.Code, refused.Reason));
        Assert.EndsWith("strict decoding error: " + string.Join(", ", expected).Replace("line 6", "yaml: unmarshal errors:\n  line 6", StringComparison.Ordinal), refused.Message);
    }

    [Theory]
    [InlineData("""{"data":{"b":"2"},"foo":1}""", Api.Strategic, "Invalid value: \"map[data:map[b:2] foo:1]\": strict decoding error: unknown field \"foo\"")]
    [InlineData("""{"data":["b"]}""", Api.Strategic, "Invalid value: \"map[data:[b]]\": ")]
    public async Task Patch_ThatIsRefused_IsShown(string body, string type, string message)
    {
        var (_, map) = await MapAsync();
        var answer = await server.Admin.PatchAsync(map + "?fieldValidation=Strict", body, type);
        Assert.Equal(422, answer.Code);
        Assert.StartsWith(" \"\" is invalid: patch: " + message, answer.Message);
        Assert.Equal("patch", answer.Json.Child("details")!.Objects("causes").Single().Text("field"));
    }

    [Theory]
    [InlineData("""{"spec":{"replicaz":1}}""", ".spec.replicaz: field not declared in schema")]
    [InlineData("""{"spec":{"template":{"spec":{"containers":[{"name":"c","imagine":"i"}]}}}}""", ".spec.template.spec.containers[name=\"c\"].imagine: field not declared in schema")]
    [InlineData("""{"spec":{"template":{"spec":{"containers":[{"name":"c"},{"name":"c"}]}}}}""", ".spec.template.spec.containers: duplicate entries for key [name=\"c\"]")]
    [InlineData("""{"metadata":{"nam":"x"},"spec":{"replicaz":1}}""", "errors:\n  .metadata.nam: field not declared in schema\n  .spec.replicaz: field not declared in schema")]
    public async Task Apply_OfWhatCannotBeOwned_IsRefusedWhateverIsWished(string body, string why)
    {
        var ns = await server.NamespaceAsync();
        foreach (var wish in (string[])["Ignore", "Warn", "Strict"])
        {
            var answer = await server.Admin.PatchAsync($"/apis/apps/v1/namespaces/{ns}/deployments/d?fieldManager=me&fieldValidation={wish}", body, Api.Apply);
            Assert.Equal((400, $"failed to create typed patch object ({ns}/d; apps/v1, Kind=Deployment): {why}"), (answer.Code, answer.Message));
        }
    }
}
