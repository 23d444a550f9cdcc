using System.Text;
using Gureum.Images.Guests;
using Gureum.Libvirt.Events;
using Gureum.Processes;

namespace Gureum.Libvirt.Tests;

/// <summary>Linux in a machine: one guest for all that does not end it.</summary>
public sealed class TinyGuestTests(LibvirtFixture fixture) : IAsyncLifetime
{
    private readonly string _name = "linux-" + Guid.NewGuid().ToString("N")[..8];
    private Machine? _machine;

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        if (_machine is null) return;
        if ((await _machine.GetStateAsync()).State != MachineState.ShutOff) await _machine.DestroyAsync();
        await _machine.UndefineAsync(UndefineOptions.Everything);
        _machine.Dispose();
    }

    [Fact]
    public async Task Guest_FromKernel_TakesItsSeedSeesAHotPluggedDiskAndEndsByItsPowerButton()
    {
        GuestFiles guest = await GuestAsync();
        string seed = Seed("cidata", "tiny.example.org");
        _machine = await fixture.Hypervisor.DefineAsync(Xml(
            $"<kernel>{guest.Kernel}</kernel><initrd>{guest.Initrd}</initrd><cmdline>{TinyGuest.CommandLine}</cmdline>",
            $"<disk type='file' device='disk'><driver name='qemu' type='raw'/><source file='{seed}'/><target dev='vdb' bus='virtio'/><readonly/></disk>"));
        using EventSubscription events = fixture.Hypervisor.Watch();
        await using (Stream console = await StartAsync())
        {
            Assert.Contains("tiny guest on tiny is ready", await MachineLifeTests.ReadUntilAsync(console, "tiny:~# "));
            Assert.Contains("seeded by runcmd", await SayAsync(console, "cat /tmp/mark"));
            Assert.Contains("ssh-ed25519 AAAA test", await SayAsync(console, "cat /root/.ssh/authorized_keys"));
            Assert.Contains("tiny\r\n", await SayAsync(console, "wget -q -O - http://127.0.0.1/"));

            string disk = Path.Combine(fixture.Disks, _name + "-data.img");
            await using (FileStream file = File.Create(disk)) file.SetLength(8 << 20);
            await _machine.AttachDeviceAsync(
                $"<disk type='file' device='disk'><driver name='qemu' type='raw'/><source file='{disk}'/><target dev='vdc' bus='virtio'/><serial>data</serial><alias name='ua-data'/></disk>", Affects.Live);
            await ReadUntilAnswerAsync(console, "cat /sys/block/vdc/size", "16384");
            await _machine.ResizeBlockAsync("vdc", 16 << 20);
            await ReadUntilAnswerAsync(console, "cat /sys/block/vdc/size", "32768");
            await _machine.DetachAliasAsync("ua-data", Affects.Live);
            await EventAsync(events, e => e is DeviceEvent { Change: DeviceChange.Removed, Alias: "ua-data" });
            await ReadUntilAnswerAsync(console, "echo $(ls /sys/block)", "vda vdb\r\n");
        }

        await _machine.ShutdownAsync(GuestSignal.Acpi);
        await EventAsync(events, e => e is LifecycleEvent { Change: LifecycleChange.Stopped });

        Assert.Equal(new MachineStatus(MachineState.ShutOff, "Shutdown"), await _machine.GetStateAsync());
    }

    [Fact]
    public async Task Guest_FromDiskWithConfigDrive_BootsAndGoesOnAfterSuspend()
    {
        GuestFiles guest = await GuestAsync();
        string overlay = Path.Combine(fixture.Disks, _name + ".qcow2"), seed = Seed("config-2", "other");
        Run("qemu-img", "create", "-q", "-f", "qcow2", "-F", "qcow2", "-b", guest.Disk, overlay);
        _machine = await fixture.Hypervisor.DefineAsync(Xml(
            "<boot dev='hd'/>",
            $"""
            <disk type='file' device='disk'><driver name='qemu' type='qcow2'/><source file='{overlay}'/><target dev='vda' bus='virtio'/></disk>
            <disk type='file' device='disk'><driver name='qemu' type='raw'/><source file='{seed}'/><target dev='vdb' bus='virtio'/><readonly/></disk>
            """, disk: false));
        await using Stream console = await StartAsync();
        Assert.Contains("tiny guest on other is ready", await MachineLifeTests.ReadUntilAsync(console, "other:~# "));
        Assert.Contains("ssh-ed25519 AAAA test", await SayAsync(console, "cat /root/.ssh/authorized_keys"));

        await _machine.SuspendAsync();
        await _machine.ResumeAsync();

        Assert.Contains("still", await SayAsync(console, "echo st''ill"));
    }

    private string Xml(string os, string devices, bool disk = true)
    {
        string own = Path.Combine(fixture.Disks, _name + "-root.img");
        if (disk) TinyMachine.WriteDisk(own);
        return TinyMachine.Xml(own, _name, devices)
            .Replace("<memory unit='MiB'>32</memory>", "<memory unit='MiB'>192</memory>", StringComparison.Ordinal)
            .Replace("<boot dev='hd'/></os>", os + "</os><cpu mode='maximum'/>", StringComparison.Ordinal)
            .Replace(disk ? "\0" : $"<disk type='file' device='disk'><driver name='qemu' type='raw'/><source file='{own}'/><target dev='vda' bus='virtio'/></disk>", "", StringComparison.Ordinal);
    }

    private async Task<Stream> StartAsync()
    {
        await _machine!.StartAsync(StartOptions.Paused);
        Stream console = await _machine.OpenConsoleAsync();
        await _machine.ResumeAsync();
        return console;
    }

    /// <summary>A seed disk, as cloud-init's sources describe them.</summary>
    private string Seed(string label, string host)
    {
        string image = Path.Combine(fixture.Disks, $"{_name}-seed.img");
        string user = "#cloud-config\nssh_authorized_keys:\n  - ssh-ed25519 AAAA test\nruncmd:\n  - echo seeded by runcmd > /tmp/mark\n";
        (string Path, string Text)[] content = label == "cidata"
            ? [("meta-data", $"instance-id: one\nlocal-hostname: {host}\n"), ("user-data", user)]
            : [("openstack/latest/meta_data.json", "{\"uuid\": \"one\", \"hostname\": \"" + host + "\", \"public_keys\": {\"mine\": \"ssh-ed25519 AAAA test\"}}"), ("openstack/latest/user_data", "")];
        File.WriteAllBytes(image, Iso9660.Build(label, content));
        return image;
    }

    private static async Task<string> SayAsync(Stream console, string command)
    {
        await console.WriteAsync(Encoding.ASCII.GetBytes(command + "\n"));
        return await MachineLifeTests.ReadUntilAsync(console, ":~# ");
    }

    private static Task ReadUntilAnswerAsync(Stream console, string command, string expected) => LibvirtFixture.UntilAsync(
        async () => (await SayAsync(console, command)).Contains(expected, StringComparison.Ordinal), $"{command} answers {expected}");

    private async Task EventAsync(EventSubscription events, Func<MachineEvent, bool> wanted)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        while (await events.Reader.ReadAsync(limit.Token) is not MachineEvent happened || happened.Machine != _machine!.Uuid || !wanted(happened))
        {
        }
    }

    private static async Task<GuestFiles> GuestAsync() => await TinyGuest.EnsureAsync(Path.Combine(Path.GetTempPath(), "gureum-image-cache"), CancellationToken.None);

    private static void Run(string program, params string[] arguments)
    {
        using var process = System.Diagnostics.Process.Start(new System.Diagnostics.ProcessStartInfo(Executables.Find(program, "qemu-utils"), arguments) { RedirectStandardError = true })!;
        string errors = process.StandardError.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, errors);
    }
}
