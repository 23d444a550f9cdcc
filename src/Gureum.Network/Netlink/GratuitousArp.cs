using System.Buffers.Binary;
using System.Net;
using System.Net.NetworkInformation;
using System.Runtime.InteropServices;

namespace Gureum.Network.Netlink;

/// <summary>Tells everybody on a link that an address is here now (RFC 5227, announcements).</summary>
internal static class GratuitousArp
{
    private const int AfPacket = 17, ArpProtocol = 0x0806;

    /// <exception cref="NetlinkException">There is no such link, or no packet may be sent.</exception>
    internal static void Send(string link, PhysicalAddress mac, IPAddress address, NetNamespace where)
    {
        using var links = new RouteNetlink(where);
        var index = links.GetLink(link).Index;
        where.Run(() =>
        {
            var socket = Libc.Socket(AfPacket, Libc.SockRaw | Libc.SockCloexec, 0);
            if (socket < 0) throw NetlinkException.Last("open a packet socket");
            try
            {
                // struct sockaddr_ll: family, protocol, index, and what only receivers want.
                var place = new byte[20];
                MemoryMarshal.Write(place, (ushort)AfPacket);
                BinaryPrimitives.WriteUInt16BigEndian(place.AsSpan(2), ArpProtocol);
                MemoryMarshal.Write(place.AsSpan(4), index);
                if (Libc.Bind(socket, place, place.Length) != 0) throw NetlinkException.Last($"bind a packet socket to {link}");
                var frame = Frame(mac, address);
                if (Libc.Send(socket, frame, frame.Length, 0) < 0) throw NetlinkException.Last($"announce {address} on {link}");
            }
            finally { _ = Libc.Close(socket); }
        });
    }

    // A question for its own address, to all.
    internal static byte[] Frame(PhysicalAddress mac, IPAddress address) =>
    [
        255, 255, 255, 255, 255, 255, .. mac.GetAddressBytes(), 8, 6, 0, 1, 8, 0, 6, 4, 0, 1,
        .. mac.GetAddressBytes(), .. address.GetAddressBytes(), 0, 0, 0, 0, 0, 0, .. address.GetAddressBytes(), .. new byte[18],
    ];
}
