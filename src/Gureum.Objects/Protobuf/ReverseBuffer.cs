using System.Buffers.Binary;
using System.Text;

namespace Gureum.Objects.Protobuf;

/// <summary>
/// Bytes written from the end to the beginning: when a message is complete its length is known, and goes in front of it
/// without anything being moved. Not thread-safe.
/// </summary>
internal sealed class ReverseBuffer
{
    private const int First = 4096, MostKept = 256 * 1024;

    [ThreadStatic]
    private static ReverseBuffer? kept;

    private byte[] bytes = new byte[First];
    private int start = First;

    /// <summary>An empty buffer: this thread's own unless that is in use. What is written must be copied out before <see cref="Return"/>.</summary>
    internal static ReverseBuffer Rent()
    {
        var buffer = kept ?? new ReverseBuffer();
        kept = null;
        buffer.start = buffer.bytes.Length;
        return buffer;
    }

    /// <summary>The bytes written; the buffer goes back to its thread and must not be used any more.</summary>
    internal byte[] Return()
    {
        var written = Written.ToArray();
        if (bytes.Length <= MostKept) kept = this;
        return written;
    }

    internal int Length => bytes.Length - start;
    internal ReadOnlySpan<byte> Written => bytes.AsSpan(start);

    internal void Bytes(ReadOnlySpan<byte> value)
    {
        Reserve(value.Length);
        start -= value.Length;
        value.CopyTo(bytes.AsSpan(start));
    }

    internal void Text(string value)
    {
        var count = Encoding.UTF8.GetByteCount(value);
        Reserve(count);
        start -= count;
        Encoding.UTF8.GetBytes(value, bytes.AsSpan(start));
    }

    internal void Varint(ulong value)
    {
        Span<byte> groups = stackalloc byte[10];
        var count = 0;
        do
        {
            var more = value > 0x7f;
            groups[count++] = (byte)((value & 0x7f) | (more ? 0x80u : 0));
            value >>= 7;
        }
        while (value > 0);
        Bytes(groups[..count]);
    }

    internal void Tag(int field, int wireType) => Varint((ulong)((field << 3) | wireType));

    /// <summary>Puts tag and length in front of what was written since the mark.</summary>
    internal void Close(int field, int mark)
    {
        Varint((ulong)(Length - mark));
        Tag(field, 2);
    }

    internal void Fixed64(double value)
    {
        Span<byte> eight = stackalloc byte[8];
        BinaryPrimitives.WriteDoubleLittleEndian(eight, value);
        Bytes(eight);
    }

    private void Reserve(int count)
    {
        if (start >= count) return;
        var larger = new byte[Math.Max(bytes.Length * 2, Length + count + 64)];
        var moved = larger.Length - Length;
        bytes.AsSpan(start).CopyTo(larger.AsSpan(moved));
        (bytes, start) = (larger, moved);
    }
}
