using System.Globalization;

namespace Gureum.Objects;

/// <summary>Protocols of IPv4 and IPv6 by the names that Neutron takes, with their numbers (https://www.iana.org/assignments/protocol-numbers).</summary>
public static class IpProtocols
{
    private static readonly Dictionary<string, byte> Numbers = new(StringComparer.OrdinalIgnoreCase)
    {
        ["ah"] = 51, ["dccp"] = 33, ["egp"] = 8, ["esp"] = 50, ["gre"] = 47, ["icmp"] = 1, ["icmpv6"] = 58, ["ipv6-icmp"] = 58, ["igmp"] = 2, ["ipip"] = 4, ["ipv6-encap"] = 41, ["ipv6-frag"] = 44, ["ipv6-nonxt"] = 59, ["ipv6-opts"] = 60, ["ipv6-route"] = 43,
        ["ospf"] = 89, ["pgm"] = 113, ["rsvp"] = 46, ["sctp"] = 132, ["tcp"] = 6, ["udp"] = 17, ["udplite"] = 136, ["vrrp"] = 112,
    };

    public static IEnumerable<string> Names => Numbers.Keys;

    /// <summary>The number of a protocol that is given by name or by number; null for what is none.</summary>
    public static byte? Number(string text) => Numbers.TryGetValue(text, out var number) || byte.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number) ? number : null;

    public static bool HasPorts(byte number) => number is 6 or 17 or 33 or 132 or 136;
    public static bool IsIcmp(byte number) => number is 1 or 58;
}
