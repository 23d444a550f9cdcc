using System.Buffers.Binary;

namespace Gureum.Images.Disks;

/// <summary>
/// What the first bytes of a disk image say, for images that come from outside (https://www.qemu.org/docs/master/interop/qcow2.html). Looked at once, when nobody but
/// its author has written it; after that its format is declared, never found out again: what a guest writes on a raw disk must not make a
/// qcow2 of it. Pure.
/// </summary>
/// <param name="Name">"raw" or "qcow2".</param>
/// <param name="VirtualSize">Bytes that the guest sees.</param>
public sealed record ImageFormat(string Name, long VirtualSize)
{
    /// <summary>How many bytes of the beginning are needed.</summary>
    public const int Head = 512;

    /// <summary>The largest disk that a guest gets.</summary>
    public const long Largest = 64L << 40;

    private const ulong DataFile = 1 << 2, Known = 0b11111;

    private static readonly (byte[] Magic, int Offset, string Name)[] Others =
    [
        ("KDMV"u8.ToArray(), 0, "VMDK"), ("COWD"u8.ToArray(), 0, "VMDK"), ("# Disk DescriptorFile"u8.ToArray(), 0, "VMDK"), ("vhdxfile"u8.ToArray(), 0, "VHDX"), ("conectix"u8.ToArray(), 0, "VHD"),
        ([0x7f, 0x10, 0xda, 0xbe], 64, "VDI"), ("QED\0"u8.ToArray(), 0, "QED"), ("WithoutFreeSpace"u8.ToArray(), 0, "Parallels"), ("LUKS\xba\xbe"u8.ToArray(), 0, "LUKS"), ([0x1f, 0x8b], 0, "gzip"), ([0xfd, .. "7zXZ\0"u8], 0, "xz"),
    ];

    /// <param name="head">The first <see cref="Head"/> bytes, or as many as there are.</param>
    /// <param name="length">The file's length in bytes.</param>
    /// <exception cref="DiskException">It is of another format, leads to other files, or is too large.</exception>
    public static ImageFormat Of(ReadOnlySpan<byte> head, long length, string what)
    {
        if (head.StartsWith("QFI\xfb"u8[..3]) && head.Length > 3 && head[3] == 0xfb) return Qcow(head, what);
        foreach (var (magic, offset, name) in Others)
            if (head.Length >= offset + magic.Length && head[offset..].StartsWith(magic)) throw new DiskException($"{what} is a {name} file; accepted are qcow2 and raw images");
        if (length == 0) throw new DiskException($"{what} is empty; accepted are qcow2 and raw images");
        return new ImageFormat("raw", Fits(length, what));
    }

    private static ImageFormat Qcow(ReadOnlySpan<byte> head, string what)
    {
        if (head.Length < 104) throw new DiskException($"{what} begins as a qcow2 image and ends after {head.Length} bytes");
        var version = BinaryPrimitives.ReadUInt32BigEndian(head[4..]);
        if (version is not (2 or 3)) throw new DiskException($"{what} is a qcow image of version {version}; accepted are 2 and 3");
        // Either would have QEMU open a file of this node that the image's author chose.
        if (BinaryPrimitives.ReadUInt64BigEndian(head[8..]) != 0) throw new DiskException($"{what} has a backing file; an image must stand alone (qemu-img convert makes one that does)");
        if (version == 3)
        {
            var features = BinaryPrimitives.ReadUInt64BigEndian(head[72..]);
            if ((features & DataFile) != 0) throw new DiskException($"{what} keeps its data in another file; an image must stand alone (qemu-img convert makes one that does)");
            if ((features & ~Known) != 0) throw new DiskException($"{what} has qcow2 features that are not known: 0x{features & ~Known:x}");
        }
        if (BinaryPrimitives.ReadUInt32BigEndian(head[32..]) != 0) throw new DiskException($"{what} is encrypted; accepted are images that are not");
        var size = BinaryPrimitives.ReadUInt64BigEndian(head[24..]);
        return new ImageFormat("qcow2", Fits(size > long.MaxValue ? long.MaxValue : (long)size, what));
    }

    private static long Fits(long size, string what) => size <= Largest ? size : throw new DiskException($"{what} is a disk of {size} bytes; the largest accepted is {Largest} (64 TiB)");
}

/// <summary>A disk cannot be made or used. The message names it and says what would be accepted.</summary>
public sealed class DiskException(string message, Exception? inner = null) : Exception(message, inner);
