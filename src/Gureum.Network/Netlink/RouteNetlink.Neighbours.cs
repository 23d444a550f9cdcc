using System.Net;
using System.Net.NetworkInformation;
using System.Runtime.InteropServices;

namespace Gureum.Network.Netlink;

/// <summary>Which hardware address an address has on a link.</summary>
public sealed record Neighbour(IPAddress Address, PhysicalAddress Mac);

/// <summary>Behind which tunnel endpoint a hardware address lives (a VXLAN forwarding entry).</summary>
public sealed record Forwarding(PhysicalAddress Mac, IPAddress Endpoint);

public sealed partial class RouteNetlink
{
    private const ushort NewNeighbourType = 28, DeleteNeighbourType = 29, GetNeighbourType = 30;
    private const int NeighbourAddress = 1, NeighbourMac = 2;
    private const ushort Permanent = 0x80, NoArp = 0x40;
    private const byte FlagSelf = 2, BridgeFamily = 7;

    /// <summary>ndmsg of linux/neighbour.h.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct NeighbourHeader
    {
        internal byte Family, Padding1;
        internal ushort Padding2;
        internal int Index;
        internal ushort State;
        internal byte Flags, Kind;
    }

    /// <summary>Sets a permanent neighbour entry, in place of what was known of the address.</summary>
    public void SetNeighbour(string link, Neighbour neighbour) =>
        _socket.Change(NeighbourMessage(NewNeighbourType, CreateOrReplace, link, neighbour), $"set neighbour {neighbour.Address} at {neighbour.Mac} on {link}");

    /// <summary>Forgets a neighbour. False when it was not known.</summary>
    public bool DeleteNeighbour(string link, Neighbour neighbour) =>
        Forget(NeighbourMessage(DeleteNeighbourType, Ask, link, neighbour), $"delete neighbour {neighbour.Address} on {link}");

    /// <summary>The permanent neighbour entries of a link.</summary>
    public IReadOnlyList<Neighbour> ListNeighbours(string link)
    {
        var found = new List<Neighbour>();
        Dump(link, family: 0, (address, mac) => found.Add(new Neighbour(address, mac)));
        return found;
    }

    /// <summary>Adds a VXLAN forwarding entry; the all-zero MAC collects the endpoints that unknown and broadcast frames are copied to.</summary>
    public void AddForwarding(string vxlan, Forwarding entry)
    {
        var flood = entry.Mac.GetAddressBytes().All(b => b == 0);
        var flags = flood ? Ask | NetlinkFlags.Create | NetlinkFlags.Append : CreateOrReplace;
        _socket.Change(ForwardingMessage(NewNeighbourType, flags, vxlan, entry), $"forward {entry.Mac} to {entry.Endpoint} on {vxlan}");
    }

    /// <summary>Deletes a VXLAN forwarding entry. False when it was not there.</summary>
    public bool DeleteForwarding(string vxlan, Forwarding entry) =>
        Forget(ForwardingMessage(DeleteNeighbourType, Ask, vxlan, entry), $"stop forwarding {entry.Mac} to {entry.Endpoint} on {vxlan}");

    /// <summary>The forwarding entries of a VXLAN link.</summary>
    public IReadOnlyList<Forwarding> ListForwarding(string vxlan)
    {
        var found = new List<Forwarding>();
        Dump(vxlan, BridgeFamily, (address, mac) => found.Add(new Forwarding(mac, address)));
        return found;
    }

    private void Dump(string link, byte family, Action<IPAddress, PhysicalAddress> receiver)
    {
        var index = GetLink(link).Index;
        // The bridge family wants the longer link header here, a quirk that the kernel keeps for old callers.
        var query = family == BridgeFamily
            ? new NetlinkMessage(GetNeighbourType, DumpAll).Fixed(Bytes(new LinkHeader { Family = family, Index = 0 }))
            : new NetlinkMessage(GetNeighbourType, DumpAll).Fixed(Bytes(new NeighbourHeader()));
        _socket.Query(query, $"list neighbours of {link}", (_, payload) =>
        {
            if (payload.Length < 12) return;
            var header = MemoryMarshal.Read<NeighbourHeader>(payload);
            if (header.Index != index || (header.State & Permanent) == 0) return;
            IPAddress? address = null;
            var mac = PhysicalAddress.None;
            var attributes = new NetlinkAttributes(payload[12..]);
            while (attributes.Next())
            {
                if (attributes.Type == NeighbourAddress) address = attributes.Address;
                if (attributes.Type == NeighbourMac) mac = new PhysicalAddress(attributes.Value.ToArray());
            }
            if (address is not null) receiver(address, mac);
        });
    }

    private bool Forget(NetlinkMessage message, string what)
    {
        try
        {
            _socket.Change(message, what);
            return true;
        }
        catch (NetlinkException e) when (e.Errno is Libc.Enoent or Libc.Esrch) { return false; }
    }

    private NetlinkMessage NeighbourMessage(ushort type, NetlinkFlags flags, string link, Neighbour neighbour) =>
        new NetlinkMessage(type, flags)
            .Fixed(Bytes(new NeighbourHeader { Family = Family(neighbour.Address), Index = GetLink(link).Index, State = Permanent }))
            .AddAddress(NeighbourAddress, neighbour.Address).Add(NeighbourMac, neighbour.Mac.GetAddressBytes());

    private NetlinkMessage ForwardingMessage(ushort type, NetlinkFlags flags, string vxlan, Forwarding entry) =>
        new NetlinkMessage(type, flags)
            .Fixed(Bytes(new NeighbourHeader { Family = BridgeFamily, Index = GetLink(vxlan).Index, State = Permanent | NoArp, Flags = FlagSelf }))
            .AddAddress(NeighbourAddress, entry.Endpoint).Add(NeighbourMac, entry.Mac.GetAddressBytes());
}
