using System.Buffers.Binary;
using System.Net;
using System.Runtime.InteropServices;
using System.Text;

namespace Gureum.Network.Netlink;

/// <summary>
/// One netlink request under construction: header, fixed part, attributes (RFC 3549, host byte order). Not thread-safe.
/// </summary>
internal sealed class NetlinkMessage
{
    internal const int HeaderLength = 16;
    private byte[] _buffer = new byte[256];
    private int _length = HeaderLength;

    internal NetlinkMessage(ushort type, NetlinkFlags flags)
    {
        MemoryMarshal.Write(_buffer.AsSpan(4), type);
        MemoryMarshal.Write(_buffer.AsSpan(6), (ushort)flags);
    }

    internal NetlinkMessage Fixed(ReadOnlySpan<byte> part)
    {
        part.CopyTo(Take(part.Length));
        return this;
    }

    internal NetlinkMessage Add(int attribute, ReadOnlySpan<byte> value)
    {
        var room = Take(4 + value.Length);
        MemoryMarshal.Write(room, (ushort)(4 + value.Length));
        MemoryMarshal.Write(room[2..], (ushort)attribute);
        value.CopyTo(room[4..]);
        return this;
    }

    internal NetlinkMessage AddByte(int attribute, byte value) => Add(attribute, [value]);

    internal NetlinkMessage AddUInt32(int attribute, uint value)
    {
        Span<byte> bytes = stackalloc byte[4];
        MemoryMarshal.Write(bytes, value);
        return Add(attribute, bytes);
    }

    internal NetlinkMessage AddBigEndian16(int attribute, ushort value)
    {
        Span<byte> bytes = stackalloc byte[2];
        BinaryPrimitives.WriteUInt16BigEndian(bytes, value);
        return Add(attribute, bytes);
    }

    internal NetlinkMessage AddString(int attribute, string value) => Add(attribute, Encoding.UTF8.GetBytes(value + '\0'));

    internal NetlinkMessage AddAddress(int attribute, IPAddress value) => Add(attribute, value.GetAddressBytes());

    /// <summary>Writes a nested attribute whose content the action adds.</summary>
    internal NetlinkMessage Nest(int attribute, Action<NetlinkMessage> content)
    {
        var start = _length;
        Take(4);
        content(this);
        MemoryMarshal.Write(_buffer.AsSpan(start), (ushort)(_length - start));
        MemoryMarshal.Write(_buffer.AsSpan(start + 2), (ushort)attribute);
        return this;
    }

    internal ReadOnlySpan<byte> Finish(uint sequence)
    {
        MemoryMarshal.Write(_buffer.AsSpan(0), (uint)_length);
        MemoryMarshal.Write(_buffer.AsSpan(8), sequence);
        return _buffer.AsSpan(0, _length);
    }

    private Span<byte> Take(int count)
    {
        var start = _length;
        var end = start + ((count + 3) & ~3);
        if (end > _buffer.Length) Array.Resize(ref _buffer, Math.Max(end, _buffer.Length * 2));
        _length = end;
        return _buffer.AsSpan(start, count);
    }
}

/// <summary>Netlink header flags (linux/netlink.h).</summary>
[Flags]
internal enum NetlinkFlags : ushort
{
    Request = 1,
    Acknowledge = 4,
    Replace = 0x100,
    Exclusive = 0x200,
    Dump = 0x300,
    Create = 0x400,
    Append = 0x800,
}
