using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Gureum.Network.Netlink;

public sealed partial class RouteNetlink
{
    private const ushort NewAddressType = 20, DeleteAddressType = 21, GetAddressType = 22;

    /// <summary>ifaddrmsg of linux/if_addr.h.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct AddressHeader
    {
        internal byte Family, PrefixLength, Flags, Scope;
        internal int Index;
    }

    /// <summary>Gives an interface an address; one that it has already is fine.</summary>
    public void AddAddress(string link, InterfaceAddress address) =>
        _socket.Change(AddressMessage(NewAddressType, CreateOrReplace, link, address), $"add address {address} to {link}");

    /// <summary>Takes an address from an interface. False when it was not there.</summary>
    public bool RemoveAddress(string link, InterfaceAddress address)
    {
        try
        {
            _socket.Change(AddressMessage(DeleteAddressType, Ask, link, address), $"remove address {address} from {link}");
            return true;
        }
        catch (NetlinkException e) when (e.Errno is Libc.Eaddrnotavail or Libc.Enodev) { return false; }
    }

    /// <summary>The addresses of one interface, or of all (null).</summary>
    public IReadOnlyList<InterfaceAddress> ListAddresses(string? link = null)
    {
        var index = link is null ? 0 : GetLink(link).Index;
        var found = new List<InterfaceAddress>();
        _socket.Query(new NetlinkMessage(GetAddressType, DumpAll).Fixed(Bytes(new AddressHeader())), "list addresses", (_, payload) =>
        {
            if (payload.Length < 8) return;
            var header = MemoryMarshal.Read<AddressHeader>(payload);
            if (index != 0 && header.Index != index) return;
            IPAddress? address = null, local = null;
            var attributes = new NetlinkAttributes(payload[8..]);
            while (attributes.Next())
            {
                if (attributes.Type == 1) address = attributes.Address;
                if (attributes.Type == 2) local = attributes.Address;
            }
            if ((local ?? address) is { } it) found.Add(new InterfaceAddress(it, header.PrefixLength));
        });
        return found;
    }

    private NetlinkMessage AddressMessage(ushort type, NetlinkFlags flags, string link, InterfaceAddress address)
    {
        var v6 = address.Address.AddressFamily == AddressFamily.InterNetworkV6;
        var header = new AddressHeader
        {
            Family = Family(address.Address),
            PrefixLength = (byte)address.PrefixLength,
            Flags = v6 ? (byte)2 : (byte)0, // no duplicate detection: we own the addresses, and it would delay them by a second
            Index = GetLink(link).Index,
        };
        return new NetlinkMessage(type, flags).Fixed(Bytes(header)).AddAddress(2, address.Address).AddAddress(1, address.Address);
    }

    private static byte Family(IPAddress address) => address.AddressFamily == AddressFamily.InterNetworkV6 ? (byte)10 : (byte)2;
}
