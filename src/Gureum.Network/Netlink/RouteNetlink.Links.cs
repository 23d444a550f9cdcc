using System.Net.NetworkInformation;
using System.Runtime.InteropServices;

namespace Gureum.Network.Netlink;

public sealed partial class RouteNetlink
{
    private const ushort NewLinkType = 16, DeleteLinkType = 17, GetLinkType = 18, SetLinkType = 19;
    private const int AttributeMac = 1, AttributeName = 3, AttributeMtu = 4, AttributePeerIndex = 5, AttributeMaster = 10,
        AttributePortInfo = 12, AttributeLinkInfo = 18, AttributeAlias = 20, AttributeNamespace = 28,
        InfoKind = 1, InfoData = 2, Nested = 0x8000;
    private const uint FlagUp = 1;

    /// <summary>ifinfomsg of linux/rtnetlink.h.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct LinkHeader
    {
        internal byte Family, Padding;
        internal ushort Type;
        internal int Index;
        internal uint Flags, Change;
    }

    /// <summary>All interfaces of the namespace.</summary>
    public IReadOnlyList<Link> ListLinks()
    {
        var links = new List<Link>();
        _socket.Query(new NetlinkMessage(GetLinkType, DumpAll).Fixed(Bytes(new LinkHeader())), "list links",
            (_, payload) => { if (ReadLink(payload) is { } link) links.Add(link); });
        return links;
    }

    /// <summary>The interface of that name, or null.</summary>
    public Link? FindLink(string name)
    {
        Link? found = null;
        try
        {
            _socket.Query(new NetlinkMessage(GetLinkType, Ask).Fixed(Bytes(new LinkHeader())).AddString(AttributeName, name),
                $"find link {name}", (_, payload) => found = ReadLink(payload));
        }
        catch (NetlinkException e) when (e.Errno == Libc.Enodev) { return null; }
        return found;
    }

    /// <summary>The interface of that name.</summary>
    /// <exception cref="NetlinkException">There is none (ENODEV).</exception>
    public Link GetLink(string name) => FindLink(name) ?? throw new NetlinkException($"find link {name} in {Namespace}", Libc.Enodev);

    /// <summary>Makes a bridge. A fixed MAC keeps the gateway's address stable while ports come and go.</summary>
    /// <param name="filterBridged">Whether frames bridged between ports pass the IP hooks (needs br_netfilter; for this bridge only).</param>
    public void CreateBridge(string name, PhysicalAddress? mac = null, int? mtu = null, bool filterBridged = false)
    {
        const int bridgeCallIptables = 36;
        var message = NewLink(name, mac, mtu).Nest(AttributeLinkInfo | Nested, info =>
        {
            info.AddString(InfoKind, "bridge");
            if (filterBridged) info.Nest(InfoData | Nested, data => data.AddByte(bridgeCallIptables, 1));
        });
        _socket.Change(message, $"create bridge {name}");
    }

    /// <summary>Makes a veth pair whose other end is born inside <paramref name="peerNamespace"/>.</summary>
    public void CreateVeth(
        string name, string peer, NetNamespace peerNamespace, int? mtu = null, PhysicalAddress? mac = null, PhysicalAddress? peerMac = null)
    {
        const int vethPeer = 1;
        using var handle = peerNamespace.Open();
        var message = NewLink(name, mac, mtu).Nest(AttributeLinkInfo | Nested, info =>
        {
            info.AddString(InfoKind, "veth");
            info.Nest(InfoData | Nested, data => data.Nest(vethPeer | Nested, end =>
            {
                end.Fixed(Bytes(new LinkHeader())).AddString(AttributeName, peer);
                if (peerMac is not null) end.Add(AttributeMac, peerMac.GetAddressBytes());
                if (mtu is { } size) end.AddUInt32(AttributeMtu, (uint)size);
                end.AddUInt32(AttributeNamespace, (uint)handle.DangerousGetHandle());
            }));
        });
        _socket.Change(message, $"create veth {name} with {peer} in {peerNamespace}");
    }

    /// <summary>Makes a VXLAN interface.</summary>
    public void CreateVxlan(string name, VxlanOptions options, PhysicalAddress? mac = null, int? mtu = null)
    {
        const int id = 1, underlay = 3, local = 4, learning = 7, port = 15, local6 = 17;
        var lower = options.Underlay is { } lowerName ? GetLink(lowerName).Index : 0;
        var v6 = options.Local.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6;
        var message = NewLink(name, mac, mtu).Nest(AttributeLinkInfo | Nested, info =>
        {
            info.AddString(InfoKind, "vxlan");
            info.Nest(InfoData | Nested, data =>
            {
                data.AddUInt32(id, (uint)options.Id).AddAddress(v6 ? local6 : local, options.Local)
                    .AddBigEndian16(port, options.Port).AddByte(learning, options.Learning ? (byte)1 : (byte)0);
                if (lower != 0) data.AddUInt32(underlay, (uint)lower);
            });
        });
        _socket.Change(message, $"create vxlan {name} (id {options.Id}, local {options.Local}, port {options.Port})");
    }

    /// <summary>Sets the interface administratively up.</summary>
    public void SetUp(string name) => Modify(name, "set up", new LinkHeader { Flags = FlagUp, Change = FlagUp }, null);

    /// <summary>Sets the interface administratively down.</summary>
    public void SetDown(string name) => Modify(name, "set down", new LinkHeader { Change = FlagUp }, null);

    /// <summary>Makes the interface a port of a bridge, or of none (null).</summary>
    public void SetMaster(string name, string? bridge)
    {
        var index = bridge is null ? 0 : GetLink(bridge).Index;
        Modify(name, $"attach to {bridge ?? "no bridge"}", default, m => m.AddUInt32(AttributeMaster, (uint)index));
    }

    /// <summary>Sets the MTU in bytes.</summary>
    public void SetMtu(string name, int bytes) => Modify(name, $"set MTU {bytes} of", default, m => m.AddUInt32(AttributeMtu, (uint)bytes));

    /// <summary>Sets the hardware address.</summary>
    public void SetMac(string name, PhysicalAddress mac) =>
        Modify(name, $"set MAC {mac} of", default, m => m.Add(AttributeMac, mac.GetAddressBytes()));

    /// <summary>Sets the free text that `ip link` shows as alias (up to 255 bytes).</summary>
    public void SetAlias(string name, string alias) => Modify(name, "set the alias of", default, m => m.AddString(AttributeAlias, alias));

    /// <summary>Lets a bridge port send frames back to where they came from: a pod that reaches itself through a Service.</summary>
    public void SetHairpin(string port, bool on)
    {
        const int portMode = 4;
        Modify(port, "set hairpin mode of bridge port", new LinkHeader { Family = 7 },
            m => m.Nest(AttributePortInfo | Nested, info => info.AddByte(portMode, on ? (byte)1 : (byte)0)));
    }

    /// <summary>Moves the interface into another namespace, where it is down. A program that has a tap open keeps it.</summary>
    public void Move(string name, NetNamespace to)
    {
        using var handle = to.Open();
        Modify(name, $"move to {to}", default, m => m.AddUInt32(AttributeNamespace, (uint)handle.DangerousGetHandle()));
    }

    /// <summary>Deletes the interface (and the other end of a veth). False when there was none.</summary>
    public bool DeleteLink(string name)
    {
        try
        {
            _socket.Change(new NetlinkMessage(DeleteLinkType, Ask).Fixed(Bytes(new LinkHeader())).AddString(AttributeName, name), $"delete link {name}");
            return true;
        }
        catch (NetlinkException e) when (e.Errno == Libc.Enodev) { return false; }
    }

    private NetlinkMessage NewLink(string name, PhysicalAddress? mac, int? mtu)
    {
        if (name.Length is 0 or > 15)
            throw new ArgumentException($"\"{name}\" is no interface name: it must have 1 to 15 characters", nameof(name));
        var message = new NetlinkMessage(NewLinkType, CreateNew).Fixed(Bytes(new LinkHeader())).AddString(AttributeName, name);
        if (mac is not null) message.Add(AttributeMac, mac.GetAddressBytes());
        if (mtu is { } size) message.AddUInt32(AttributeMtu, (uint)size);
        return message;
    }

    private void Modify(string name, string verb, LinkHeader header, Action<NetlinkMessage>? attributes)
    {
        header.Index = GetLink(name).Index;
        var message = new NetlinkMessage(header.Family == 7 ? SetLinkType : NewLinkType, Ask).Fixed(Bytes(header));
        attributes?.Invoke(message);
        _socket.Change(message, $"{verb} {name}");
    }

    private static Link? ReadLink(ReadOnlySpan<byte> payload)
    {
        if (payload.Length < 16) return null;
        var header = MemoryMarshal.Read<LinkHeader>(payload);
        string name = "";
        string? kind = null, alias = null;
        int mtu = 0, master = 0, peer = 0;
        var mac = PhysicalAddress.None;
        var attributes = new NetlinkAttributes(payload[16..]);
        while (attributes.Next())
        {
            switch (attributes.Type)
            {
                case AttributeName: name = attributes.String; break;
                case AttributeMac: mac = new PhysicalAddress(attributes.Value.ToArray()); break;
                case AttributeMtu: mtu = (int)attributes.UInt32; break;
                case AttributePeerIndex: peer = (int)attributes.UInt32; break;
                case AttributeMaster: master = (int)attributes.UInt32; break;
                case AttributeAlias: alias = attributes.String; break;
                case AttributeLinkInfo:
                    var info = new NetlinkAttributes(attributes.Value);
                    while (info.Next()) if (info.Type == InfoKind) kind = info.String;
                    break;
            }
        }
        return new Link(header.Index, name, kind, mtu, mac, master, peer, (header.Flags & FlagUp) != 0, alias);
    }
}
