using Gureum.EndToEnd.Support;

namespace Gureum.EndToEnd;

public sealed class DownTests
{
    [Fact]
    public async Task Down_WithPodsAndServices_LeavesNothing()
    {
        await using Cloud cloud = await Cloud.CreateAsync();
        IReadOnlyList<string> before = await MachineState.ReadAsync(cloud);
        (await cloud.GureumAsync("up", "--no-install", "--node-name", "n1")).Ok();
        await cloud.GetAsync("apply", "-f", Path.Combine(Cloud.Root, "examples", "guestbook"));
        await cloud.GetAsync("rollout", "status", "deployment/web", "--timeout=180s");
        IReadOnlyList<string> during = await MachineState.ReadAsync(cloud);
        Assert.All(["cgroup", "link", "mount", "nft", "process", "route"], kind => Assert.Contains(during.Except(before), l => l.StartsWith(kind + " ", StringComparison.Ordinal)));

        string said = (await cloud.GureumAsync("down")).Ok();

        Assert.Contains("stays in " + cloud.Data, said);
        Assert.Empty((await MachineState.ReadAsync(cloud)).Except(before));
        Assert.Equal("down", (string?)(await cloud.StatusAsync())["state"]);
    }

    [Fact]
    public async Task Down_ThenUp_ContinuesFromTheState()
    {
        await using Cloud cloud = await Cloud.UpAsync("--node-name", "n1");
        string ns = await cloud.NamespaceAsync("kept");
        await cloud.ApplyAsync(ns, Manifests.Sleeper("again"));
        await cloud.WaitAsync(ns, "pod/again", "condition=Ready");

        (await cloud.GureumAsync("down")).Ok();
        (await cloud.GureumAsync("up", "--no-install")).Ok();

        await cloud.WaitAsync(ns, "pod/again", "condition=Ready");
        Assert.Equal("works", await cloud.GetAsync("exec", "-n", ns, "again", "--", "echo", "works"));
    }

    [Fact]
    public async Task Down_NoCloud_SaysSo()
    {
        await using Cloud cloud = await Cloud.CreateAsync();

        Assert.Contains("nothing to do", (await cloud.GureumAsync("down")).Ok());
    }

    [Fact]
    public async Task TwoClouds_InTwoNamespaces_DoNotMeet()
    {
        await using Cloud one = await Cloud.UpAsync("--node-name", "one"), two = await Cloud.UpAsync("--node-name", "two");

        await one.GetAsync("create", "namespace", "only-here");

        Assert.Equal("one", await one.GetAsync("get", "nodes", "-o", "jsonpath={.items[*].metadata.name}"));
        Assert.Equal("two", await two.GetAsync("get", "nodes", "-o", "jsonpath={.items[*].metadata.name}"));
        Assert.NotEqual(0, (await two.KubectlAsync("get", "namespace", "only-here")).Code);
    }
}
