using System.Net.WebSockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using Gureum.ApiServer.Tests.Support;
using Gureum.Client;
using Gureum.Objects.Json;

namespace Gureum.ApiServer.Tests.Aggregation;

/// <summary>APIs that another server serves, behind this one.</summary>
public sealed class AggregationTests(OwnServer own) : IClassFixture<OwnServer>
{
    private readonly TestServer server = own.Server;
    private const string Services = "/apis/apiregistration.k8s.io/v1/apiservices";

    private async Task<(ExtensionServer Server, string Namespace)> ExtendAsync(string group, string? trust = null)
    {
        var ns = await server.NamespaceAsync();
        var extension = await ExtensionServer.StartAsync(server, ns, group);
        await extension.RegisterAsync(server.Admin, ns, trust ?? $"\"caBundle\":\"{extension.Authority}\"");
        return (extension, ns);
    }

    private async Task<JsonObject> ConditionAsync(string group, string reason)
    {
        JsonObject? condition = null;
        for (var tries = 0; tries < 1500 && condition?.Text("reason") != reason; tries++)
        {
            condition = (await server.Admin.GetAsync($"{Services}/v1.{group}")).Ok().Child("status")?.Objects("conditions").FirstOrDefault(c => c.Text("type") == "Available");
            if (condition?.Text("reason") != reason) await Task.Delay(20);
        }
        Assert.Equal(reason, condition?.Text("reason"));
        return condition!;
    }

    private async Task RemoveAsync(string group)
    {
        (await server.Admin.DeleteAsync($"{Services}/v1.{group}")).Ok();
        for (var tries = 0; tries < 500 && (await server.Admin.GetAsync($"/apis/{group}")).Code != 404; tries++) await Task.Delay(20);
    }

    [Fact]
    public async Task Request_ReachesTheExtensionServer_WithWhoAsks()
    {
        const string group = "gauges.example.com";
        var (extension, _) = await ExtendAsync(group);
        await using var owned = extension;
        Assert.Equal(("True", "all checks passed"), ((await ConditionAsync(group, "Passed")).Text("status"), (await ConditionAsync(group, "Passed")).Text("message")));
        Assert.Equal(7, (await server.Admin.GetAsync($"/apis/{group}/v1/namespaces/default/gauges")).Ok().Objects("items").Single().Number("value"));
        var asker = extension.Askers.Last();
        Assert.Equal(("admin", false), (asker.User, asker.Authorization));
        Assert.Equal(["system:masters", "system:authenticated"], asker.Groups);
        await server.Admin.SendAsync(HttpMethod.Get, $"/apis/{group}/v1/namespaces/default/gauges", null, headers: [("Impersonate-User", "jane"), ("Impersonate-Uid", "u-1"), ("Impersonate-Extra-example.com%2fscopes", "read"), ("X-Remote-User", "root"), ("X-Remote-Group", "system:masters")]);
        asker = extension.Askers.Last();
        // Jane may not: this server is the first judge.
        Assert.Equal("admin", asker.User);
        (await server.Admin.PostAsync("/apis/rbac.authorization.k8s.io/v1/clusterroles", $$$"""{"metadata":{"name":"gauge-reader"},"rules":[{"apiGroups":["{{{group}}}"],"resources":["gauges"],"verbs":["list"]}]}""")).Ok();
        (await server.Admin.PostAsync("/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", """{"metadata":{"name":"gauge-reader"},"roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole","name":"gauge-reader"},"subjects":[{"kind":"User","apiGroup":"rbac.authorization.k8s.io","name":"jane"}]}""")).Ok();
        (await server.As("jane", "readers").SendAsync(HttpMethod.Get, $"/apis/{group}/v1/namespaces/default/gauges", null, headers: [("X-Remote-User", "root"), ("X-Remote-Group", "system:masters")])).Ok();
        asker = extension.Askers.Last();
        Assert.Equal(("jane", $"https /apis/{group}/v1/namespaces/default/gauges 127.0.0.1"), (asker.User, asker.Forwarded));
        Assert.Equal(["readers", "system:authenticated"], asker.Groups);
        var made = (await server.Admin.PostAsync($"/apis/{group}/v1/namespaces/default/gauges", """{"kind":"Gauge","x":1}""")).Ok();
        Assert.Equal(1, made.Number("x"));
        Assert.Contains("cpu", await server.Kubectl.OkAsync("get gg -n default"));
        Assert.Contains($"metrics   True", await server.Kubectl.OkAsync($"get apiservice v1.{group}"));
        await RemoveAsync(group);
    }

    [Fact]
    public async Task Watch_AndUpgrade_GoThrough()
    {
        const string group = "streams.example.com";
        var (extension, _) = await ExtendAsync(group, "\"insecureSkipTLSVerify\":true");
        await using var owned = extension;
        await ConditionAsync(group, "Passed");
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        using (var response = await server.Admin.Http.GetAsync($"/apis/{group}/v1/gauges?watch=1", HttpCompletionOption.ResponseHeadersRead, limit.Token).StartedBy(() => extension.Events.Writer.TryWrite("""{"type":"ADDED"}""")))
        {
            using var lines = new StreamReader(await response.Content.ReadAsStreamAsync(limit.Token));
            Assert.Equal("""{"type":"ADDED"}""", await lines.ReadLineAsync(limit.Token));
            extension.Events.Writer.TryWrite("""{"type":"MODIFIED"}""");
            Assert.Equal("""{"type":"MODIFIED"}""", await lines.ReadLineAsync(limit.Token));
        }
        using var socket = new ClientWebSocket();
        var (pem, key) = server.Host.Authority.IssueClient("admin", "system:masters");
        using var ephemeral = X509Certificate2.CreateFromPem(pem, key);
        socket.Options.ClientCertificates.Add(X509CertificateLoader.LoadPkcs12(ephemeral.Export(X509ContentType.Pkcs12), null));
        socket.Options.RemoteCertificateValidationCallback = static (_, _, _, _) => true;
        await socket.ConnectAsync(new Uri($"wss://127.0.0.1:{server.Host.Port}/apis/{group}/v1/namespaces/default/gauges/cpu/exec"), limit.Token);
        await socket.SendAsync("hello"u8.ToArray(), WebSocketMessageType.Text, true, limit.Token);
        var buffer = new byte[1024];
        var got = await socket.ReceiveAsync(buffer, limit.Token);
        Assert.Equal("admin said hello", Encoding.UTF8.GetString(buffer, 0, got.Count));
        await RemoveAsync(group);
    }

    [Fact]
    public async Task CallsInProcess_ReachTheExtensionServerToo()
    {
        const string group = "inner.example.com";
        var (extension, _) = await ExtendAsync(group);
        await using var owned = extension;
        await ConditionAsync(group, "Passed");
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        var client = new ApiClient(server.Host.Connect(new UserInfo("controller", ["system:masters", "system:authenticated"]), "test"));
        var list = JsonNode.Parse((await client.SendAsync(new ApiRequest("GET", $"/apis/{group}/v1/gauges"), limit.Token)).Span)!.AsObject();
        Assert.Equal("cpu", list.Objects("items").Single().Child("metadata")!.Text("name"));
        Assert.Equal("controller", extension.Askers.Last().User);
        extension.Events.Writer.TryWrite("""{"type":"ADDED","object":{"metadata":{"name":"a"}}}""");
        var type = new Gureum.Objects.Models.ResourceType(group + "/v1", "Gauge", "gauges", true);
        var seen = 0;
        await foreach (var change in client.WatchAsync(type, PartialObjectReader.For(type), null, new ListQuery(), limit.Token))
        {
            Assert.Equal((WatchEventType.Added, "a"), (change.Type, change.Object.Metadata.Name));
            seen++;
            break;
        }
        Assert.Equal(1, seen);
        await RemoveAsync(group);
    }

    [Fact]
    public async Task Discovery_AndOpenApi_AreMerged()
    {
        const string group = "merged.example.com";
        var (extension, _) = await ExtendAsync(group);
        await using var owned = extension;
        await ConditionAsync(group, "Passed");
        var groups = (await server.Admin.GetAsync("/apis")).Ok().Objects("groups").Select(g => g.Text("name")!).ToList();
        Assert.Equal("apiregistration.k8s.io", groups[0]);
        Assert.Equal("apps", groups[1]);
        Assert.True(groups.IndexOf("storage.k8s.io") < groups.IndexOf(group), "built-in groups come first");
        Assert.Equal($"{group}/v1", (await server.Admin.GetAsync($"/apis/{group}")).Ok().Child("preferredVersion")!.Text("groupVersion"));
        Assert.Equal("gauges", (await server.Admin.GetAsync($"/apis/{group}/v1")).Ok().Objects("resources").First().Text("name"));
        var merged = (await server.Admin.GetAsync("/apis", "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList")).Ok().Objects("items").Single(i => i.Child("metadata")!.Text("name") == group).Objects("versions").Single();
        Assert.Equal("Current", merged.Text("freshness"));
        var resource = merged.Objects("resources").Single();
        Assert.Equal(("gauges", "Namespaced", "Gauge", "status"), (resource.Text("resource"), resource.Text("scope"), resource.Child("responseKind")!.Text("kind"), resource.Objects("subresources").Single().Text("subresource")));
        Assert.Equal($"/openapi/v3/apis/{group}/v1?hash=ABC", (await server.Admin.GetAsync("/openapi/v3")).Ok().Child("paths")!.Child($"apis/{group}/v1")!.Text("serverRelativeURL"));
        Assert.Equal("gauges", (await server.Admin.GetAsync($"/openapi/v3/apis/{group}/v1")).Ok().Child("info")!.Text("title"));
        Assert.Equal("system:kube-aggregator", extension.Askers.Last().User);
        var swagger = (await server.Admin.GetAsync("/openapi/v2")).Ok();
        Assert.True(swagger.Child("paths")!.ContainsKey($"/apis/{group}/v1/gauges"));
        Assert.False(swagger.Child("paths")!.ContainsKey("/other"));
        Assert.Equal("#/definitions/io.k8s.api.core.v1.Pod_v2", swagger.Child("definitions")!.Child("com.example.Gauge")!.Child("properties")!.Child("metadata")!.Text("$ref"));
        Assert.False(swagger.Child("definitions")!.ContainsKey("unused"));
        await RemoveAsync(group);
        Assert.DoesNotContain(group, (await server.Admin.GetAsync("/apis")).Text);
    }

    [Theory]
    [InlineData("tagged.example.com", "\"one\"")]
    [InlineData("bare.example.com", null)]
    public async Task OpenApi_OfAnotherServerThatChanges_IsFetchedAgainWithItsApiService(string group, string? tag)
    {
        var (extension, _) = await ExtendAsync(group);
        await using var owned = extension;
        extension.Tag = tag;
        await ConditionAsync(group, "Passed");
        await PublishedAsync(group, "OK");
        (extension.Description, extension.Tag) = ("changed", tag is null ? null : "\"two\"");
        (await server.Admin.PatchAsync($"{Services}/v1.{group}", """{"spec":{"versionPriority":11}}""", "application/merge-patch+json")).Ok();
        await PublishedAsync(group, "changed");
        (await server.Admin.PatchAsync($"{Services}/v1.{group}", """{"spec":{"versionPriority":12}}""", "application/merge-patch+json")).Ok();
        for (var tries = 0; tag is not null && tries < 1500 && extension.Unchanged == 0; tries++) await Task.Delay(20);
        Assert.Equal(tag is not null, extension.Unchanged > 0);
        await PublishedAsync(group, "changed");
        await RemoveAsync(group);
    }

    private async Task PublishedAsync(string group, string description)
    {
        string? found = null;
        for (var tries = 0; tries < 1500 && found != description; tries++)
        {
            if (tries > 0) await Task.Delay(20);
            found = (await server.Admin.GetAsync("/openapi/v2")).Ok().Child("paths")!.Child($"/apis/{group}/v1/gauges")?.Child("get")?.Child("responses")?.Child("200")?.Text("description");
        }
        Assert.Equal(description, found);
    }

    [Fact]
    public async Task DeadServer_IsUnavailable_AndDisturbsNothingElse()
    {
        const string group = "dead.example.com";
        var (extension, ns) = await ExtendAsync(group);
        await ConditionAsync(group, "Passed");
        await extension.DisposeAsync();
        var refused = await server.Admin.GetAsync($"/apis/{group}/v1/namespaces/default/gauges");
        Assert.Equal((503, "error trying to reach service: dial tcp: connect: connection refused\n"), (refused.Code, refused.Text));
        // Any change near it has it looked at again at once.
        (await server.Admin.PatchAsync($"/api/v1/namespaces/{ns}/services/metrics", """{"metadata":{"labels":{"a":"b"}}}""", Api.Merge)).Ok();
        var condition = await ConditionAsync(group, "FailedDiscoveryCheck");
        Assert.Equal($"failing or missing response from https://metrics.{ns}.svc:443/apis/{group}/v1: Get \"https://metrics.{ns}.svc:443/apis/{group}/v1\": dial tcp: connect: connection refused", condition.Text("message"));
        refused = await server.Admin.GetAsync($"/apis/{group}/v1/namespaces/default/gauges");
        Assert.Equal((503, "service unavailable\n"), (refused.Code, refused.Text));
        Assert.Contains(group, (await server.Admin.GetAsync("/apis")).Ok().Objects("groups").Select(g => g.Text("name")));
        var merged = (await server.Admin.GetAsync("/apis", "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList")).Ok().Objects("items").Single(i => i.Child("metadata")!.Text("name") == group).Objects("versions").Single();
        Assert.Equal("Stale", merged.Text("freshness"));
        var client = new ApiClient(server.Host.Connect(new UserInfo("controller", ["system:masters"]), "test"));
        Assert.Equal(503, (await Assert.ThrowsAsync<ApiException>(() => client.SendAsync(new ApiRequest("GET", $"/apis/{group}/v1")))).Code);
        Assert.Contains("configmaps", await server.Kubectl.OkAsync("get configmaps -n kube-system -o name --ignore-not-found") + "configmaps");
        (await server.Admin.DeleteAsync($"/api/v1/namespaces/{ns}/services/metrics")).Ok();
        Assert.Equal($"service/metrics in \"{ns}\" is not present", (await ConditionAsync(group, "ServiceNotFound")).Text("message"));
        await RemoveAsync(group);
    }

    [Fact]
    public async Task HangingServer_HoldsUpNobody()
    {
        const string group = "hanging.example.com";
        var (extension, _) = await ExtendAsync(group);
        await using var owned = extension;
        await ConditionAsync(group, "Passed");
        (await server.Admin.PostAsync("/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", """{"metadata":{"name":"patient"},"roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole","name":"cluster-admin"},"subjects":[{"kind":"User","apiGroup":"rbac.authorization.k8s.io","name":"patient"}]}""")).Ok();
        extension.Hangs = true;
        // As many as would fill the seats of the user's priority level, had they any.
        var patient = server.As("patient");
        var waiting = Enumerable.Range(0, 200).Select(_ => patient.GetAsync($"/apis/{group}/v1/namespaces/default/gauges")).ToList();
        for (var i = 0; i < 20; i++) (await patient.GetAsync("/api/v1/namespaces/default")).Ok();
        Assert.DoesNotContain(waiting, w => w.IsCompleted);
        extension.Release();
        foreach (var answer in waiting) Assert.Equal(200, (await answer).Code);
        await RemoveAsync(group);
    }

    [Fact]
    public async Task UntrustedServer_IsNotAsked()
    {
        const string group = "untrusted.example.com";
        using var other = Authority();
        var (extension, _) = await ExtendAsync(group, $"\"caBundle\":\"{Convert.ToBase64String(Encoding.UTF8.GetBytes(other.ExportCertificatePem()))}\"");
        await using var owned = extension;
        Assert.Contains("x509: certificate signed by unknown authority", (await ConditionAsync(group, "FailedDiscoveryCheck")).Text("message"));
        Assert.Equal(503, (await server.Admin.GetAsync($"/apis/{group}/v1/gauges")).Code);
        Assert.Empty(extension.Askers);
        await RemoveAsync(group);
    }

    private static X509Certificate2 Authority()
    {
        using var key = System.Security.Cryptography.ECDsa.Create();
        return new CertificateRequest("CN=other", key, System.Security.Cryptography.HashAlgorithmName.SHA256).CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
    }

    [Fact]
    public async Task LocalServices_AreRegisteredByThemselves()
    {
        var apps = await LocalAsync("v1.apps");
        Assert.Equal((17800L, 15L, "onstart"), (apps.Child("spec")!.Number("groupPriorityMinimum"), apps.Child("spec")!.Number("versionPriority"), apps.Child("metadata")!.Child("labels")!.Text("kube-aggregator.kubernetes.io/automanaged")));
        var condition = apps.Child("status")!.Objects("conditions").Single();
        Assert.Equal(("True", "Local", "Local APIServices are always available"), (condition.Text("status"), condition.Text("reason"), condition.Text("message")));
        Assert.Equal("v1", (await LocalAsync("v1.")).Child("spec")!.Text("version"));
        await TestDefinitions.CreateAsync(server.Admin, "local.example.com", "Cog", "cogs", """{"type":"object"}""");
        var defined = await LocalAsync("v1.local.example.com");
        Assert.Equal((1000L, 100L, "true"), (defined.Child("spec")!.Number("groupPriorityMinimum"), defined.Child("spec")!.Number("versionPriority"), defined.Child("metadata")!.Child("labels")!.Text("kube-aggregator.kubernetes.io/automanaged")));
        (await server.Admin.DeleteAsync(Services + "/v1.local.example.com")).Ok();
        Assert.NotEqual(defined.Child("metadata")!.Text("uid"), (await LocalAsync("v1.local.example.com")).Child("metadata")!.Text("uid"));
        (await server.Admin.DeleteAsync("/apis/apiextensions.k8s.io/v1/customresourcedefinitions/cogs.local.example.com")).Ok();
        for (var tries = 0; tries < 500 && (await server.Admin.GetAsync(Services + "/v1.local.example.com")).Code != 404; tries++) await Task.Delay(20);
        Assert.Equal(404, (await server.Admin.GetAsync(Services + "/v1.local.example.com")).Code);
    }

    private async Task<JsonObject> LocalAsync(string name)
    {
        for (var tries = 0; tries < 500 && (await server.Admin.GetAsync(Services + "/" + name)).Code == 404; tries++) await Task.Delay(20);
        return (await server.Admin.GetAsync(Services + "/" + name)).Ok();
    }

    [Theory]
    [InlineData("v2.x.example.com", """{"group":"x.example.com","version":"v1","groupPriorityMinimum":1,"versionPriority":1}""", "metadata.name: Invalid value: \"v2.x.example.com\": must be `spec.version+\".\"+spec.group`: \"v1.x.example.com\"")]
    [InlineData("v1.x.example.com", """{"group":"x.example.com","version":"v1","groupPriorityMinimum":20001,"versionPriority":0}""", "[spec.groupPriorityMinimum: Invalid value: 20001: must be positive and less than 20000, spec.versionPriority: Invalid value: 0: must be positive and less than 1000]")]
    [InlineData("v1.x.example.com", """{"group":"x.example.com","version":"v1","groupPriorityMinimum":1,"versionPriority":1,"insecureSkipTLSVerify":true}""", "spec.insecureSkipTLSVerify: Invalid value: true: local APIServices may not have insecureSkipTLSVerify")]
    [InlineData("v1.x.example.com", """{"group":"x.example.com","version":"v1","groupPriorityMinimum":1,"versionPriority":1,"service":{"name":"a","namespace":"b"},"caBundle":"YQ==","insecureSkipTLSVerify":true}""", "spec.insecureSkipTLSVerify: Invalid value: true: may not be true if caBundle is present")]
    [InlineData("v1.x.example.com", """{"group":"x.example.com","version":"v1","groupPriorityMinimum":1,"versionPriority":1,"service":{"port":0}}""", "spec.service.namespace: Required value, spec.service.name: Required value, spec.service.port: Invalid value: 0: port is not valid: must be between 1 and 65535, inclusive")]
    public async Task Create_OfAFaultyService_IsRefused(string name, string spec, string message)
    {
        var refused = await server.Admin.PostAsync(Services, $$$"""{"metadata":{"name":"{{{name}}}"},"spec":{{{spec}}}}""");
        Assert.Equal(422, refused.Code);
        Assert.Contains(message, refused.Message);
    }
}

internal static class Tasks
{
    /// <summary>Awaits a task that something must set going once it runs.</summary>
    internal static Task<T> StartedBy<T>(this Task<T> task, Action start)
    {
        start();
        return task;
    }
}
