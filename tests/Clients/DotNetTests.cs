using System.Net;
using Gureum.Clients.Support;
using k8s;
using k8s.Autorest;
using k8s.Models;

namespace Gureum.Clients;

/// <summary>The official client of .NET (the package KubernetesClient).</summary>
public sealed class DotNetTests(ClientServer server) : IClassFixture<ClientServer>
{
    private Kubernetes Client => server.Client;

    [Fact]
    public async Task DotNet_CreateAndGet_GivesWhatWasStored()
    {
        string space = await server.NamespaceAsync();
        V1ConfigMap made = await server.ConfigMapAsync(space, "one", "value");
        V1ConfigMap read = await Client.CoreV1.ReadNamespacedConfigMapAsync("one", space);
        Assert.Equal("value", read.Data["key"]);
        Assert.Equal(made.Metadata.Uid, read.Metadata.Uid);
        Assert.NotNull(read.Metadata.CreationTimestamp);
    }

    [Fact]
    public async Task DotNet_ListInPages_GivesEachOnce()
    {
        string space = await server.NamespaceAsync();
        foreach (string name in (string[])["a", "b", "c"]) await server.ConfigMapAsync(space, name);
        V1ConfigMapList first = await Client.CoreV1.ListNamespacedConfigMapAsync(space, limit: 2);
        V1ConfigMapList second = await Client.CoreV1.ListNamespacedConfigMapAsync(space, limit: 2, continueParameter: first.Metadata.ContinueProperty);
        Assert.Equal(["a", "b"], first.Items.Select(i => i.Metadata.Name));
        Assert.Equal(["c"], second.Items.Select(i => i.Metadata.Name));
        Assert.True(string.IsNullOrEmpty(second.Metadata.ContinueProperty));
    }

    [Theory]
    [InlineData(V1Patch.PatchType.MergePatch, """{"data":{"key":"2"}}""")]
    [InlineData(V1Patch.PatchType.StrategicMergePatch, """{"data":{"key":"2"}}""")]
    [InlineData(V1Patch.PatchType.JsonPatch, """[{"op":"replace","path":"/data/key","value":"2"}]""")]
    public async Task DotNet_Patch_ChangesWhatItNames(V1Patch.PatchType type, string patch)
    {
        string space = await server.NamespaceAsync();
        await server.ConfigMapAsync(space, "one");
        V1ConfigMap changed = await Client.CoreV1.PatchNamespacedConfigMapAsync(new V1Patch(patch, type), "one", space);
        Assert.Equal("2", changed.Data["key"]);
    }

    [Fact]
    public async Task DotNet_ReplaceOfOldVersion_IsAConflict()
    {
        string space = await server.NamespaceAsync();
        V1ConfigMap old = await server.ConfigMapAsync(space, "one");
        await Client.CoreV1.PatchNamespacedConfigMapAsync(new V1Patch("""{"data":{"key":"2"}}""", V1Patch.PatchType.MergePatch), "one", space);
        var refusal = await Assert.ThrowsAsync<HttpOperationException>(() => Client.CoreV1.ReplaceNamespacedConfigMapAsync(old, "one", space));
        Assert.Equal(HttpStatusCode.Conflict, refusal.Response.StatusCode);
        Assert.Equal("Conflict", KubernetesJson.Deserialize<V1Status>(refusal.Response.Content).Reason);
    }

    [Fact]
    public async Task DotNet_Watch_SeesAddedModifiedDeleted()
    {
        string space = await server.NamespaceAsync();
        string from = (await Client.CoreV1.ListNamespacedConfigMapAsync(space)).Metadata.ResourceVersion;
        await server.ConfigMapAsync(space, "one");
        await Client.CoreV1.PatchNamespacedConfigMapAsync(new V1Patch("""{"data":{"key":"2"}}""", V1Patch.PatchType.MergePatch), "one", space);
        await Client.CoreV1.DeleteNamespacedConfigMapAsync("one", space);
        List<string> seen = [];
        await foreach (var (type, item) in Client.CoreV1.WatchListNamespacedConfigMapAsync(space, resourceVersion: from, timeoutSeconds: 60))
        {
            seen.Add($"{type} {item.Metadata.Name} {item.Data["key"]}");
            if (seen.Count == 3) break;
        }

        Assert.Equal(["Added one 1", "Modified one 2", "Deleted one 2"], seen);
    }

    [Fact]
    public async Task DotNet_Delete_MakesItNotFound()
    {
        string space = await server.NamespaceAsync();
        await server.ConfigMapAsync(space, "one");
        V1Status answer = await Client.CoreV1.DeleteNamespacedConfigMapAsync("one", space);
        Assert.Equal("Success", answer.Status);
        var refusal = await Assert.ThrowsAsync<HttpOperationException>(() => Client.CoreV1.ReadNamespacedConfigMapAsync("one", space));
        Assert.Equal(HttpStatusCode.NotFound, refusal.Response.StatusCode);
        Assert.Contains("configmaps \\\"one\\\" not found", refusal.Response.Content);
    }

    [Fact]
    public async Task DotNet_ApplyOfAnothersField_ConflictsUntilForced()
    {
        string space = await server.NamespaceAsync();
        Task<V1ConfigMap> ApplyAsync(string value, string manager, bool force = false) => Client.CoreV1.PatchNamespacedConfigMapAsync(
            new V1Patch($$$"""{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"one"},"data":{"key":"{{{value}}}"}}""", V1Patch.PatchType.ApplyPatch), "one", space, fieldManager: manager, force: force);
        V1ConfigMap made = await ApplyAsync("1", "first");
        Assert.Equal(["first Apply"], made.Metadata.ManagedFields.Select(f => $"{f.Manager} {f.Operation}"));
        var refusal = await Assert.ThrowsAsync<HttpOperationException>(() => ApplyAsync("2", "second"));
        Assert.Equal(HttpStatusCode.Conflict, refusal.Response.StatusCode);
        V1ConfigMap forced = await ApplyAsync("2", "second", force: true);
        Assert.Equal("2", forced.Data["key"]);
        Assert.Contains(forced.Metadata.ManagedFields, f => f.Manager == "second");
    }

    [Fact]
    public async Task DotNet_EvictionOfPod_TakesItAway()
    {
        string space = await server.NamespaceAsync();
        await Client.CoreV1.CreateNamespacedPodAsync(new V1Pod { Metadata = new() { Name = "p" }, Spec = new() { Containers = [new() { Name = "c", Image = "example" }] } }, space);
        await Client.CoreV1.CreateNamespacedPodEvictionAsync(new V1Eviction { Metadata = new() { Name = "p", NamespaceProperty = space } }, "p", space);
        Assert.Empty((await Client.CoreV1.ListNamespacedPodAsync(space)).Items);
    }

    [Fact]
    public async Task DotNet_EvictionThatABudgetForbids_IsTooManyRequests()
    {
        string space = await server.NamespaceAsync();
        await Client.CoreV1.CreateNamespacedPodAsync(new V1Pod { Metadata = new() { Name = "p", Labels = new Dictionary<string, string> { ["app"] = "p" } }, Spec = new() { Containers = [new() { Name = "c", Image = "example" }] } }, space);
        await Client.CoreV1.PatchNamespacedPodStatusAsync(new V1Patch("""{"status":{"phase":"Running","conditions":[{"type":"Ready","status":"True"}]}}""", V1Patch.PatchType.StrategicMergePatch), "p", space);
        // No controller runs here that would allow a disruption.
        await Client.PolicyV1.CreateNamespacedPodDisruptionBudgetAsync(
            new V1PodDisruptionBudget { Metadata = new() { Name = "b" }, Spec = new() { MinAvailable = 1, Selector = new() { MatchLabels = new Dictionary<string, string> { ["app"] = "p" } } } }, space);
        var refusal = await Assert.ThrowsAsync<HttpOperationException>(() => Client.CoreV1.CreateNamespacedPodEvictionAsync(new V1Eviction { Metadata = new() { Name = "p", NamespaceProperty = space } }, "p", space));
        Assert.Equal(HttpStatusCode.TooManyRequests, refusal.Response.StatusCode);
        Assert.Single((await Client.CoreV1.ListNamespacedPodAsync(space)).Items);
    }

    [Fact]
    public async Task DotNet_AfterRestart_ReadsAndWatchesOn()
    {
        string space = await server.NamespaceAsync();
        string from = (await server.ConfigMapAsync(space, "before")).Metadata.ResourceVersion;
        await server.RestartAsync();
        await server.ConfigMapAsync(space, "after");
        Assert.Equal(["after", "before"], (await Client.CoreV1.ListNamespacedConfigMapAsync(space)).Items.Select(i => i.Metadata.Name));
        await foreach (var (type, item) in Client.CoreV1.WatchListNamespacedConfigMapAsync(space, resourceVersion: from, timeoutSeconds: 60))
        {
            Assert.Equal("Added after", $"{type} {item.Metadata.Name}");
            return;
        }

        Assert.Fail("the watch ended without an event");
    }
}
