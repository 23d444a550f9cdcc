using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using Gureum.Network.Nftables;

namespace Gureum.Network.Services;

/// <summary>
/// Turns one Service into nftables rules. Pure: the same Service and options give the same text.
/// </summary>
/// <remarks>
/// Each port has up to four chains: `all-` (every usable endpoint), `near-` (those of this node), `ext-` (what arrives at an
/// external address or node port: marks for masquerade, or picks near ones under externalTrafficPolicy Local) and `adm-`
/// (load balancer source ranges); with affinity each endpoint has an `end-` chain and an `aff-` set of its clients.
/// What leaves these chains without a verdict meets the `unserved` maps in the filter hooks.
/// </remarks>
public static class ServiceRenderer
{
    /// <summary>
    /// Up to so many endpoints are chosen by one rule each, more by a map. The kernel compares a new map's name with those of
    /// all others: with a map for each of 10,000 Services a full replacement took 15 s, with rules it takes 1 s.
    /// </summary>
    private const int MostRules = 16;

    /// <summary>The rules of one Service on this node; <see cref="OwnedRules.None"/> when it needs none.</summary>
    public static OwnedRules Render(ServiceSpec service, ServiceProxyOptions options)
    {
        var rules = new Builder();
        foreach (var port in service.Ports) new Port(service, port, options, rules).Render();
        return rules.Build();
    }

    /// <summary>
    /// The endpoints that new connections may go to: the ready ones or, so that the last ones of a rollout still answer,
    /// those that are terminating but serve (KEP-1669).
    /// </summary>
    public static ImmutableArray<ServiceEndpoint> Usable(IEnumerable<ServiceEndpoint> endpoints)
    {
        var v4 = endpoints.Where(e => e.Address.AddressFamily == AddressFamily.InterNetwork).ToList();
        var ready = v4.Where(e => e.Ready).ToList();
        var chosen = ready.Count > 0 ? ready : v4.Where(e => e is { Serving: true, Terminating: true }).ToList();
        return [.. chosen.DistinctBy(e => (e.Address, e.Port)).OrderBy(e => e.Address.ToString(), StringComparer.Ordinal).ThenBy(e => e.Port)];
    }

    private sealed class Builder
    {
        private readonly ImmutableSortedDictionary<string, string>.Builder _chains = OwnedRules.None.Chains.ToBuilder();
        private readonly ImmutableSortedDictionary<string, string>.Builder _sets = OwnedRules.None.Sets.ToBuilder();
        private readonly ImmutableDictionary<RuleElement, string>.Builder _elements = OwnedRules.None.Elements.ToBuilder();

        internal void Chain(string name, params IEnumerable<string> rules) => _chains[name] = string.Join('\n', rules);
        internal void Set(string name, string declaration) => _sets[name] = declaration;
        internal void Element(string map, string key, string value = "") => _elements[new RuleElement(map, key)] = value;
        internal OwnedRules Build() => new(_chains.ToImmutable(), _sets.ToImmutable(), _elements.ToImmutable());
    }

    private readonly ref struct Port(ServiceSpec service, ServicePort port, ServiceProxyOptions options, Builder rules)
    {
        private string Label => $"{service.Key.Namespace}/{service.Key.Name}/{port.Protocol}/{port.Port}";
        private string Suffix => $"{Hash(Label)}-{Label}";

        internal void Render()
        {
            var local = options.LocallyServed;
            var cluster = V4(service.ClusterAddresses).Where(a => !local.Contains(a)).ToList();
            var external = V4(service.ExternalAddresses).ToList();
            var balancer = V4(service.LoadBalancerAddresses).ToList();
            if (cluster.Count + external.Count + balancer.Count == 0 && port.NodePort == 0) return;

            var node = options.NodeName;
            var all = Usable(port.Endpoints);
            var near = Usable(port.Endpoints.Where(e => e.NodeName == node));
            var outside = external.Count + balancer.Count > 0 || port.NodePort != 0;
            string allChain = $"all-{Suffix}", nearChain = $"near-{Suffix}", outsideChain = $"ext-{Suffix}";

            var needsNear = (service.InternalLocal && cluster.Count > 0) || (service.ExternalLocal && outside);
            var needsAll = (!service.InternalLocal && cluster.Count > 0) || outside;
            if (needsAll && all.Length > 0) Destinations(allChain, all);
            if (needsNear && near.Length > 0) Destinations(nearChain, near);
            foreach (var endpoint in all.Where(e => e.NodeName is null || e.NodeName == node))
                rules.Element(ServiceTable.ToItself, $"{endpoint.Address} . {endpoint.Address}");

            Serve(cluster, service.InternalLocal ? near.Length > 0 ? nearChain : null : all.Length > 0 ? allChain : null,
                always: all.Length == 0 ? ServiceTable.Refuse : ServiceTable.Ignore);
            if (!outside) return;

            if (all.Length > 0) Outside(outsideChain, allChain, near.Length > 0 ? nearChain : null);
            var target = all.Length > 0 ? outsideChain : null;
            var otherwise = all.Length == 0 ? ServiceTable.Refuse : ServiceTable.Ignore;
            // Under Local without endpoints here, only what comes from this node and its pods finds a way.
            var partly = service.ExternalLocal && near.Length == 0;
            Serve(external, target, otherwise, partly);
            Serve(balancer, target is null ? null : Admission(target), otherwise, partly || !service.LoadBalancerSources.IsEmpty);
            if (port.NodePort == 0) return;
            var key = $"{port.Protocol} . {port.NodePort}";
            if (target is not null) rules.Element(ServiceTable.NodePorts, key, $"goto {target}");
            if (target is null || partly) rules.Element(ServiceTable.UnservedNodePorts, key, otherwise);
        }

        private void Serve(IEnumerable<IPAddress> addresses, string? chain, string always, bool partly = false)
        {
            foreach (var address in addresses)
            {
                var key = $"{address} . {port.Protocol} . {port.Port}";
                if (chain is not null) rules.Element(ServiceTable.Services, key, $"goto {chain}");
                if (chain is null || partly) rules.Element(ServiceTable.Unserved, key, always);
            }
        }

        private void Outside(string name, string allChain, string? nearChain)
        {
            var mark = $"meta mark set meta mark | 0x{options.MasqueradeMark:x}";
            if (!service.ExternalLocal)
            {
                rules.Chain(name, mark, $"goto {allChain}");
                return;
            }
            var lines = new List<string>
            {
                $"ip saddr {options.PodCidr} goto {allChain}",
                $"fib saddr type local {mark} goto {allChain}",
            };
            if (nearChain is not null) lines.Add($"goto {nearChain}");
            rules.Chain(name, lines);
        }

        private string Admission(string target)
        {
            if (service.LoadBalancerSources.IsEmpty) return target;
            var name = $"adm-{Suffix}";
            var ranges = service.LoadBalancerSources.Where(r => r.BaseAddress.AddressFamily == AddressFamily.InterNetwork).Select(r => r.ToString())
                .Order(StringComparer.Ordinal).ToList();
            rules.Chain(name, [.. ranges.Select(range => $"ip saddr {range} goto {target}")]);
            return name;
        }

        private void Destinations(string name, ImmutableArray<ServiceEndpoint> endpoints)
        {
            if (service.Affinity is { } timeout)
            {
                var ends = new List<string>();
                var lines = new List<string>();
                foreach (var endpoint in endpoints)
                {
                    var (end, clients) = Sticky(endpoint, timeout);
                    ends.Add(end);
                    lines.Add($"ip saddr @{clients} goto {end}");
                }
                rules.Chain(name, lines.Concat(Even([.. ends.Select(end => $"goto {end}")])));
                return;
            }
            var match = $"meta l4proto {port.Protocol}";
            if (endpoints.Length <= MostRules) rules.Chain(name, Even([.. endpoints.Select(e => $"{match} dnat to {e.Address}:{e.Port}")]));
            else rules.Chain(name, $"{match} dnat ip to numgen random mod {endpoints.Length} map {{ {string.Join(", ", endpoints.Select((e, i) => $"{i} : {e.Address} . {e.Port}"))} }}");
        }

        /// <summary>Rules of which each is taken equally often: the first by one in n, the second by one in the n-1 left, and so on.</summary>
        private static IEnumerable<string> Even(IReadOnlyList<string> choices) =>
            choices.Select((choice, i) => i == choices.Count - 1 ? choice : $"numgen random mod {choices.Count - i} 0 {choice}");

        private (string Chain, string Clients) Sticky(ServiceEndpoint endpoint, TimeSpan timeout)
        {
            var seconds = Math.Max(1, (long)timeout.TotalSeconds);
            var where = $"{Label}/{endpoint.Address}/{endpoint.Port}";
            // The time-out is part of the name: a set cannot change its own, so another time-out is another set.
            string clients = $"aff-{Hash($"{where}/{seconds}")}-{where}", end = $"end-{Hash(where)}-{where}";
            rules.Set(clients, $"type ipv4_addr; flags dynamic,timeout; timeout {seconds}s;");
            rules.Chain(end, $"update @{clients} {{ ip saddr }}", $"meta l4proto {port.Protocol} dnat to {endpoint.Address}:{endpoint.Port}");
            return (end, clients);
        }
    }

    private static IEnumerable<IPAddress> V4(ImmutableArray<IPAddress> addresses) =>
        addresses.Where(a => a.AddressFamily == AddressFamily.InterNetwork);

    private static string Hash(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)).AsSpan(0, 4));
}
