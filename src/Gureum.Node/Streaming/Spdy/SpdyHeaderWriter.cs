using System.Buffers.Binary;
using System.Text;

namespace Gureum.Node.Streaming.Spdy;

/// <summary>
/// Writes one direction's header blocks as one zlib stream of stored blocks: valid zlib, without any compression, which
/// the few short headers of a connection do not need.
/// </summary>
internal sealed class SpdyHeaderWriter
{
    private bool _started;

    internal byte[] Write(IReadOnlyCollection<KeyValuePair<string, string>> headers)
    {
        using var plain = new MemoryStream();
        WriteUInt32(plain, (uint)headers.Count);
        foreach ((string name, string value) in headers)
        {
            WriteText(plain, name.ToLowerInvariant());
            WriteText(plain, value);
        }

        if (plain.Length > ushort.MaxValue)
            throw new SpdyException($"a header block of {plain.Length} bytes: at most {ushort.MaxValue} are possible");

        using var block = new MemoryStream();
        if (!_started) block.Write([0x78, 0x01]);
        _started = true;
        Span<byte> stored = stackalloc byte[5];
        BinaryPrimitives.WriteUInt16LittleEndian(stored[1..], (ushort)plain.Length);
        BinaryPrimitives.WriteUInt16LittleEndian(stored[3..], (ushort)~plain.Length);
        block.Write(stored);
        plain.WriteTo(block);
        // An empty stored block, zlib's sync flush: some inflaters hand nothing out before it.
        block.Write([0, 0, 0, 0xFF, 0xFF]);
        return block.ToArray();
    }

    private static void WriteText(MemoryStream to, string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        WriteUInt32(to, (uint)bytes.Length);
        to.Write(bytes);
    }

    private static void WriteUInt32(MemoryStream to, uint value)
    {
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, value);
        to.Write(bytes);
    }
}
