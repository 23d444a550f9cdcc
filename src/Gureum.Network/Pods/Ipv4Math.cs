using System.Buffers.Binary;
using System.Net;

namespace Gureum.Network.Pods;

/// <summary>Counting in IPv4 ranges.</summary>
internal static class Ipv4Math
{
    internal static uint Number(IPAddress address) => BinaryPrimitives.ReadUInt32BigEndian(address.GetAddressBytes());

    internal static IPAddress Address(uint number)
    {
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, number);
        return new IPAddress(bytes);
    }

    internal static IPAddress At(IPNetwork range, uint offset) => Address(Number(range.BaseAddress) + offset);

    /// <summary>How many addresses the range has (saturated: a /0 counts as 2^32 - 1).</summary>
    internal static uint Size(IPNetwork range) => range.PrefixLength == 0 ? uint.MaxValue : 1u << (32 - range.PrefixLength);
}
