using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Gureum.Processes;

namespace Gureum.Libvirt.Probe;

/// <summary>
/// Finds out whether KVM runs guests here, by running some: a device that opens and a libvirt that believes in it are no
/// proof, since a machine that is a guest itself may emulate what guests need badly or not at all. First a boot sector, then
/// Linux until its first line; without a kernel to try there is no proof. The result is kept until kernel, processor, QEMU or the kernel that
/// is tried change.
/// </summary>
public static class AcceleratorProbe
{
    private const string KernelLine = "Linux version ";

    /// <summary>The result, from the data directory or by trying (seconds).</summary>
    /// <exception cref="FileNotFoundException">QEMU is not installed; the message says which package has it.</exception>
    public static async Task<AcceleratorResult> RunAsync(ProbeSettings settings, CancellationToken cancel = default)
    {
        string qemu = Executables.Find(settings.Qemu, "qemu-system-x86");
        string? kernel = settings.Kernel ?? NewestKernel();
        string key = await KeyAsync(settings, qemu, kernel, cancel).ConfigureAwait(false), file = Path.Combine(settings.DataDirectory, "accelerator");
        if (Load(file, key) is { } known) return known;
        AcceleratorResult result = await TryAsync(settings, qemu, kernel, cancel).ConfigureAwait(false);
        Save(file, key, result);
        return result;
    }

    /// <summary>The arguments that all guests of the probe have: nothing but a processor, memory and a serial port.</summary>
    internal static string[] Arguments(params string[] more) =>
    [
        "-accel", "kvm", "-cpu", "host", "-m", "256", "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
        "-serial", "stdio", "-monitor", "none", .. more,
    ];

    private static async Task<AcceleratorResult> TryAsync(ProbeSettings settings, string qemu, string? kernel, CancellationToken cancel)
    {
        if (Closed(settings.Device) is { } closed) return new AcceleratorResult(Accelerator.Tcg, closed);
        string sector = Path.Combine(settings.DataDirectory, $"probe-{Guid.NewGuid():N}.img");
        try
        {
            Directory.CreateDirectory(settings.DataDirectory);
            await File.WriteAllBytesAsync(sector, BootSector.Image(), cancel).ConfigureAwait(false);
            string[] arguments = Arguments("-machine", "pc", "-drive", $"file={sector.Replace(",", ",,", StringComparison.Ordinal)},format=raw,if=ide,snapshot=on", "-device", "isa-debug-exit,iobase=0xf4,iosize=0x4");
            ProbeRun run = await ProbeRun.StartAsync(qemu, arguments, BootSector.Word, settings.SectorLimit, cancel).ConfigureAwait(false);
            if (!run.Found) return new AcceleratorResult(Accelerator.Tcg, $"KVM cannot run a boot sector: {run.Explanation}");
        }
        finally
        {
            File.Delete(sector);
        }

        // Believing in KVM where it does not boot Linux breaks every guest; doubting it makes them slow. So it takes a proof.
        if (kernel is null) return new AcceleratorResult(Accelerator.Tcg, "KVM runs a boot sector, which does not prove that it boots Linux, and there is no kernel in /boot to try: `gureum image build-guests` brings one");
        ProbeRun linux = await ProbeRun.StartAsync(
            qemu, Arguments("-machine", "q35", "-kernel", kernel, "-append", "console=ttyS0 earlyprintk=ttyS0 panic=-1"), KernelLine, settings.KernelLimit, cancel).ConfigureAwait(false);
        return linux.Found
            ? new AcceleratorResult(Accelerator.Kvm, "KVM boots Linux")
            : new AcceleratorResult(Accelerator.Tcg, $"KVM runs a boot sector but does not boot Linux: {linux.Explanation}");
    }

    /// <summary>Why the device cannot be used, or null.</summary>
    private static string? Closed(string device)
    {
        try
        {
            using FileStream opened = new(device, FileMode.Open, FileAccess.ReadWrite);
            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return $"{device} cannot be opened: {e.Message}";
        }
    }

    private static string? NewestKernel() => Directory.Exists("/boot")
        ? Directory.EnumerateFiles("/boot", "vmlinuz*").OrderByDescending(File.GetLastWriteTimeUtc).FirstOrDefault()
        : null;

    /// <summary>All that the result depends on, as one hash.</summary>
    private static async Task<string> KeyAsync(ProbeSettings settings, string qemu, string? kernel, CancellationToken cancel)
    {
        string release = await File.ReadAllTextAsync("/proc/sys/kernel/osrelease", cancel).ConfigureAwait(false);
        string cpu = string.Join('\n', File.ReadLines("/proc/cpuinfo").TakeWhile(l => l.Length > 0).Where(l => l.Split('\t')[0] is "vendor_id" or "model name" or "stepping" or "microcode" or "flags"));
        string text = string.Join('\n', release.Trim(), cpu, Stamp(qemu), kernel is null ? "" : Stamp(kernel), settings.Device, File.Exists(settings.Device));
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)))[..16];

        // A package's update changes size or time; asking QEMU for its version would cost more than all the rest.
        static string Stamp(string path)
        {
            var info = new FileInfo(path);
            return string.Create(CultureInfo.InvariantCulture, $"{path} {(info.Exists ? info.Length : 0)} {(info.Exists ? info.LastWriteTimeUtc.Ticks : 0)}");
        }
    }

    private static AcceleratorResult? Load(string file, string key)
    {
        if (!File.Exists(file)) return null;
        string[] lines = File.ReadAllLines(file);
        return lines is [var kept, var accelerator, var reason] && kept == key && Enum.TryParse(accelerator, ignoreCase: true, out Accelerator parsed)
            ? new AcceleratorResult(parsed, reason)
            : null;
    }

    private static void Save(string file, string key, AcceleratorResult result)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        string temporary = file + ".new";
        File.WriteAllText(temporary, $"{key}\n{(result.Accelerator == Accelerator.Kvm ? "kvm" : "tcg")}\n{result.Reason.ReplaceLineEndings(" ")}\n");
        File.Move(temporary, file, overwrite: true);
    }
}
