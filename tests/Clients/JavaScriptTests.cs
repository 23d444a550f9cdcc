using Gureum.Clients.Support;
using k8s;

namespace Gureum.Clients;

/// <summary>The official client of JavaScript (<c>@kubernetes/client-node</c>), in <c>Scripts/js/client.js</c>.</summary>
public sealed class JavaScriptTests(ClientServer server) : IClassFixture<ClientServer>
{
    [Fact]
    public async Task JavaScript_CreateListDelete_GivesWhatWasStoredAndThenNotFound() => Assert.Equal(["one value true", "one two", "404 NotFound"], await RunAsync("create"));

    [Fact]
    public async Task JavaScript_Watch_SeesAddedModifiedDeleted() => Assert.Equal(["ADDED one 1", "MODIFIED one 2", "DELETED one 2"], await RunAsync("watch"));

    [Fact]
    public async Task JavaScript_ApplyOfAnothersField_ConflictsUntilForced() => Assert.Equal(["Apply", "409 Conflict", "2"], await RunAsync("apply"));

    [Fact]
    public async Task JavaScript_InformerAcrossRestart_SeesWhatCameAndWent()
    {
        string space = await server.NamespaceAsync();
        await server.ConfigMapAsync(space, "before");
        await using Script script = await StartAsync("informer", space);
        Assert.Equal("add before 1", await script.LineAsync());
        Assert.Equal("started", await script.LineAsync());
        await server.RestartAsync();
        await server.Client.CoreV1.DeleteNamespacedConfigMapAsync("before", space);
        Assert.Equal("delete before 1", await script.LineAsync());
        await server.ConfigMapAsync(space, "after", "2");
        Assert.Equal("add after 2", await script.LineAsync());
        await server.ConfigMapAsync(space, "last");
        Assert.Equal(["add last 1", "after last"], await script.RestAsync());
    }

    [Fact]
    public async Task JavaScript_InformerStoppedDuringRestart_CatchesUp()
    {
        string space = await server.NamespaceAsync();
        await server.ConfigMapAsync(space, "before");
        await using Script script = await StartAsync("pause", space);
        Assert.Equal("before", await script.LineAsync());
        await server.RestartAsync();
        await server.Client.CoreV1.DeleteNamespacedConfigMapAsync("before", space);
        await server.ConfigMapAsync(space, "after");
        await script.GoOnAsync();
        Assert.Equal(["delete before", "add after", "after"], await script.RestAsync());
    }

    private async Task<IReadOnlyList<string>> RunAsync(string what)
    {
        await using Script script = await StartAsync(what, await server.NamespaceAsync());
        return await script.RestAsync();
    }

    private async Task<Script> StartAsync(string what, string space)
    {
        string folder = await NodeModules.LayAsync(server.Folder);
        return Script.Start("node", ["client.js", what, space], folder, server.Kubeconfig, NodeModules.Missing);
    }
}
