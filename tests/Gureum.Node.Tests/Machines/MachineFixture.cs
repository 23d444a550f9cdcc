using System.Diagnostics;
using System.Xml.Linq;
using Gureum.Libvirt;
using Gureum.Libvirt.Daemon;
using Gureum.Libvirt.Probe;
using Gureum.Node.Machines;
using Gureum.Node.Machines.Domains;
using Gureum.Objects;
using Gureum.Objects.Kubevirt.V1;
using Gureum.Objects.Meta.V1;
using Microsoft.Extensions.Logging.Abstractions;

namespace Gureum.Node.Tests.Machines;

/// <summary>
/// A libvirtd of the tests' own, and guests as the node makes them, whose boot sector says ">" on the serial port and echoes all that it hears. Needs the
/// packages libvirt-daemon-system and qemu-system-x86, and root.
/// </summary>
public sealed class MachineFixture : IAsyncLifetime
{
    private readonly string directory = Directory.CreateTempSubdirectory("gnm-").FullName;
    private LibvirtDaemon daemon = null!;

    public Hypervisor Hypervisor { get; private set; } = null!;

    internal MachineStore Store { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        // QEMU's user finds its way to the disks.
        File.SetUnixFileMode(directory, (UnixFileMode)0b111_001_001);
        Store = new MachineStore(Path.Combine(directory, "guests"));
        daemon = new LibvirtDaemon(new LibvirtSettings { RootDirectory = Path.Combine(directory, "root"), RunDirectory = Path.Combine(directory, "run"), HostUuid = Guid.NewGuid(), Accelerator = Accelerator.Tcg }, NullLogger<LibvirtDaemon>.Instance);
        await daemon.StartAsync(CancellationToken.None);
        Hypervisor = await Hypervisor.OpenAsync(daemon.Uri);
    }

    public async ValueTask DisposeAsync()
    {
        if (Hypervisor is not null) await Hypervisor.DisposeAsync();
        await daemon.TeardownAsync(CancellationToken.None);
        await daemon.DisposeAsync();
        Directory.Delete(directory, recursive: true);
    }

    /// <summary>Starts a guest and waits until it listens.</summary>
    internal async Task<TestGuest> StartAsync()
    {
        var guest = new TestGuest(this, "g" + Guid.NewGuid().ToString("N")[..8]);
        Store.Put(guest.Record);
        var disk = Path.Combine(Store.Directory(guest.Record.PodUid), "root.img");
        File.WriteAllBytes(disk, BootSector());
        var host = new GuestHost("qemu", "test_" + guest.Record.Instance, guest.Record.Domain, guest.Record.PodUid, guest.Log);
        XElement xml = DomainTranslation.Of(guest.Instance, host, [new GuestDisk("root", new GuestImage(disk, "raw"))], []);
        guest.Machine = await Hypervisor.DefineAsync(xml.ToString());
        await guest.Machine.StartAsync();
        await UntilAsync(() => guest.Said.Contains('>', StringComparison.Ordinal), "the guest says that it listens");
        return guest;
    }

    /// <summary>Polls; the limit only keeps a broken run from hanging.</summary>
    internal static async Task UntilAsync(Func<bool> condition, string what)
    {
        var limit = Stopwatch.StartNew();
        while (!condition())
        {
            Assert.True(limit.Elapsed < TimeSpan.FromMinutes(2), $"still waiting until {what}");
            await Task.Delay(50);
        }
    }

    private static byte[] BootSector()
    {
        var disk = new byte[1 << 20];
        ReadOnlySpan<byte> code =
        [
            0xFA,             //       cli
            0xBA, 0xF8, 0x03, //       mov dx, 0x3F8
            0xB0, 0x3E,       //       mov al, '>'
            0xEE,             //       out dx, al
            0xB2, 0xFD,       //       mov dl, 0xFD
            0xEC,             // wait: in al, dx
            0xA8, 0x01,       //       test al, 1
            0x74, 0xFB,       //       jz wait
            0xB2, 0xF8,       //       mov dl, 0xF8
            0xEC,             //       in al, dx
            0xEE,             //       out dx, al
            0xB2, 0xFD,       //       mov dl, 0xFD
            0xEB, 0xF3,       //       jmp wait
        ];
        code.CopyTo(disk);
        (disk[510], disk[511]) = (0x55, 0xAA);
        return disk;
    }
}

/// <summary>A guest of a test, with its record as the node keeps it. Disposal ends it.</summary>
internal sealed class TestGuest(MachineFixture fixture, string name) : IAsyncDisposable
{
    internal Libvirt.Machine Machine { get; set; } = null!;

    internal MachineRecord Record { get; } = new(Guid.NewGuid().ToString("D"), "test", "virt-launcher-" + name, name, Guid.NewGuid(), DateTimeOffset.UtcNow);

    internal string Log => ConsoleLogs.PathOf(fixture.Store, Record.PodUid);

    /// <summary>What it has said on its console.</summary>
    internal string Said => File.Exists(Log) ? File.ReadAllText(Log) : "";

    internal VirtualMachineInstance Instance => new()
    {
        Metadata = new ObjectMeta { Namespace = Record.Namespace, Name = Record.Instance, Uid = Record.Domain.ToString("D"), ResourceVersion = "1" },
        Spec = new VirtualMachineInstanceSpec
        {
            Domain = new DomainSpec { Memory = new Memory { Guest = Quantity.FromBytes(32 << 20) }, Devices = new Devices { Disks = [new Disk { Name = "root", DiskValue = new DiskTarget { Bus = "virtio" } }] } },
            Volumes = [new Volume { Name = "root", ContainerDisk = new ContainerDiskSource { Image = "test" } }],
        },
        Status = new VirtualMachineInstanceStatus { Phase = "Running", ActivePods = new Dictionary<string, string> { [Record.PodUid] = "node" } },
    };

    public async ValueTask DisposeAsync()
    {
        if ((await Machine.GetStateAsync()).State != MachineState.ShutOff) await Machine.DestroyAsync();
        await Machine.UndefineAsync(UndefineOptions.Everything);
        Machine.Dispose();
        fixture.Store.Remove(Record.PodUid);
    }
}
