using System.Collections.Immutable;
using System.Net;

namespace Gureum.Network.Policies;

/// <summary>What names a NetworkPolicy in a cluster.</summary>
public readonly record struct PolicyKey(string Namespace, string Name) : IComparable<PolicyKey>
{
    /// <summary>Ordinal, by namespace and name.</summary>
    public int CompareTo(PolicyKey other)
    {
        var first = string.CompareOrdinal(Namespace, other.Namespace);
        return first != 0 ? first : string.CompareOrdinal(Name, other.Name);
    }

    /// <inheritdoc/>
    public override string ToString() => $"{Namespace}/{Name}";
}

/// <summary>Picks objects by their labels. Immutable; two of the same text are the same.</summary>
/// <param name="Text">All conditions in one canonical order, "app=web,!old"; empty picks everything.</param>
/// <param name="Matches">Whether labels meet all conditions.</param>
public sealed record PolicySelector(string Text, Func<IReadOnlyDictionary<string, string>, bool> Matches)
{
    /// <summary>Picks everything.</summary>
    public static PolicySelector Everything { get; } = new("", static _ => true);

    /// <inheritdoc/>
    public bool Equals(PolicySelector? other) => other?.Text == Text;

    /// <inheritdoc/>
    public override int GetHashCode() => StringComparer.Ordinal.GetHashCode(Text);
}

/// <summary>Who the other side of a connection may be (networking.k8s.io/v1 NetworkPolicyPeer).</summary>
public abstract record PolicyPeer;

/// <summary>Pods, by labels of their own and of their namespaces.</summary>
/// <param name="Namespaces">Null: only the policy's own namespace.</param>
public sealed record PodPeer(PolicySelector? Namespaces, PolicySelector Pods) : PolicyPeer;

/// <summary>Addresses, without some of them.</summary>
public sealed record BlockPeer(IPNetwork Block, ImmutableArray<IPNetwork> Except) : PolicyPeer;

/// <summary>A port of the side that is connected to.</summary>
/// <param name="Protocol">"tcp", "udp" or "sctp".</param>
/// <param name="First">The port, or the first of a range; 0 for all of the protocol, or when it has a name.</param>
/// <param name="Last">The last port of a range, or 0.</param>
/// <param name="Name">The name that containers give to the port, or empty.</param>
public sealed record PolicyPort(string Protocol, ushort First = 0, ushort Last = 0, string Name = "");

/// <summary>One kind of traffic that is allowed: any of these peers, by any of these ports.</summary>
/// <param name="Peers">Empty: everyone.</param>
/// <param name="Ports">Empty: all ports and protocols.</param>
public sealed record PolicyRule(ImmutableArray<PolicyPeer> Peers, ImmutableArray<PolicyPort> Ports);

/// <summary>A NetworkPolicy, as far as packets go. Immutable.</summary>
/// <param name="Pods">The pods of its namespace that it isolates.</param>
/// <param name="Ingress">What may come in; null when it says nothing about that direction, empty when nothing may.</param>
/// <param name="Egress">What may go out, likewise.</param>
public sealed record PolicySpec(PolicyKey Key, PolicySelector Pods, ImmutableArray<PolicyRule>? Ingress, ImmutableArray<PolicyRule>? Egress);

/// <summary>A named port of a container.</summary>
/// <param name="Protocol">"tcp", "udp" or "sctp".</param>
public readonly record struct NamedPort(string Name, string Protocol, ushort Port);

/// <summary>A pod on the pod network, a container's or a machine's. Immutable; those on their node's own network are none.</summary>
/// <param name="Uid">What tells it from others of its name, before and after it.</param>
/// <param name="Here">Whether this node polices it.</param>
public sealed record PolicyPod(string Uid, string Namespace, ImmutableSortedDictionary<string, string> Labels, ImmutableArray<IPAddress> Addresses, ImmutableArray<NamedPort> Ports, bool Here)
{
    /// <inheritdoc/>
    public bool Equals(PolicyPod? other) => other is not null && (Uid, Namespace, Here) == (other.Uid, other.Namespace, other.Here)
        && Labels.SequenceEqual(other.Labels) && Addresses.SequenceEqual(other.Addresses) && Ports.SequenceEqual(other.Ports);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Uid, Addresses.Length);
}

/// <summary>What has changed in a cluster, as far as policies go.</summary>
public sealed record PolicyChange
{
    /// <summary>New and changed policies.</summary>
    public ImmutableArray<PolicySpec> Policies { get; init; } = [];

    /// <summary>Policies that are gone.</summary>
    public ImmutableArray<PolicyKey> PoliciesGone { get; init; } = [];

    /// <summary>New and changed pods.</summary>
    public ImmutableArray<PolicyPod> Pods { get; init; } = [];

    /// <summary>The uids of pods that are gone.</summary>
    public ImmutableArray<string> PodsGone { get; init; } = [];

    /// <summary>New namespaces and those whose labels changed.</summary>
    public ImmutableArray<(string Name, ImmutableSortedDictionary<string, string> Labels)> Namespaces { get; init; } = [];

    /// <summary>Namespaces that are gone.</summary>
    public ImmutableArray<string> NamespacesGone { get; init; } = [];
}
