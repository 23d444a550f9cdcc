using System.Text;

namespace Gureum.Network.Pods;

/// <summary>
/// The nftables rules of a node's pods: masquerade towards the outside, and host ports. Pure: options and leases in,
/// nft commands out.
/// </summary>
internal static class PodRules
{
    /// <summary>Replaces the whole table in one transaction.</summary>
    internal static string Table(PodNetworkOptions options, IEnumerable<PodLease> leases)
    {
        var table = $"ip {options.Table}";
        var text = new StringBuilder();
        text.Append(Delete(options));
        text.Append($$"""
            table {{table}} {
              comment "pods of gureum on {{options.Bridge}}"
              set inside { type ipv4_addr; flags interval; auto-merge; elements = { {{options.PodCidr}}, {{options.EffectiveClusterCidr}}, {{options.ServiceCidr}} } }
              map host-ports { type inet_proto . inet_service : ipv4_addr . inet_service; }
              map host-ports-at { type ipv4_addr . inet_proto . inet_service : ipv4_addr . inet_service; }
              set to-itself { type ipv4_addr . ipv4_addr; }
              chain host-port {
                dnat ip to ip daddr . meta l4proto . th dport map @host-ports-at
                dnat ip to meta l4proto . th dport map @host-ports
              }
              chain loopback-guard {
                type filter hook prerouting priority raw;
                iifname "{{options.Bridge}}" ip daddr 127.0.0.0/8 counter drop
                iifname "{{options.Bridge}}" ip saddr 127.0.0.0/8 counter drop
              }
              chain prerouting {
                type nat hook prerouting priority dstnat - 10;
                fib daddr type local meta l4proto { tcp, udp, sctp } goto host-port
              }
              chain output {
                type nat hook output priority -110;
                fib daddr type local meta l4proto { tcp, udp, sctp } goto host-port
              }
              chain postrouting {
                type nat hook postrouting priority srcnat;
                ct status dnat ip saddr . ip daddr @to-itself masquerade
                ct status dnat ip saddr 127.0.0.0/8 oifname "{{options.Bridge}}" masquerade
                ip saddr {{options.EffectiveClusterCidr}} ip daddr != @inside ip daddr != 224.0.0.0/4 oifname != "{{options.Bridge}}" masquerade
              }
            }

            """);
        foreach (var lease in leases) text.Append(AddPorts(options, lease));
        return text.ToString();
    }

    /// <summary>Removes the table, whether it is there or not.</summary>
    internal static string Delete(PodNetworkOptions options) => $"add table ip {options.Table}\ndelete table ip {options.Table}\n";

    internal static string AddPorts(PodNetworkOptions options, PodLease lease) => Ports(options, lease, "add", value: true);

    internal static string RemovePorts(PodNetworkOptions options, PodLease lease) => Ports(options, lease, "delete", value: false);

    private static string Ports(PodNetworkOptions options, PodLease lease, string verb, bool value)
    {
        if (lease.Ports.IsEmpty) return "";
        var text = new StringBuilder();
        text.Append($"{verb} element ip {options.Table} to-itself {{ {lease.Address} . {lease.Address} }}\n");
        foreach (var port in lease.Ports)
        {
            var map = port.HostAddress is null ? "host-ports" : "host-ports-at";
            var key = (port.HostAddress is null ? "" : port.HostAddress + " . ") + $"{port.Protocol} . {port.HostPort}";
            text.Append($"{verb} element ip {options.Table} {map} {{ {key}{(value ? $" : {lease.Address} . {port.ContainerPort}" : "")} }}\n");
        }
        return text.ToString();
    }
}
