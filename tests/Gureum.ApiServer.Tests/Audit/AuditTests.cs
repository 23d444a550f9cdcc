using System.Text.Json.Nodes;
using Gureum.ApiServer.Audit;
using Gureum.ApiServer.Tests.Support;
using Gureum.Client;
using Gureum.Objects.Json;

namespace Gureum.ApiServer.Tests.Audit;

/// <summary>A server that records what is asked of it.</summary>
public sealed class AuditedServer : IAsyncLifetime
{
    private const string Policy = """
        apiVersion: audit.k8s.io/v1
        kind: Policy
        omitStages: [RequestReceived]
        rules:
        - {level: None, nonResourceURLs: [/healthz]}
        - {level: None, users: ["system:apiserver"]}
        - {level: RequestResponse, omitManagedFields: true, resources: [{group: "", resources: [configmaps]}]}
        - {level: Request, resources: [{group: "", resources: [secrets]}], omitStages: []}
        - {level: Metadata}
        """;

    private string? log;

    public AuditedServer() => Server = new TestServer
    {
        Change = (options, directory) =>
        {
            File.WriteAllText(Path.Combine(directory, "policy.yaml"), Policy);
            return options with { Audit = new AuditOptions(Path.Combine(directory, "policy.yaml"), log = Path.Combine(directory, "audit.log")) };
        },
    };

    public TestServer Server { get; }

    /// <summary>The events of a request by its identifier, once the last of them is there.</summary>
    public async Task<IReadOnlyList<JsonObject>> EventsAsync(string id, string last = "ResponseComplete")
    {
        for (var tries = 0; tries < 500; tries++)
        {
            var events = (await AllAsync()).Split('\n').Where(l => l.Contains($"\"auditID\":\"{id}\"", StringComparison.Ordinal) && l.EndsWith('}')).Select(l => JsonNode.Parse(l)!.AsObject()).ToList();
            if (events.Any(e => e.Text("stage") == last)) return events;
            await Task.Delay(20);
        }
        Assert.Fail($"no event {id} of stage {last} is in the log");
        return [];
    }

    /// <summary>The whole log; empty before the first event makes the file.</summary>
    public async Task<string> AllAsync() => File.Exists(log) ? await File.ReadAllTextAsync(log) : "";

    public ValueTask InitializeAsync() => Server.InitializeAsync();
    public ValueTask DisposeAsync() => Server.DisposeAsync();
}

public sealed class AuditTests(AuditedServer audited) : IClassFixture<AuditedServer>
{
    private readonly TestServer server = audited.Server;

    private static string Id(Answer answer) => answer.Headers.GetValues("Audit-ID").Single();

    [Fact]
    public async Task Event_SaysWhoAskedWhatAndWhatWasAnswered()
    {
        var ns = await server.NamespaceAsync();
        var answer = await server.Admin.SendAsync(HttpMethod.Get, $"/api/v1/namespaces/{ns}/pods?limit=5", null, headers: [("Audit-ID", "my-own-id"), ("X-Forwarded-For", "192.0.2.7")]);
        Assert.Equal("my-own-id", Id(answer));
        var found = Assert.Single(await audited.EventsAsync("my-own-id"));
        Assert.Equal(("Event", "audit.k8s.io/v1", "Metadata", "ResponseComplete", "list"), (found.Text("kind"), found.Text("apiVersion"), found.Text("level"), found.Text("stage"), found.Text("verb")));
        Assert.Equal($"/api/v1/namespaces/{ns}/pods?limit=5", found.Text("requestURI"));
        Assert.Equal(("admin", "tester/1.0"), (found.Child("user")!.Text("username"), found.Text("userAgent")));
        Assert.Equal(["192.0.2.7", "127.0.0.1"], found.Texts("sourceIPs"));
        Assert.Equal($$"""{"resource":"pods","namespace":"{{ns}}","apiVersion":"v1"}""", found.Child("objectRef")!.ToJsonString());
        Assert.Equal("""{"metadata":{},"code":200}""", found.Child("responseStatus")!.ToJsonString());
        Assert.Equal("allow", found.Child("annotations")!.Text("authorization.k8s.io/decision"));
        Assert.False(found.ContainsKey("requestObject") || found.ContainsKey("responseObject"));
        Assert.True(Gureum.Objects.Times.Parse(found.Text("requestReceivedTimestamp")!) <= Gureum.Objects.Times.Parse(found.Text("stageTimestamp")!));
    }

    [Fact]
    public async Task RequestResponse_HasBothObjects_WithoutManagedFields()
    {
        var ns = await server.NamespaceAsync();
        var made = await server.Admin.PostAsync($"/api/v1/namespaces/{ns}/configmaps", "metadata:\n  name: a\ndata: {k: v}\n", "application/yaml");
        var found = Assert.Single(await audited.EventsAsync(Id(made)));
        Assert.Equal("""{"metadata":{"name":"a"},"data":{"k":"v"}}""", found.Child("requestObject")!.ToJsonString());
        Assert.Equal("v", found.Child("responseObject")!.Child("data")!.Text("k"));
        Assert.False(found.Child("responseObject")!.Child("metadata")!.ContainsKey("managedFields"));
        Assert.Equal(("a", 201L), (found.Child("objectRef")!.Text("name"), found.Child("responseStatus")!.Number("code")));
        var list = await server.Admin.GetAsync($"/api/v1/namespaces/{ns}/configmaps", "application/vnd.kubernetes.protobuf");
        Assert.Equal("ConfigMapList", Assert.Single(await audited.EventsAsync(Id(list))).Child("responseObject")!.Text("kind"));
        var patch = await server.Admin.PatchAsync($"/api/v1/namespaces/{ns}/configmaps/a", """{"data":{"k":"w"}}""", Api.Merge);
        Assert.Equal("""{"data":{"k":"w"}}""", Assert.Single(await audited.EventsAsync(Id(patch))).Child("requestObject")!.ToJsonString());
    }

    [Fact]
    public async Task Request_HasNoAnswer_AndRefusalsHaveTheirStatus()
    {
        var ns = await server.NamespaceAsync();
        var made = await server.Admin.PostAsync($"/api/v1/namespaces/{ns}/secrets", """{"metadata":{"name":"a"}}""");
        var found = Assert.Single(await audited.EventsAsync(Id(made)));
        Assert.True(found.ContainsKey("requestObject") && !found.ContainsKey("responseObject"));
        var refused = await server.As("bob").GetAsync($"/api/v1/namespaces/{ns}/secrets/a");
        found = Assert.Single(await audited.EventsAsync(Id(refused)));
        var status = found.Child("responseStatus")!;
        Assert.Equal((403L, "Forbidden", "Failure"), (status.Number("code"), status.Text("reason"), status.Text("status")));
        Assert.Equal(("forbid", ""), (found.Child("annotations")!.Text("authorization.k8s.io/decision"), found.Child("annotations")!.Text("authorization.k8s.io/reason")));
    }

    [Fact]
    public async Task Watch_IsRecordedAtItsStartAndItsEnd()
    {
        var ns = await server.NamespaceAsync();
        var answer = await server.Admin.GetAsync($"/api/v1/namespaces/{ns}/pods?watch=1&timeoutSeconds=1");
        Assert.Equal(["ResponseStarted", "ResponseComplete"], (await audited.EventsAsync(Id(answer))).Select(e => e.Text("stage")!));
    }

    [Fact]
    public async Task Impersonation_NamesBoth()
    {
        var answer = await server.Admin.SendAsync(HttpMethod.Get, "/api/v1/nodes", null, headers: [("Impersonate-User", "jane"), ("Impersonate-Group", "dev")]);
        var found = Assert.Single(await audited.EventsAsync(Id(answer)));
        Assert.Equal(("admin", "jane"), (found.Child("user")!.Text("username"), found.Child("impersonatedUser")!.Text("username")));
        Assert.Equal(["dev", "system:authenticated"], found.Child("impersonatedUser")!.Texts("groups"));
    }

    [Fact]
    public async Task Stranger_IsRecordedAsWhatHeTried()
    {
        var answer = await server.Anonymous().SendAsync(HttpMethod.Get, "/api/v1/pods", null, headers: [("Authorization", "Bearer nonsense")]);
        Assert.Equal(401, answer.Code);
        var found = Assert.Single(await audited.EventsAsync(Id(answer), "ResponseStarted"));
        Assert.Equal("""{"metadata":{},"message":"Authentication failed, attempted: bearer","code":401}""", found.Child("responseStatus")!.ToJsonString());
        Assert.Equal("{}", found.Child("user")!.ToJsonString());
    }

    [Fact]
    public async Task None_RecordsNothing_AndCallsInProcessAreRecordedToo()
    {
        var answer = await server.Admin.GetAsync("/healthz");
        // A request has a name all the same.
        Assert.NotEmpty(Id(answer));
        var client = new ApiClient(server.Host.Connect(new UserInfo("inner-controller", ["system:masters"]), "inner/1.0"));
        await client.SendAsync(new ApiRequest("GET", "/api/v1/namespaces/default"));
        for (var tries = 0; tries < 500 && !(await audited.AllAsync()).Contains("inner-controller", StringComparison.Ordinal); tries++) await Task.Delay(20);
        var all = await audited.AllAsync();
        Assert.Contains("\"username\":\"inner-controller\"", all);
        Assert.DoesNotContain("/healthz", all);
        Assert.DoesNotContain("\"username\":\"system:apiserver\"", all);
    }

    [Fact]
    public async Task Annotations_OfPolicies_WebhooksAndPodSecurity_AreThere()
    {
        var ns = await server.NamespaceAsync();
        (await server.Admin.PatchAsync($"/api/v1/namespaces/{ns}", """{"metadata":{"labels":{"pod-security.kubernetes.io/audit":"restricted","pod-security.kubernetes.io/enforce":"baseline"}}}""", Api.Merge)).Ok();
        await using var webhook = await WebhookServer.StartAsync(server, _ => { var yes = WebhookServer.Patch("""[{"op":"add","path":"/metadata/labels","value":{"a":"b"}}]"""); yes["auditAnnotations"] = new JsonObject { ["seen"] = "yes" }; return yes; });
        await using var registered = await Registered.AsWebhooksAsync(server.Admin, "mutating", webhook.Hook(ns, rules: """{"operations":["CREATE"],"apiGroups":[""],"apiVersions":["v1"],"resources":["pods"]}"""));
        await using var policy = await Registered.CreateAsync(server.Admin, "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies", """
            {"metadata":{"name":"audited"},"spec":{"matchConstraints":{"resourceRules":[{"apiGroups":[""],"apiVersions":["v1"],"operations":["CREATE"],"resources":["pods"]}]},
             "validations":[{"expression":"true"},{"expression":"object.metadata.name == 'never'","message":"odd name"}],"auditAnnotations":[{"key":"pod","valueExpression":"object.metadata.name"}]}}
            """);
        await using var binding = await Registered.CreateAsync(server.Admin, "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings", """{"metadata":{"name":"audited"},"spec":{"policyName":"audited","validationActions":["Audit"]}}""");
        var made = await server.Admin.PostAsync($"/api/v1/namespaces/{ns}/pods", """{"metadata":{"name":"p"},"spec":{"containers":[{"name":"c","image":"i"}]}}""");
        made.Ok();
        var annotations = Assert.Single(await audited.EventsAsync(Id(made))).Child("annotations")!;
        Assert.Equal("""[{"message":"odd name","policy":"audited","binding":"audited","expressionIndex":1,"validationActions":["Audit"]}]""", annotations.Text("validation.policy.admission.k8s.io/validation_failure"));
        Assert.Equal("p", annotations.Text("audited/pod"));
        Assert.Equal("yes", annotations.Text("hook.example.com/seen"));
        Assert.Contains("\"mutated\":true", annotations.Text("mutation.webhook.admission.k8s.io/round_0_index_0"));
        Assert.Equal("baseline:latest", annotations.Text("pod-security.kubernetes.io/enforce-policy"));
        Assert.StartsWith("would violate PodSecurity \"restricted:latest\": allowPrivilegeEscalation != false", annotations.Text("pod-security.kubernetes.io/audit-violations"));
    }
}
