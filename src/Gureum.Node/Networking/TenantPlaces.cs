using System.Collections.Immutable;
using Gureum.Network.Tenants;

namespace Gureum.Node.Networking;

/// <summary>A port that a pod of this node has (immutable).</summary>
/// <param name="Port">The port's uid.</param>
/// <param name="Owner">The pod's uid.</param>
/// <param name="Interface">The node's end.</param>
/// <param name="Wired">Whether it is to be on its network: the hypervisor has it open.</param>
/// <param name="Here">Whether it is this node's to say where the port is: not while its machine is elsewhere yet.</param>
internal sealed record TenantPlace(string Port, string Owner, string Interface, bool Wired, bool Here)
{
    private const string Mark = "port";
    private const int LongestAlias = 250;

    /// <summary>What is written on the interface, so that whoever comes after this process knows.</summary>
    internal string Alias(string label)
    {
        var text = $"{Mark} {Port} {Owner} {label}";
        return text.Length > LongestAlias ? text[..LongestAlias] : text;
    }

    /// <summary>The place that an interface of an earlier life tells of; null when it tells of none.</summary>
    internal static TenantPlace? Of(TenantInterface found) =>
        found.Alias.Split(' ') is [Mark, var port, var owner, ..] ? new TenantPlace(port, owner, found.Name, found.Moved, found.Moved) : null;
}

/// <summary>The ports of this node's pods. Thread-safe; the interfaces themselves keep it over restarts.</summary>
internal sealed class TenantPlaces(IEnumerable<TenantPlace> known)
{
    private ImmutableDictionary<string, TenantPlace> byInterface = known.ToImmutableDictionary(p => p.Interface);

    internal IEnumerable<TenantPlace> All => byInterface.Values;

    internal IEnumerable<TenantPlace> Of(string owner) => byInterface.Values.Where(p => p.Owner == owner);

    internal TenantPlace? At(string @interface) => byInterface.GetValueOrDefault(@interface);

    internal void Put(TenantPlace place) => ImmutableInterlocked.AddOrUpdate(ref byInterface, place.Interface, place, (_, _) => place);

    internal void Remove(TenantPlace place) => ImmutableInterlocked.TryRemove(ref byInterface, place.Interface, out _);

    /// <summary>The interfaces that are on networks, by the uids of their ports; of two for one port, a machine that moves within the node, the one that came to be here.</summary>
    internal IReadOnlyDictionary<string, string> Wired() =>
        byInterface.Values.Where(p => p.Wired).GroupBy(p => p.Port, StringComparer.Ordinal).ToDictionary(g => g.Key, g => g.OrderByDescending(p => p.Here).First().Interface, StringComparer.Ordinal);
}
