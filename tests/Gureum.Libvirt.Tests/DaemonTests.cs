using Gureum.Libvirt.Daemon;
using Gureum.Libvirt.Events;
using Gureum.Processes;

namespace Gureum.Libvirt.Tests;

/// <summary>What a libvirtd of our own survives. Each test has its own, since it kills it.</summary>
public sealed class DaemonTests : IAsyncDisposable
{
    private readonly string _directory = LibvirtFixture.NewDirectory();

    private string Disk => Path.Combine(_directory, "disk.img");

    public async ValueTask DisposeAsync()
    {
        await using (LibvirtDaemon last = LibvirtFixture.NewDaemon(_directory)) await last.TeardownAsync(CancellationToken.None);
        LibvirtFixture.AssertNothingLeft(_directory);
        Directory.Delete(_directory, recursive: true);
    }

    [Fact]
    public async Task Kill9_GuestLivesOnAndIsAdopted()
    {
        await using LibvirtDaemon daemon = LibvirtFixture.NewDaemon(_directory);
        await daemon.StartAsync(CancellationToken.None);
        await using Hypervisor before = await Hypervisor.OpenAsync(daemon.Uri);
        using Machine machine = await StartAsync(before);
        using EventSubscription events = before.Watch();
        int guest = daemon.ProcessOf("survivor")!.Value, killed = daemon.ProcessId!.Value;

        ProcessIdentity.OfPid(killed)!.Signal(9);
        await LibvirtFixture.UntilAsync(() => Task.FromResult(daemon.ProcessId != killed && daemon.Problem is null), "libvirtd is back");

        HypervisorEvent last = await LastAsync(events);
        Assert.Equal(new ConnectionClosedEvent(ConnectionCloseReason.EndOfFile), last);
        Assert.False(before.IsAlive);
        var refusal = await Assert.ThrowsAsync<LibvirtException>(() => machine.GetStateAsync());
        Assert.True(refusal.IsDisconnected, $"{refusal.Code} {refusal.ErrorSource} {refusal.Message}");
        await using Hypervisor after = await Hypervisor.OpenAsync(daemon.Uri);
        using Machine? found = await after.FindAsync(machine.Uuid);
        Assert.Equal(MachineState.Running, (await found!.GetStateAsync()).State);
        Assert.Equal(guest, daemon.ProcessOf("survivor"));
        await using Stream console = await found.OpenConsoleAsync();
        await console.WriteAsync("x"u8.ToArray());
        Assert.Equal("x", await MachineLifeTests.ReadUntilAsync(console, "x"));
    }

    [Fact]
    public async Task Start_AfterDisposeAndAfterStop_AdoptsDaemonOrGuest()
    {
        int? libvirtd, guest;
        await using (LibvirtDaemon one = LibvirtFixture.NewDaemon(_directory))
        {
            await one.StartAsync(CancellationToken.None);
            await using Hypervisor hypervisor = await Hypervisor.OpenAsync(one.Uri);
            using Machine machine = await StartAsync(hypervisor);
            (libvirtd, guest) = (one.ProcessId, one.ProcessOf("survivor"));
        }

        await using (LibvirtDaemon two = LibvirtFixture.NewDaemon(_directory))
        {
            await two.StartAsync(CancellationToken.None);
            Assert.Equal(libvirtd, two.ProcessId);
            await two.StopAsync(CancellationToken.None);
            Assert.Null(ProcessIdentity.OfPid(libvirtd!.Value));
            Assert.NotNull(ProcessIdentity.OfPid(guest!.Value));
        }

        await using LibvirtDaemon three = LibvirtFixture.NewDaemon(_directory);
        await three.StartAsync(CancellationToken.None);
        await using Hypervisor again = await Hypervisor.OpenAsync(three.Uri);
        using Machine? found = await again.FindAsync("survivor");
        Assert.Equal(MachineState.Running, (await found!.GetStateAsync()).State);
        Assert.Equal(guest, three.ProcessOf("survivor"));
    }

    [Fact]
    public async Task SharedDirectory_MountedLater_IsSeenByGuests()
    {
        string shared = Path.Combine(_directory, "volumes"), volume = Path.Combine(shared, "one");
        await using LibvirtDaemon daemon = LibvirtFixture.NewDaemon(_directory, s => s with { SharedDirectories = [shared] });
        await daemon.StartAsync(CancellationToken.None);
        Directory.CreateDirectory(volume);
        Run("mount", "-t", "tmpfs", "tmpfs", volume);
        try
        {
            TinyMachine.WriteDisk(Path.Combine(volume, "disk.img"));
            await using Hypervisor hypervisor = await Hypervisor.OpenAsync(daemon.Uri);
            using Machine machine = await hypervisor.CreateAsync(TinyMachine.Xml(Path.Combine(volume, "disk.img"), "shared"));

            Assert.Equal(MachineState.Running, (await machine.GetStateAsync()).State);
        }
        finally
        {
            await daemon.TeardownAsync(CancellationToken.None); // takes the mount below the shared directory along
        }
    }

    [Fact]
    public async Task Start_WrongSettings_NamesAllErrors()
    {
        await using LibvirtDaemon daemon = LibvirtFixture.NewDaemon(_directory, s => s with { RunDirectory = "/" + new string('x', 120), HostUuid = Guid.Empty, LogLevel = 9, User = "no such;user" });

        var error = await Assert.ThrowsAsync<LibvirtDaemonException>(() => daemon.StartAsync(CancellationToken.None));

        foreach (string part in new[] { "107", "HostUuid", "LogLevel is 9", "no such;user" }) Assert.Contains(part, error.Message);
    }

    [Fact]
    public async Task Existing_NobodyThere_SaysWhatToDo()
    {
        await using var existing = new ExistingLibvirt($"qemu+unix:///system?mode=legacy&socket={_directory}/nothing");

        var error = await Assert.ThrowsAsync<LibvirtDaemonException>(() => existing.StartAsync(CancellationToken.None));

        Assert.Contains(_directory + "/nothing", error.Message);
        Assert.Contains("let Gureum run its own", error.Message);
    }

    private async Task<Machine> StartAsync(Hypervisor hypervisor)
    {
        TinyMachine.WriteDisk(Disk);
        Machine machine = await hypervisor.DefineAsync(TinyMachine.Xml(Disk, "survivor"));
        await machine.StartAsync(StartOptions.Paused);
        await using Stream console = await machine.OpenConsoleAsync();
        await machine.ResumeAsync();
        await MachineLifeTests.ReadUntilAsync(console, "up\n");
        return machine;
    }

    private static async Task<HypervisorEvent> LastAsync(EventSubscription events)
    {
        HypervisorEvent? last = null;
        await foreach (HypervisorEvent happened in events.Reader.ReadAllAsync()) last = happened;
        return last!;
    }

    private static void Run(string program, params string[] arguments)
    {
        using var process = System.Diagnostics.Process.Start(program, arguments);
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
    }
}
