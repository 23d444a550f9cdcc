using Gureum.Images.Recipes;
using Gureum.Node.Cgroups;
using Gureum.Node.Runtime;

namespace Gureum.Node.Tests.Integration;

public sealed class ContainerLifeTests(ContainerdFixture fixture)
{
    [Fact]
    public async Task Health_OfOurContainerd_IsReady()
    {
        RuntimeHealth health = await fixture.Runtime.GetHealthAsync(CancellationToken.None);

        Assert.Equal("containerd", health.Name);
        Assert.True(health.RuntimeReady, health.Message);
        Assert.True(health.NetworkReady, health.Message);
    }

    [Fact]
    public async Task Container_ThatExits_ReportsCodeTimesAndLog()
    {
        await using TestPod pod = await TestPod.RunAsync(fixture);
        string id = await pod.StartAsync("echo out; echo err >&2; exit 3");

        ContainerDetails details = await pod.UntilExitedAsync(id);

        Assert.Equal(3, details.ExitCode);
        Assert.Equal("Error", details.Reason);
        Assert.True(details.StartedAt >= details.Info.CreatedAt);
        Assert.True(details.FinishedAt >= details.StartedAt);
        string log = await File.ReadAllTextAsync(details.LogPath);
        Assert.Contains("stdout F out", log);
        Assert.Contains("stderr F err", log);
    }

    [Fact]
    public async Task Sandbox_WithItsOwnNetwork_HasAddressAndNamespace()
    {
        await using TestPod pod = await TestPod.RunAsync(fixture);

        SandboxStatus status = await fixture.Runtime.GetSandboxAsync(pod.Id, CancellationToken.None);

        Assert.True(status.Info.Ready);
        Assert.Equal("192.0.2.7", Assert.Single(status.Addresses).ToString());
        Assert.True(File.Exists(status.NetworkNamespacePath));
        Assert.True(status.ProcessId > 0);
        Assert.Equal(pod.Config.Identity, status.Info.Identity);
    }

    [Fact]
    public async Task Sandbox_OnTheNodesNetwork_HasNoNamespaceOfItsOwn()
    {
        await using TestPod pod = await TestPod.RunAsync(fixture, c => c with { Network = NamespaceScope.Node, Hostname = "" });

        SandboxStatus status = await fixture.Runtime.GetSandboxAsync(pod.Id, CancellationToken.None);

        Assert.Null(status.NetworkNamespacePath);
        Assert.Empty(status.Addresses);
    }

    [Fact]
    public async Task List_ByLabel_FindsExactlyThePod()
    {
        await using TestPod pod = await TestPod.RunAsync(fixture);
        await using TestPod other = await TestPod.RunAsync(fixture);

        IReadOnlyList<SandboxInfo> found = await fixture.Runtime.ListSandboxesAsync(pod.Config.Labels, CancellationToken.None);

        Assert.Equal(pod.Id, Assert.Single(found).Id);
    }

    [Fact]
    public async Task Stop_ContainerThatIgnoresTerm_KillsItAfterTheGrace()
    {
        await using TestPod pod = await TestPod.RunAsync(fixture);
        string id = await pod.StartAsync("trap '' TERM; while true; do sleep 1; done");

        await fixture.Runtime.StopContainerAsync(id, TimeSpan.FromSeconds(1), CancellationToken.None);

        ContainerDetails details = await pod.UntilExitedAsync(id);
        Assert.Equal(137, details.ExitCode);
    }

    [Fact]
    public async Task Remove_WhatIsGone_Succeeds()
    {
        await fixture.Runtime.StopSandboxAsync("no-such-sandbox", CancellationToken.None);
        await fixture.Runtime.RemoveSandboxAsync("no-such-sandbox", CancellationToken.None);
        await fixture.Runtime.RemoveContainerAsync("no-such-container", CancellationToken.None);
    }

    [Fact]
    public async Task Get_WhatIsGone_SaysNotFound()
    {
        var error = await Assert.ThrowsAsync<ContainerRuntimeException>(() => fixture.Runtime.GetContainerAsync("no-such-container", CancellationToken.None));

        Assert.Equal(RuntimeFailure.NotFound, error.Failure);
        Assert.Contains("no-such-container", error.Message);
    }

    [Fact]
    public async Task Container_OverItsMemoryLimit_IsOomKilled()
    {
        await using TestPod pod = await TestPod.RunAsync(fixture);
        string id = await pod.StartAsync("", c => c with
        {
            Command = ["sh", "-c", "exec tail /dev/zero"],
            Resources = new ResourceLimits { MemoryBytes = 16 << 20 },
        });

        ContainerDetails details = await pod.UntilExitedAsync(id);

        Assert.Equal("OOMKilled", details.Reason);
        Assert.Equal(137, details.ExitCode);
    }

    [Fact]
    public async Task Stats_OfPodAndContainer_ComeFromTheirGroups()
    {
        await using TestPod pod = await TestPod.RunAsync(fixture);
        string id = await pod.StartAsync("trap 'exit 0' TERM; while true; do sleep 0.2; done");

        CgroupStats whole = fixture.Cgroups.Read(pod.Config.CgroupParent)!, container = fixture.Cgroups.Read($"{pod.Config.CgroupParent}/{id}")!;

        Assert.True(container.CpuNanoseconds > 0);
        Assert.True(whole.CpuNanoseconds > container.CpuNanoseconds);
        Assert.True(container.Processes >= 1);
        Assert.Contains(pod.Config.CgroupParent, fixture.Cgroups.ListPods());
    }

    [Fact]
    public async Task Pull_AirGapped_FailsWithoutLeavingTheMachine()
    {
        var error = await Assert.ThrowsAsync<ContainerRuntimeException>(
            () => fixture.Images.PullAsync("registry.example.com/nothing:1", null, CancellationToken.None));

        Assert.Contains("127.0.0.1:1", error.Message);
    }

    [Fact]
    public async Task Images_AfterImport_AreListedWithTheirNames()
    {
        IReadOnlyList<ImageInfo> images = await fixture.Images.ListAsync(CancellationToken.None);

        Assert.Contains(images, i => i.Tags.Contains(ExampleImages.Busybox) && i.SizeBytes > 0);
        Assert.Null(await fixture.Images.FindAsync("gureum.local/nothing:1", CancellationToken.None));
        Assert.NotEmpty(await fixture.Images.GetUsageAsync(CancellationToken.None));
    }

    [Fact]
    public async Task ReopenLog_AfterRename_WritesToTheNewFile()
    {
        await using TestPod pod = await TestPod.RunAsync(fixture);
        string id = await pod.StartAsync("while true; do echo tick; sleep 0.1; done");
        string log = (await fixture.Runtime.GetContainerAsync(id, CancellationToken.None)).LogPath;
        await ContainerdFixture.UntilAsync(() => Task.FromResult(new FileInfo(log).Length > 0), "the log has lines");

        File.Move(log, log + ".1");
        await fixture.Runtime.ReopenLogAsync(id, CancellationToken.None);

        await ContainerdFixture.UntilAsync(() => Task.FromResult(File.Exists(log) && new FileInfo(log).Length > 0), "the new log has lines");
    }
}
