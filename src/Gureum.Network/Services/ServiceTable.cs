namespace Gureum.Network.Services;

/// <summary>
/// The part of the table that no Service changes. A packet takes one look-up by address, protocol and port, and one by
/// protocol and port when it is for the node itself, however many Services there are. Pure.
/// </summary>
internal static class ServiceTable
{
    internal const string Services = "services", NodePorts = "node-ports", Unserved = "unserved",
        UnservedNodePorts = "unserved-node-ports", ToItself = "to-itself", Refuse = "goto refuse", Ignore = "goto ignore";

    /// <summary>The table with its maps and base chains, replacing one of the same name.</summary>
    internal static string Base(ServiceProxyOptions options)
    {
        var mark = $"0x{options.MasqueradeMark:x}";
        var clear = $"0x{~options.MasqueradeMark:x}";
        var node = "fib daddr type local ip daddr != 127.0.0.0/8"
            + (options.NodePortAddresses.IsEmpty ? "" : $" ip daddr {{ {string.Join(", ", options.NodePortAddresses)} }}");
        return $$"""
            {{Delete(options)}}table ip {{options.Table}} {
              comment "services of gureum on node {{options.NodeName}}"
              map {{Services}} { type ipv4_addr . inet_proto . inet_service : verdict; }
              map {{NodePorts}} { type inet_proto . inet_service : verdict; }
              map {{Unserved}} { type ipv4_addr . inet_proto . inet_service : verdict; }
              map {{UnservedNodePorts}} { type inet_proto . inet_service : verdict; }
              set {{ToItself}} { type ipv4_addr . ipv4_addr; }
              chain prerouting {
                type nat hook prerouting priority dstnat;
                jump dispatch
              }
              chain output {
                type nat hook output priority -100;
                jump dispatch
              }
              chain dispatch {
                ip daddr {{options.ServiceCidr}} ip saddr != {{options.ClusterCidr}} meta mark set meta mark | {{mark}}
                ip daddr . meta l4proto . th dport vmap @{{Services}}
                {{node}} meta l4proto . th dport vmap @{{NodePorts}}
              }
              chain postrouting {
                type nat hook postrouting priority srcnat - 5;
                ct status dnat meta mark & {{mark}} == {{mark}} meta mark set meta mark & {{clear}} masquerade
                ct status dnat ip saddr . ip daddr @{{ToItself}} masquerade
              }
              chain refuse {
                meta l4proto tcp reject with tcp reset
                reject
              }
              chain ignore {
                drop
              }
              chain unanswered {
                ip daddr . meta l4proto . th dport vmap @{{Unserved}}
                {{node}} meta l4proto . th dport vmap @{{UnservedNodePorts}}
              }
              chain strays {
                ip daddr {{options.ServiceCidr}} fib daddr type != local goto refuse
              }
              chain filter-input {
                type filter hook input priority filter - 10;
                ct state new jump unanswered
              }
              chain filter-forward {
                type filter hook forward priority filter - 10;
                ct state new jump unanswered
                jump strays
              }
              chain filter-output {
                type filter hook output priority filter - 10;
                ct state new jump unanswered
                jump strays
              }
            }

            """;
    }

    /// <summary>Removes the table, whether it is there or not.</summary>
    internal static string Delete(ServiceProxyOptions options) => $"add table ip {options.Table}\ndelete table ip {options.Table}\n";
}
