using System.Net;
using Gureum.ApiServer.State;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Meta.V1;
using Gureum.Objects.Models;
using Gureum.Running;
using Gureum.Store;
using Gureum.Store.Sqlite;
using NodeObject = Gureum.Objects.Core.V1.Node;

namespace Gureum.Tests;

public sealed class NodeRangeTests : IAsyncDisposable
{
    private readonly string directory = Directory.CreateTempSubdirectory("gureum-range-").FullName;

    private static ClusterOptions Options => new() { DataDirectory = "/data", NodeName = "n1", PodCidr = "10.50.0.0/16" };

    public ValueTask DisposeAsync()
    {
        Directory.Delete(directory, recursive: true);
        return ValueTask.CompletedTask;
    }

    [Theory]
    [InlineData("10.244.0.0/16", "", "10.244.0.0/24")]
    [InlineData("10.244.0.0/16", "10.244.0.0/24", "10.244.1.0/24")]
    [InlineData("10.244.0.0/16", "10.244.1.0/24", "10.244.0.0/24")]
    [InlineData("10.244.0.0/16", "10.244.0.0/23,10.244.2.0/28", "10.244.3.0/24")]
    [InlineData("10.9.8.0/24", "", "10.9.8.0/24")]
    [InlineData("0.0.0.0/8", "10.244.0.0/24", "0.0.0.0/24")]
    public void FirstFree_SomeTaken_IsTheFirstThatNobodyHas(string cluster, string taken, string expected) =>
        Assert.Equal(IPNetwork.Parse(expected), NodeRange.FirstFree(IPNetwork.Parse(cluster), Ranges(taken)));

    [Fact]
    public void FirstFree_AllTaken_IsNull() => Assert.Null(NodeRange.FirstFree(IPNetwork.Parse("10.0.0.0/23"), Ranges("10.0.0.0/24,10.0.1.0/24")));

    [Fact]
    public async Task ChooseAsync_OtherNodesHaveTheFirst_TakesTheNext()
    {
        await using IStore store = await OpenAsync(("other", "10.50.0.0/24"), ("another", "10.50.1.0/24"), ("rangeless", null));

        Assert.Equal(IPNetwork.Parse("10.50.2.0/24"), await NodeRange.ChooseAsync(store, Options, TestContext.Current.CancellationToken));
        Assert.Null(await NodeRange.OfNodeAsync(store, "n1", TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task ChooseAsync_NodeHasARange_KeepsIt()
    {
        await using IStore store = await OpenAsync(("other", "10.50.0.0/24"), ("n1", "10.50.7.0/24"));

        Assert.Equal(IPNetwork.Parse("10.50.7.0/24"), await NodeRange.ChooseAsync(store, Options, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task ChooseAsync_NoneFree_SaysWhatIsTaken()
    {
        await using IStore store = await OpenAsync(("other", "10.50.0.0/24"));

        var refusal = await Assert.ThrowsAsync<InvalidOperationException>(() => NodeRange.ChooseAsync(store, Options with { PodCidr = "10.50.0.0/24" }, TestContext.Current.CancellationToken));

        Assert.Contains("10.50.0.0/24", refusal.Message);
        Assert.Contains("n1", refusal.Message);
    }

    private static IPNetwork[] Ranges(string text) => [.. text.Split(',', StringSplitOptions.RemoveEmptyEntries).Select(IPNetwork.Parse)];

    private async Task<IStore> OpenAsync(params (string Name, string? Range)[] nodes)
    {
        IStore store = await SqliteStore.OpenAsync(new SqliteOptions(Path.Combine(directory, "state.db")), TestContext.Current.CancellationToken);
        foreach ((string name, string? range) in nodes)
        {
            var node = new NodeObject { Metadata = new ObjectMeta { Name = name }, Spec = new NodeSpec { PodCIDR = range } };
            await store.WriteAsync(new Write(Keys.Object(NodeObject.Resource, null, name), ModelJson.Encode(node)), TestContext.Current.CancellationToken);
        }

        return store;
    }
}
