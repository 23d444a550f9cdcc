using System.Diagnostics;
using Gureum.Images;
using Gureum.Images.Recipes;
using Gureum.Node.Cgroups;
using Gureum.Node.Containerd;
using Gureum.Node.Runtime;
using Gureum.Node.Tests.Integration;
using Microsoft.Extensions.Logging.Abstractions;

[assembly: AssemblyFixture(typeof(ContainerdFixture))]

namespace Gureum.Node.Tests.Integration;

/// <summary>A real containerd with root, state and socket of its own; everything is gone again after the tests.</summary>
public sealed class ContainerdFixture : IAsyncLifetime
{
    private readonly string _directory = Directory.CreateTempSubdirectory("gnt-").FullName;

    public ContainerdSettings Settings { get; private set; } = null!;

    public ContainerdSupervisor Supervisor { get; private set; } = null!;

    public CriConnection Connection { get; private set; } = null!;

    public CriRuntime Runtime { get; private set; } = null!;

    public CriImageStore Images { get; private set; } = null!;

    public CgroupTree Cgroups { get; private set; } = null!;

    public string LogRoot => Path.Combine(_directory, "logs");

    public static string ImageCache => Path.Combine(Path.GetTempPath(), "gureum-image-cache");

    public async ValueTask InitializeAsync()
    {
        string cni = Path.Combine(_directory, "cni");
        TestCni.Install(Path.Combine(cni, "bin"), Path.Combine(cni, "conf"));
        Settings = new ContainerdSettings
        {
            RootDirectory = Path.Combine(_directory, "root"),
            StateDirectory = Path.Combine(_directory, "state"),
            SandboxImage = PauseImage.Name,
            CniBinDirectory = Path.Combine(cni, "bin"),
            CniConfigDirectory = Path.Combine(cni, "conf"),
            AirGapped = true,
        };
        Cgroups = new CgroupTree(CgroupLayout.Detect(), _directory);
        Cgroups.Prepare(null);
        Supervisor = NewSupervisor();
        await Supervisor.StartAsync(CancellationToken.None);
        Connection = new CriConnection(Settings.SocketPath);
        Runtime = new CriRuntime(Connection, Path.Combine(_directory, "fifos"));
        Images = new CriImageStore(Connection);
        await ImportAsync(await PauseImage.EnsureAsync(ImageCache, CancellationToken.None), PauseImage.Name);
        await ImportAsync(await ExampleImages.EnsureAsync(ExampleImages.Busybox, ImageCache, CancellationToken.None), ExampleImages.Busybox);
    }

    public ContainerdSupervisor NewSupervisor() => new(Settings, NullLogger<ContainerdSupervisor>.Instance);

    public async ValueTask DisposeAsync()
    {
        if (Runtime is not null)
        {
            foreach (SandboxInfo sandbox in await Runtime.ListSandboxesAsync(null, CancellationToken.None))
            {
                await Runtime.StopSandboxAsync(sandbox.Id, CancellationToken.None);
                await Runtime.RemoveSandboxAsync(sandbox.Id, CancellationToken.None);
            }
        }

        Connection?.Dispose();
        await Supervisor.StopAsync(CancellationToken.None);
        await Supervisor.DisposeAsync();
        await Cgroups.KillAndDeleteAsync(Cgroups.Root, CancellationToken.None);
        string mounts = await File.ReadAllTextAsync("/proc/self/mounts");
        Assert.DoesNotContain(_directory, mounts);
        Directory.Delete(_directory, recursive: true);
    }

    /// <summary>Imports an image and waits until CRI sees it: its view follows containerd's by events.</summary>
    public async Task ImportAsync(string archive, string name)
    {
        await new ImageImporter(Settings.SocketPath).ImportAsync(archive, CancellationToken.None);
        await UntilAsync(async () => await Images.FindAsync(name, CancellationToken.None) is not null, $"image {name} appears");
    }

    /// <summary>Polls; the limit only keeps a broken run from hanging.</summary>
    public static async Task UntilAsync(Func<Task<bool>> condition, string what)
    {
        var limit = Stopwatch.StartNew();
        while (!await condition())
        {
            Assert.True(limit.Elapsed < TimeSpan.FromMinutes(2), $"still waiting until {what}");
            await Task.Delay(50);
        }
    }
}
