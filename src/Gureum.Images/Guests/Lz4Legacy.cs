using System.Buffers.Binary;

namespace Gureum.Images.Guests;

/// <summary>Unpacks LZ4's legacy frames, which Linux kernels are packed in (lz4 frame format, "legacy frame"). Pure.</summary>
internal static class Lz4Legacy
{
    private const uint Magic = 0x184C2102;
    private const int BlockSize = 8 << 20;

    /// <summary>Whether the data begins with such a frame.</summary>
    internal static bool Fits(ReadOnlySpan<byte> packed) => packed.Length > 4 && BinaryPrimitives.ReadUInt32LittleEndian(packed) == Magic;

    /// <summary>The content.</summary>
    /// <param name="packed">The frame; what follows it is left alone.</param>
    /// <param name="size">Size of the content.</param>
    /// <exception cref="InvalidDataException">The frame is damaged.</exception>
    internal static byte[] Unpack(ReadOnlySpan<byte> packed, int size)
    {
        var content = new byte[size];
        int from = 4, to = 0;
        while (to < size)
        {
            if (from + 4 > packed.Length) throw new InvalidDataException($"the LZ4 frame ends after {to} of {size} bytes");
            int length = BinaryPrimitives.ReadInt32LittleEndian(packed[from..]);
            from += 4;
            if (length <= 0 || from + length > packed.Length) throw new InvalidDataException($"an LZ4 block claims {length} bytes, and {packed.Length - from} are left");
            to += Block(packed.Slice(from, length), content.AsSpan(to, Math.Min(BlockSize, size - to)));
            from += length;
        }

        return content;
    }

    /// <summary>Unpacks one block: runs of literals, each followed by a match within what came before.</summary>
    private static int Block(ReadOnlySpan<byte> packed, Span<byte> content)
    {
        int from = 0, to = 0;
        try
        {
            while (from < packed.Length)
            {
                int token = packed[from++];
                int literals = Length(packed, ref from, token >> 4);
                packed.Slice(from, literals).CopyTo(content[to..]);
                from += literals;
                to += literals;
                if (from >= packed.Length) break;
                int distance = packed[from] | (packed[from + 1] << 8);
                from += 2;
                int match = Length(packed, ref from, token & 15) + 4;
                if (distance == 0) throw new InvalidDataException("an LZ4 match has no distance");
                // Byte by byte: a match may overlap what it writes.
                for (int i = 0; i < match; i++, to++) content[to] = content[to - distance];
            }

            return to;
        }
        catch (Exception e) when (e is IndexOutOfRangeException or ArgumentException)
        {
            throw new InvalidDataException("an LZ4 block points outside of its content", e);
        }
    }

    private static int Length(ReadOnlySpan<byte> packed, ref int from, int start)
    {
        if (start < 15) return start;
        int more;
        do start += more = packed[from++];
        while (more == 255);
        return start;
    }
}
