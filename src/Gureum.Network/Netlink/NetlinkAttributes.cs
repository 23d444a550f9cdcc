using System.Buffers.Binary;
using System.Net;
using System.Runtime.InteropServices;
using System.Text;

namespace Gureum.Network.Netlink;

/// <summary>Walks the attributes of a netlink message; stops at the first malformed one.</summary>
internal ref struct NetlinkAttributes(ReadOnlySpan<byte> data)
{
    private ReadOnlySpan<byte> _rest = data;

    internal int Type { get; private set; }
    internal ReadOnlySpan<byte> Value { get; private set; }

    internal bool Next()
    {
        if (_rest.Length < 4) return false;
        var length = MemoryMarshal.Read<ushort>(_rest);
        if (length < 4 || length > _rest.Length) return false;
        Type = MemoryMarshal.Read<ushort>(_rest[2..]) & 0x3fff; // without the nested and byte-order bits
        Value = _rest[4..length];
        _rest = _rest[Math.Min((length + 3) & ~3, _rest.Length)..];
        return true;
    }

    internal readonly uint UInt32 => Value.Length >= 4 ? MemoryMarshal.Read<uint>(Value) : 0;
    internal readonly ushort BigEndian16 => Value.Length >= 2 ? BinaryPrimitives.ReadUInt16BigEndian(Value) : (ushort)0;
    internal readonly string String => Encoding.UTF8.GetString(Value).TrimEnd('\0');
    internal readonly IPAddress? Address => Value.Length is 4 or 16 ? new IPAddress(Value) : null;
}
