using System.Diagnostics;
using Gureum.Node.Cgroups;
using Gureum.Node.Runtime;

namespace Gureum.Node.Tests.Cgroups;

/// <summary>This machine's real control groups, and v2's files in a plain directory.</summary>
public sealed class CgroupTreeTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("gureum-cgroup-test-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task Pod_WithAProcess_IsLimitedMeasuredKilledAndRemoved()
    {
        CgroupLayout layout = CgroupLayout.Detect();
        var tree = new CgroupTree(layout, _directory);
        tree.Prepare(null);
        string path = tree.PodPath(PodQos.Burstable, "1234");
        using Process process = Process.Start("sleep", "1000");
        try
        {
            tree.EnsurePod(path, new ResourceLimits { CpuShares = 512, CpuQuotaMicroseconds = 20_000, MemoryBytes = 64 << 20 }, maxProcesses: 50);
            foreach (string hierarchy in layout.Hierarchies.Where(h => Directory.Exists(h + path)))
                await File.WriteAllTextAsync(Path.Combine(hierarchy + path, "cgroup.procs"), $"{process.Id}");

            CgroupStats stats = tree.Read(path)!;
            Assert.Equal(64 << 20, stats.MemoryLimitBytes);
            Assert.Equal(1, stats.Processes);
            Assert.Equal([path], tree.ListPods());
        }
        finally
        {
            await tree.KillAndDeleteAsync(tree.Root, CancellationToken.None);
        }

        await process.WaitForExitAsync();
        Assert.Equal(137, process.ExitCode);
        Assert.Null(tree.Read(path));
        Assert.DoesNotContain(layout.Hierarchies, h => Directory.Exists(h + tree.Root));
    }

    [Fact]
    public async Task KillAndDelete_GroupOfSomebodyElse_IsRefused()
    {
        var tree = new CgroupTree(CgroupLayout.Detect(), _directory);

        await Assert.ThrowsAsync<CgroupException>(() => tree.KillAndDeleteAsync("/system.slice", CancellationToken.None));
        await Assert.ThrowsAsync<CgroupException>(() => tree.KillAndDeleteAsync("/", CancellationToken.None));
    }

    [Fact]
    public void V2_Limits_AreWrittenInItsFiles()
    {
        CgroupTree tree = V2();
        tree.Prepare(new ResourceLimits { MemoryBytes = 1 << 30 });
        string path = tree.PodPath(PodQos.Guaranteed, "1");
        tree.EnsurePod(path, new ResourceLimits { CpuShares = 1024, CpuQuotaMicroseconds = 50_000, MemoryBytes = 4096 }, maxProcesses: 9);

        Assert.Equal("1073741824", Text(tree.Root, "memory.max"));
        Assert.Equal("39", Text(path, "cpu.weight"));
        Assert.Equal("50000 100000", Text(path, "cpu.max"));
        Assert.Equal("4096", Text(path, "memory.max"));
        Assert.Equal("9", Text(path, "pids.max"));
        Assert.Equal("+cpu +memory +pids", Text("", "cgroup.subtree_control"));
        Assert.Equal("1", Text(tree.Root + "/besteffort", "cpu.weight"));
    }

    [Fact]
    public void V2_Stats_AreReadFromItsFiles()
    {
        CgroupTree tree = V2();
        string group = Directory.CreateDirectory(_directory + tree.PodPath(PodQos.BestEffort, "1")).FullName;
        File.WriteAllText(Path.Combine(group, "cpu.stat"), "usage_usec 1500\nuser_usec 1000\nthrottled_usec 7\n");
        File.WriteAllText(Path.Combine(group, "memory.current"), "1000\n");
        File.WriteAllText(Path.Combine(group, "memory.stat"), "anon 300\ninactive_file 400\npgfault 5\npgmajfault 2\n");
        File.WriteAllText(Path.Combine(group, "memory.max"), "max\n");
        File.WriteAllText(Path.Combine(group, "memory.events"), "oom 1\noom_kill 3\n");
        File.WriteAllText(Path.Combine(group, "pids.current"), "4\n");

        CgroupStats stats = tree.Read(tree.PodPath(PodQos.BestEffort, "1"))!;

        Assert.Equal(1_500_000, stats.CpuNanoseconds);
        Assert.Equal((1000, 600, 300, null), (stats.MemoryBytes, stats.WorkingSetBytes, stats.RssBytes, stats.MemoryLimitBytes));
        Assert.Equal((5, 2, 3L, 4, 7000), (stats.PageFaults, stats.MajorPageFaults, stats.OomKills, stats.Processes, stats.ThrottledNanoseconds));
    }

    private CgroupTree V2() => new(new CgroupLayout(true, new Dictionary<string, string>(), _directory, []), _directory);

    private string Text(string path, string file) => File.ReadAllText(_directory + path + "/" + file);
}
