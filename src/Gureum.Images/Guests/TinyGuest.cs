using System.Security.Cryptography;
using System.Text;
using Gureum.Images.Archives;
using Gureum.Images.Packages;

namespace Gureum.Images.Guests;

/// <summary>The files of a built guest. Immutable.</summary>
/// <param name="Kernel">A kernel for QEMU's <c>-kernel</c>, unpacked where that is possible (it starts faster).</param>
/// <param name="Initrd">What it unpacks into memory.</param>
/// <param name="Disk">The same as a bootable qcow2 disk.</param>
/// <param name="Archive">The disk as a container disk (KubeVirt's format: the disk below /disk), an OCI archive.</param>
public sealed record GuestFiles(string Kernel, string Initrd, string Disk, string Archive);

/// <summary>
/// A guest that is up in seconds: Debian's cloud kernel, busybox and dropbear, all in memory. It takes its address by DHCP,
/// its name and keys from a NoCloud or ConfigDrive disk, answers ssh and HTTP, has a shell on its serial console and ends when its
/// power button is pressed. Built from the machine's package sources.
/// </summary>
public static class TinyGuest
{
    /// <summary>Name of its container disk.</summary>
    public const string Name = "gureum.local/tiny-guest:1";

    /// <summary>The kernel's arguments: console on the first serial port.</summary>
    public const string CommandLine = "console=ttyS0 quiet panic=-1 no_timer_check tsc=reliable rcupdate.rcu_expedited=1 random.trust_cpu=on";

    private static readonly string[] Packages =
        ["busybox-static", "dropbear-bin", "libc6", "libcrypt1", "libtomcrypt1", "libtommath1t64|libtommath1", "zlib1g", "libgmp10"];

    private static readonly string[] Libraries = ["libc.so.6", "libcrypt.so.1*", "libtomcrypt.so.1*", "libtommath.so.1*", "libz.so.1*", "libgmp.so.10*"];

    // Those that everything waits for come first; the others are loaded meanwhile.
    private static readonly string[] FirstModules = ["virtio_pci", "virtio_mmio", "virtio_blk", "virtio_net", "isofs", "nls_cp437", "nls_ascii", "nls_utf8", "nls_iso8859-1", "vfat"];

    private static readonly string[] LaterModules =
        ["button", "evdev", "virtio-rng", "virtio_scsi", "sd_mod", "sr_mod", "ata_piix", "virtio_balloon", "virtio_console", "virtio_mem"];

    /// <summary>The guest's files; built on first use, which takes half a minute.</summary>
    /// <param name="cacheDirectory">Where they are kept, by the content of the recipe and the kernel's version.</param>
    /// <param name="cancel">Gives up.</param>
    /// <exception cref="ImageException">The package sources cannot be reached, or a program is missing; the message says which.</exception>
    public static async Task<GuestFiles> EnsureAsync(string cacheDirectory, CancellationToken cancel)
    {
        if (ImageDescription.LocalArchitecture != "amd64") throw new ImageException($"the tiny guest is made for amd64, and this machine is {ImageDescription.LocalArchitecture}");
        string kernel = await DebianPackages.NewestAsync("linux-image-cloud-amd64", "linux-image-", cancel).ConfigureAwait(false);
        string directory = await BuildCache.EnsureAsync(cacheDirectory, "tiny-guest", Fingerprint(kernel), (work, built) => BuildAsync(kernel, work, built, cancel), cancel).ConfigureAwait(false);
        return new GuestFiles(Path.Combine(directory, "vmlinux"), Path.Combine(directory, "initrd"), Path.Combine(directory, "tiny.qcow2"), Path.Combine(directory, "tiny-guest.tar"));
    }

    private static async Task BuildAsync(string kernelPackage, string work, string built, CancellationToken cancel)
    {
        string root = Path.Combine(work, "root");
        await DebianPackages.UnpackAsync([.. Packages, .. BootDisk.Packages, kernelPackage], work, root, cancel).ConfigureAwait(false);
        string image = Directory.GetFiles(Path.Combine(root, "boot"), "vmlinuz-*").Single();
        byte[] packed = await File.ReadAllBytesAsync(image, cancel).ConfigureAwait(false);
        await File.WriteAllBytesAsync(Path.Combine(built, "vmlinux"), LinuxKernel.Unpack(packed) ?? packed, cancel).ConfigureAwait(false);

        List<LayerEntry> entries = await ContentAsync(root, cancel).ConfigureAwait(false);
        string initrd = Path.Combine(built, "initrd");
        await using (FileStream file = File.Create(initrd)) CpioArchive.Write(file, entries);
        string disk = Path.Combine(built, "tiny.qcow2");
        await BootDisk.WriteAsync(disk, image, initrd, CommandLine, root, work, cancel).ConfigureAwait(false);
        // QEMU's user of KubeVirt's images is 107, and their disks belong to it.
        OciArchive.Write(
            Path.Combine(built, "tiny-guest.tar"), Name, new ImageDescription(), [LayerEntry.CopyOf("disk/tiny.qcow2", disk, (UnixFileMode)0b100_100_100) with { UserId = 107, GroupId = 107 }]);
    }

    private static async Task<List<LayerEntry>> ContentAsync(string root, CancellationToken cancel)
    {
        const UnixFileMode Program = (UnixFileMode)0b111_101_101;
        string busybox = Path.Combine(root, "usr/bin/busybox");
        string applets = await Command.RunAsync(busybox, ["--list"], null, "busybox-static", cancel).ConfigureAwait(false);
        var entries = new List<LayerEntry> { LayerEntry.CopyOf("bin/busybox", busybox, Program), LayerEntry.CopyOf("usr/sbin/dropbear", Path.Combine(root, "usr/sbin/dropbear"), Program), LayerEntry.CopyOf("usr/bin/dropbearkey", Path.Combine(root, "usr/bin/dropbearkey"), Program) };
        entries.AddRange(applets.Split('\n', StringSplitOptions.RemoveEmptyEntries).Where(a => a != "busybox").Select(a => LayerEntry.Link("bin/" + a, "busybox")));
        foreach (string pattern in Libraries)
        {
            string from = Path.Combine(root, "usr/lib/x86_64-linux-gnu");
            foreach (string file in Directory.GetFiles(from, pattern).Where(f => new FileInfo(f).LinkTarget is null))
                entries.Add(LayerEntry.CopyOf("lib/" + Soname(Path.GetFileName(file)), file, Program));
        }

        entries.Add(LayerEntry.CopyOf("lib64/ld-linux-x86-64.so.2", Path.Combine(root, "usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2"), Program));
        var modules = new KernelModules(Directory.GetDirectories(Path.Combine(root, "usr/lib/modules")).Single());
        var loaded = new List<string>();
        foreach ((string list, string[] names) in new[] { ("first", FirstModules), ("later", LaterModules) })
        {
            IReadOnlyList<(string Name, byte[] Content)> found = [.. modules.Closure(names, f => ReadModule(f, busybox)).Where(m => !loaded.Contains(m.Name))];
            loaded.AddRange(found.Select(m => m.Name));
            entries.AddRange(found.Select(m => LayerEntry.File($"lib/modules/{m.Name}.ko", m.Content)));
            entries.Add(LayerEntry.File($"etc/modules.{list}", string.Concat(found.Select(m => m.Name + "\n"))));
        }

        entries.AddRange(TinyGuestFiles.All);
        return entries;
    }

    /// <summary>libtomcrypt.so.1.0.1 is looked for as libtomcrypt.so.1.</summary>
    private static string Soname(string file)
    {
        string[] parts = file.Split(".so.");
        return $"{parts[0]}.so.{parts[1].Split('.')[0]}";
    }

    private static byte[] ReadModule(string file, string busybox)
    {
        if (file.EndsWith(".ko", StringComparison.Ordinal)) return File.ReadAllBytes(file);
        if (!file.EndsWith(".xz", StringComparison.Ordinal)) throw new ImageException($"the kernel module {file} is packed in a way that is not known here");
        string unpacked = file[..^3];
        File.Delete(unpacked);
        Command.RunAsync(busybox, ["unxz", file], null, "busybox-static", CancellationToken.None).GetAwaiter().GetResult();
        return File.ReadAllBytes(unpacked);
    }

    private static string Fingerprint(string kernelPackage)
    {
        var text = new StringBuilder(kernelPackage).Append('\n').Append(CommandLine);
        foreach (string name in Packages.Concat(BootDisk.Packages).Concat(FirstModules).Concat(LaterModules)) text.Append('\n').Append(name);
        foreach (LayerEntry e in TinyGuestFiles.All)
            text.Append('\n').Append(e.Path).Append(' ').Append(e.Mode).Append(' ').Append(e.LinkTarget).Append(e.Content is { } c ? Convert.ToHexString(SHA256.HashData(c.Span)) : "");
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString())))[..12];
    }
}
