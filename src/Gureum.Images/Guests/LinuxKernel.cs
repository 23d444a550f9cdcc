using System.Buffers.Binary;
using System.IO.Compression;

namespace Gureum.Images.Guests;

/// <summary>
/// Reads bzImage files (Linux' Documentation/arch/x86/boot.rst). The kernel inside boots much faster where code is
/// translated: QEMU loads it by its PVH entry, and no guest code has to unpack it. Pure.
/// </summary>
internal static class LinuxKernel
{
    private const int SetupSectors = 0x1F1, Signature = 0x202, PayloadOffset = 0x248, PayloadLength = 0x24C;

    /// <summary>The ELF file inside; null if it is packed in a way that is not known here.</summary>
    /// <exception cref="InvalidDataException">It is no bzImage.</exception>
    internal static byte[]? Unpack(ReadOnlySpan<byte> image)
    {
        if (image.Length < 0x260 || !image[Signature..].StartsWith("HdrS"u8)) throw new InvalidDataException("this is no Linux kernel of the kind bzImage");
        int setup = image[SetupSectors] == 0 ? 4 : image[SetupSectors];
        int start = ((setup + 1) * 512) + BinaryPrimitives.ReadInt32LittleEndian(image[PayloadOffset..]);
        int length = BinaryPrimitives.ReadInt32LittleEndian(image[PayloadLength..]);
        if (length < 8 || start < 0 || start > image.Length - length) throw new InvalidDataException("the kernel's header points outside of it");
        ReadOnlySpan<byte> payload = image.Slice(start, length);
        // The size of the content stands behind it, whatever packs it.
        int size = BinaryPrimitives.ReadInt32LittleEndian(payload[^4..]);
        if (Lz4Legacy.Fits(payload)) return Lz4Legacy.Unpack(payload[..^4], size);
        return payload.StartsWith((ReadOnlySpan<byte>)[0x1F, 0x8B]) ? Gunzip(payload[..^4], size) : null;
    }

    private static byte[] Gunzip(ReadOnlySpan<byte> packed, int size)
    {
        var content = new byte[size];
        using var gzip = new GZipStream(new MemoryStream(packed.ToArray()), CompressionMode.Decompress);
        gzip.ReadExactly(content);
        return content;
    }
}
