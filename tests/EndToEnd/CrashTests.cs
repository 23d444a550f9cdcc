using System.Diagnostics;
using Gureum.EndToEnd.Support;

namespace Gureum.EndToEnd;

/// <summary>What kill -9 of the server may not do.</summary>
public sealed class CrashTests
{
    [Fact]
    public async Task Kill_WhilePodsRun_TheyGoOnAndUpAdoptsThem()
    {
        await using Cloud cloud = await Cloud.UpAsync("--node-name", "n1");
        string ns = await cloud.NamespaceAsync("crash");
        await cloud.ApplyAsync(ns, Manifests.Sleeper("survivor"));
        await cloud.WaitAsync(ns, "pod/survivor", "condition=Ready");
        string before = await ContainerAsync(cloud, ns);
        IReadOnlyList<string> programs = await ProgramsAsync(cloud);

        await KillServerAsync(cloud);
        Assert.Equal("crashed", (string?)(await cloud.StatusAsync())["state"]);
        Assert.Equal(programs, await ProgramsAsync(cloud));
        (await cloud.GureumAsync("up", "--no-install")).Ok();
        await cloud.WaitAsync(ns, "pod/survivor", "condition=Ready");

        Assert.Equal(before, await ContainerAsync(cloud, ns));
        Assert.Equal(programs, await ProgramsAsync(cloud));
        Assert.Equal("0", await cloud.GetAsync("get", "pod", "survivor", "-n", ns, "-o", "jsonpath={.status.containerStatuses[0].restartCount}"));
        Assert.Equal("works", await cloud.GetAsync("exec", "-n", ns, "survivor", "--", "echo", "works"));
    }

    [Fact]
    public async Task Kill_DuringCreates_NoAcknowledgedOneIsLost()
    {
        await using Cloud cloud = await Cloud.UpAsync("--node-name", "n1");
        string ns = await cloud.NamespaceAsync("stream");
        var acknowledged = new List<string>();
        Task creating = Task.Run(async () =>
        {
            for (int i = 0; ; i++)
            {
                if ((await cloud.KubectlAsync("create", "configmap", $"c{i}", "-n", ns)).Code != 0) return;
                lock (acknowledged) acknowledged.Add($"c{i}");
            }
        });
        await Eventually.GetAsync("some creates", () => Task.FromResult(Count()), n => n >= 10);

        await KillServerAsync(cloud);
        await creating;
        (await cloud.GureumAsync("up", "--no-install")).Ok();

        string[] kept = (await cloud.GetAsync("get", "configmaps", "-n", ns, "-o", "jsonpath={.items[*].metadata.name}")).Split(' ');
        Assert.Empty(acknowledged.Except(kept));

        int Count()
        {
            lock (acknowledged) return acknowledged.Count;
        }
    }

    private static Task<string> ContainerAsync(Cloud cloud, string ns) => cloud.GetAsync("get", "pod", "survivor", "-n", ns, "-o", "jsonpath={.status.containerStatuses[0].containerID}");

    /// <summary>The containers' first processes, as containerd knows them.</summary>
    private static async Task<IReadOnlyList<string>> ProgramsAsync(Cloud cloud)
    {
        string socket = (string)(await cloud.StatusAsync())["containerd"]!["socket"]!;
        return (await Shell.RunAsync("ctr", ["--address", socket, "--namespace", "k8s.io", "tasks", "list"])).Ok().Split('\n').Order(StringComparer.Ordinal).ToList();
    }

    private static async Task KillServerAsync(Cloud cloud)
    {
        using Process server = Process.GetProcessById((int)(await cloud.StatusAsync())["pid"]!);
        server.Kill();
        await Eventually.GetAsync("the end of the server", () => Task.FromResult(Directory.Exists($"/proc/{server.Id}") && !File.ReadAllText($"/proc/{server.Id}/stat").Contains(") Z ", StringComparison.Ordinal)), alive => !alive);
    }
}
