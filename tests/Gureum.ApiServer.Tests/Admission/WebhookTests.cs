using System.Text.Json.Nodes;
using Gureum.ApiServer.Tests.Support;
using Gureum.Objects.Json;
using Microsoft.AspNetCore.Http;

namespace Gureum.ApiServer.Tests.Admission;

public sealed class WebhookTests(TestServer server)
{
    private Task<Answer> MakeAsync(string ns, string name = "m", string data = "{}", string query = "") =>
        server.Admin.PostAsync($"/api/v1/namespaces/{ns}/configmaps{query}", $$$"""{"metadata":{"name":"{{{name}}}"},"data":{{{data}}}}""");

    [Fact]
    public async Task Create_WebhookSaysNo_CarriesItsWordsAndCode()
    {
        var ns = await server.NamespaceAsync();
        await using var hook = await WebhookServer.StartAsync(server, _ => WebhookServer.No("not today", 418));
        await using var _ = await Registered.AsWebhooksAsync(server.Admin, "validating", hook.Hook(ns));
        var answer = await MakeAsync(ns);
        Assert.Equal(418, answer.Code);
        Assert.Equal("admission webhook \"hook.example.com\" denied the request: not today", answer.Message);
        Assert.Equal(404, (await server.Admin.GetAsync($"/api/v1/namespaces/{ns}/configmaps/m")).Code);
    }

    [Fact]
    public async Task Create_RefusedWithoutReason_Is400WithoutExplanation()
    {
        var ns = await server.NamespaceAsync();
        await using var hook = await WebhookServer.StartAsync(server, _ => new JsonObject { ["allowed"] = false });
        await using var _ = await Registered.AsWebhooksAsync(server.Admin, "validating", hook.Hook(ns));
        var answer = await MakeAsync(ns);
        Assert.Equal((400, "admission webhook \"hook.example.com\" denied the request without explanation"), (answer.Code, answer.Message));
    }

    [Fact]
    public async Task Review_OfAnUpdate_SaysWhoDoesWhatToWhat()
    {
        var ns = await server.NamespaceAsync();
        await using var hook = await WebhookServer.StartAsync(server, _ => WebhookServer.Yes("mind the gap"));
        (await MakeAsync(ns, data: """{"a":"1"}""")).Ok();
        await using var _ = await Registered.AsWebhooksAsync(server.Admin, "validating", hook.Hook(ns));
        var answer = await server.As("ann", "system:masters").PatchAsync($"/api/v1/namespaces/{ns}/configmaps/m", """{"data":{"a":"2"}}""", Api.Merge);
        answer.Ok();
        Assert.Equal("299 - \"mind the gap\"", answer.Headers.GetValues("Warning").Single());
        var review = hook.Reviews.Single();
        var request = review.Child("request")!;
        Assert.Equal("admission.k8s.io/v1", review.Text("apiVersion"));
        Assert.Equal(("UPDATE", "m", ns), (request.Text("operation"), request.Text("name"), request.Text("namespace")));
        Assert.Equal("""{"group":"","version":"v1","kind":"ConfigMap"}""", request["kind"]!.ToJsonString());
        Assert.Equal("""{"group":"","version":"v1","resource":"configmaps"}""", request["requestResource"]!.ToJsonString());
        Assert.Equal("ann", request.Child("userInfo")!.Text("username"));
        Assert.Equal(("2", "1"), (request.Child("object")!.Child("data")!.Text("a"), request.Child("oldObject")!.Child("data")!.Text("a")));
        Assert.Equal(("ConfigMap", "v1"), (request.Child("object")!.Text("kind"), request.Child("object")!.Text("apiVersion")));
        Assert.Equal("UpdateOptions", request.Child("options")!.Text("kind"));
    }

    [Fact]
    public async Task Webhooks_OneAfterTheOther_UseOneConnection()
    {
        var ns = await server.NamespaceAsync();
        await using var hook = await WebhookServer.StartAsync(server, _ => WebhookServer.Yes());
        await using var _ = await Registered.AsWebhooksAsync(server.Admin, "validating", hook.Hook(ns));
        for (var i = 0; i < 5; i++) (await MakeAsync(ns, "m" + i)).Ok();
        Assert.Equal(5, hook.Reviews.Count);
        Assert.Single(hook.Connections);
    }

    [Fact]
    public async Task Reinvocation_LaterWebhookChanges_EarlierIsAskedOnceMore()
    {
        var ns = await server.NamespaceAsync();
        await using var first = await WebhookServer.StartAsync(server, _ => WebhookServer.Yes());
        await using var second = await WebhookServer.StartAsync(server, _ => WebhookServer.Patch("""[{"op":"add","path":"/data/b","value":"2"}]"""));
        await using var _ = await Registered.AsWebhooksAsync(server.Admin, "mutating", first.Hook(ns, "a.example.com", more: "\"reinvocationPolicy\":\"IfNeeded\""), second.Hook(ns, "b.example.com"));
        Assert.Equal("2", (await MakeAsync(ns, data: """{"a":"1"}""")).Ok().Child("data")!.Text("b"));
        Assert.Equal((2, 1), (first.Reviews.Count, second.Reviews.Count));
        Assert.Equal("2", first.Reviews.Last().Child("request")!.Child("object")!.Child("data")!.Text("b"));
    }

    [Fact]
    public async Task DryRun_WebhookWithSideEffectsUnknownToIt_NeverAsked()
    {
        var ns = await server.NamespaceAsync();
        await using var hook = await WebhookServer.StartAsync(server, _ => WebhookServer.Yes());
        await using var _ = await Registered.AsWebhooksAsync(server.Admin, "validating", hook.Hook(ns));
        (await MakeAsync(ns, query: "?dryRun=All")).Ok();
        Assert.True(hook.Reviews.Single().Child("request")!.Flag("dryRun"));
        Assert.Equal(404, (await server.Admin.GetAsync($"/api/v1/namespaces/{ns}/configmaps/m")).Code);
    }

    [Theory]
    [InlineData("object.metadata.name != 'skip'", "skip", 0)]
    [InlineData("object.metadata.name != 'skip'", "m", 1)]
    [InlineData("request.operation == 'CREATE' && request.userInfo.username == 'admin'", "m", 1)]
    [InlineData("oldObject == null && authorizer.group('').resource('configmaps').namespace('x').check('create').allowed()", "m", 1)]
    [InlineData("authorizer.requestResource.check('update').allowed()", "m", 1)]
    public async Task MatchConditions_DecideWhetherItIsAsked(string expression, string name, int asked)
    {
        var ns = await server.NamespaceAsync();
        await using var hook = await WebhookServer.StartAsync(server, _ => WebhookServer.Yes());
        await using var _ = await Registered.AsWebhooksAsync(server.Admin, "validating", hook.Hook(ns, more: $$"""
            "matchConditions":[{"name":"c","expression":{{JsonValue.Create(expression)!.ToJsonString()}}}]
            """));
        (await MakeAsync(ns, name)).Ok();
        Assert.Equal(asked, hook.Reviews.Count);
    }

    [Theory]
    [InlineData("Fail", 403)]
    [InlineData("Ignore", 201)]
    public async Task MatchConditions_ThatFail_GoByTheFailurePolicy(string policy, int code)
    {
        var ns = await server.NamespaceAsync();
        await using var hook = await WebhookServer.StartAsync(server, _ => WebhookServer.No("asked all the same"));
        await using var _ = await Registered.AsWebhooksAsync(server.Admin, "validating", hook.Hook(ns, more: $$"""
            "failurePolicy":"{{policy}}","matchConditions":[{"name":"c","expression":"object.data.missing == 'x'"}]
            """));
        var answer = await MakeAsync(ns);
        Assert.Equal(code, answer.Code);
        Assert.Empty(hook.Reviews);
        if (code == 403) Assert.Contains("no such key: data", answer.Message);
    }

    [Fact]
    public async Task ObjectSelector_LooksAtNewAndOldLabels()
    {
        var ns = await server.NamespaceAsync();
        await using var hook = await WebhookServer.StartAsync(server, _ => WebhookServer.Yes());
        await using var _ = await Registered.AsWebhooksAsync(server.Admin, "validating", hook.Hook(ns, more: "\"objectSelector\":{\"matchLabels\":{\"l\":\"1\"}}"));
        (await MakeAsync(ns)).Ok();
        Assert.Empty(hook.Reviews);
        (await server.Admin.PatchAsync($"/api/v1/namespaces/{ns}/configmaps/m", """{"metadata":{"labels":{"l":"1"}}}""", Api.Merge)).Ok();
        (await server.Admin.PatchAsync($"/api/v1/namespaces/{ns}/configmaps/m", """{"metadata":{"labels":{"l":null}}}""", Api.Merge)).Ok();
        (await server.Admin.PatchAsync($"/api/v1/namespaces/{ns}/configmaps/m", """{"data":{"x":"y"}}""", Api.Merge)).Ok();
        Assert.Equal(2, hook.Reviews.Count);
    }

    [Theory]
    [InlineData("Exact", 0)]
    [InlineData("Equivalent", 1)]
    public async Task MatchPolicy_EquivalentVersion_IsShownAsTheRuleSays(string policy, int asked)
    {
        var ns = await server.NamespaceAsync();
        await using var hook = await WebhookServer.StartAsync(server, _ => WebhookServer.Yes());
        await using var _ = await Registered.AsWebhooksAsync(server.Admin, "validating", hook.Hook(ns, rules: """{"operations":["CREATE"],"apiGroups":["autoscaling"],"apiVersions":["v2"],"resources":["horizontalpodautoscalers"]}""", more: $"\"matchPolicy\":\"{policy}\""));
        (await server.Admin.PostAsync($"/apis/autoscaling/v1/namespaces/{ns}/horizontalpodautoscalers", """{"metadata":{"name":"h"},"spec":{"maxReplicas":3,"targetCPUUtilizationPercentage":50,"scaleTargetRef":{"kind":"Deployment","name":"d","apiVersion":"apps/v1"}}}""")).Ok();
        Assert.Equal(asked, hook.Reviews.Count);
        if (asked == 0) return;
        var request = hook.Reviews.Single().Child("request")!;
        Assert.Equal(("autoscaling/v2", "v2", "v1"), (request.Child("object")!.Text("apiVersion"), request.Child("kind")!.Text("version"), request.Child("requestKind")!.Text("version")));
        Assert.Equal("Resource", request.Child("object")!.Child("spec")!.Objects("metrics").Single().Text("type"));
    }

    [Fact]
    public async Task Service_ReadyEndpoint_IsAskedUnderTheServicesName()
    {
        var ns = await server.NamespaceAsync();
        await using var hook = await WebhookServer.StartAsync(server, _ => WebhookServer.No("by way of the service"), $"judge.{ns}.svc");
        (await server.Admin.PostAsync($"/api/v1/namespaces/{ns}/services", """{"metadata":{"name":"judge"},"spec":{"ports":[{"port":8443}]}}""")).Ok();
        (await server.Admin.PostAsync($"/apis/discovery.k8s.io/v1/namespaces/{ns}/endpointslices", $$$"""{"metadata":{"name":"judge-1","labels":{"kubernetes.io/service-name":"judge"}},"addressType":"IPv4","endpoints":[{"addresses":["127.0.0.2"],"conditions":{"ready":false}},{"addresses":["127.0.0.1"]}],"ports":[{"port":{{{hook.Port}}}}]}""")).Ok();
        await using var _ = await Registered.AsWebhooksAsync(server.Admin, "validating", hook.Hook(ns, client: $$$"""{"service":{"namespace":"{{{ns}}}","name":"judge","port":8443,"path":"/ask"},"caBundle":"{{{hook.Authority}}}"}"""));
        Assert.Equal("admission webhook \"hook.example.com\" denied the request: by way of the service", (await MakeAsync(ns)).Message);
    }

    [Fact]
    public async Task Service_NobodyReady_SaysSo()
    {
        var ns = await server.NamespaceAsync();
        await using var hook = await WebhookServer.StartAsync(server, _ => WebhookServer.Yes());
        (await server.Admin.PostAsync($"/api/v1/namespaces/{ns}/services", """{"metadata":{"name":"judge"},"spec":{"ports":[{"port":443}]}}""")).Ok();
        await using var _ = await Registered.AsWebhooksAsync(server.Admin, "validating", hook.Hook(ns, client: $$$"""{"service":{"namespace":"{{{ns}}}","name":"judge"},"caBundle":"{{{hook.Authority}}}"}"""));
        var answer = await MakeAsync(ns);
        Assert.Equal((500, $"Internal error occurred: failed calling webhook \"hook.example.com\": failed to call webhook: Post \"https://judge.{ns}.svc:443?timeout=10s\": no endpoints available for service \"judge\""), (answer.Code, answer.Message));
    }

    [Theory]
    [InlineData("uid", "received invalid webhook response: expected response.uid=")]
    [InlineData("kind", "received invalid webhook response: expected webhook response of admission.k8s.io/v1, Kind=AdmissionReview, got v1, Kind=Pod")]
    [InlineData("absent", "received invalid webhook response: webhook response was absent")]
    [InlineData("nojson", "failed to call webhook: the answer is no JSON")]
    [InlineData("status", "failed to call webhook: the server answered with the status code 503: busy")]
    [InlineData("close", "failed to call webhook: Post ")]
    [InlineData("huge", "failed to call webhook: the answer is larger than 8388608 bytes")]
    [InlineData("slow", "context deadline exceeded")]
    [InlineData("patch", "received invalid webhook response: webhook returned response.patch but not response.patchType")]
    [InlineData("type", "received invalid webhook response: webhook returned invalid response.patchType of \"Merge\"")]
    [InlineData("base64", "received invalid webhook response: response.patch is not base64")]
    public async Task BadServer_FailsClosedAndSaysWhy_OrIsIgnored(string fault, string message)
    {
        var ns = await server.NamespaceAsync();
        await using var hook = await WebhookServer.StartRawAsync(server, (review, context) => MisbehaveAsync(fault, review, context));
        await using (await Registered.AsWebhooksAsync(server.Admin, "mutating", hook.Hook(ns, more: "\"timeoutSeconds\":1")))
        {
            var answer = await MakeAsync(ns);
            Assert.Equal((500, "InternalError"), (answer.Code, answer.Reason));
            Assert.StartsWith("Internal error occurred: failed calling webhook \"hook.example.com\": ", answer.Message);
            Assert.Contains(message, answer.Message);
        }
        await using (await Registered.AsWebhooksAsync(server.Admin, "mutating", hook.Hook(ns, more: "\"timeoutSeconds\":1,\"failurePolicy\":\"Ignore\"")))
            (await MakeAsync(ns)).Ok();
    }

    private static async Task MisbehaveAsync(string fault, JsonObject review, HttpContext context)
    {
        var response = new JsonObject { ["uid"] = review.Child("request")!.Text("uid"), ["allowed"] = true };
        var answer = new JsonObject { ["kind"] = "AdmissionReview", ["apiVersion"] = "admission.k8s.io/v1", ["response"] = response };
        switch (fault)
        {
            case "uid": response["uid"] = "other"; break;
            case "kind": (answer["kind"], answer["apiVersion"]) = ("Pod", "v1"); break;
            case "absent": answer.Remove("response"); break;
            case "nojson": await context.Response.WriteAsync("<html>"); return;
            case "status": context.Response.StatusCode = 503; await context.Response.WriteAsync("busy"); return;
            case "close": context.Abort(); return;
            case "slow": await Task.Delay(TimeSpan.FromSeconds(30), context.RequestAborted).ContinueWith(static _ => { }, TaskScheduler.Default); return;
            case "patch": response["patch"] = "W10="; break;
            case "type": (response["patchType"], response["patch"]) = ("Merge", "W10="); break;
            case "base64": (response["patchType"], response["patch"]) = ("JSONPatch", "***"); break;
            case "huge":
                var block = new byte[64 * 1024];
                for (var i = 0; i < 200 && !context.RequestAborted.IsCancellationRequested; i++) await context.Response.Body.WriteAsync(block, context.RequestAborted);
                return;
        }
        await WebhookServer.WriteAsync(context, answer);
    }

    [Theory]
    [InlineData("""[{"op":"replace","path":"/data/none/such","value":"x"}]""", "returned a patch that does not apply")]
    [InlineData("[", "returned a patch that cannot be read")]
    [InlineData("""[{"op":"add","path":"/data","value":7}]""", "returned a patch that cannot be read")]
    public async Task BadPatch_IsAnErrorWhateverThePolicy(string patch, string message)
    {
        var ns = await server.NamespaceAsync();
        await using var hook = await WebhookServer.StartAsync(server, _ => WebhookServer.Patch(patch));
        await using var _ = await Registered.AsWebhooksAsync(server.Admin, "mutating", hook.Hook(ns, more: "\"failurePolicy\":\"Ignore\""));
        var answer = await MakeAsync(ns);
        Assert.Equal(500, answer.Code);
        Assert.Contains(message, answer.Message);
    }

    [Fact]
    public async Task Certificate_OfAnotherAuthority_IsNotTrusted()
    {
        var ns = await server.NamespaceAsync();
        await using var hook = await WebhookServer.StartAsync(server, _ => WebhookServer.Yes());
        await using var _ = await Registered.AsWebhooksAsync(server.Admin, "validating", hook.Hook(ns, client: $$$"""{"url":"https://127.0.0.1:{{{hook.Port}}}/"}"""));
        Assert.Contains("tls: failed to verify certificate: x509: certificate signed by unknown authority", (await MakeAsync(ns)).Message);
    }

    [Theory]
    [InlineData("\"name\":\"a.example.com\"", "\"name\":\"short\"", "webhooks[0].name: Invalid value: \"short\": should be a domain with at least three segments separated by dots")]
    [InlineData("\"sideEffects\":\"None\"", "\"sideEffects\":\"Some\"", "webhooks[0].sideEffects: Unsupported value: \"Some\": supported values: \"None\", \"NoneOnDryRun\"")]
    [InlineData("\"timeoutSeconds\":5", "\"timeoutSeconds\":31", "webhooks[0].timeoutSeconds: Invalid value: 31: the timeout value must be between 1 and 30 seconds")]
    [InlineData("[\"v1\"]", "[\"v2\"]", "webhooks[0].admissionReviewVersions: Invalid value: [\"v2\"]: must include at least one of v1, v1beta1")]
    [InlineData("\"url\":\"https://a\"", "\"url\":\"http://a\"", "webhooks[0].clientConfig.url: Invalid value: \"http\": 'https' is the only allowed URL scheme")]
    [InlineData("\"url\":\"https://a\"", "\"service\":{\"name\":\"s\"}", "webhooks[0].clientConfig.service.namespace: Required value: service namespace is required")]
    [InlineData("\"true\"", "\"1 +\"", "webhooks[0].matchConditions[0].expression: Invalid value: \"1 +\": compilation failed: ERROR: <input>:1:4: Syntax error")]
    [InlineData("\"true\"", "\"1\"", "webhooks[0].matchConditions[0].expression: Invalid value: \"1\": must evaluate to bool")]
    [InlineData("\"CREATE\"", "\"MAKE\"", "webhooks[0].rules[0].operations[0]: Unsupported value: \"MAKE\"")]
    public async Task Configuration_ThatCouldNeverWork_IsRefused(string good, string bad, string message)
    {
        const string body = """{"metadata":{"generateName":"bad-"},"webhooks":[{"name":"a.example.com","clientConfig":{"url":"https://a"},"sideEffects":"None","timeoutSeconds":5,"admissionReviewVersions":["v1"],"rules":[{"operations":["CREATE"],"apiGroups":["none.example.com"],"apiVersions":["v1"],"resources":["nones"]}],"matchConditions":[{"name":"c","expression":"true"}]}]}""";
        const string path = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations";
        (await server.Admin.PostAsync(path + "?dryRun=All", body)).Ok();
        var answer = await server.Admin.PostAsync(path, body.Replace(good, bad));
        Assert.Equal(422, answer.Code);
        Assert.Contains(message, answer.Message);
    }
}
