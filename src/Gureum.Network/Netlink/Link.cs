using System.Net;
using System.Net.NetworkInformation;

namespace Gureum.Network.Netlink;

/// <summary>A network interface as the kernel reports it.</summary>
/// <param name="Index">The interface index, unique within its namespace.</param>
/// <param name="Kind">The driver kind ("bridge", "veth", "vxlan", "tun"), or null for plain devices.</param>
/// <param name="Mtu">In bytes.</param>
/// <param name="Master">The index of the bridge that it is a port of, or 0.</param>
/// <param name="Peer">For a veth the index of its other end (in that end's namespace), or 0.</param>
public sealed record Link(
    int Index, string Name, string? Kind, int Mtu, PhysicalAddress Mac, int Master, int Peer, bool Up, string? Alias);

/// <summary>An address on an interface, with the length of its prefix in bits.</summary>
public sealed record InterfaceAddress(IPAddress Address, int PrefixLength)
{
    /// <summary>Reads "10.0.0.1/24".</summary>
    /// <exception cref="FormatException">The text is no address with a prefix length.</exception>
    public static InterfaceAddress Parse(string text)
    {
        var slash = text.IndexOf('/');
        if (slash > 0 && IPAddress.TryParse(text.AsSpan(0, slash), out var address)
            && int.TryParse(text.AsSpan(slash + 1), out var length) && length >= 0
            && length <= address.GetAddressBytes().Length * 8)
            return new InterfaceAddress(address, length);
        throw new FormatException($"\"{text}\" is not an interface address; write it like 10.0.0.1/24");
    }

    /// <inheritdoc/>
    public override string ToString() => $"{Address}/{PrefixLength}";
}

/// <summary>What a VXLAN interface is made of (RFC 7348); without learning unless it is asked for, so entries come from <see cref="RouteNetlink.AddForwarding"/>.</summary>
/// <param name="Id">The network identifier, 0 to 16777215.</param>
/// <param name="Local">The outer source address.</param>
/// <param name="Port">The outer UDP port.</param>
/// <param name="Underlay">The interface that outer packets leave by, or null for the route's choice.</param>
public sealed record VxlanOptions(int Id, IPAddress Local, ushort Port = 4789, string? Underlay = null)
{
    /// <summary>Whether it learns behind which endpoint a hardware address lives, from what comes.</summary>
    public bool Learning { get; init; }
}
