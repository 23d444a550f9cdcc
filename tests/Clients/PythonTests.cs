using Gureum.Clients.Support;

namespace Gureum.Clients;

/// <summary>The official client of Python, as Debian packs it, in <c>Scripts/py/client.py</c>.</summary>
public sealed class PythonTests(ClientServer server) : IClassFixture<ClientServer>
{
    [Fact]
    public async Task Python_CreateReadDelete_GivesWhatWasStoredAndThenNotFound() => Assert.Equal(["one value True", "404 Not Found"], await RunAsync("create"));

    [Fact]
    public async Task Python_Watch_SeesAddedModifiedDeleted() => Assert.Equal(["ADDED one 1", "MODIFIED one 2", "DELETED one 2"], await RunAsync("watch"));

    [Fact]
    public async Task Python_ApplyOfAnothersField_ConflictsUntilForced() => Assert.Equal(["Apply", "409 Conflict", "2"], await RunAsync("apply"));

    [Fact]
    public async Task Python_DynamicClientOnCustomResource_FindsItAndIsHeldToItsSchema() => Assert.Equal(["red 7", "422 True", "0"], await RunAsync("custom"));

    [Fact]
    public async Task Python_WatchAfterRestart_SeesWhatCame()
    {
        string space = await server.NamespaceAsync();
        await using Script script = Start("resume", space);
        Assert.Equal("WATCHING", await script.LineAsync());
        await server.ConfigMapAsync(space, "before");
        Assert.Equal("ADDED before", await script.LineAsync());
        await server.RestartAsync();
        await server.ConfigMapAsync(space, "after");
        Assert.Equal("ADDED after", await script.LineAsync());
        await server.ConfigMapAsync(space, "last");
        Assert.Equal(["ADDED last"], await script.RestAsync());
    }

    private async Task<IReadOnlyList<string>> RunAsync(string what)
    {
        await using Script script = Start(what, await server.NamespaceAsync());
        return await script.RestAsync();
    }

    // Debian's packages are for Debian's Python: another one that comes first in the PATH does not see them.
    private Script Start(string what, string space)
    {
        const string Missing = "these tests need the Python client: install the package python3-kubernetes";
        if (!File.Exists("/usr/lib/python3/dist-packages/kubernetes/__init__.py")) throw new InvalidOperationException(Missing);
        return Script.Start("/usr/bin/python3", [Path.Combine(AppContext.BaseDirectory, "Scripts", "py", "client.py"), what, space], server.Folder, server.Kubeconfig, Missing);
    }
}
