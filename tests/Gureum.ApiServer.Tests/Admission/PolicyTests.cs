using System.Text.Json.Nodes;
using Gureum.ApiServer.Tests.Support;
using Gureum.Objects.Json;

namespace Gureum.ApiServer.Tests.Admission;

/// <summary>Validating- and MutatingAdmissionPolicies; each test binds its own, for one namespace alone.</summary>
public sealed class PolicyTests(TestServer server)
{
    private const string Base = "/apis/admissionregistration.k8s.io/v1/";

    private static string Spec(string ns, string more, string resources = "configmaps", string group = "") => $$$$$$"""
        {"matchConstraints":{"namespaceSelector":{"matchLabels":{"kubernetes.io/metadata.name":"{{{{{{ns}}}}}}"}},"resourceRules":[{"operations":["CREATE","UPDATE"],"apiGroups":["{{{{{{group}}}}}}"],"apiVersions":["v1"],"resources":["{{{{{{resources}}}}}}"]}]},{{{{{{more}}}}}}}
        """;

    private async Task<IAsyncDisposable> BindAsync(string kind, string name, string spec, string binding)
    {
        (await server.Admin.PostAsync($"{Base}{kind}admissionpolicies", $$$$$$"""{"metadata":{"name":"{{{{{{name}}}}}}"},"spec":{{{{{{spec}}}}}}}""")).Ok();
        (await server.Admin.PostAsync($"{Base}{kind}admissionpolicybindings", $$$$$$"""{"metadata":{"name":"{{{{{{name}}}}}}-binding"},"spec":{"policyName":"{{{{{{name}}}}}}",{{{{{{binding}}}}}}}}""")).Ok();
        return new Both(new Registered(server.Admin, $"{Base}{kind}admissionpolicybindings/{name}-binding"), new Registered(server.Admin, $"{Base}{kind}admissionpolicies/{name}"));
    }

    private sealed class Both(Registered first, Registered second) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync()
        {
            await first.DisposeAsync();
            await second.DisposeAsync();
        }
    }

    private Task<Answer> MakeAsync(string ns, string data = "{}", string name = "m") => server.Admin.PostAsync($"/api/v1/namespaces/{ns}/configmaps", $$$$$$"""{"metadata":{"name":"{{{{{{name}}}}}}"},"data":{{{{{{data}}}}}}}""");

    [Theory]
    [InlineData("""{"expression":"object.data.a == 'x'"}""", 422, "Invalid", "failed expression: object.data.a == 'x'")]
    [InlineData("""{"expression":"object.data.a == 'x'","message":"a must be x","reason":"Forbidden"}""", 403, "Forbidden", "a must be x")]
    [InlineData("""{"expression":"object.data.a == 'x'","messageExpression":"'a is ' + object.data.a"}""", 422, "Invalid", "a is y")]
    [InlineData("""{"expression":"variables.wanted == object.data.a","message":"not as wanted"}""", 422, "Invalid", "not as wanted")]
    [InlineData("""{"expression":"object.data.none == 'x'"}""", 422, "Invalid", "expression 'object.data.none == 'x'' resulted in error: no such key: none")]
    [InlineData("""{"expression":"namespaceObject.metadata.name != request.namespace","message":"own namespace"}""", 422, "Invalid", "own namespace")]
    [InlineData("""{"expression":"!authorizer.requestResource.check('create').allowed()","message":"may create"}""", 422, "Invalid", "may create")]
    public async Task Validation_Unmet_DeniesInTheWordsOfThePolicy(string validation, int code, string reason, string message)
    {
        var ns = await server.NamespaceAsync();
        await using var _ = await BindAsync("validating", "v-" + ns, Spec(ns, $$$$$$"""
            "variables":[{"name":"wanted","expression":"'x'"}],"validations":[{{{{{{validation}}}}}}]
            """), "\"validationActions\":[\"Deny\"]");
        var answer = await MakeAsync(ns, """{"a":"y"}""");
        Assert.Equal((code, reason), (answer.Code, answer.Reason));
        Assert.Equal($"configmaps \"m\" is forbidden: ValidatingAdmissionPolicy 'v-{ns}' with binding 'v-{ns}-binding' denied request: {message}", answer.Message);
        (await MakeAsync(await server.NamespaceAsync(), """{"a":"y"}""")).Ok();
    }

    [Fact]
    public async Task Warn_LetsThroughAndSaysSo()
    {
        var ns = await server.NamespaceAsync();
        await using var _ = await BindAsync("validating", "v-" + ns, Spec(ns, "\"validations\":[{\"expression\":\"false\",\"message\":\"careful\"}]"), "\"validationActions\":[\"Warn\",\"Audit\"]");
        var answer = await MakeAsync(ns);
        answer.Ok();
        Assert.Equal($"299 - \"Validation failed for ValidatingAdmissionPolicy 'v-{ns}' with binding 'v-{ns}-binding': careful\"", answer.Headers.GetValues("Warning").Single());
    }

    [Theory]
    [InlineData("Ignore", 201)]
    [InlineData("Fail", 422)]
    public async Task Error_GoesByTheFailurePolicy(string policy, int code)
    {
        var ns = await server.NamespaceAsync();
        await using var _ = await BindAsync("validating", "v-" + ns, Spec(ns, $$$$$$"""
            "failurePolicy":"{{{{{{policy}}}}}}","validations":[{"expression":"object.data.none == 'x'"}]
            """), "\"validationActions\":[\"Deny\"]");
        Assert.Equal(code, (await MakeAsync(ns)).Code);
    }

    [Fact]
    public async Task MatchConditions_False_PassTheRequestBy()
    {
        var ns = await server.NamespaceAsync();
        await using var _ = await BindAsync("validating", "v-" + ns, Spec(ns, "\"matchConditions\":[{\"name\":\"c\",\"expression\":\"object.metadata.name != 'skip'\"}],\"validations\":[{\"expression\":\"false\"}]"), "\"validationActions\":[\"Deny\"]");
        (await MakeAsync(ns, name: "skip")).Ok();
        Assert.Equal(422, (await MakeAsync(ns)).Code);
    }

    [Fact]
    public async Task Parameters_ThatAreThere_Count_AndMissingOnesDenyOrAllow()
    {
        var ns = await server.NamespaceAsync();
        const string validations = "\"paramKind\":{\"apiVersion\":\"v1\",\"kind\":\"Secret\"},\"validations\":[{\"expression\":\"size(object.data.a) <= int(string(params.metadata.labels.most))\",\"message\":\"too long\"}]";
        await using (await BindAsync("validating", "v-" + ns, Spec(ns, validations), "\"validationActions\":[\"Deny\"],\"paramRef\":{\"name\":\"p\",\"parameterNotFoundAction\":\"Deny\"}"))
        {
            Assert.Contains("no params found for policy binding with `Deny` parameterNotFoundAction", (await MakeAsync(ns, """{"a":"abc"}""")).Message);
            (await server.Admin.PostAsync($"/api/v1/namespaces/{ns}/secrets", """{"metadata":{"name":"p","labels":{"most":"3"}}}""")).Ok();
            (await MakeAsync(ns, """{"a":"abc"}""")).Ok();
            Assert.Contains("denied request: too long", (await MakeAsync(ns, """{"a":"abcd"}""", "n")).Message);
        }
        await using var _ = await BindAsync("validating", "v-" + ns, Spec(ns, validations), "\"validationActions\":[\"Deny\"],\"paramRef\":{\"name\":\"none\",\"parameterNotFoundAction\":\"Allow\"}");
        (await MakeAsync(ns, """{"a":"abcd"}""", "n")).Ok();
    }

    [Theory]
    [InlineData("""{"patchType":"ApplyConfiguration","applyConfiguration":{"expression":"Object{data: {'b': object.data.a + '!'}, metadata: Object.metadata{labels: {'l': '1'}}}"}}""")]
    [InlineData("""{"patchType":"JSONPatch","jsonPatch":{"expression":"[JSONPatch{op: 'add', path: '/data/b', value: object.data.a + '!'}, JSONPatch{op: 'add', path: '/metadata/labels', value: {'l': '1'}}]"}}""")]
    public async Task Mutation_ChangesTheObjectAndKeepsTheRest(string mutation)
    {
        var ns = await server.NamespaceAsync();
        await using var _ = await BindAsync("mutating", "u-" + ns, Spec(ns, $$$$$$"""
            "reinvocationPolicy":"Never","mutations":[{{{{{{mutation}}}}}}]
            """), "\"matchResources\":{\"matchPolicy\":\"Exact\"}");
        var made = (await MakeAsync(ns, """{"a":"1"}""")).Ok();
        Assert.Equal("""{"a":"1","b":"1!"}""", made["data"]!.ToJsonString());
        Assert.Equal("1", made.Child("metadata")!.Child("labels")!.Text("l"));
    }

    [Fact]
    public async Task Mutation_ThatDoesNotApply_Denies()
    {
        var ns = await server.NamespaceAsync();
        await using var _ = await BindAsync("mutating", "u-" + ns, Spec(ns, """
            "reinvocationPolicy":"Never","mutations":[{"patchType":"JSONPatch","jsonPatch":{"expression":"[JSONPatch{op: 'remove', path: '/data/none'}]"}}]
            """), "\"matchResources\":{\"matchPolicy\":\"Exact\"}");
        var answer = await MakeAsync(ns);
        Assert.Equal(422, answer.Code);
        Assert.Contains($"policy 'u-{ns}' with binding 'u-{ns}-binding' denied request: ", answer.Message);
    }

    [Theory]
    [InlineData("validating", "\"validations\":[{\"expression\":\"object.a ==\"}]", "spec.validations[0].expression: Invalid value: \"object.a ==\": compilation failed: ERROR")]
    [InlineData("validating", "\"validations\":[{\"expression\":\"1\"}]", "spec.validations[0].expression: Invalid value: \"1\": must evaluate to bool")]
    [InlineData("validating", "\"validations\":[{\"expression\":\"request.nothing == ''\"}]", "undefined field 'nothing'")]
    [InlineData("validating", "\"validations\":[{\"expression\":\"params.a == 1\"}]", "undeclared reference to 'params'")]
    [InlineData("validating", "\"variables\":[{\"name\":\"a\",\"expression\":\"variables.b\"}],\"validations\":[{\"expression\":\"true\"}]", "spec.variables[0].expression: Invalid value: \"variables.b\": compilation failed")]
    [InlineData("validating", "\"failurePolicy\":\"Fail\"", "spec.validations: Required value: validations or auditAnnotations must be specified")]
    [InlineData("mutating", "\"reinvocationPolicy\":\"Never\",\"mutations\":[{\"patchType\":\"Merge\"}]", "spec.mutations[0].patchType: Unsupported value: \"Merge\"")]
    [InlineData("mutating", "\"reinvocationPolicy\":\"Never\",\"mutations\":[{\"patchType\":\"JSONPatch\",\"jsonPatch\":{\"expression\":\"'x'\"}}]", "spec.mutations[0].jsonPatch.expression: Invalid value: \"'x'\": must evaluate to list(JSONPatch)")]
    public async Task Policy_ThatCouldNeverWork_IsRefused(string kind, string more, string message)
    {
        var answer = await server.Admin.PostAsync($"{Base}{kind}admissionpolicies?dryRun=All", $$$$$$"""{"metadata":{"name":"bad"},"spec":{{{{{{Spec("none", more)}}}}}}}""");
        Assert.Equal(422, answer.Code);
        Assert.Contains(message, answer.Message);
    }

    [Theory]
    [InlineData("\"validationActions\":[\"Deny\",\"Warn\"]", "must not contain both Deny and Warn")]
    [InlineData("\"validationActions\":[\"Shout\"]", "spec.validationActions[0]: Unsupported value: \"Shout\"")]
    [InlineData("\"validationActions\":[\"Deny\"],\"paramRef\":{\"parameterNotFoundAction\":\"Deny\"}", "one of name or selector must be specified")]
    public async Task Binding_ThatCouldNeverWork_IsRefused(string more, string message)
    {
        var answer = await server.Admin.PostAsync($"{Base}validatingadmissionpolicybindings?dryRun=All", $$$$$$"""{"metadata":{"name":"bad"},"spec":{"policyName":"p",{{{{{{more}}}}}}}}""");
        Assert.Equal(422, answer.Code);
        Assert.Contains(message, answer.Message);
    }
}
