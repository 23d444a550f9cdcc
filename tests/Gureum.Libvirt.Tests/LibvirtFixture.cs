using System.Diagnostics;
using Gureum.Libvirt.Daemon;
using Gureum.Libvirt.Probe;
using Gureum.Libvirt.Tests;
using Microsoft.Extensions.Logging.Abstractions;

[assembly: AssemblyFixture(typeof(LibvirtFixture))]

namespace Gureum.Libvirt.Tests;

/// <summary>A real libvirtd with directories and a socket of its own; it and its guests are gone after the tests.</summary>
public sealed class LibvirtFixture : IAsyncLifetime
{
    private readonly string _directory = NewDirectory();

    public LibvirtDaemon Daemon { get; private set; } = null!;

    public Hypervisor Hypervisor { get; private set; } = null!;

    /// <summary>Where disks of tests live: QEMU's user can reach it.</summary>
    public string Disks => Path.Combine(_directory, "disks");

    public async ValueTask InitializeAsync()
    {
        Directory.CreateDirectory(Disks);
        Daemon = NewDaemon(_directory);
        await Daemon.StartAsync(CancellationToken.None);
        Hypervisor = await Hypervisor.OpenAsync(Daemon.Uri);
    }

    public async ValueTask DisposeAsync()
    {
        if (Hypervisor is not null) await Hypervisor.DisposeAsync();
        await Daemon.TeardownAsync(CancellationToken.None);
        await Daemon.DisposeAsync();
        AssertNothingLeft(_directory);
        Directory.Delete(_directory, recursive: true);
    }

    /// <summary>A directory that QEMU's user can search.</summary>
    internal static string NewDirectory()
    {
        string directory = Directory.CreateTempSubdirectory("glv-").FullName;
        File.SetUnixFileMode(directory, (UnixFileMode)0b111_001_001);
        return directory;
    }

    internal static LibvirtDaemon NewDaemon(string directory, Func<LibvirtSettings, LibvirtSettings>? change = null)
    {
        // The name of the directory makes the uuid: a second daemon for the same directory is the same host.
        var id = new Guid(System.Security.Cryptography.SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(directory)).AsSpan(0, 16));
        var settings = new LibvirtSettings { RootDirectory = Path.Combine(directory, "root"), RunDirectory = Path.Combine(directory, "run"), HostUuid = id, Accelerator = Accelerator.Tcg };
        return new LibvirtDaemon(change is null ? settings : change(settings), NullLogger<LibvirtDaemon>.Instance);
    }

    /// <summary>No process works in the directory, nothing is mounted there, no socket is left.</summary>
    internal static void AssertNothingLeft(string directory)
    {
        Assert.DoesNotContain(directory, File.ReadAllText("/proc/self/mounts"));
        Assert.False(Directory.Exists(Path.Combine(directory, "run")));
        string[] left = [.. Directory.EnumerateDirectories("/proc").Select(d => Path.GetFileName(d)).Where(n => int.TryParse(n, out _)).Select(CommandLine).Where(c => c.Contains(directory, StringComparison.Ordinal))];
        Assert.Empty(left);
    }

    /// <summary>Polls; the limit only keeps a broken run from hanging.</summary>
    internal static async Task UntilAsync(Func<Task<bool>> condition, string what)
    {
        var limit = Stopwatch.StartNew();
        while (!await condition())
        {
            Assert.True(limit.Elapsed < TimeSpan.FromMinutes(2), $"still waiting until {what}");
            await Task.Delay(50);
        }
    }

    private static string CommandLine(string pid)
    {
        try
        {
            return File.ReadAllText($"/proc/{pid}/cmdline").Replace('\0', ' ');
        }
        catch (IOException)
        {
            return ""; // ended meanwhile
        }
    }
}
