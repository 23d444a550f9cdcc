using Gureum.ApiServer.Tests.Support;
using Gureum.Objects.Json;

namespace Gureum.ApiServer.Tests.Conformance;

/// <summary>What "[sig-api-machinery] ValidatingAdmissionPolicy" and "MutatingAdmissionPolicy" demand; each test is named after its entry.</summary>
public sealed class AdmissionPolicyTests(TestServer server)
{
    private const string Base = "/apis/admissionregistration.k8s.io/v1/";

    private static string Match(string ns) => $$$$$$"""
        "matchConstraints":{"namespaceSelector":{"matchLabels":{"kubernetes.io/metadata.name":"{{{{{{ns}}}}}}"}},"resourceRules":[{"operations":["CREATE","UPDATE"],"apiGroups":["apps"],"apiVersions":["v1"],"resources":["deployments"]}]}
        """;

    private Task<Answer> DeployAsync(string ns, string name, int replicas) => server.Admin.PostAsync($"/apis/apps/v1/namespaces/{ns}/deployments",
        $$$$$$"""{"metadata":{"name":"{{{{{{name}}}}}}"},"spec":{"replicas":{{{{{{replicas}}}}}},"selector":{"matchLabels":{"a":"b"}},"template":{"metadata":{"labels":{"a":"b"}},"spec":{"containers":[{"name":"c","image":"i"}]}}}}""");

    [Theory]
    [InlineData("", "object.spec.replicas > 1")]
    [InlineData("\"variables\":[{\"name\":\"replicas\",\"expression\":\"object.spec.replicas\"},{\"name\":\"oddReplicas\",\"expression\":\"variables.replicas % 2 == 1\"}],", "variables.replicas > 1 && (variables.oddReplicas || variables.replicas == 2)")]
    public async Task Should_validate_against_a_Deployment_and_allow_expressions_to_refer_variables(string variables, string expression)
    {
        var ns = await server.NamespaceAsync();
        await using var policy = await Registered.CreateAsync(server.Admin, Base + "validatingadmissionpolicies", $$$$$$"""{"metadata":{"name":"c-{{{{{{ns}}}}}}"},"spec":{{{{{{{Match(ns)}}}}}},{{{{{{variables}}}}}}"validations":[{"expression":"{{{{{{expression}}}}}}","messageExpression":"'wants replicas > 1, got ' + string(object.spec.replicas)"}]} }""");
        await using var binding = await Registered.CreateAsync(server.Admin, Base + "validatingadmissionpolicybindings", $$$$$$"""{"metadata":{"name":"c-{{{{{{ns}}}}}}"},"spec":{"policyName":"c-{{{{{{ns}}}}}}","validationActions":["Deny"]}}""");
        (await DeployAsync(ns, "replicated", 2)).Ok();
        Assert.EndsWith("wants replicas > 1, got 1", (await DeployAsync(ns, "single", 1)).Message);
    }

    [Fact]
    public async Task Should_mutate_a_Deployment_with_annotations()
    {
        var ns = await server.NamespaceAsync();
        await using var policy = await Registered.CreateAsync(server.Admin, Base + "mutatingadmissionpolicies", $$$$$$"""{"metadata":{"name":"c-{{{{{{ns}}}}}}"},"spec":{{{{{{{Match(ns)}}}}}},"reinvocationPolicy":"IfNeeded","mutations":[{"patchType":"ApplyConfiguration","applyConfiguration":{"expression":"Object{metadata: Object.metadata{annotations: {'my-foo-annotation': 'myAnnotationValue'}}, spec: Object.spec{replicas: object.spec.replicas + 10}}"}}]} }""");
        await using var binding = await Registered.CreateAsync(server.Admin, Base + "mutatingadmissionpolicybindings", $$$$$$"""{"metadata":{"name":"c-{{{{{{ns}}}}}}"},"spec":{"policyName":"c-{{{{{{ns}}}}}}"}}""");
        var made = (await DeployAsync(ns, "d", 1)).Ok();
        Assert.Equal("myAnnotationValue", made.Child("metadata")!.Child("annotations")!.Text("my-foo-annotation"));
        Assert.Equal(11, made.Child("spec")!.Number("replicas"));
        Assert.Equal("c", made.Child("spec")!.Child("template")!.Child("spec")!.Objects("containers").Single().Text("name"));
    }

    [Theory]
    [InlineData("validatingadmissionpolicies", true)]
    [InlineData("validatingadmissionpolicybindings", false)]
    [InlineData("mutatingadmissionpolicies", true)]
    [InlineData("mutatingadmissionpolicybindings", false)]
    public async Task Should_support_API_operations(string plural, bool isPolicy)
    {
        var verbs = (await server.Admin.GetAsync(Base.TrimEnd('/'))).Ok().Objects("resources").Single(r => r.Text("name") == plural).Texts("verbs").ToHashSet();
        Assert.Superset(new HashSet<string> { "create", "delete", "deletecollection", "get", "list", "patch", "update", "watch" }, verbs);
        var what = plural.StartsWith("mutating", StringComparison.Ordinal) ? """ "reinvocationPolicy":"Never","mutations":[{"patchType":"JSONPatch","jsonPatch":{"expression":"[]"}}] """ : """ "validations":[{"expression":"true"}] """;
        var spec = isPolicy ? "{" + Match("none") + "," + what + "}" : """{"policyName":"none","validationActions":["Deny"]}""";
        if (plural == "mutatingadmissionpolicybindings") spec = """{"policyName":"none"}""";
        var (path, label) = (Base + plural, "api-" + plural);
        foreach (var name in (string[])["one", "two"])
            (await server.Admin.PostAsync(path, $$$$$$"""{"metadata":{"name":"{{{{{{label}}}}}}-{{{{{{name}}}}}}","labels":{"api":"{{{{{{label}}}}}}"}},"spec":{{{{{{spec}}}}}} }""")).Ok();
        Assert.Equal(2, (await server.Admin.GetAsync($"{path}?labelSelector=api%3D{label}")).Ok().Items("items")!.Count);
        var stored = (await server.Admin.PatchAsync($"{path}/{label}-one", """{"metadata":{"annotations":{"patched":"true"}}}""", Api.Merge)).Ok();
        stored.Child("metadata")!.Child("annotations")!["updated"] = "true";
        Assert.Equal("true", (await server.Admin.PutAsync($"{path}/{label}-one", stored.ToJsonString())).Ok().Child("metadata")!.Child("annotations")!.Text("updated"));
        (await server.Admin.DeleteAsync($"{path}/{label}-one")).Ok();
        Assert.Equal(404, (await server.Admin.GetAsync($"{path}/{label}-one")).Code);
        (await server.Admin.DeleteAsync($"{path}?labelSelector=api%3D{label}")).Ok();
        Assert.Empty((await server.Admin.GetAsync($"{path}?labelSelector=api%3D{label}")).Ok().Items("items")!);
    }
}
