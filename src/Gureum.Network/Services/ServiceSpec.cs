using System.Collections.Immutable;
using System.Net;

namespace Gureum.Network.Services;

/// <summary>What names a Service in a cluster.</summary>
public readonly record struct ServiceKey(string Namespace, string Name) : IComparable<ServiceKey>
{
    /// <summary>Ordinal, by namespace and name.</summary>
    public int CompareTo(ServiceKey other)
    {
        var first = string.CompareOrdinal(Namespace, other.Namespace);
        return first != 0 ? first : string.CompareOrdinal(Name, other.Name);
    }

    /// <inheritdoc/>
    public override string ToString() => $"{Namespace}/{Name}";
}

/// <summary>One place behind a Service port (an EndpointSlice's endpoint with the slice's port). Conditions as in discovery.k8s.io/v1.</summary>
/// <param name="Serving">Ready, whether or not it is terminating.</param>
/// <param name="NodeName">The node it lives on, or null when that is unknown.</param>
public sealed record ServiceEndpoint(
    IPAddress Address, ushort Port, bool Ready = true, bool Serving = true, bool Terminating = false, string? NodeName = null);

/// <summary>One port of a Service.</summary>
/// <param name="Name">The port's name, empty when it has none.</param>
/// <param name="Protocol">"tcp", "udp" or "sctp".</param>
/// <param name="NodePort">The port on every node, or 0.</param>
public sealed record ServicePort(
    string Name, string Protocol, ushort Port, ImmutableArray<ServiceEndpoint> Endpoints, ushort NodePort = 0);

/// <summary>
/// What the proxy needs to know of one Service. Immutable. Headless and ExternalName Services have no cluster address
/// and need no rules.
/// </summary>
public sealed record ServiceSpec
{
    /// <summary>Namespace and name.</summary>
    public required ServiceKey Key { get; init; }

    /// <summary>spec.clusterIPs; those of the other family are left to that family's proxy.</summary>
    public ImmutableArray<IPAddress> ClusterAddresses { get; init; } = [];

    /// <summary>spec.ports, each with its endpoints.</summary>
    public ImmutableArray<ServicePort> Ports { get; init; } = [];

    /// <summary>spec.externalIPs.</summary>
    public ImmutableArray<IPAddress> ExternalAddresses { get; init; } = [];

    /// <summary>status.loadBalancer.ingress addresses whose ipMode is VIP.</summary>
    public ImmutableArray<IPAddress> LoadBalancerAddresses { get; init; } = [];

    /// <summary>spec.loadBalancerSourceRanges; empty admits everyone.</summary>
    public ImmutableArray<IPNetwork> LoadBalancerSources { get; init; } = [];

    /// <summary>How long a client stays with its endpoint (sessionAffinity: ClientIP), or null for no affinity.</summary>
    public TimeSpan? Affinity { get; init; }

    /// <summary>internalTrafficPolicy: Local.</summary>
    public bool InternalLocal { get; init; }

    /// <summary>externalTrafficPolicy: Local.</summary>
    public bool ExternalLocal { get; init; }
}
