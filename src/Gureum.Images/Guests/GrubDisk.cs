using System.Buffers.Binary;
using System.Globalization;

namespace Gureum.Images.Guests;

/// <summary>
/// Makes a disk that a PC's firmware boots by GRUB: one ext4 partition, filled from a directory. Neither mounts nor loop devices: GRUB's first stage finds its
/// core in the sectors behind it, where its own installer puts it too.
/// </summary>
internal static class GrubDisk
{
    private const int Sector = 512, FirstSector = 2048, BootCode = 440, PartitionTable = 446;
    private const byte Active = 0x80, LinuxPartition = 0x83;

    /// <summary>Packages whose programs and modules make the disk; they are unpacked, not installed.</summary>
    internal static IReadOnlyList<string> Packages { get; } = ["grub-pc-bin", "grub-common", "libdevmapper1.02.1", "liblzma5"];

    // What finds the file system and its menu; GRUB takes the rest from there.
    private static readonly string[] CoreModules = ["biosdisk", "part_msdos", "ext2", "search_fs_uuid", "normal"];

    /// <summary>Writes a qcow2 file, compressed.</summary>
    /// <param name="path">The file.</param>
    /// <param name="root">What the partition holds; GRUB's modules are added to it. Its menu is /boot/grub/grub.cfg.</param>
    /// <param name="id">The file system's UUID.</param>
    /// <param name="size">Bytes of the whole disk.</param>
    /// <param name="tools">Where <see cref="Packages"/> are unpacked.</param>
    /// <param name="work">Directory for what lies between.</param>
    /// <param name="cancel">Gives up.</param>
    internal static async Task WriteAsync(string path, string root, Guid id, long size, string tools, string work, CancellationToken cancel)
    {
        string raw = Path.Combine(work, "disk.raw"), modules = Path.Combine(tools, "usr/lib/grub/i386-pc"), own = Path.Combine(root, "boot/grub/i386-pc");
        Directory.CreateDirectory(own);
        foreach (string file in Directory.EnumerateFiles(modules).Where(f => Path.GetExtension(f) is ".mod" or ".lst")) File.Copy(file, Path.Combine(own, Path.GetFileName(file)));

        string core = await CoreAsync(id, modules, tools, work, cancel).ConfigureAwait(false);
        await using (FileStream disk = File.Create(raw))
        {
            disk.SetLength(size);
            disk.Write(MasterBootRecord(await File.ReadAllBytesAsync(Path.Combine(modules, "boot.img"), cancel).ConfigureAwait(false), size));
            disk.Write(Fitting(await File.ReadAllBytesAsync(core, cancel).ConfigureAwait(false)));
        }

        // Features that a release's GRUB cannot read stay off, whatever this machine's defaults are.
        await Command.RunAsync(
            "mke2fs",
            ["-q", "-F", "-t", "ext4", "-O", "^metadata_csum_seed,^orphan_file", "-U", id.ToString("D"), "-L", "root", "-m", "1", "-d", root, "-E", Text($"offset={FirstSector * Sector}"), raw, Text($"{(size - (FirstSector * Sector)) / 1024}k")],
            work, "e2fsprogs", cancel).ConfigureAwait(false);
        await Command.RunAsync("qemu-img", ["convert", "-q", "-c", "-W", "-f", "raw", "-O", "qcow2", "-o", "compression_type=zstd", raw, path], work, "qemu-utils", cancel).ConfigureAwait(false);
        File.Delete(raw);
    }

    /// <summary>The disk's first sector: GRUB's first stage, which loads what follows it, and a table of one partition to the end of the disk. Pure.</summary>
    /// <exception cref="ImageException">The file is none of GRUB's first stages.</exception>
    internal static byte[] MasterBootRecord(ReadOnlySpan<byte> boot, long size)
    {
        if (boot.Length != Sector || boot[510] != 0x55 || boot[511] != 0xAA) throw new ImageException("grub-pc-bin has a boot.img of another kind than is known here");
        var record = new byte[Sector];
        boot[..BootCode].CopyTo(record);
        Span<byte> partition = record.AsSpan(PartitionTable);
        partition[0] = Active;
        partition[4] = LinuxPartition;
        // No cylinders: firmware that knows large disks reads the sectors' numbers.
        partition.Slice(1, 3).Fill(0xFE);
        partition.Slice(5, 3).Fill(0xFE);
        BinaryPrimitives.WriteUInt32LittleEndian(partition[8..], FirstSector);
        BinaryPrimitives.WriteUInt32LittleEndian(partition[12..], (uint)((size / Sector) - FirstSector));
        record[510] = 0x55;
        record[511] = 0xAA;
        return record;
    }

    private static byte[] Fitting(byte[] core) => core.Length <= (FirstSector - 1) * Sector ? core : throw new ImageException($"GRUB's core has {core.Length} bytes, more than fit before the first partition");

    private static async Task<string> CoreAsync(Guid id, string modules, string tools, string work, CancellationToken cancel)
    {
        string core = Path.Combine(work, "core.img"), first = Path.Combine(work, "first.cfg");
        await File.WriteAllTextAsync(first, $"search.fs_uuid {id:D} root\nset prefix=($root)/boot/grub\n", cancel).ConfigureAwait(false);
        await Command.RunAsync(
            "/usr/bin/env",
            [$"LD_LIBRARY_PATH={Path.Combine(tools, "usr/lib/x86_64-linux-gnu")}", Path.Combine(tools, "usr/bin/grub-mkimage"), "-O", "i386-pc", "-d", modules, "-c", first, "-p", "/boot/grub", "-o", core, .. CoreModules],
            work, "grub-common", cancel).ConfigureAwait(false);
        return core;
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
