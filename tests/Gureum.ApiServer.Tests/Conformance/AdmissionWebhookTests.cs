using System.Text.Json.Nodes;
using Gureum.ApiServer.Tests.Support;
using Gureum.Objects.Json;

namespace Gureum.ApiServer.Tests.Conformance;

/// <summary>What "[sig-api-machinery] AdmissionWebhook" of Kubernetes' conformance suite demands; each test is named after its entry.</summary>
public sealed class AdmissionWebhookTests(TestServer server)
{
    private const string Base = "/apis/admissionregistration.k8s.io/v1/";
    private const string AddKey = """[{"op":"add","path":"/data/mutation-stage-1","value":"yes"}]""";

    private Task<Answer> MakeAsync(string ns, string name = "m", string data = """{"mutation-start":"yes"}""") =>
        server.Admin.PostAsync($"/api/v1/namespaces/{ns}/configmaps", $$$"""{"metadata":{"name":"{{{name}}}"},"data":{{{data}}}}""");

    [Theory]
    [InlineData("mutating")]
    [InlineData("validating")]
    public async Task Listing_webhooks_should_work(string kind)
    {
        var ns = await server.NamespaceAsync();
        await using var hook = await WebhookServer.StartAsync(server, _ => kind == "mutating" ? WebhookServer.Patch(AddKey) : WebhookServer.No("denied"));
        for (var i = 0; i < 10; i++)
            (await server.Admin.PostAsync(Base + kind + "webhookconfigurations", $$$"""{"metadata":{"name":"list-{{{kind}}}-{{{i}}}","labels":{"e2e-list":"{{{ns}}}"}},"webhooks":[{{{hook.Hook(ns)}}}]}""")).Ok();
        var path = $"{Base}{kind}webhookconfigurations?labelSelector=e2e-list%3D{ns}";
        Assert.Equal(10, (await server.Admin.GetAsync(path)).Ok().Items("items")!.Count);
        var before = await MakeAsync(ns);
        if (kind == "mutating") Assert.Equal("yes", before.Ok().Child("data")!.Text("mutation-stage-1"));
        else Assert.Equal(403, before.Code);
        (await server.Admin.DeleteAsync(path)).Ok();
        Assert.Empty((await server.Admin.GetAsync(path)).Ok().Items("items")!);
        Assert.Null((await MakeAsync(ns, "n")).Ok().Child("data")!.Text("mutation-stage-1"));
    }

    [Theory]
    [InlineData("mutating")]
    [InlineData("validating")]
    public async Task Patching_or_updating_a_webhook_should_work(string kind)
    {
        var ns = await server.NamespaceAsync();
        await using var hook = await WebhookServer.StartAsync(server, _ => kind == "mutating" ? WebhookServer.Patch(AddKey) : WebhookServer.No("denied"));
        await using var made = await Registered.AsWebhooksAsync(server.Admin, kind, hook.Hook(ns));
        var stored = (await server.Admin.GetAsync(made.Path)).Ok();
        stored.Objects("webhooks").Single().Objects("rules").Single()["operations"] = new JsonArray("UPDATE");
        (await server.Admin.PutAsync(made.Path, stored.ToJsonString())).Ok();
        Assert.Null((await MakeAsync(ns)).Ok().Child("data")!.Text("mutation-stage-1"));
        (await server.Admin.PatchAsync(made.Path, """[{"op":"replace","path":"/webhooks/0/rules/0/operations/0","value":"CREATE"}]""", Api.JsonPatch)).Ok();
        var answer = await MakeAsync(ns, "n");
        if (kind == "mutating") Assert.Equal("yes", answer.Ok().Child("data")!.Text("mutation-stage-1"));
        else Assert.Equal(403, answer.Code);
    }

    [Theory]
    [InlineData("mutating")]
    [InlineData("validating")]
    public async Task Should_be_able_to_create_and_update_configurations_with_match_conditions(string kind)
    {
        var ns = await server.NamespaceAsync();
        await using var hook = await WebhookServer.StartAsync(server, _ => WebhookServer.Yes());
        await using var made = await Registered.AsWebhooksAsync(server.Admin, kind, hook.Hook(ns, more: """ "matchConditions":[{"name":"expression-1","expression":"object.metadata.namespace == 'production'"}] """));
        var stored = (await server.Admin.GetAsync(made.Path)).Ok();
        stored.Objects("webhooks").Single()["matchConditions"] = JsonNode.Parse("""[{"name":"expression-1","expression":"object.metadata.namespace == 'production'"},{"name":"expression-2","expression":"object.metadata.namespace == 'staging'"}]""");
        (await server.Admin.PutAsync(made.Path, stored.ToJsonString())).Ok();
        Assert.Equal(["expression-1", "expression-2"], (await server.Admin.GetAsync(made.Path)).Ok().Objects("webhooks").Single().Objects("matchConditions").Select(c => c.Text("name")));
    }

    [Theory]
    [InlineData("mutating")]
    [InlineData("validating")]
    public async Task Should_reject_configurations_with_invalid_match_conditions(string kind)
    {
        await using var hook = await WebhookServer.StartAsync(server, _ => WebhookServer.Yes());
        var answer = await server.Admin.PostAsync(Base + kind + "webhookconfigurations", $$"""{"metadata":{"name":"invalid"},"webhooks":[{{hook.Hook("none", more: """ "matchConditions":[{"name":"invalid","expression":"... [] bad expression"}] """)}}]}""");
        Assert.Equal(422, answer.Code);
        Assert.Contains("compilation failed", answer.Message);
    }

    [Fact]
    public async Task Should_be_able_to_deny_attaching_pod()
    {
        var ns = await server.NamespaceAsync();
        await using var hook = await WebhookServer.StartAsync(server, _ => WebhookServer.No("attaching to pod 'to-be-attached-pod' is not allowed"));
        await using var _ = await Registered.AsWebhooksAsync(server.Admin, "validating", hook.Hook(ns, rules: """{"operations":["CONNECT"],"apiGroups":[""],"apiVersions":["v1"],"resources":["pods/attach"]}"""));
        (await server.Admin.PostAsync($"/api/v1/namespaces/{ns}/pods", """{"metadata":{"name":"to-be-attached-pod"},"spec":{"nodeName":"n","containers":[{"name":"c","image":"i"}]}}""")).Ok();
        var answer = await server.Admin.PostAsync($"/api/v1/namespaces/{ns}/pods/to-be-attached-pod/attach?stdin=true&stdout=true&container=c", "");
        Assert.Equal((403, "admission webhook \"hook.example.com\" denied the request: attaching to pod 'to-be-attached-pod' is not allowed"), (answer.Code, answer.Message));
        var request = hook.Reviews.Single().Child("request")!;
        Assert.Equal(("CONNECT", "attach", "PodAttachOptions"), (request.Text("operation"), request.Text("subResource"), request.Child("kind")!.Text("kind")));
        Assert.Equal("""{"kind":"PodAttachOptions","apiVersion":"v1","stdin":true,"stdout":true,"container":"c"}""", request["object"]!.ToJsonString());
    }

    [Fact]
    public async Task Should_be_able_to_deny_custom_resource_creation_update_and_deletion()
    {
        var ns = await server.NamespaceAsync();
        var group = ns + ".denied.example.com";
        await TestDefinitions.CreateAsync(server.Admin, group, "Thing", "things", """{"type":"object","x-kubernetes-preserve-unknown-fields":true}""");
        await using var hook = await WebhookServer.StartAsync(server, request => (request.Child("object") ?? request.Child("oldObject"))!.Child("data")?.Text("webhook-e2e-test") == "webhook-disallow" ? WebhookServer.No("the custom resource contains unwanted data") : WebhookServer.Yes());
        await using (await Registered.AsWebhooksAsync(server.Admin, "validating", hook.Hook(ns, rules: $$"""{"operations":["CREATE","UPDATE","DELETE"],"apiGroups":["{{group}}"],"apiVersions":["*"],"resources":["things"]}""")))
        {
            var path = $"/apis/{group}/v1/namespaces/{ns}/things";
            Assert.Equal(403, (await server.Admin.PostAsync(path, """{"metadata":{"name":"a"},"data":{"webhook-e2e-test":"webhook-disallow"}}""")).Code);
            (await server.Admin.PostAsync(path, """{"metadata":{"name":"a"},"data":{}}""")).Ok();
            var refused = await server.Admin.PatchAsync(path + "/a", """{"data":{"webhook-e2e-test":"webhook-disallow"}}""", Api.Merge);
            Assert.Equal((403, "admission webhook \"hook.example.com\" denied the request: the custom resource contains unwanted data"), (refused.Code, refused.Message));
        }
        await using var always = await WebhookServer.StartAsync(server, _ => WebhookServer.No("kept"));
        await using var __ = await Registered.AsWebhooksAsync(server.Admin, "validating", always.Hook(ns, rules: $$"""{"operations":["DELETE"],"apiGroups":["{{group}}"],"apiVersions":["*"],"resources":["things"]}"""));
        Assert.Equal(403, (await server.Admin.DeleteAsync($"/apis/{group}/v1/namespaces/{ns}/things/a")).Code);
        (await server.Admin.GetAsync($"/apis/{group}/v1/namespaces/{ns}/things/a")).Ok();
    }

    [Fact]
    public async Task Should_be_able_to_deny_pod_and_configmap_creation()
    {
        var (ns, allowed) = (await server.NamespaceAsync(), await server.NamespaceAsync());
        await using var hook = await WebhookServer.StartAsync(server, request => request.Child("object")!.ToJsonString().Contains("webhook-disallow") ? WebhookServer.No("unwanted") : WebhookServer.Yes());
        await using var _ = await Registered.AsWebhooksAsync(server.Admin, "validating", hook.Hook(ns, rules: """{"operations":["CREATE","UPDATE"],"apiGroups":[""],"apiVersions":["v1"],"resources":["pods","configmaps"]}"""));
        Assert.Equal(403, (await server.Admin.PostAsync($"/api/v1/namespaces/{ns}/pods", """{"metadata":{"name":"p","labels":{"a":"webhook-disallow"}},"spec":{"containers":[{"name":"c","image":"i"}]}}""")).Code);
        Assert.Equal(403, (await MakeAsync(ns, data: """{"webhook-e2e-test":"webhook-disallow"}""")).Code);
        (await MakeAsync(ns)).Ok();
        Assert.Equal(403, (await server.Admin.PatchAsync($"/api/v1/namespaces/{ns}/configmaps/m", """{"data":{"webhook-e2e-test":"webhook-disallow"}}""", Api.Merge)).Code);
        (await MakeAsync(allowed, data: """{"webhook-e2e-test":"webhook-disallow"}""")).Ok();
    }

    [Fact]
    public async Task Should_deny_crd_creation()
    {
        await using var hook = await WebhookServer.StartAsync(server, _ => WebhookServer.No("the crd contains unwanted label"));
        await using var _ = await Registered.AsWebhooksAsync(server.Admin, "validating", hook.Hook("none", rules: """{"operations":["CREATE"],"apiGroups":["apiextensions.k8s.io"],"apiVersions":["*"],"resources":["customresourcedefinitions"]}""", more: """ "objectSelector":{"matchLabels":{"webhook-e2e-test":"deny"}} """));
        var answer = await server.Admin.PostAsync("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", """{"metadata":{"name":"as.crd.example.com","labels":{"webhook-e2e-test":"deny"}},"spec":{"group":"crd.example.com","scope":"Namespaced","names":{"kind":"A","plural":"as"},"versions":[{"name":"v1","served":true,"storage":true,"schema":{"openAPIV3Schema":{"type":"object"}}}]}}""");
        Assert.Equal((403, "admission webhook \"hook.example.com\" denied the request: the crd contains unwanted label"), (answer.Code, answer.Message));
    }

    [Theory]
    [InlineData(1, "Fail", false)]
    [InlineData(1, "Ignore", true)]
    [InlineData(30, "Fail", true)]
    public async Task Should_honor_timeout(int seconds, string policy, bool passes)
    {
        var ns = await server.NamespaceAsync();
        // The short timeout always runs out: the answer comes only once the caller has gone.
        await using var hook = await WebhookServer.StartRawAsync(server, async (review, context) =>
        {
            if (seconds == 1) await Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(static _ => { }, TaskScheduler.Default);
            else await WebhookServer.WriteAsync(context, JsonNode.Parse($$$"""{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","response":{"uid":"{{{review.Child("request")!.Text("uid")}}}","allowed":true}}""")!);
        });
        await using var _ = await Registered.AsWebhooksAsync(server.Admin, "validating", hook.Hook(ns, more: $"\"timeoutSeconds\":{seconds},\"failurePolicy\":\"{policy}\""));
        var answer = await MakeAsync(ns);
        if (passes) answer.Ok();
        else Assert.Contains($"timeout={seconds}s\": context deadline exceeded", answer.Message);
    }

    [Fact]
    public async Task Should_include_webhook_resources_in_discovery_documents()
    {
        Assert.Contains("admissionregistration.k8s.io", (await server.Admin.GetAsync("/apis")).Ok().Objects("groups").Select(g => g.Text("name")));
        var names = (await server.Admin.GetAsync("/apis/admissionregistration.k8s.io/v1")).Ok().Objects("resources").Select(r => r.Text("name")).ToList();
        Assert.Contains("mutatingwebhookconfigurations", names);
        Assert.Contains("validatingwebhookconfigurations", names);
    }

    [Fact]
    public async Task Should_mutate_configmap()
    {
        var ns = await server.NamespaceAsync();
        await using var first = await WebhookServer.StartAsync(server, r => r.Child("object")!.Child("data")!.Text("mutation-start") == "yes" ? WebhookServer.Patch(AddKey) : WebhookServer.Yes());
        await using var second = await WebhookServer.StartAsync(server, r => r.Child("object")!.Child("data")!.Text("mutation-stage-1") == "yes" ? WebhookServer.Patch("""[{"op":"add","path":"/data/mutation-stage-2","value":"yes"}]""") : WebhookServer.Yes());
        await using var _ = await Registered.AsWebhooksAsync(server.Admin, "mutating", first.Hook(ns, "a.example.com"), second.Hook(ns, "b.example.com"));
        Assert.Equal("""{"mutation-stage-1":"yes","mutation-stage-2":"yes","mutation-start":"yes"}""", (await MakeAsync(ns)).Ok()["data"]!.ToJsonString());
    }

    [Fact]
    public async Task Should_mutate_custom_resource_with_pruning()
    {
        var ns = await server.NamespaceAsync();
        var group = ns + ".pruned.example.com";
        await TestDefinitions.CreateAsync(server.Admin, group, "Thing", "things", """{"type":"object","properties":{"data":{"type":"object","properties":{"mutation-start":{"type":"string"},"mutation-stage-1":{"type":"string"}}}}}""");
        await using var hook = await WebhookServer.StartAsync(server, _ => WebhookServer.Patch("""[{"op":"add","path":"/data/mutation-stage-1","value":"yes"},{"op":"add","path":"/data/mutation-stage-2","value":"yes"}]"""));
        await using var _ = await Registered.AsWebhooksAsync(server.Admin, "mutating", hook.Hook(ns, rules: $$"""{"operations":["CREATE"],"apiGroups":["{{group}}"],"apiVersions":["v1"],"resources":["things"]}"""));
        var made = (await server.Admin.PostAsync($"/apis/{group}/v1/namespaces/{ns}/things", """{"metadata":{"name":"a"},"data":{"mutation-start":"yes"}}""")).Ok();
        Assert.Equal("""{"mutation-stage-1":"yes","mutation-start":"yes"}""", made["data"]!.ToJsonString());
    }

    [Fact]
    public async Task Should_mutate_custom_resource_with_different_stored_version()
    {
        var ns = await server.NamespaceAsync();
        var (group, definitions) = (ns + ".stored.example.com", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions");
        const string open = """ "served":true,"schema":{"openAPIV3Schema":{"type":"object","x-kubernetes-preserve-unknown-fields":true}} """;
        (await server.Admin.PostAsync(definitions, $$$"""{"metadata":{"name":"things.{{{group}}}"},"spec":{"group":"{{{group}}}","scope":"Namespaced","names":{"kind":"Thing","plural":"things"},"versions":[{"name":"v1","storage":true,{{{open}}}},{"name":"v2","storage":false,{{{open}}}}]}}""")).Ok();
        var path = $"/apis/{group}/v1/namespaces/{ns}/things";
        while ((await server.Admin.GetAsync(path)).Code == 404) await Task.Delay(20);
        await using var hook = await WebhookServer.StartAsync(server, _ => WebhookServer.Patch(AddKey));
        await using var _ = await Registered.AsWebhooksAsync(server.Admin, "mutating", hook.Hook(ns, rules: $$"""{"operations":["CREATE","UPDATE"],"apiGroups":["{{group}}"],"apiVersions":["v1"],"resources":["things"]}"""));
        (await server.Admin.PostAsync(path, """{"metadata":{"name":"a"},"data":{"mutation-start":"yes"}}""")).Ok();
        (await server.Admin.PatchAsync($"{definitions}/things.{group}", """[{"op":"replace","path":"/spec/versions/0/storage","value":false},{"op":"replace","path":"/spec/versions/1/storage","value":true}]""", Api.JsonPatch)).Ok();
        while ((await server.Admin.GetAsync($"{definitions}/things.{group}")).Ok().Child("status")!.Texts("storedVersions").Count() < 2) await Task.Delay(20);
        var patched = (await server.Admin.PatchAsync(path + "/a", """{"data":{"dummy":"test"}}""", Api.Merge)).Ok();
        Assert.Equal(("yes", "test"), (patched.Child("data")!.Text("mutation-stage-1"), patched.Child("data")!.Text("dummy")));
        Assert.Equal(group + "/v1", patched.Text("apiVersion"));
        Assert.Equal("test", (await server.Admin.GetAsync($"/apis/{group}/v2/namespaces/{ns}/things/a")).Ok().Child("data")!.Text("dummy"));
    }

    [Fact]
    public async Task Should_mutate_everything_except_skip_me_configmaps()
    {
        var ns = await server.NamespaceAsync();
        await using var hook = await WebhookServer.StartAsync(server, _ => WebhookServer.Patch(AddKey));
        await using var _ = await Registered.AsWebhooksAsync(server.Admin, "mutating", hook.Hook(ns, more: """ "matchConditions":[{"name":"skip-me","expression":"object.metadata.name != 'skip-me'"}] """));
        Assert.Null((await MakeAsync(ns, "skip-me")).Ok().Child("data")!.Text("mutation-stage-1"));
        Assert.Equal("yes", (await MakeAsync(ns, "other")).Ok().Child("data")!.Text("mutation-stage-1"));
    }

    [Fact]
    public async Task Should_mutate_pod_and_apply_defaults_after_mutation()
    {
        var ns = await server.NamespaceAsync();
        await using var hook = await WebhookServer.StartAsync(server, _ => WebhookServer.Patch("""[{"op":"add","path":"/spec/initContainers","value":[{"image":"webhook-added-image","name":"webhook-added-init-container","resources":{}}]}]"""));
        await using var _ = await Registered.AsWebhooksAsync(server.Admin, "mutating", hook.Hook(ns, rules: """{"operations":["CREATE"],"apiGroups":[""],"apiVersions":["v1"],"resources":["pods"]}"""));
        var pod = (await server.Admin.PostAsync($"/api/v1/namespaces/{ns}/pods", """{"metadata":{"name":"p"},"spec":{"containers":[{"name":"c","image":"i"}]}}""")).Ok();
        var added = pod.Child("spec")!.Objects("initContainers").Single();
        Assert.Equal(("webhook-added-init-container", "File"), (added.Text("name"), added.Text("terminationMessagePolicy")));
        // Plugins see what the webhook added: the token is mounted there too, from one volume.
        Assert.Equal("/var/run/secrets/kubernetes.io/serviceaccount", added.Objects("volumeMounts").Single().Text("mountPath"));
        Assert.Single(pod.Child("spec")!.Objects("volumes"));
    }

    [Fact]
    public async Task Should_not_be_able_to_mutate_or_prevent_deletion_of_webhook_configuration_objects()
    {
        await using var hook = await WebhookServer.StartAsync(server, _ => WebhookServer.No("never"));
        const string rules = """{"operations":["*"],"apiGroups":["admissionregistration.k8s.io"],"apiVersions":["*"],"resources":["*"]}""";
        await using var first = await Registered.AsWebhooksAsync(server.Admin, "validating", hook.Hook("none", rules: rules));
        await using var second = await Registered.AsWebhooksAsync(server.Admin, "mutating", hook.Hook("none", rules: rules));
        var victim = await Registered.AsWebhooksAsync(server.Admin, "validating", hook.Hook("none", rules: rules));
        (await server.Admin.DeleteAsync(victim.Path)).Ok();
        Assert.Empty(hook.Reviews);
    }

    [Fact]
    public async Task Should_unconditionally_reject_operations_on_fail_closed_webhook()
    {
        var ns = await server.NamespaceAsync();
        await using var hook = await WebhookServer.StartAsync(server, _ => WebhookServer.Yes());
        await using var _ = await Registered.AsWebhooksAsync(server.Admin, "validating", hook.Hook(ns, client: $$$"""{"url":"https://127.0.0.1:{{{hook.Port}}}/"}"""));
        var answer = await MakeAsync(ns);
        Assert.Equal((500, "InternalError"), (answer.Code, answer.Reason));
        Assert.Empty(hook.Reviews);
    }
}
