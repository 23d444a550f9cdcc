namespace Gureum.Network.Tenants;

/// <summary>The parts of the tables of tenants' bridges that no port changes. Pure.</summary>
/// <remarks>
/// The bridges hand IPv4 to the IP hooks as well (nf_call_iptables). There each network has its own zone of tracked connections, so that
/// equal addresses of two networks are not one; and what belongs to a connection gets a mark that the rules of the bridge family see.
/// </remarks>
internal static class SecurityTable
{
    internal const string ServiceMacs = "service-macs", Zones = "zones";
    private const int Known = 1;

    /// <summary>The tables, replacing those of the same name.</summary>
    /// <param name="zones">The number of the zone of each bridge.</param>
    internal static string Base(string table, IReadOnlyDictionary<string, int> zones) =>
        $$"""
        {{Delete(table)}}table ip {{table}} {
          comment "tenants' networks of gureum"
          chain {{Zones}} {
            type filter hook prerouting priority raw;
            {{ZoneRule(zones)}}
          }
          chain marks {
            type filter hook prerouting priority mangle;
            ct state vmap { established : goto known, related : goto known, invalid : drop }
          }
          chain known {
            meta mark set {{Known}}
          }
        }
        table bridge {{table}} {
          comment "tenants' networks of gureum"
          map {{SecurityRenderer.Guards}} { type ifname : verdict; }
          map {{SecurityRenderer.Egress}} { type ifname : verdict; }
          map {{SecurityRenderer.Ingress}} { type ifname : verdict; }
          set {{ServiceMacs}} { type ether_addr; }
          chain prerouting {
            type filter hook prerouting priority -300;
            iifname "{{TenantNames.Tunnels}}*" ether saddr @{{ServiceMacs}} drop
            iifname vmap @{{SecurityRenderer.Guards}}
          }
          chain input {
            type filter hook input priority -200; policy drop;
          }
          chain leaving {
            type filter hook forward priority -200;
            oifname "{{TenantNames.Tunnels}}*" ether saddr @{{ServiceMacs}} drop
            oifname "{{TenantNames.Tunnels}}*" ether daddr @{{ServiceMacs}} drop
            meta mark {{Known}} accept
            iifname vmap @{{SecurityRenderer.Egress}}
          }
          chain entering {
            type filter hook forward priority -190;
            meta mark {{Known}} accept
            oifname vmap @{{SecurityRenderer.Ingress}}
          }
        }

        """;

    /// <summary>The commands that give the bridges other zones.</summary>
    internal static string Rezone(string table, IReadOnlyDictionary<string, int> zones)
    {
        var rule = ZoneRule(zones);
        return $"flush chain ip {table} {Zones}\n" + (rule.Length == 0 ? "" : $"add rule ip {table} {Zones} {rule}\n");
    }

    /// <summary>Removes the tables, whether they are there or not.</summary>
    internal static string Delete(string table) =>
        string.Concat(((string[])["ip", "bridge"]).Select(family => $"add table {family} {table}\ndelete table {family} {table}\n"));

    /// <summary>A zone for each network: its segment where that fits and is free, so that it stays when others come and go.</summary>
    internal static SortedDictionary<string, int> ZonesOf(IEnumerable<TenantNetwork> networks)
    {
        const int most = 65535;
        var (zones, taken) = (new SortedDictionary<string, int>(StringComparer.Ordinal), new HashSet<int>());
        foreach (var network in networks.OrderBy(n => n.Segment))
        {
            var zone = (network.Segment - 1) % most + 1;
            while (!taken.Add(zone)) zone = zone % most + 1;
            zones[TenantNames.Bridge(network.Id)] = zone;
        }
        return zones;
    }

    private static string ZoneRule(IReadOnlyDictionary<string, int> zones) =>
        zones.Count == 0 ? "" : $"ct zone set iifname map {{ {string.Join(", ", zones.Select(z => $"\"{z.Key}\" : {z.Value}"))} }}";
}
