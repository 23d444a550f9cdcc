using System.Buffers.Binary;
using System.Text;

namespace Gureum.Node.Tests.Imports;

/// <summary>Images that try to get at what is not theirs, made byte by byte.</summary>
internal static class HostileImages
{
    /// <summary>A qcow2 header (version 3) and nothing else.</summary>
    internal static byte[] Qcow2(long size = 1 << 20, string? backing = null, ulong features = 0, string? dataFile = null)
    {
        var image = new byte[64 * 1024];
        "QFI\xfb"u8[..3].CopyTo(image);
        image[3] = 0xfb;
        BinaryPrimitives.WriteUInt32BigEndian(image.AsSpan(4), 3);
        BinaryPrimitives.WriteUInt32BigEndian(image.AsSpan(20), 16);
        BinaryPrimitives.WriteUInt64BigEndian(image.AsSpan(24), (ulong)size);
        BinaryPrimitives.WriteUInt64BigEndian(image.AsSpan(72), features);
        BinaryPrimitives.WriteUInt32BigEndian(image.AsSpan(96), 4);
        BinaryPrimitives.WriteUInt32BigEndian(image.AsSpan(100), 104);
        if (backing is not null)
        {
            BinaryPrimitives.WriteUInt64BigEndian(image.AsSpan(8), 512);
            BinaryPrimitives.WriteUInt32BigEndian(image.AsSpan(16), (uint)backing.Length);
            Encoding.ASCII.GetBytes(backing).CopyTo(image, 512);
        }
        if (dataFile is not null)
        {
            // The header extension that names the file (0x44415441).
            BinaryPrimitives.WriteUInt32BigEndian(image.AsSpan(104), 0x44415441);
            BinaryPrimitives.WriteUInt32BigEndian(image.AsSpan(108), (uint)dataFile.Length);
            Encoding.ASCII.GetBytes(dataFile).CopyTo(image, 112);
        }
        return image;
    }

    internal static byte[] WithBackingFile => Qcow2(backing: "/etc/shadow");

    internal static byte[] WithDataFile => Qcow2(features: 1 << 2, dataFile: "/etc/shadow");

    internal static byte[] Petabyte => Qcow2(size: 1L << 50);

    /// <summary>A VMDK descriptor whose only extent is a file of the node.</summary>
    internal static byte[] Vmdk => Encoding.ASCII.GetBytes("# Disk DescriptorFile\nversion=1\nCID=12345678\nparentCID=ffffffff\ncreateType=\"monolithicFlat\"\nRW 8 FLAT \"/etc/shadow\" 0\n".PadRight(1024));
}
