using System.Text.Json.Nodes;
using Gureum.ApiServer.Tests.Support;
using Gureum.Objects.Json;

namespace Gureum.ApiServer.Tests.Definitions;

/// <summary>x-kubernetes-validations, when a definition is written and when its objects are.</summary>
public sealed class ValidationRuleTests(TestServer server)
{
    private const string Definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";

    private async Task<string> DefineAsync(string schema)
    {
        var ns = await server.NamespaceAsync();
        await TestDefinitions.CreateAsync(server.Admin, ns + ".rules.example.com", "Widget", "widgets", schema);
        return $"/apis/{ns}.rules.example.com/v1/namespaces/{ns}/widgets";
    }

    private static string Spec(string properties, string rules) =>
        $$$$$"""{"type":"object","properties":{"spec":{"type":"object","x-kubernetes-validations":[{{{{{rules}}}}}],"properties":{ {{{{{properties}}}}} }}}}""";

    private Task<Answer> MakeAsync(string path, string spec) => server.Admin.PostAsync(path, $$$"""{"metadata":{"name":"w"},"spec":{{{spec}}}}""");

    private static string Text(string text) => JsonValue.Create(text)!.ToJsonString();

    [Theory]
    [InlineData("""{"rule":"self.min <= self.max"}""", "spec: Invalid value: \"object\": failed rule: self.min <= self.max")]
    [InlineData("""{"rule":"self.min <= self.max","message":"min above max"}""", "spec: Invalid value: \"object\": min above max")]
    [InlineData("""{"rule":"self.min <= self.max","messageExpression":"'min is ' + (self.min > 2 ? 'above two' : 'at most two')"}""", "spec: Invalid value: \"object\": min is above two")]
    [InlineData("""{"rule":"self.min <= self.max","message":"kept","messageExpression":"''"}""", "spec: Invalid value: \"object\": kept")]
    [InlineData("""{"rule":"self.min <= self.max","message":"m","fieldPath":".min","reason":"FieldValueForbidden"}""", "spec.min: Forbidden: m")]
    [InlineData("""{"rule":"self.min <= self.max","message":"m","reason":"FieldValueRequired"}""", "spec: Required value: m")]
    public async Task Object_BreaksARule_IsToldSo(string rule, string message)
    {
        var path = await DefineAsync(Spec("\"min\":{\"type\":\"integer\"},\"max\":{\"type\":\"integer\"}", rule));
        var answer = await MakeAsync(path, """{"min":3,"max":2}""");
        Assert.Equal(422, answer.Code);
        Assert.EndsWith("\"w\" is invalid: " + message, answer.Message);
        (await MakeAsync(path, """{"min":2,"max":2}""")).Ok();
    }

    [Fact]
    public async Task Rules_AtEveryLevel_NameTheirPlace()
    {
        var path = await DefineAsync("""
            {"type":"object","x-kubernetes-validations":[{"rule":"self.metadata.name.size() < 2","message":"name"}],"properties":{"spec":{"type":"object","properties":{
              "list":{"type":"array","maxItems":5,"items":{"type":"string","maxLength":10,"x-kubernetes-validations":[{"rule":"self != 'bad'","message":"item"}]}},
              "map":{"type":"object","maxProperties":5,"additionalProperties":{"type":"integer","x-kubernetes-validations":[{"rule":"self > 0","message":"value"}]}},
              "when":{"type":"string","format":"date-time","x-kubernetes-validations":[{"rule":"self > timestamp('2020-01-01T00:00:00Z')","message":"when"}]}}}}}
            """);
        var answer = await server.Admin.PostAsync(path, """{"metadata":{"name":"long"},"spec":{"list":["ok","bad"],"map":{"k":-1},"when":"2019-01-01T00:00:00Z"}}""");
        Assert.Equal(["<root>", "spec.list[1]", "spec.map[k]", "spec.when"], answer.Json.Child("details")!.Objects("causes").Select(c => c.Text("field") is { Length: > 0 } f ? f : "<root>").Order(StringComparer.Ordinal));
        (await server.Admin.PostAsync(path, """{"metadata":{"name":"w"},"spec":{"list":["ok"],"map":{"k":1},"when":"2021-01-01T00:00:00Z"}}""")).Ok();
    }

    [Fact]
    public async Task TransitionRule_RunsOnlyWhereThereWasAValue()
    {
        var path = await DefineAsync(Spec("\"size\":{\"type\":\"integer\",\"x-kubernetes-validations\":[{\"rule\":\"self >= oldSelf\",\"message\":\"may only grow\"}]}", """{"rule":"true"}"""));
        (await MakeAsync(path, """{"size":3}""")).Ok();
        var answer = await server.Admin.PatchAsync(path + "/w", """{"spec":{"size":2}}""", Api.Merge);
        Assert.EndsWith("spec.size: Invalid value: \"integer\": may only grow", answer.Message);
        (await server.Admin.PatchAsync(path + "/w", """{"spec":{"size":4}}""", Api.Merge)).Ok();
    }

    [Fact]
    public async Task OptionalOldSelf_RunsForNewValuesToo()
    {
        var path = await DefineAsync(Spec("\"a\":{\"type\":\"integer\"}", """{"rule":"oldSelf.hasValue() || self.a == 1","message":"starts with one","optionalOldSelf":true}"""));
        Assert.Contains("starts with one", (await MakeAsync(path, """{"a":2}""")).Message);
        (await MakeAsync(path, """{"a":1}""")).Ok();
        (await server.Admin.PatchAsync(path + "/w", """{"spec":{"a":2}}""", Api.Merge)).Ok();
    }

    [Fact]
    public async Task Update_LeavesAnInvalidValueAsItWas_IsLetThrough()
    {
        const string loose = "\"a\":{\"type\":\"integer\"},\"b\":{\"type\":\"string\"},\"list\":{\"type\":\"array\",\"maxItems\":9,\"x-kubernetes-list-type\":\"map\",\"x-kubernetes-list-map-keys\":[\"k\"],\"items\":{\"type\":\"object\",\"required\":[\"k\"],\"properties\":{\"k\":{\"type\":\"string\"},\"v\":{\"type\":\"integer\"}}}}";
        var path = await DefineAsync(Spec(loose, """{"rule":"true"}"""));
        (await MakeAsync(path, """{"a":-1,"b":"x","list":[{"k":"old","v":-1}]}""")).Ok();
        var strict = loose.Replace("\"a\":{\"type\":\"integer\"}", "\"a\":{\"type\":\"integer\",\"minimum\":0,\"x-kubernetes-validations\":[{\"rule\":\"self != -1\",\"message\":\"minus one\"}]}")
            .Replace("\"v\":{\"type\":\"integer\"}", "\"v\":{\"type\":\"integer\",\"x-kubernetes-validations\":[{\"rule\":\"self > 0\",\"message\":\"v above zero\"}]}");
        var group = path.Split('/')[2];
        (await server.Admin.PatchAsync($"{Definitions}/widgets.{group}", $$$"""[{"op":"replace","path":"/spec/versions/0/schema/openAPIV3Schema","value":{{{Spec(strict, """{"rule":"true"}""")}}}}]""", Api.JsonPatch)).Ok();
        while ((await server.Admin.PostAsync(path + "?dryRun=All", """{"metadata":{"name":"probe"},"spec":{"a":-1}}""")).Code != 422) await Task.Delay(20);
        (await server.Admin.PatchAsync(path + "/w", """{"spec":{"b":"y"}}""", Api.Merge)).Ok();
        (await server.Admin.PatchAsync(path + "/w", """[{"op":"add","path":"/spec/list/0","value":{"k":"new","v":1}}]""", Api.JsonPatch)).Ok();
        Assert.Contains("spec.list[0].v: Invalid value: \"integer\": v above zero", (await server.Admin.PatchAsync(path + "/w", """[{"op":"replace","path":"/spec/list/0/v","value":-5}]""", Api.JsonPatch)).Message);
        Assert.Equal(422, (await server.Admin.PatchAsync(path + "/w", """{"spec":{"a":-2}}""", Api.Merge)).Code);
    }

    [Fact]
    public async Task Object_OutsideItsSchema_IsNotJudgedByRulesAndSaysSo()
    {
        var path = await DefineAsync(Spec("\"a\":{\"type\":\"integer\",\"minimum\":0}", """{"rule":"false","message":"never seen"}"""));
        var answer = await MakeAsync(path, """{"a":-1}""");
        Assert.Contains("some validation rules were not checked because the object was invalid", answer.Message);
        Assert.DoesNotContain("never seen", answer.Message);
    }

    [Fact]
    public async Task Rule_ThatErrs_RefusesTheObject()
    {
        var path = await DefineAsync(Spec("\"a\":{\"type\":\"integer\"}", """{"rule":"self.a > 0"}"""));
        Assert.Contains("no such key: a evaluating rule: failed rule: self.a > 0", (await MakeAsync(path, "{}")).Message);
    }

    [Theory]
    [InlineData("self.none == 1", "undefined field 'none'")]
    [InlineData("self.a +", "Syntax error")]
    [InlineData("self.a", "must evaluate to a bool")]
    [InlineData("self.list.all(x, self.list.all(y, x == y))", "spec.versions[0].schema.openAPIV3Schema.properties[spec].x-kubernetes-validations[0].rule: Forbidden: estimated rule cost exceeds budget by factor of more than 100x (try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)")]
    public async Task Definition_WithABadRule_IsRefused(string rule, string message)
    {
        var schema = Spec("\"a\":{\"type\":\"integer\"},\"list\":{\"type\":\"array\",\"items\":{\"type\":\"string\"}}", $$"""{"rule":{{Text(rule)}}}""");
        var answer = await DefinitionAsync(schema);
        Assert.Equal(422, answer.Code);
        Assert.Contains(message, answer.Message);
        (await DefinitionAsync(schema.Replace(Text(rule), "\"self.a > 0\""))).Ok();
    }

    [Fact]
    public async Task Definition_TransitionRuleInAListWithoutKeys_IsRefused()
    {
        static string Schema(string type) => Spec($$$$$"""
            "list":{"type":"array","maxItems":5,{{{{{type}}}}}"items":{"type":"object","required":["k"],"properties":{"k":{"type":"string","maxLength":9},"v":{"type":"integer","x-kubernetes-validations":[{"rule":"self == oldSelf"}]}}}}
            """, """{"rule":"true"}""");
        Assert.Contains("oldSelf cannot be used on the uncorrelatable portion of the schema", (await DefinitionAsync(Schema(""))).Message);
        (await DefinitionAsync(Schema("\"x-kubernetes-list-type\":\"map\",\"x-kubernetes-list-map-keys\":[\"k\"],"))).Ok();
    }

    private Task<Answer> DefinitionAsync(string schema) => server.Admin.PostAsync(Definitions + "?dryRun=All",
        $$$"""{"metadata":{"name":"bads.bad.example.com"},"spec":{"group":"bad.example.com","scope":"Namespaced","names":{"kind":"Bad","plural":"bads"},"versions":[{"name":"v1","served":true,"storage":true,"schema":{"openAPIV3Schema":{{{schema}}}}}]}}""");
}
