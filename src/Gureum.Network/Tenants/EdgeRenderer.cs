using System.Net;

namespace Gureum.Network.Tenants;

/// <summary>What the node does with packets of external networks: it hides them behind its own address, and keeps them from the cluster. Pure.</summary>
internal static class EdgeRenderer
{
    /// <summary>The table of the node's own namespace, replacing one of the same name; only its removal without external networks.</summary>
    /// <param name="ranges">Those of the external networks.</param>
    /// <param name="forbidden">Pods and Services.</param>
    internal static string Render(string table, IReadOnlyList<IPNetwork> ranges, IReadOnlyList<IPNetwork> forbidden)
    {
        if (ranges.Count == 0) return Delete(table);
        var inside = forbidden.Count == 0 ? "" : $"    iifname \"{TenantNames.EdgeHosts}*\" ct original ip daddr {{ {string.Join(", ", forbidden)} }} counter drop\n";
        return $$"""
            {{Delete(table)}}table ip {{table}} {
              comment "external networks of gureum"
              set ranges { type ipv4_addr; flags interval; auto-merge; elements = { {{string.Join(", ", ranges)}} } }
              chain loopback-guard {
                type filter hook prerouting priority raw;
                iifname "{{TenantNames.EdgeHosts}}*" ip daddr 127.0.0.0/8 counter drop
                iifname "{{TenantNames.EdgeHosts}}*" fib saddr . iif oif missing counter drop
              }
              chain forward {
                type filter hook forward priority filter - 7;
                ct state established,related accept
            {{inside}}  }
              chain input {
                type filter hook input priority filter - 7;
                ct state established,related accept
            {{inside}}  }
              chain postrouting {
                type nat hook postrouting priority srcnat;
                ip saddr @ranges ip daddr != @ranges ip daddr != 224.0.0.0/4 oifname != "{{TenantNames.EdgeHosts}}*" masquerade
              }
            }

            """;
    }

    internal static string Delete(string table) => $"add table ip {table}\ndelete table ip {table}\n";
}
