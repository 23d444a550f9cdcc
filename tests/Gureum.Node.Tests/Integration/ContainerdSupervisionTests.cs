using Gureum.Images;
using Gureum.Images.Recipes;
using Gureum.Node.Cgroups;
using Gureum.Node.Containerd;
using Gureum.Node.Native;
using Gureum.Node.Runtime;
using Microsoft.Extensions.Logging.Abstractions;

namespace Gureum.Node.Tests.Integration;

/// <summary>What a containerd of its own survives. Each test has its own, since it kills it.</summary>
public sealed class ContainerdSupervisionTests : IAsyncDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("gns-").FullName;
    private readonly ContainerdSettings _settings;
    private readonly CgroupTree _cgroups;

    public ContainerdSupervisionTests()
    {
        _cgroups = new CgroupTree(CgroupLayout.Detect(), _directory);
        TestCni.Install(Path.Combine(_directory, "bin"), Path.Combine(_directory, "conf"));
        _settings = new ContainerdSettings
        {
            RootDirectory = Path.Combine(_directory, "root"),
            StateDirectory = Path.Combine(_directory, "state"),
            SandboxImage = PauseImage.Name,
            CniBinDirectory = Path.Combine(_directory, "bin"),
            CniConfigDirectory = Path.Combine(_directory, "conf"),
            AirGapped = true,
        };
    }

    public async ValueTask DisposeAsync()
    {
        await using (ContainerdSupervisor last = New())
        {
            await last.StartAsync(CancellationToken.None);
            using (var connection = new CriConnection(_settings.SocketPath))
            {
                var runtime = new CriRuntime(connection, Path.Combine(_directory, "fifos"));
                foreach (SandboxInfo sandbox in await runtime.ListSandboxesAsync(null, CancellationToken.None))
                {
                    await runtime.StopSandboxAsync(sandbox.Id, CancellationToken.None);
                    await runtime.RemoveSandboxAsync(sandbox.Id, CancellationToken.None);
                }
            }

            await last.StopAsync(CancellationToken.None);
        }

        await _cgroups.KillAndDeleteAsync(_cgroups.Root, CancellationToken.None);
        Directory.Delete(_directory, recursive: true);
    }

    [Fact]
    public async Task Start_AfterDispose_AdoptsTheSameProcess()
    {
        int? first, second;
        await using (ContainerdSupervisor one = New())
        {
            await one.StartAsync(CancellationToken.None);
            first = one.ProcessId;
        }

        await using ContainerdSupervisor two = New();
        await two.StartAsync(CancellationToken.None);
        second = two.ProcessId;

        Assert.NotNull(first);
        Assert.Equal(first, second);
        Assert.Null(two.Problem);
    }

    [Fact]
    public async Task Kill9_PodsSurviveAndContainerdComesBack()
    {
        await using ContainerdSupervisor supervisor = New();
        await supervisor.StartAsync(CancellationToken.None);
        using var connection = new CriConnection(_settings.SocketPath);
        var runtime = new CriRuntime(connection, Path.Combine(_directory, "fifos"));
        var importer = new ImageImporter(_settings.SocketPath);
        await importer.ImportAsync(await PauseImage.EnsureAsync(ContainerdFixture.ImageCache, CancellationToken.None), CancellationToken.None);
        await ContainerdFixture.UntilAsync(
            async () => await new CriImageStore(connection).FindAsync(PauseImage.Name, CancellationToken.None) is not null, "the image appears");
        string id = await runtime.RunSandboxAsync(new SandboxConfig
        {
            Identity = new SandboxIdentity("pod", "test", "uid", 0),
            LogDirectory = Path.Combine(_directory, "logs"),
            CgroupParent = _cgroups.PodPath(PodQos.BestEffort, "uid"),
        }, "", CancellationToken.None);
        int before = (await runtime.GetSandboxAsync(id, CancellationToken.None)).ProcessId;
        int killed = supervisor.ProcessId!.Value;

        Assert.Equal(0, Libc.kill(killed, Libc.SIGKILL));
        await ContainerdFixture.UntilAsync(() => Task.FromResult(supervisor.ProcessId != killed && supervisor.Problem is null), "containerd is back");

        SandboxStatus after = await runtime.GetSandboxAsync(id, CancellationToken.None);
        Assert.True(after.Info.Ready);
        Assert.Equal(before, after.ProcessId);
    }

    [Fact]
    public async Task Start_ChangedSettings_RestartsContainerd()
    {
        int? first;
        await using (ContainerdSupervisor one = New())
        {
            await one.StartAsync(CancellationToken.None);
            first = one.ProcessId;
        }

        await using var two = new ContainerdSupervisor(_settings with { LogLevel = "warn" }, NullLogger<ContainerdSupervisor>.Instance);
        await two.StartAsync(CancellationToken.None);

        Assert.NotEqual(first, two.ProcessId);
        Assert.Contains("level = \"warn\"", await File.ReadAllTextAsync(Path.Combine(_settings.RootDirectory, "config.toml")));
    }

    [Fact]
    public async Task Start_WrongSettings_NamesAllErrors()
    {
        await using var supervisor = new ContainerdSupervisor(
            _settings with { StateDirectory = "/" + new string('x', 120), LogLevel = "loud" }, NullLogger<ContainerdSupervisor>.Instance);

        var error = await Assert.ThrowsAsync<ContainerdException>(() => supervisor.StartAsync(CancellationToken.None));

        Assert.Contains("107", error.Message);
        Assert.Contains("loud", error.Message);
    }

    [Fact]
    public async Task Existing_NoSocket_SaysWhatToDo()
    {
        await using var existing = new ExistingContainerd(Path.Combine(_directory, "nothing.sock"));

        var error = await Assert.ThrowsAsync<ContainerdException>(() => existing.StartAsync(CancellationToken.None));

        Assert.Contains("nothing.sock", error.Message);
    }

    private ContainerdSupervisor New() => new(_settings, NullLogger<ContainerdSupervisor>.Instance);
}
