using System.Text;
using Gureum.Libvirt.Events;

namespace Gureum.Libvirt.Tests;

/// <summary>A machine's life through our binding: real libvirtd, real QEMU, a guest of one sector.</summary>
public sealed class MachineLifeTests(LibvirtFixture fixture) : IAsyncLifetime
{
    private readonly string _name = "life-" + Guid.NewGuid().ToString("N")[..8];
    private Machine? _machine;

    private string Disk => Path.Combine(fixture.Disks, _name + ".img");

    public ValueTask InitializeAsync()
    {
        TinyMachine.WriteDisk(Disk);
        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        if (_machine is null) return;
        if ((await _machine.GetStateAsync()).State != MachineState.ShutOff) await _machine.DestroyAsync();
        await _machine.UndefineAsync(UndefineOptions.Everything);
        _machine.Dispose();
    }

    [Fact]
    public async Task Start_Defined_RunsSuspendsResumesAndEnds()
    {
        using EventSubscription events = fixture.Hypervisor.Watch();
        _machine = await fixture.Hypervisor.DefineAsync(TinyMachine.Xml(Disk, _name));
        Assert.Equal(new MachineStatus(MachineState.ShutOff, "Unknown"), await _machine.GetStateAsync());
        await _machine.StartAsync();
        Assert.Equal(new MachineStatus(MachineState.Running, "Booted"), await _machine.GetStateAsync());
        await _machine.SuspendAsync();
        Assert.Equal(new MachineStatus(MachineState.Paused, "User"), await _machine.GetStateAsync());
        await _machine.ResumeAsync();
        Assert.Equal(new MachineStatus(MachineState.Running, "Unpaused"), await _machine.GetStateAsync());
        await _machine.DestroyAsync(graceful: true);
        Assert.Equal(new MachineStatus(MachineState.ShutOff, "Destroyed"), await _machine.GetStateAsync());

        LifecycleChange[] expected =
        [
            LifecycleChange.Defined, LifecycleChange.Resumed, LifecycleChange.Started, LifecycleChange.Suspended, LifecycleChange.Resumed,
            LifecycleChange.Shutdown, LifecycleChange.Stopped,
        ];
        var seen = new List<LifecycleChange>();
        while (seen.Count < expected.Length)
        {
            if (await events.Reader.ReadAsync() is LifecycleEvent happened && happened.Machine == _machine.Uuid) seen.Add(happened.Change);
        }

        Assert.Equal(expected, seen);
    }

    [Fact]
    public async Task OpenConsole_RunningMachine_CarriesBothWays()
    {
        _machine = await fixture.Hypervisor.DefineAsync(TinyMachine.Xml(Disk, _name));
        await _machine.StartAsync(StartOptions.Paused);
        await using Stream console = await _machine.OpenConsoleAsync();
        await _machine.ResumeAsync();
        await ReadUntilAsync(console, "up\n");

        string sent = string.Concat(Enumerable.Range(0, 200).Select(i => $"line {i}\n"));
        Task write = console.WriteAsync(Encoding.ASCII.GetBytes(sent)).AsTask();
        string answer = await ReadUntilAsync(console, "line 199\n");
        await write;

        Assert.Equal(sent, answer);
    }

    [Fact]
    public async Task OpenConsole_MachineEnds_ReadingEnds()
    {
        _machine = await fixture.Hypervisor.DefineAsync(TinyMachine.Xml(Disk, _name));
        await _machine.StartAsync(StartOptions.Paused);
        await using Stream console = await _machine.OpenConsoleAsync();
        Task<int> read = console.ReadAsync(new byte[100]).AsTask();

        await _machine.DestroyAsync();

        Assert.Equal(0, await read);
    }

    [Fact]
    public async Task OpenConsole_OpenAlready_IsRefusedUnlessTakenOver()
    {
        _machine = await fixture.Hypervisor.DefineAsync(TinyMachine.Xml(Disk, _name));
        await _machine.StartAsync(StartOptions.Paused);
        await using Stream first = await _machine.OpenConsoleAsync();

        var refusal = await Assert.ThrowsAsync<LibvirtException>(() => _machine.OpenConsoleAsync());
        await using Stream second = await _machine.OpenConsoleAsync(takeOver: true);

        Assert.Contains(_name, refusal.Message);
        Assert.Equal(LibvirtErrorCode.OperationFailed, refusal.Code);
        Assert.Equal(0, await first.ReadAsync(new byte[100]));
        await _machine.ResumeAsync();
        await ReadUntilAsync(second, "up\n");
    }

    [Fact]
    public async Task ManagedSave_RunningMachine_GoesOnWhereItWas()
    {
        _machine = await fixture.Hypervisor.DefineAsync(TinyMachine.Xml(Disk, _name));
        await _machine.StartAsync(StartOptions.Paused);
        await using (Stream console = await _machine.OpenConsoleAsync())
        {
            await _machine.ResumeAsync();
            await ReadUntilAsync(console, "up\n");
        }

        await _machine.ManagedSaveAsync();
        Assert.True(await _machine.HasManagedSaveAsync());
        Assert.Equal(new MachineStatus(MachineState.ShutOff, "Saved"), await _machine.GetStateAsync());
        await _machine.StartAsync();

        Assert.Equal(new MachineStatus(MachineState.Running, "Restored"), await _machine.GetStateAsync());
        await using Stream again = await _machine.OpenConsoleAsync();
        await again.WriteAsync("x"u8.ToArray());
        // It echoes and does not say "up": it has not booted again.
        Assert.Equal("x", await ReadUntilAsync(again, "x"));
    }

    [Fact]
    public async Task OpenGraphics_RunningMachine_SpeaksRfb()
    {
        _machine = await fixture.Hypervisor.DefineAsync(TinyMachine.Xml(
            Disk, _name, "<graphics type='vnc' autoport='no'><listen type='none'/></graphics><video><model type='vga' vram='16384'/></video>"));
        await _machine.StartAsync();

        await using Stream screen = await _machine.OpenGraphicsAsync();
        var greeting = new byte[12];
        await screen.ReadExactlyAsync(greeting);

        Assert.Equal("RFB 003.008\n", Encoding.ASCII.GetString(greeting));
    }

    [Fact]
    public async Task GetAllDomainStats_RunningMachine_HasItsFigures()
    {
        _machine = await fixture.Hypervisor.DefineAsync(TinyMachine.Xml(Disk, _name));
        await _machine.StartAsync();

        await LibvirtFixture.UntilAsync(async () => (await StatisticsAsync()).Disks is [{ ReadBytes: > 0 }], "it has read its boot sector");
        var statistics = await StatisticsAsync();

        Assert.Equal(MachineState.Running, statistics.State);
        Assert.True(statistics.CpuTime > 0);
        Assert.Equal(32UL << 20, statistics.MemoryMaximum);
        Assert.True(statistics.MemoryResident > 1 << 20);
        Assert.Equal("vda", statistics.Disks[0].Name);
        Assert.Equal(1UL << 20, statistics.Disks[0].Capacity);
        Assert.Single(statistics.Vcpus);
    }

    [Fact]
    public async Task ProcessOf_RunningMachine_IsItsQemu()
    {
        _machine = await fixture.Hypervisor.DefineAsync(TinyMachine.Xml(Disk, _name));
        Assert.Null(fixture.Daemon.ProcessOf(_name));

        await _machine.StartAsync();

        int pid = fixture.Daemon.ProcessOf(_name)!.Value;
        Assert.Contains("guest=" + _name, await File.ReadAllTextAsync($"/proc/{pid}/cmdline"));
        // Not as root, and in nobody's control groups but ours.
        Assert.Contains("Uid:\t64055", await File.ReadAllTextAsync($"/proc/{pid}/status"));
        Assert.Equal(await File.ReadAllTextAsync("/proc/self/cgroup"), await File.ReadAllTextAsync($"/proc/{pid}/cgroup"));
    }

    internal static async Task<string> ReadUntilAsync(Stream console, string end)
    {
        var text = new StringBuilder();
        var buffer = new byte[4096];
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(2)); // only keeps a broken run from hanging
        while (!text.ToString().Contains(end, StringComparison.Ordinal))
        {
            int count = await ReadAsync();
            Assert.True(count > 0, $"the console ended after: {text}");
            text.Append(Encoding.Latin1.GetString(buffer, 0, count));
        }

        return text.ToString();

        async Task<int> ReadAsync()
        {
            try
            {
                return await console.ReadAsync(buffer, limit.Token);
            }
            catch (OperationCanceledException)
            {
                throw new TimeoutException($"the console says no \"{end}\" after: {text}");
            }
        }
    }

    private async Task<Statistics.MachineStatistics> StatisticsAsync() => (await fixture.Hypervisor.GetAllDomainStatsAsync()).Single(s => s.Uuid == _machine!.Uuid);
}
