using System.Buffers.Binary;
using System.Net;
using System.Text;

namespace Gureum.Network.Dhcp;

/// <summary>What a server of fixed addresses answers (RFC 2131, table 3). Pure.</summary>
public static class DhcpAnswer
{
    // Long: the address is the guest's as long as its pod is. A renewal only asks the node what it knows already.
    private static readonly TimeSpan LeaseTime = TimeSpan.FromHours(24);

    /// <summary>The packet to send back; null for what deserves none.</summary>
    public static byte[]? To(DhcpMessage message, DhcpLease lease)
    {
        // Another server was chosen.
        if (message.Server is { } chosen && !chosen.Equals(lease.Gateway)) return null;
        return message.Type switch
        {
            DhcpType.Discover => Write(message, lease, DhcpType.Offer),
            DhcpType.Request when message.Requested is { } wish && !wish.Equals(lease.Address) => Refuse(message, lease.Gateway),
            DhcpType.Request => Write(message, lease, DhcpType.Ack),
            DhcpType.Inform => Write(message, lease, DhcpType.Ack),
            _ => null,
        };
    }

    private static byte[] Refuse(DhcpMessage message, IPAddress server)
    {
        var packet = Head(message, IPAddress.Any);
        return [.. packet, 53, 1, (byte)DhcpType.Nak, .. Option(54, server.GetAddressBytes()), 255];
    }

    private static byte[] Write(DhcpMessage message, DhcpLease lease, DhcpType type)
    {
        var packet = new List<byte>(Head(message, type == DhcpType.Ack && message.Type == DhcpType.Inform ? IPAddress.Any : lease.Address)) { 53, 1, (byte)type };
        packet.AddRange(Option(54, lease.Gateway.GetAddressBytes()));
        if (message.Type != DhcpType.Inform) packet.AddRange(Option(51, Number((uint)LeaseTime.TotalSeconds)));
        packet.AddRange(lease.Subnet is { } subnet ? Neighbours(subnet) : Alone(lease.Gateway));
        if (lease.DnsServers.Length > 0) packet.AddRange(Option(6, [.. lease.DnsServers.SelectMany(d => d.GetAddressBytes())]));
        if (lease.HostName.Length > 0) packet.AddRange(Option(12, Encoding.ASCII.GetBytes(lease.HostName)));
        if (lease.Domain.Length > 0) packet.AddRange(Option(15, Encoding.ASCII.GetBytes(lease.Domain)));
        if (lease.SearchDomains.Length > 0) packet.AddRange(Option(119, Names(lease.SearchDomains)));
        packet.AddRange(Option(26, [(byte)(lease.Mtu >> 8), (byte)lease.Mtu]));
        packet.Add(255);
        while (packet.Count < 300) packet.Add(0); // BOOTP relays and old clients drop what is shorter
        return [.. packet];
    }

    // op, htype, hlen, hops, xid, secs, flags, ciaddr, yiaddr, siaddr, giaddr, chaddr, sname, file, cookie
    private static byte[] Head(DhcpMessage message, IPAddress yours)
    {
        var packet = new byte[240];
        (packet[0], packet[1], packet[2]) = (2, 1, 6);
        BinaryPrimitives.WriteUInt32BigEndian(packet.AsSpan(4), message.Transaction);
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(10), message.Flags);
        yours.GetAddressBytes().CopyTo(packet, 16);
        message.Client.GetAddressBytes().CopyTo(packet, 28);
        BinaryPrimitives.WriteUInt32BigEndian(packet.AsSpan(236), DhcpMessage.Cookie);
        return packet;
    }

    // Classless routes (RFC 3442): the gateway is on the link, everything else behind it.
    private static byte[] Alone(IPAddress gateway) =>
        [.. Option(1, [255, 255, 255, 255]), .. Option(3, gateway.GetAddressBytes()), .. Option(121, [32, .. gateway.GetAddressBytes(), 0, 0, 0, 0, 0, .. gateway.GetAddressBytes()])];

    // Who reads the classless routes does not look at the router any more: it is one of them.
    private static byte[] Neighbours(DhcpSubnet subnet)
    {
        var routes = subnet.Router is { } router ? subnet.Routes.Add(new DhcpRoute(new IPNetwork(IPAddress.Any, 0), router)) : subnet.Routes;
        return
        [
            .. Option(1, Number(subnet.PrefixLength == 0 ? 0 : uint.MaxValue << (32 - subnet.PrefixLength))),
            .. subnet.Router is null ? [] : Option(3, subnet.Router.GetAddressBytes()),
            .. routes.IsEmpty ? [] : Option(121, [.. routes.SelectMany(Classless)]),
        ];
    }

    // The length of the prefix, as many of its bytes as count, and the next hop.
    private static byte[] Classless(DhcpRoute route) =>
        [(byte)route.Destination.PrefixLength, .. route.Destination.BaseAddress.GetAddressBytes().AsSpan(0, (route.Destination.PrefixLength + 7) / 8), .. route.NextHop.GetAddressBytes()];

    private static byte[] Option(byte code, byte[] value) => value.Length <= 255 ? [code, (byte)value.Length, .. value] : [];

    private static byte[] Number(uint value)
    {
        var bytes = new byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, value);
        return bytes;
    }

    // RFC 1035 names, one after another (RFC 3397).
    private static byte[] Names(IEnumerable<string> names) =>
        [.. names.SelectMany(n => n.Split('.', StringSplitOptions.RemoveEmptyEntries).SelectMany(label => (byte[])[(byte)label.Length, .. Encoding.ASCII.GetBytes(label)]).Append((byte)0))];
}
