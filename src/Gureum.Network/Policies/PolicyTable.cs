using System.Net.NetworkInformation;

namespace Gureum.Network.Policies;

/// <summary>The parts of the tables that no policy changes. Pure.</summary>
/// <remarks>
/// A packet is judged where its node forwards it: after a Service's address became its pod's, and before any source is hidden. What the
/// node itself sends to its pods (probes) or is sent by them is not forwarded, and so always allowed. Each direction has a hook of its own,
/// since "accept" ends the hook and not the packet's way.
/// </remarks>
internal static class PolicyTable
{
    internal const string Ingress = "ingress", Egress = "egress", ToItself = "to-itself";

    /// <summary>The table with its maps and hooks, replacing one of the same name; and that of the bridge.</summary>
    internal static string Base(PolicyOptions options) =>
        $$"""
        {{Delete(options)}}table ip {{options.Table}} {
          comment "network policies of gureum on node {{options.NodeName}}"
          map {{Ingress}} { type ipv4_addr : verdict; }
          map {{Egress}} { type ipv4_addr : verdict; }
          set {{ToItself}} { type ipv4_addr . ipv4_addr; }
          chain leaving {
            type filter hook forward priority filter - 6;
            ct state established,related accept
            ip saddr . ip daddr @{{ToItself}} accept
            ip saddr vmap @{{Egress}}
          }
          chain entering {
            type filter hook forward priority filter - 5;
            ct state established,related accept
            ip saddr . ip daddr @{{ToItself}} accept
            ip daddr vmap @{{Ingress}}
          }
        }
        {{Bridge(options)}}
        """;

    // Pods know no neighbour but the node. What one sends to another all the same, past the node's routes, or in a protocol that is not
    // judged, goes nowhere; what a Service's rules turn round on the bridge is unicast IPv4, and judged.
    private static string Bridge(PolicyOptions options) =>
        $$"""
        table bridge {{options.Table}} {
          comment "pods of gureum reach each other through node {{options.NodeName}} alone"
          chain prerouting {
            type filter hook prerouting priority -300;
            iifname "{{options.Ports}}" ether type ip6 drop
            iifname "{{options.Ports}}" ether type ip ether daddr != {{Text(options.BridgeMac)}} ether daddr & 01:00:00:00:00:00 == 00:00:00:00:00:00 drop
          }
          chain forward {
            type filter hook forward priority -200;
            iifname "{{options.Ports}}" ether type != ip drop
            iifname "{{options.Ports}}" ether daddr & 01:00:00:00:00:00 != 00:00:00:00:00:00 drop
          }
        }

        """;

    /// <summary>Removes the tables, whether they are there or not.</summary>
    internal static string Delete(PolicyOptions options) =>
        string.Concat(((string[])["ip", "bridge"]).Select(family => $"add table {family} {options.Table}\ndelete table {family} {options.Table}\n"));

    private static string Text(PhysicalAddress mac) => string.Join(':', mac.GetAddressBytes().Select(b => b.ToString("x2", System.Globalization.CultureInfo.InvariantCulture)));
}
