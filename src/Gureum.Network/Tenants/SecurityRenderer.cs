using System.Collections.Immutable;
using System.Net;
using System.Net.NetworkInformation;
using Gureum.Network.Nftables;

namespace Gureum.Network.Tenants;

/// <summary>Ports and security groups as rules of the bridge family. Pure: the same port gives the same text.</summary>
/// <remarks>
/// A port's packets are judged where the bridge takes them in (is it itself that speaks?) and where it passes them on (may it say this,
/// may the other one hear it?). What belongs to a connection that was allowed has a mark by then.
/// </remarks>
internal static class SecurityRenderer
{
    internal const string Guards = "guards", Egress = "egress", Ingress = "ingress";
    private const byte Tcp = 6, Udp = 17, Sctp = 132, Icmp = 1;

    /// <summary>The rules of a port that is wired here; none for one that is not judged.</summary>
    /// <param name="dhcp">The hardware address that may tell it its address; null when nobody may.</param>
    internal static OwnedRules Port(TenantPort port, PhysicalAddress? dhcp)
    {
        if (port.Interface is not { } card || !port.Up) return OwnedRules.None;
        if (!port.Secured) return OwnedRules.None;
        var id = TenantNames.Hash(port.Id);
        var groups = port.Groups.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).ToList();
        var chains = OwnedRules.None.Chains
            .Add("guard-" + id, Guard(port))
            .Add("out-" + id, Lines([
                "ether type { arp, 0x8035 } accept", "udp sport 68 udp dport 67 accept", "udp sport 67 udp dport 68 counter drop",
                .. groups.Select(g => "jump " + Chain(g, ingress: false)), "counter drop"]))
            .Add("in-" + id, Lines([
                "ether type { arp, 0x8035 } accept", .. dhcp is null ? (string[])[] : [$"ether saddr {TenantNames.Text(dhcp)} udp sport 67 udp dport 68 accept"],
                .. groups.Select(g => "jump " + Chain(g, ingress: true)), "counter drop"]));
        var elements = OwnedRules.None.Elements
            .Add(new RuleElement(Guards, Quote(card)), "goto guard-" + id)
            .Add(new RuleElement(Egress, Quote(card)), "goto out-" + id)
            .Add(new RuleElement(Ingress, Quote(card)), "goto in-" + id);
        return OwnedRules.None with { Chains = chains, Elements = elements };
    }

    /// <summary>What ports of a group may do, in two chains.</summary>
    internal static OwnedRules Group(SecurityGroup group) => OwnedRules.None with
    {
        Chains = OwnedRules.None.Chains
            .Add(Chain(group.Id, ingress: true), Lines(group.Rules.Where(r => r.Ingress).SelectMany(Rule).Distinct(StringComparer.Ordinal)))
            .Add(Chain(group.Id, ingress: false), Lines(group.Rules.Where(r => !r.Ingress).SelectMany(Rule).Distinct(StringComparer.Ordinal))),
    };

    /// <summary>The addresses of a group's members, as a set that its members fill.</summary>
    internal static OwnedRules Members(string group, string label) => OwnedRules.None with { Sets = OwnedRules.None.Sets.Add(Set(group), $"type ipv4_addr; comment \"members of {label.Replace('"', '?')}\";") };

    /// <summary>What a port brings into the sets of its groups, those that rules name.</summary>
    internal static OwnedRules Member(TenantPort port, IReadOnlySet<string> named)
    {
        var addresses = port.Addresses.Select(a => a.Address).Concat(port.Allowed.Where(a => a.Addresses.PrefixLength == 32).Select(a => a.Addresses.BaseAddress)).Distinct().ToList();
        return OwnedRules.None with
        {
            Elements = port.Groups.Where(named.Contains).Distinct(StringComparer.Ordinal)
                .SelectMany(g => addresses.Select(a => KeyValuePair.Create(new RuleElement(Set(g), a.ToString()), ""))).ToImmutableDictionary(),
        };
    }

    internal static string Chain(string group, bool ingress) => $"group-{TenantNames.Hash(group)}-{(ingress ? "in" : "out")}";

    internal static string Set(string group) => "members-" + TenantNames.Hash(group);

    // Its own addresses and those that it may use; a question who has an address before it is used; and the question for one.
    private static string Guard(TenantPort port)
    {
        var pairs = port.Addresses.Select(a => (port.Mac, Text: a.Address.ToString()))
            .Concat(port.Allowed.Select(a => (Mac: a.Mac ?? port.Mac, Text: a.Addresses.PrefixLength == 32 ? a.Addresses.BaseAddress.ToString() : a.Addresses.ToString())))
            .GroupBy(p => p.Mac, p => p.Text).OrderBy(g => TenantNames.Text(g.Key), StringComparer.Ordinal);
        var lines = new List<string>();
        foreach (var pair in pairs)
        {
            var (mac, addresses) = (TenantNames.Text(pair.Key), Outermost(pair));
            lines.Add($"ether saddr {mac} arp saddr ether {mac} arp saddr ip {{ 0.0.0.0, {addresses} }} accept");
            lines.Add($"ether saddr {mac} ip saddr {{ {addresses} }} accept");
        }
        // A machine that comes from another node tells where it is by RARP.
        lines.Add($"ether saddr {TenantNames.Text(port.Mac)} ether type 0x8035 accept");
        lines.Add($"ether saddr {TenantNames.Text(port.Mac)} ip saddr 0.0.0.0 udp sport 68 udp dport 67 accept");
        lines.Add("counter drop");
        return Lines(lines);
    }

    // nft refuses sets that say a thing twice.
    private static string Outermost(IEnumerable<string> ranges)
    {
        var all = ranges.Distinct(StringComparer.Ordinal).Select(r => r.Contains('/') ? IPNetwork.Parse(r) : new IPNetwork(IPAddress.Parse(r), 32)).ToList();
        return string.Join(", ", all.Where(r => !all.Any(o => o.PrefixLength < r.PrefixLength && o.Contains(r.BaseAddress)))
            .Select(r => r.PrefixLength == 32 ? r.BaseAddress.ToString() : r.ToString()).Order(StringComparer.Ordinal));
    }

    private static IEnumerable<string> Rule(GroupRule rule)
    {
        var side = rule.Ingress ? "saddr" : "daddr";
        var peer = rule.RemoteGroup is { } group ? $"ip {side} @{Set(group)} " : rule.Remote is { PrefixLength: > 0 } range ? $"ip {side} {range} " : "";
        yield return peer + Protocol(rule, peer.Length > 0) + "accept";
    }

    private static string Protocol(GroupRule rule, bool known) => rule switch
    {
        { Protocol: null } => known ? "" : "ether type ip ",
        { Protocol: Icmp, First: { } type, Last: { } code } => $"icmp type {type} icmp code {code} ",
        { Protocol: Icmp, First: { } type } => $"icmp type {type} ",
        { Protocol: Tcp or Udp or Sctp, First: { } first } => $"{Name(rule.Protocol.Value)} dport {first}{(rule.Last is { } last && last > first ? $"-{last}" : "")} ",
        _ => $"ip protocol {rule.Protocol} ",
    };

    private static string Name(byte protocol) => protocol switch { Tcp => "tcp", Udp => "udp", _ => "sctp" };

    private static string Quote(string name) => $"\"{name}\"";

    private static string Lines(IEnumerable<string> lines) => string.Join('\n', lines);
}
