using Gureum.Libvirt.Daemon;
using Gureum.Libvirt.Jobs;

namespace Gureum.Libvirt.Tests;

/// <summary>Live migration between two libvirtds, through a socket file and no network.</summary>
public sealed class MigrationTests(LibvirtFixture fixture) : IAsyncLifetime
{
    private readonly string _directory = LibvirtFixture.NewDirectory();
    private LibvirtDaemon _other = null!;

    public async ValueTask InitializeAsync()
    {
        _other = LibvirtFixture.NewDaemon(_directory);
        await _other.StartAsync(CancellationToken.None);
    }

    public async ValueTask DisposeAsync()
    {
        await _other.TeardownAsync(CancellationToken.None);
        await _other.DisposeAsync();
        LibvirtFixture.AssertNothingLeft(_directory);
        Directory.Delete(_directory, recursive: true);
    }

    [Fact]
    public async Task Migrate_RunningMachine_GoesOnThereAndIsGoneHere()
    {
        string name = "wanderer-" + Guid.NewGuid().ToString("N")[..8], disk = Path.Combine(fixture.Disks, name + ".img"), socket = Path.Combine(fixture.Disks, name + ".sock");
        // Sockets of both QEMUs lie in the disks' directory: it is theirs.
        File.SetUnixFileMode(fixture.Disks, (UnixFileMode)0b111_111_111);
        TinyMachine.WriteDisk(disk);
        await using Hypervisor there = await Hypervisor.OpenAsync(_other.Uri);
        using Machine here = await fixture.Hypervisor.CreateAsync(TinyMachine.Xml(disk, name), StartOptions.Paused);
        await using (Stream console = await here.OpenConsoleAsync())
        {
            await here.ResumeAsync();
            await MachineLifeTests.ReadUntilAsync(console, "up\n");
        }

        using Machine moved = await here.MigrateAsync(there, new MigrationOptions { Flags = MigrationFlags.Live | MigrationFlags.Unsafe, MigrationUri = "unix://" + socket });

        Assert.Equal(here.Uuid, moved.Uuid);
        Assert.Equal(new MachineStatus(MachineState.Running, "Migrated"), await moved.GetStateAsync());
        Assert.Null(await fixture.Hypervisor.FindAsync(name));
        Assert.Null(fixture.Daemon.ProcessOf(name));
        Assert.NotNull(_other.ProcessOf(name));
        JobInfo job = await moved.GetCompletedJobAsync();
        Assert.Equal((JobState.Completed, "MigrationIn"), (job.State, job.Operation));
        Assert.True(job.MemoryTotal >= 32 << 20);
        await using Stream again = await moved.OpenConsoleAsync();
        await again.WriteAsync("x"u8.ToArray());
        Assert.Equal("x", await MachineLifeTests.ReadUntilAsync(again, "x"));
    }
}
