using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Gureum.ApiServer.Tests.Support;
using Gureum.Objects.Json;

namespace Gureum.ApiServer.Tests.Fairness;

public sealed class FairnessTests(OwnServer own) : IClassFixture<OwnServer>
{
    private const string Group = "/apis/flowcontrol.apiserver.k8s.io/v1", Levels = Group + "/prioritylevelconfigurations", Schemas = Group + "/flowschemas";

    private readonly TestServer server = own.Server;

    private async Task<JsonObject> StoredAsync(string path)
    {
        for (var tries = 0; tries < 500 && (await server.Admin.GetAsync(path)).Code == 404; tries++) await Task.Delay(20);
        return (await server.Admin.GetAsync(path)).Ok();
    }

    /// <summary>A level with three seats of its own for some users, and a namespace where creating waits until it is let go.</summary>
    private async Task<(string Namespace, WebhookServer Gate, ConcurrentQueue<string> Order, SemaphoreSlim Pass)> NarrowAsync(string name, string response, params string[] users)
    {
        var subjects = users.Select(u => """{"kind":"User","user":{"name":"NAME"}}""".Replace("NAME", u));
        (await server.Admin.PostAsync(Levels, """{"metadata":{"name":"NAME"},"spec":{"type":"Limited","limited":{"nominalConcurrencyShares":1,"borrowingLimitPercent":0,"limitResponse":RESPONSE}}}""".Replace("NAME", name).Replace("RESPONSE", response))).Ok();
        (await server.Admin.PostAsync(Schemas, """
            {"metadata":{"name":"NAME"},"spec":{"matchingPrecedence":50,"priorityLevelConfiguration":{"name":"NAME"},"distinguisherMethod":{"type":"ByUser"},
             "rules":[{"subjects":[SUBJECTS],"resourceRules":[{"verbs":["*"],"apiGroups":["*"],"resources":["*"],"namespaces":["*"],"clusterScope":true}]}]}}
            """.Replace("NAME", name).Replace("SUBJECTS", string.Join(',', subjects)))).Ok();
        var ns = await server.NamespaceAsync();
        var bound = users.Select(u => """{"kind":"User","apiGroup":"rbac.authorization.k8s.io","name":"NAME"}""".Replace("NAME", u));
        (await server.Admin.PostAsync($"/apis/rbac.authorization.k8s.io/v1/namespaces/{ns}/rolebindings", """{"metadata":{"name":"all"},"roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole","name":"edit"},"subjects":[BOUND]}""".Replace("BOUND", string.Join(',', bound)))).Ok();
        var (order, pass) = (new ConcurrentQueue<string>(), new SemaphoreSlim(0));
        var gate = await WebhookServer.StartRawAsync(server, async (review, context) =>
        {
            order.Enqueue(review.Child("request")!.Child("userInfo")!.Text("username")!);
            await pass.WaitAsync(context.RequestAborted);
            await WebhookServer.WriteAsync(context, new JsonObject { ["kind"] = "AdmissionReview", ["apiVersion"] = "admission.k8s.io/v1", ["response"] = new JsonObject { ["uid"] = review.Child("request")!.Text("uid"), ["allowed"] = true } });
        });
        await Registered.AsWebhooksAsync(server.Admin, "validating", gate.Hook(ns, name: $"gate.{name}.example.com", more: "").Replace("\"sideEffects\"", "\"timeoutSeconds\":30,\"sideEffects\""));
        for (var tries = 0; tries < 500 && !await KnownAsync(); tries++) await Task.Delay(20);
        return (ns, gate, order, pass);

        async Task<bool> KnownAsync() => (await server.Admin.GetAsync(Schemas + "/" + name)).Ok().Child("status")?.Objects("conditions").Any(c => c.Text("type") == "Dangling" && c.Text("status") == "False") == true;
    }

    [Fact]
    public async Task NoisyClient_DoesNotStarveOthers()
    {
        var (ns, gate, order, pass) = await NarrowAsync("narrow", """{"type":"Queue","queuing":{"queues":16,"handSize":2,"queueLengthLimit":100}}""", "noisy", "mouse");
        await using var owned = gate;
        var (noisy, mouse) = (server.As("noisy"), server.As("mouse"));
        var many = Enumerable.Range(0, 40).Select(i => noisy.PostAsync($"/api/v1/namespaces/{ns}/configmaps", $$$"""{"metadata":{"name":"noisy{{{i}}}"}}""")).ToList();
        await UntilAsync(() => order.Count == 3 && Waiting() == 37);
        var few = Enumerable.Range(0, 3).Select(i => mouse.PostAsync($"/api/v1/namespaces/{ns}/configmaps", $$$"""{"metadata":{"name":"mouse{{{i}}}"}}""")).ToList();
        await UntilAsync(() => Waiting() == 40);
        pass.Release(1000);
        foreach (var answer in await Task.WhenAll(many.Concat(few))) Assert.Equal(201, answer.Code);
        Assert.Equal(43, order.Count);
        var last = order.ToList().LastIndexOf("mouse");
        Assert.True(last < 15, $"the mouse's third request was number {last} of 43");

        long Waiting() => server.Host.Fairness.Flows.Single(f => f.Name == "narrow").Counts.Waiting;
    }

    private static async Task UntilAsync(Func<bool> condition)
    {
        for (var tries = 0; tries < 1000 && !condition(); tries++) await Task.Delay(20);
        Assert.True(condition(), "what was waited for does not come about");
    }

    [Fact]
    public async Task Level_WithoutQueues_AnswersTooManyRequests()
    {
        var (ns, gate, order, pass) = await NarrowAsync("refusing", """{"type":"Reject"}""", "hasty");
        await using var owned = gate;
        var hasty = server.As("hasty");
        var running = Enumerable.Range(0, 3).Select(i => hasty.PostAsync($"/api/v1/namespaces/{ns}/configmaps", $$$"""{"metadata":{"name":"a{{{i}}}"}}""")).ToList();
        await UntilAsync(() => order.Count == 3);
        var refused = await hasty.GetAsync($"/api/v1/namespaces/{ns}/configmaps/x");
        Assert.Equal((429, "Too many requests, please try again later.\n", "1"), (refused.Code, refused.Text, refused.Headers.GetValues("Retry-After").Single()));
        Assert.Equal(1, server.Host.Fairness.Flows.Single(f => f.Name == "refusing").Counts.Rejected.Single(r => r.Reason == "concurrency-limit").Count);
        // Whoever is of another level does not notice.
        (await server.Admin.GetAsync($"/api/v1/namespaces/{ns}")).Ok();
        pass.Release(1000);
        foreach (var answer in running) Assert.Equal(201, (await answer).Code);
        Assert.Equal(404, (await hasty.GetAsync($"/api/v1/namespaces/{ns}/configmaps/x")).Code);
    }

    [Fact]
    public async Task Watch_GivesItsSeatsBackOnceItHasBegun()
    {
        var (ns, gate, _, _) = await NarrowAsync("watching", """{"type":"Reject"}""", "watcher");
        await using var owned = gate;
        var watcher = server.As("watcher");
        var open = new List<HttpResponseMessage>();
        for (var i = 0; i < 8; i++)
        {
            var response = await watcher.Http.GetAsync($"/api/v1/namespaces/{ns}/configmaps?watch=1&resourceVersion={server.Host.State.Newest.Revision}", HttpCompletionOption.ResponseHeadersRead);
            Assert.Equal(200, (int)response.StatusCode);
            open.Add(response);
            await UntilAsync(() => server.Host.Fairness.Flows.Single(f => f.Name == "watching").Level.Used == 0);
        }
        foreach (var response in open) response.Dispose();
    }

    [Fact]
    public async Task Answer_NamesTheFlowAndTheLevel()
    {
        var (schema, level) = (await StoredAsync(Schemas + "/global-default"), await StoredAsync(Levels + "/global-default"));
        await UntilAsync(() => server.Host.Fairness.Flows.Single(f => f.Name == "global-default").LevelUid.Length > 0);
        var answer = await server.As("jane").GetAsync("/version");
        Assert.Equal(schema.Child("metadata")!.Text("uid"), answer.Headers.GetValues("X-Kubernetes-PF-FlowSchema-UID").Single());
        Assert.Equal(level.Child("metadata")!.Text("uid"), answer.Headers.GetValues("X-Kubernetes-PF-PriorityLevel-UID").Single());
    }

    [Fact]
    public async Task Defaults_AreThere_AndComeBack()
    {
        foreach (var name in (string[])["exempt", "catch-all", "system", "node-high", "leader-election", "workload-high", "workload-low", "global-default"]) await StoredAsync(Levels + "/" + name);
        var schema = await StoredAsync(Schemas + "/system-nodes");
        Assert.Equal((1L, "true", 500L), (schema.Child("metadata")!.Number("generation"), schema.Child("metadata")!.Child("annotations")!.Text("apf.kubernetes.io/autoupdate-spec"), schema.Child("spec")!.Number("matchingPrecedence")));
        (await server.Admin.DeleteAsync(Schemas + "/catch-all")).Ok();
        Assert.NotNull(await StoredAsync(Schemas + "/catch-all"));
        // What nobody keeps for himself is put right again.
        (await server.Admin.PatchAsync(Schemas + "/probes", """{"spec":{"matchingPrecedence":77}}""", Api.Merge)).Ok();
        for (var tries = 0; tries < 500 && (await server.Admin.GetAsync(Schemas + "/probes")).Ok().Child("spec")!.Number("matchingPrecedence") != 2; tries++) await Task.Delay(20);
        Assert.Equal(2, (await server.Admin.GetAsync(Schemas + "/probes")).Ok().Child("spec")!.Number("matchingPrecedence"));
        (await server.Admin.PatchAsync(Schemas + "/probes", """{"metadata":{"annotations":{"apf.kubernetes.io/autoupdate-spec":"false"}},"spec":{"matchingPrecedence":78}}""", Api.Merge)).Ok();
        (await server.Admin.PatchAsync(Schemas + "/kube-scheduler", """{"metadata":{"labels":{"a":"b"}}}""", Api.Merge)).Ok();
        Assert.Equal(78, (await server.Admin.GetAsync(Schemas + "/probes")).Ok().Child("spec")!.Number("matchingPrecedence"));
        Assert.Contains("global-default", await server.Kubectl.OkAsync("get flowschemas,prioritylevelconfigurations"));
    }

    [Fact]
    public async Task Schema_WithoutItsLevel_IsDangling()
    {
        (await server.Admin.PostAsync(Schemas, """{"metadata":{"name":"lost"},"spec":{"priorityLevelConfiguration":{"name":"nowhere"},"rules":[{"subjects":[{"kind":"Group","group":{"name":"*"}}],"nonResourceRules":[{"verbs":["*"],"nonResourceURLs":["*"]}]}]}}""")).Ok();
        JsonObject? condition = null;
        for (var tries = 0; tries < 500 && condition is null; tries++)
        {
            condition = (await server.Admin.GetAsync(Schemas + "/lost")).Ok().Child("status")?.Objects("conditions").FirstOrDefault();
            await Task.Delay(20);
        }
        Assert.NotNull(condition);
        Assert.Equal(("Dangling", "True", "NotFound", "This FlowSchema references the PriorityLevelConfiguration object named \"nowhere\" but there is no such object"), (condition.Text("type"), condition.Text("status"), condition.Text("reason"), condition.Text("message")));
        Assert.DoesNotContain(server.Host.Fairness.Flows, f => f.Name == "lost");
    }

    [Theory]
    [InlineData("flowschemas", "a", """{"priorityLevelConfiguration":{"name":"x"},"matchingPrecedence":1}""", "only the schema named 'exempt' may have matchingPrecedence 1")]
    [InlineData("flowschemas", "a", """{"priorityLevelConfiguration":{"name":""}}""", "spec.priorityLevelConfiguration.name: Required value: must reference a priority level")]
    [InlineData("flowschemas", "a", """{"priorityLevelConfiguration":{"name":"x"},"rules":[{"subjects":[]}]}""", "spec.rules[0].subjects: Required value: subjects must contain at least one value")]
    [InlineData("flowschemas", "a", """{"priorityLevelConfiguration":{"name":"x"},"rules":[{"subjects":[{"kind":"User","group":{"name":"a"}}],"nonResourceRules":[{"verbs":["*","get"],"nonResourceURLs":["*"]}]}]}""", "group is forbidden when subject kind is not 'Group'")]
    [InlineData("flowschemas", "catch-all", """{"priorityLevelConfiguration":{"name":"system"}}""", "spec of 'catch-all' must equal the fixed value")]
    [InlineData("prioritylevelconfigurations", "a", """{"type":"Exempt"}""", "spec.type: Invalid value: \"Exempt\": must be 'Exempt' if and only if `name` is 'exempt'")]
    [InlineData("prioritylevelconfigurations", "a", """{"type":"Limited"}""", "spec.limited: Required value: must not be empty when type is Limited")]
    [InlineData("prioritylevelconfigurations", "a", """{"type":"Limited","limited":{"limitResponse":{"type":"Queue","queuing":{"queues":4,"handSize":5}}}}""", "should not be greater than queues (4)")]
    [InlineData("prioritylevelconfigurations", "a", """{"type":"Limited","limited":{"limitResponse":{"type":"Queue","queuing":{"queues":1024,"handSize":8}}}}""", "required entropy bits of deckSize 1024 and handSize 8 should not be greater than 60")]
    [InlineData("prioritylevelconfigurations", "a", """{"type":"Limited","limited":{"lendablePercent":101,"limitResponse":{"type":"Reject"}}}""", "must be between 0 and 100, inclusive")]
    public async Task Write_OfAFaultyConfiguration_IsRefused(string plural, string name, string spec, string message)
    {
        var refused = name == "a" ? await server.Admin.PostAsync($"{Group}/{plural}", $$$"""{"metadata":{"name":"a"},"spec":{{{spec}}}}""")
            : await server.Admin.PatchAsync($"{Group}/{plural}/{name}", $$$"""{"spec":{{{spec}}}}""", Api.Merge);
        Assert.Equal(422, refused.Code);
        Assert.Contains(message, refused.Message);
    }
}
