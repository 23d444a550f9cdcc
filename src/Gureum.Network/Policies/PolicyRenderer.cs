using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using Gureum.Network.Nftables;

namespace Gureum.Network.Policies;

/// <summary>A set of the addresses of the pods that a peer picks. Policies that name the same pods share one.</summary>
/// <param name="Only">The one namespace, or null: those that <paramref name="Namespaces"/> picks.</param>
internal sealed record PeerSet(string Name, string? Only, PolicySelector Namespaces, PolicySelector Pods)
{
    private const int LongestComment = 120; // nft takes 128 bytes

    /// <summary>With words for people who look at the table.</summary>
    internal string Declaration
    {
        get
        {
            var text = $"pods {(Pods.Text.Length == 0 ? "*" : Pods.Text)} in {Only ?? $"namespaces {(Namespaces.Text.Length == 0 ? "*" : Namespaces.Text)}"}".Replace('"', '?');
            return $"type ipv4_addr; comment \"{(text.Length > LongestComment ? text[..LongestComment] : text)}\";";
        }
    }

    internal bool Has(PolicyPod pod, IReadOnlyDictionary<string, string>? namespaceLabels) =>
        (Only is null ? namespaceLabels is not null && Namespaces.Matches(namespaceLabels) : Only == pod.Namespace) && Pods.Matches(pod.Labels);
}

/// <summary>A set of addresses and ports of the pods that give a port this name.</summary>
internal readonly record struct PortSet(string Protocol, string Name)
{
    internal string SetName => $"port-{Protocol}-{Name}";
}

/// <summary>What one policy needs: chains of its own, and sets that it shares with others. Immutable.</summary>
/// <param name="In">The chain that accepts what it allows to come in; null when it says nothing about that.</param>
internal sealed record RenderedPolicy(OwnedRules Rules, string? In, string? Out, ImmutableHashSet<PeerSet> Peers, ImmutableHashSet<PortSet> Ports);

/// <summary>Turns one policy into nftables rules. Pure: the same policy gives the same text.</summary>
/// <remarks>
/// Each direction is a chain of rules that accept. Whom a rule names by labels is a set that follows the pods, so that a pod
/// that comes or goes changes elements and no rule.
/// </remarks>
internal static class PolicyRenderer
{
    /// <summary>The kernel takes names of up to 255 bytes; of a long one the beginning is for people, the hash tells it from others.</summary>
    private const int Readable = 120;

    internal static RenderedPolicy Render(PolicySpec policy)
    {
        var (peers, ports) = (ImmutableHashSet.CreateBuilder<PeerSet>(), ImmutableHashSet.CreateBuilder<PortSet>());
        var chains = OwnedRules.None.Chains.ToBuilder();
        string? Direction(string prefix, string side, ImmutableArray<PolicyRule>? rules)
        {
            if (rules is null) return null;
            var name = ChainName(prefix, policy.Key);
            chains[name] = string.Join('\n', rules.Value.SelectMany(rule => Lines(rule, side, policy.Key.Namespace, peers, ports)).Distinct(StringComparer.Ordinal));
            return name;
        }
        var (into, outOf) = (Direction("in", "saddr", policy.Ingress), Direction("out", "daddr", policy.Egress));
        return new RenderedPolicy(OwnedRules.None with { Chains = chains.ToImmutable() }, into, outOf, peers.ToImmutable(), ports.ToImmutable());
    }

    /// <summary>The chain that pods go through which exactly these chains of policies concern: what none accepts is dropped.</summary>
    internal static (string Name, string Body) Isolation(string prefix, IReadOnlyCollection<string> chains) =>
        ($"{prefix}-isolated-{Hash(string.Join(' ', chains))}", string.Join('\n', chains.Select(c => "jump " + c).Append("counter drop")));

    private static string ChainName(string prefix, PolicyKey key)
    {
        var label = key.ToString();
        return $"{prefix}-{Hash(label)}-{(label.Length > Readable ? label[..Readable] : label)}";
    }

    private static IEnumerable<string> Lines(PolicyRule rule, string side, string ns, ISet<PeerSet> peers, ISet<PortSet> ports) =>
        from peer in rule.Peers.IsEmpty ? [""] : rule.Peers.Select(p => Peer(p, side, ns, peers)).OfType<string>()
        from port in rule.Ports.IsEmpty ? [""] : rule.Ports.Select(p => Port(p, ports))
        select peer + port + "accept";

    // Null when it cannot be met: pods have no addresses of that family.
    private static string? Peer(PolicyPeer peer, string side, string ns, ISet<PeerSet> peers)
    {
        if (peer is BlockPeer block) return block.Block.BaseAddress.AddressFamily == AddressFamily.InterNetwork ? Block(block, side) : null;
        var pods = (PodPeer)peer;
        var only = pods.Namespaces is null ? ns : null;
        var set = new PeerSet($"pods-{Hash($"{only}\n{pods.Namespaces?.Text}\n{pods.Pods.Text}")}", only, pods.Namespaces ?? PolicySelector.Everything, pods.Pods);
        peers.Add(set);
        return $"ip {side} @{set.Name} ";
    }

    private static string Block(BlockPeer peer, string side)
    {
        var match = peer.Block.PrefixLength == 0 ? "" : $"ip {side} {peer.Block} ";
        // One range inside of another is no interval of its own: nft refuses sets that say a thing twice.
        var v4 = peer.Except.Where(e => e.BaseAddress.AddressFamily == AddressFamily.InterNetwork).Distinct().ToList();
        var outermost = v4.Where(e => !v4.Any(o => o.PrefixLength < e.PrefixLength && o.Contains(e.BaseAddress)))
            .OrderBy(e => e.ToString(), StringComparer.Ordinal).ToList();
        return outermost.Count == 0 ? match : $"{match}ip {side} != {{ {string.Join(", ", outermost)} }} ";
    }

    private static string Port(PolicyPort port, ISet<PortSet> ports)
    {
        if (port.Name.Length > 0)
        {
            var set = new PortSet(port.Protocol, port.Name);
            ports.Add(set);
            return $"meta l4proto {port.Protocol} ip daddr . th dport @{set.SetName} ";
        }
        if (port.First == 0) return $"meta l4proto {port.Protocol} ";
        return port.Last > port.First ? $"{port.Protocol} dport {port.First}-{port.Last} " : $"{port.Protocol} dport {port.First} ";
    }

    private static string Hash(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)).AsSpan(0, 8));
}
