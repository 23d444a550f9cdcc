using Gureum.Images.Recipes;
using Gureum.Node.Cgroups;
using Gureum.Node.Runtime;

namespace Gureum.Node.Tests.Integration;

/// <summary>A sandbox with containers for one test; disposing removes all of it.</summary>
internal sealed class TestPod : IAsyncDisposable
{
    private readonly ContainerdFixture _fixture;

    private TestPod(ContainerdFixture fixture, SandboxConfig config, string id)
    {
        _fixture = fixture;
        Config = config;
        Id = id;
    }

    internal string Id { get; }

    internal SandboxConfig Config { get; }

    internal static async Task<TestPod> RunAsync(ContainerdFixture fixture, Func<SandboxConfig, SandboxConfig>? change = null)
    {
        string uid = Guid.NewGuid().ToString();
        var config = new SandboxConfig
        {
            Identity = new SandboxIdentity($"pod-{uid[..8]}", "test", uid, 0),
            Hostname = "testpod",
            LogDirectory = Path.Combine(fixture.LogRoot, uid),
            Labels = new Dictionary<string, string> { ["uid"] = uid },
            CgroupParent = fixture.Cgroups.PodPath(PodQos.BestEffort, uid),
        };
        config = change?.Invoke(config) ?? config;
        return new TestPod(fixture, config, await fixture.Runtime.RunSandboxAsync(config, "", CancellationToken.None));
    }

    internal async Task<string> StartAsync(string script, Func<ContainerConfig, ContainerConfig>? change = null)
    {
        var config = new ContainerConfig
        {
            Name = "main",
            ImageRef = ExampleImages.Busybox,
            Command = ["sh", "-c", script],
            LogPath = $"main-{Guid.NewGuid():N}.log",
        };
        config = change?.Invoke(config) ?? config;
        string id = await _fixture.Runtime.CreateContainerAsync(Id, Config, config, CancellationToken.None);
        await _fixture.Runtime.StartContainerAsync(id, CancellationToken.None);
        return id;
    }

    internal async Task<ContainerDetails> UntilExitedAsync(string containerId)
    {
        ContainerDetails? details = null;
        await ContainerdFixture.UntilAsync(async () =>
        {
            details = await _fixture.Runtime.GetContainerAsync(containerId, CancellationToken.None);
            return details.Info.Stage == ContainerStage.Exited;
        }, $"container {containerId} exits");
        return details!;
    }

    public async ValueTask DisposeAsync()
    {
        await _fixture.Runtime.StopSandboxAsync(Id, CancellationToken.None);
        await _fixture.Runtime.RemoveSandboxAsync(Id, CancellationToken.None);
    }
}
