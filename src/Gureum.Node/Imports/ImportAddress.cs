using System.Net;
using System.Net.Sockets;

namespace Gureum.Node.Imports;

/// <summary>
/// Which addresses may be imported from. The node asks on behalf of a user who may reach less than the node does: what only this machine
/// or its link can reach (its own services, a cloud's metadata) is not theirs to read. Pure.
/// </summary>
internal static class ImportAddress
{
    internal static bool IsAllowed(IPAddress address)
    {
        if (Embedded(address) is { } inner) return IsAllowed(inner);
        if (IPAddress.IsLoopback(address) || address.Equals(IPAddress.IPv6Any) || address.Equals(IPAddress.Broadcast)) return false;
        if (address.AddressFamily == AddressFamily.InterNetworkV6) return !address.IsIPv6Multicast && !address.IsIPv6LinkLocal && !address.IsIPv6SiteLocal;
        var bytes = address.GetAddressBytes();
        return bytes[0] is not 0 and (< 224 or > 239) && !(bytes[0] == 169 && bytes[1] == 254);
    }

    // An IPv4 address in IPv6 clothes: mapped, compatible (RFC 4291, section 2.5.5) or translated (RFC 6052, section 2.1).
    private static IPAddress? Embedded(IPAddress address)
    {
        if (address.AddressFamily != AddressFamily.InterNetworkV6) return null;
        if (address.IsIPv4MappedToIPv6) return address.MapToIPv4();
        var bytes = address.GetAddressBytes();
        var translated = bytes.AsSpan(0, 12).SequenceEqual<byte>([0, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0]);
        var compatible = bytes.AsSpan(0, 12).IndexOfAnyExcept((byte)0) < 0 && !address.Equals(IPAddress.IPv6Any) && !address.Equals(IPAddress.IPv6Loopback);
        return translated || compatible ? new IPAddress(bytes.AsSpan(12)) : null;
    }
}
