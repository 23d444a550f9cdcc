namespace Gureum.Images.Guests;

/// <summary>Makes a disk that a PC's firmware boots Linux from: one FAT file system with the boot loader syslinux, no partitions, nothing mounted.</summary>
internal static class BootDisk
{
    /// <summary>Packages whose programs make the disk; they are unpacked, not installed.</summary>
    internal static IReadOnlyList<string> Packages { get; } = ["syslinux", "syslinux-common", "mtools", "dosfstools"];

    /// <summary>Writes a qcow2 file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="kernel">A bzImage.</param>
    /// <param name="initrd">The archive that is unpacked into memory.</param>
    /// <param name="commandLine">The kernel's arguments.</param>
    /// <param name="tools">Where <see cref="Packages"/> are unpacked.</param>
    /// <param name="work">Directory for what lies between.</param>
    /// <param name="cancel">Gives up.</param>
    internal static async Task WriteAsync(string path, string kernel, string initrd, string commandLine, string tools, string work, CancellationToken cancel)
    {
        string raw = Path.Combine(work, "disk.img"), config = Path.Combine(work, "syslinux.cfg");
        long content = new FileInfo(kernel).Length + new FileInfo(initrd).Length;
        await using (FileStream file = File.Create(raw)) file.SetLength(((content >> 20) + 4) << 20);
        await File.WriteAllTextAsync(config, $"DEFAULT linux\nPROMPT 0\nTIMEOUT 0\nLABEL linux\n LINUX /vmlinuz\n INITRD /initrd\n APPEND {commandLine}\n", cancel).ConfigureAwait(false);
        // A fixed serial number: equal input, equal disk.
        await RunAsync("usr/sbin/mkfs.fat", ["-i", "67757265", "-n", "GUREUM", "--invariant", raw], "dosfstools").ConfigureAwait(false);
        await RunAsync("usr/bin/syslinux", ["--install", raw], "syslinux").ConfigureAwait(false);
        foreach ((string from, string to) in new[] { (kernel, "vmlinuz"), (initrd, "initrd"), (config, "syslinux.cfg") })
        {
            File.SetLastWriteTimeUtc(from, new DateTime(2020, 1, 1, 0, 0, 0, DateTimeKind.Utc));
            await RunAsync("usr/bin/mcopy", ["-m", "-i", raw, from, "::/" + to], "mtools").ConfigureAwait(false);
        }

        await Command.RunAsync("qemu-img", ["convert", "-q", "-f", "raw", "-O", "qcow2", raw, path], work, "qemu-utils", cancel).ConfigureAwait(false);
        File.Delete(raw);

        // syslinux runs mtools' programs by name.
        Task<string> RunAsync(string program, string[] arguments, string package) => Command.RunAsync(
            "/usr/bin/env",
            [$"PATH={Path.Combine(tools, "usr/bin")}:{Path.Combine(tools, "usr/sbin")}:/usr/bin:/bin", "MTOOLS_SKIP_CHECK=1", "TZ=UTC", "SOURCE_DATE_EPOCH=1577836800", Path.Combine(tools, program), .. arguments],
            work, package, cancel);
    }
}
