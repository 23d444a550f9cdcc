using System.Net;

namespace Gureum.Network.Netlink;

/// <summary>What a route does with packets; values as in linux/rtnetlink.h.</summary>
public enum RouteKind : byte
{
    /// <summary>Forwards them.</summary>
    Unicast = 1,
    /// <summary>Delivers them to this machine.</summary>
    Local = 2,
    /// <summary>Broadcasts them on a link.</summary>
    Broadcast = 3,
    /// <summary>Drops them silently.</summary>
    Blackhole = 6,
    /// <summary>Refuses them with "host unreachable".</summary>
    Unreachable = 7,
    /// <summary>Refuses them with "administratively prohibited".</summary>
    Prohibit = 8,
}

/// <summary>One route of the main table.</summary>
/// <param name="Destination">The network it is for; 0.0.0.0/0 for the default route.</param>
/// <param name="Gateway">The next hop, or null when the destination is on the link.</param>
/// <param name="Link">The interface, or null (unreachable routes have none).</param>
/// <param name="Source">The source address for traffic that starts here, or null.</param>
/// <param name="Metric">The lower wins among routes to the same destination; 0 is the kernel's default for IPv4.</param>
/// <param name="OnLink">Whether to trust that the gateway is on the link although no route says so.</param>
public sealed record Route(
    IPNetwork Destination, IPAddress? Gateway = null, string? Link = null, IPAddress? Source = null,
    RouteKind Kind = RouteKind.Unicast, uint Metric = 0, bool OnLink = false)
{
    /// <summary>The mark (rtm_protocol) on every route that Gureum makes: `ip route show proto 71`.</summary>
    public const byte Protocol = 71;

    /// <inheritdoc/>
    public override string ToString() =>
        (Kind == RouteKind.Unicast ? "" : Kind.ToString().ToLowerInvariant() + " ") + Destination
        + (Gateway is null ? "" : $" via {Gateway}") + (Link is null ? "" : $" dev {Link}") + (Metric == 0 ? "" : $" metric {Metric}");
}
