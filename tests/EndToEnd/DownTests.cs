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

    // What a container says at its end is in a host directory of the test's, which outlives the cloud.
    [Theory]
    [InlineData(false, "hook\nterm\n")]
    [InlineData(true, "")]
    public async Task Down_ContainerThatListens_HearsOfItUnlessNow(bool now, string expected)
    {
        await using Cloud cloud = await Cloud.UpAsync("--node-name", "n1");
        string words = Directory.CreateDirectory(Path.Combine(cloud.Data, "words")).FullName, ns = await cloud.NamespaceAsync("ends");
        foreach (string pod in (string[])["one", "two"])
        {
            await cloud.ApplyAsync(ns, $$"""
                apiVersion: v1
                kind: Pod
                metadata: { name: {{pod}} }
                spec:
                  terminationGracePeriodSeconds: 600
                  volumes: [{ name: words, hostPath: { path: {{words}} } }]
                  containers:
                    - name: main
                      image: {{Manifests.Busybox}}
                      command: [sh, -c, "trap 'echo term >> /words/{{pod}}; exit 0' TERM; touch /words/{{pod}}; while true; do sleep 0.2; done"]
                      lifecycle: { preStop: { exec: { command: [sh, -c, "echo hook >> /words/{{pod}}"] } } }
                      readinessProbe: { exec: { command: [test, -e, /words/{{pod}}] }, periodSeconds: 1 }
                      volumeMounts: [{ name: words, mountPath: /words }]
                """);
            await cloud.WaitAsync(ns, "pod/" + pod, "condition=Ready");
        }

        (await cloud.GureumAsync("down", now ? ["--now"] : [])).Ok();

        Assert.Equal(expected, await File.ReadAllTextAsync(Path.Combine(words, "one")));
        Assert.Equal(expected, await File.ReadAllTextAsync(Path.Combine(words, "two")));
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
