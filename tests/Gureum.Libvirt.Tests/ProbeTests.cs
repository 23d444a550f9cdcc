using Gureum.Libvirt.Probe;

namespace Gureum.Libvirt.Tests;

/// <summary>The probe, with the real QEMU and whatever KVM this machine has.</summary>
public sealed class ProbeTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("glv-probe-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task Run_NoDevice_IsTcgAndSaysWhy()
    {
        AcceleratorResult result = await AcceleratorProbe.RunAsync(new ProbeSettings { DataDirectory = _directory, Device = "/dev/no-kvm" });

        Assert.Equal(Accelerator.Tcg, result.Accelerator);
        Assert.Equal("qemu", result.DomainType);
        Assert.Contains("/dev/no-kvm", result.Reason);
    }

    [Fact]
    public async Task Run_Twice_TakesTheFirstResultUntilTheKernelChanges()
    {
        string kernel = Path.Combine(_directory, "no-kernel");
        await File.WriteAllTextAsync(kernel, "no kernel");
        var settings = new ProbeSettings { DataDirectory = _directory, Kernel = kernel };
        AcceleratorResult first = await AcceleratorProbe.RunAsync(settings);
        string file = Path.Combine(_directory, "accelerator");
        string[] lines = await File.ReadAllLinesAsync(file);
        await File.WriteAllLinesAsync(file, [lines[0], lines[1], "kept"]);

        AcceleratorResult second = await AcceleratorProbe.RunAsync(settings);
        await File.WriteAllTextAsync(kernel, "another one");
        AcceleratorResult third = await AcceleratorProbe.RunAsync(settings);

        // What is no kernel proves nothing, with KVM or without.
        Assert.Equal(Accelerator.Tcg, first.Accelerator);
        Assert.Equal("kept", second.Reason);
        Assert.Equal(first.Reason, third.Reason);
    }

    [Fact]
    public async Task Run_BootSectorUnderTcg_SaysItsWord()
    {
        string sector = Path.Combine(_directory, "sector.img");
        await File.WriteAllBytesAsync(sector, BootSector.Image());
        string[] arguments = [.. AcceleratorProbe.Arguments("-machine", "pc", "-drive", $"file={sector},format=raw,if=ide,snapshot=on", "-device", "isa-debug-exit,iobase=0xf4,iosize=0x4")];
        arguments[1] = "tcg";
        arguments[3] = "max";

        ProbeRun run = await ProbeRun.StartAsync("qemu-system-x86_64", arguments, BootSector.Word, TimeSpan.FromMinutes(1), CancellationToken.None);

        Assert.True(run.Found, run.Explanation);
    }

    [Fact]
    public async Task Run_NoQemu_SaysWhichPackage()
    {
        var error = await Assert.ThrowsAsync<FileNotFoundException>(() => AcceleratorProbe.RunAsync(new ProbeSettings { DataDirectory = _directory, Qemu = "no-qemu" }));

        Assert.Contains("qemu-system-x86", error.Message);
    }
}
