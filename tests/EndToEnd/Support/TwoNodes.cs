using System.Text.Json.Nodes;

namespace Gureum.EndToEnd.Support;

/// <summary>The tests that share one cloud of two nodes.</summary>
[CollectionDefinition(TwoNodes.Collection)]
public sealed class TwoNodesCollection : ICollectionFixture<TwoNodes>;

/// <summary>A cloud of two nodes, each in a network namespace of its own; a veth pair joins the two, and nothing leads out.</summary>
public sealed class TwoNodes : IAsyncLifetime
{
    public const string Collection = "two nodes";
    internal const string FirstAddress = "192.0.2.1", SecondAddress = "192.0.2.2", Server = "https://192.0.2.1:6443";

    private Cloud? first, second;

    /// <summary>Server and node "one".</summary>
    internal Cloud First => first ?? throw new InvalidOperationException("the cloud of two nodes did not come up");

    /// <summary>Node "two", which has joined.</summary>
    internal Cloud Second => second ?? throw new InvalidOperationException("the cloud of two nodes did not come up");

    public async ValueTask InitializeAsync()
    {
        (first, second) = (await Cloud.CreateAsync(), await Cloud.CreateAsync());
        (await Shell.RunAsync("ip", ["-n", first.Network, "link", "add", "uplink", "type", "veth", "peer", "name", "uplink", "netns", second.Network])).Ok();
        foreach ((Cloud cloud, string address) in new[] { (first, FirstAddress), (second, SecondAddress) })
        {
            (await Shell.RunAsync("ip", ["-n", cloud.Network, "addr", "add", address + "/24", "dev", "uplink"])).Ok();
            (await Shell.RunAsync("ip", ["-n", cloud.Network, "link", "set", "uplink", "up"])).Ok();
        }

        (await first.GureumAsync("up", "--no-install", "--listen", FirstAddress + ":6443", "--node-name", "one")).Ok();
        (await JoinAsync(second, "two")).Ok();
    }

    /// <summary>Joins as a user would: the line that `token create` prints, run on the other machine.</summary>
    internal async Task<Said> JoinAsync(Cloud joiner, string node)
    {
        JsonNode made = await TokenAsync();
        return await joiner.GureumAsync("join", Server, "--token", (string)made["token"]!, "--ca-hash", (string)made["caHash"]!, "--node-name", node, "--no-install");
    }

    internal async Task<JsonNode> TokenAsync() => JsonNode.Parse((await First.InsideAsync(Cloud.Program, ["token", "create", "--data-dir", First.Data, "-o", "json"])).Ok())!;

    public async ValueTask DisposeAsync()
    {
        if (second is not null) await second.DisposeAsync();
        if (first is not null) await first.DisposeAsync();
    }
}
