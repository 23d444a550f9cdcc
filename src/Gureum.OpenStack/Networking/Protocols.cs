using System.Globalization;

namespace Gureum.OpenStack.Networking;

/// <summary>Protocols by name, as security group rules have them (IANA's numbers).</summary>
internal static class Protocols
{
    private static readonly Dictionary<string, int> Numbers = new()
    {
        ["ah"] = 51, ["dccp"] = 33, ["egp"] = 8, ["esp"] = 50, ["gre"] = 47, ["icmp"] = 1, ["icmpv6"] = 58, ["ipv6-icmp"] = 58, ["igmp"] = 2, ["ipip"] = 4, ["ipv6-encap"] = 41, ["ipv6-frag"] = 44, ["ipv6-nonxt"] = 59, ["ipv6-opts"] = 60, ["ipv6-route"] = 43,
        ["ospf"] = 89, ["pgm"] = 113, ["rsvp"] = 46, ["sctp"] = 132, ["tcp"] = 6, ["udp"] = 17, ["udplite"] = 136, ["vrrp"] = 112,
    };

    internal static IEnumerable<string> Names => Numbers.Keys;

    /// <summary>The number; null for what is no protocol.</summary>
    internal static int? Number(string text) => Numbers.TryGetValue(text.ToLowerInvariant(), out var number) ? number : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var plain) && plain <= 255 ? plain : null;

    internal static bool HasPorts(int number) => number is 6 or 17 or 33 or 132 or 136;
    internal static bool IsIcmp(int number) => number is 1 or 58;
}
