using System.Diagnostics;
using Gureum.Libvirt.Events;

namespace Gureum.Libvirt.Tests;

/// <summary>Snapshots, copies and commits of a running machine's disk.</summary>
public sealed class DiskTests(LibvirtFixture fixture) : IAsyncLifetime
{
    private readonly string _name = "disk-" + Guid.NewGuid().ToString("N")[..8];
    private Machine _machine = null!;

    private string Base => Path.Combine(fixture.Disks, _name + "-base.img");

    private string Overlay => Path.Combine(fixture.Disks, _name + ".qcow2");

    public async ValueTask InitializeAsync()
    {
        TinyMachine.WriteDisk(Base);
        QemuImg("create", "-q", "-f", "qcow2", "-F", "raw", "-b", Base, Overlay);
        _machine = await fixture.Hypervisor.DefineAsync(TinyMachine.Xml(Overlay, _name, format: "qcow2"));
        await _machine.StartAsync(StartOptions.Paused);
        await using Stream console = await _machine.OpenConsoleAsync();
        await _machine.ResumeAsync();
        await MachineLifeTests.ReadUntilAsync(console, "up\n");
    }

    public async ValueTask DisposeAsync()
    {
        if ((await _machine.GetStateAsync()).State != MachineState.ShutOff) await _machine.DestroyAsync();
        await _machine.UndefineAsync(UndefineOptions.Everything);
        _machine.Dispose();
    }

    [Fact]
    public async Task Snapshot_InternalWithMemory_IsListedRevertedAndDeleted()
    {
        MachineSnapshot made = await _machine.CreateSnapshotAsync("<domainsnapshot><name>before</name></domainsnapshot>");
        Assert.Equal(("before", "running", null), (made.Name, made.State, made.Parent));
        await _machine.CreateSnapshotAsync("<domainsnapshot><name>after</name></domainsnapshot>");
        Assert.Equal([("before", null), ("after", "before")], (await _machine.ListSnapshotsAsync()).Select(s => (s.Name, s.Parent)));

        await _machine.DestroyAsync();
        await _machine.RevertToSnapshotAsync("before");

        Assert.Equal(new MachineStatus(MachineState.Running, "FromSnapshot"), await _machine.GetStateAsync());
        await using (Stream console = await _machine.OpenConsoleAsync())
        {
            await console.WriteAsync("x"u8.ToArray());
            Assert.Equal("x", await MachineLifeTests.ReadUntilAsync(console, "x"));
        }

        await _machine.DeleteSnapshotAsync("after");
        await _machine.DeleteSnapshotAsync("before");
        Assert.Empty(await _machine.ListSnapshotsAsync());
    }

    [Fact]
    public async Task Snapshot_ExternalDiskOnly_IsCommittedIntoItsBaseAlone()
    {
        byte[] before = await File.ReadAllBytesAsync(Base);
        string top = Path.Combine(fixture.Disks, _name + "-top.qcow2");
        await _machine.CreateSnapshotAsync(
            $"<domainsnapshot><disks><disk name='vda' snapshot='external'><source file='{top}'/></disk></disks></domainsnapshot>",
            SnapshotOptions.DiskOnly | SnapshotOptions.NoMetadata | SnapshotOptions.Atomic);
        Assert.Contains(top, await _machine.GetXmlAsync());

        using EventSubscription events = fixture.Hypervisor.Watch();
        await _machine.CommitBlockAsync("vda", Overlay, top, BlockCommitOptions.Active);
        await BlockEventAsync(events, BlockJobStatus.Ready);
        await _machine.EndBlockJobAsync("vda", BlockJobEnd.Pivot);
        await BlockEventAsync(events, BlockJobStatus.Completed);

        Assert.DoesNotContain(top, await _machine.GetXmlAsync());
        Assert.Equal(before, await File.ReadAllBytesAsync(Base));
        Assert.Null(await _machine.GetBlockJobAsync("vda"));
    }

    [Fact]
    public async Task CopyBlock_Pivoted_MachineGoesOnInTheCopy()
    {
        string copy = Path.Combine(fixture.Disks, _name + "-copy.qcow2");
        using EventSubscription events = fixture.Hypervisor.Watch();

        await _machine.CopyBlockAsync("vda", $"<disk type='file'><driver name='qemu' type='qcow2'/><source file='{copy}'/></disk>", BlockCopyOptions.TransientJob);
        await BlockEventAsync(events, BlockJobStatus.Ready);
        await _machine.EndBlockJobAsync("vda", BlockJobEnd.Pivot);

        Assert.Contains(copy, await _machine.GetXmlAsync());
        Assert.Equal(1UL << 20, (await _machine.GetBlockSizeAsync("vda")).Capacity);
    }

    [Fact]
    public async Task Backup_RunningMachine_WritesTheDiskAsItIs()
    {
        string target = Path.Combine(fixture.Disks, _name + "-backup.img");
        using EventSubscription events = fixture.Hypervisor.Watch();

        await _machine.BeginBackupAsync($"<domainbackup><disks><disk name='vda' type='file'><driver type='raw'/><target file='{target}'/></disk></disks></domainbackup>");
        await BlockEventAsync(events, BlockJobStatus.Completed);

        Assert.Equal(await File.ReadAllBytesAsync(Base), await File.ReadAllBytesAsync(target));
    }

    private async Task BlockEventAsync(EventSubscription events, BlockJobStatus status)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(1)); // only keeps a broken run from hanging
        while (await events.Reader.ReadAsync(limit.Token) is not BlockJobEvent { Disk: "vda" } job || job.Machine != _machine.Uuid || job.Status != status)
        {
        }
    }

    private static void QemuImg(params string[] arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo("qemu-img", arguments) { RedirectStandardError = true })!;
        string errors = process.StandardError.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, errors);
    }
}
