using System.Collections.Immutable;
using System.Net;

namespace Gureum.Network.Dns;

/// <summary>Where the cluster's names come from: an index over an informer's cache. Every look-up is O(1) and thread-safe.</summary>
public interface IDnsSource
{
    /// <summary>Whether the namespace exists.</summary>
    bool HasNamespace(string name);

    /// <summary>The Service's names, or null when there is no such Service.</summary>
    DnsService? FindService(string @namespace, string name);

    /// <summary>The names of an address without the cluster's domain ("web.shop.svc", "db-0.db.shop.svc"); empty when it has none.</summary>
    IReadOnlyList<string> FindNames(IPAddress address);
}

/// <summary>A port that SRV records are made for; ports without a name have none.</summary>
/// <param name="Protocol">"tcp", "udp" or "sctp".</param>
public sealed record DnsPort(string Name, string Protocol, ushort Port);

/// <summary>A ready endpoint of a headless Service.</summary>
/// <param name="Hostname">The endpoint's own label, or null: then its address with dashes is used.</param>
public sealed record DnsEndpoint(IPAddress Address, ImmutableArray<DnsPort> Ports, string? Hostname = null)
{
    /// <summary>The label before the Service's name.</summary>
    public string Label => Hostname ?? DnsNames.ToDashes(Address);
}

/// <summary>A Service as DNS sees it (https://github.com/kubernetes/dns/blob/master/docs/specification.md). Immutable.</summary>
/// <param name="ClusterAddresses">Empty for a headless Service.</param>
/// <param name="Ports">The Service's ports (of a headless one: see its endpoints).</param>
/// <param name="Endpoints">Of a headless Service: those that are ready, or all when publishNotReadyAddresses is set.</param>
/// <param name="ExternalName">Of an ExternalName Service.</param>
public sealed record DnsService(
    string Namespace, string Name, ImmutableArray<IPAddress> ClusterAddresses, ImmutableArray<DnsPort> Ports,
    ImmutableArray<DnsEndpoint> Endpoints, string? ExternalName = null)
{
    /// <summary>The name below the cluster's domain.</summary>
    public string Domain => $"{Name}.{Namespace}.svc";
}
