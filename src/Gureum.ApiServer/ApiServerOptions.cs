using System.Net;

namespace Gureum.ApiServer;

/// <summary>How an API server is set up (immutable configuration).</summary>
public sealed record ApiServerOptions
{
    /// <summary>Where certificates and keys are kept, and made when they are missing.</summary>
    public required string PkiDirectory { get; init; }

    /// <summary>Addresses to listen on.</summary>
    public IReadOnlyList<IPAddress> Listen { get; init; } = [IPAddress.Any];

    /// <summary>0 takes any free port.</summary>
    public int Port { get; init; } = 6443;

    /// <summary>The address that nodes and pods reach the server at.</summary>
    public IPAddress AdvertiseAddress { get; init; } = IPAddress.Loopback;

    /// <summary>More names that the server's certificate is for.</summary>
    public IReadOnlyList<string> Names { get; init; } = [];

    /// <summary>IPv4 range of Services.</summary>
    public string ServiceCidr { get; init; } = "10.96.0.0/16";

    /// <summary>Descriptions of types and fields for `kubectl explain`, as DescriptionsExtractor wrote them; null or missing publishes none.</summary>
    public string? DescriptionsFile { get; init; }

    /// <summary>Parts of the control plane in this process, beside the store, that componentstatuses shows.</summary>
    public IReadOnlyList<string> Components { get; init; } = [];

    /// <summary>Requests that run at once, shared out by priority levels; calls of this process are not counted.</summary>
    public int MostInFlight { get; init; } = 600;

    /// <summary>What is recorded of requests; null records nothing.</summary>
    public Audit.AuditOptions? Audit { get; init; }

    /// <summary>Whether an address that a pod, a Service or a node names may be proxied to.</summary>
    public Func<IPAddress, bool> MayProxyTo { get; init; } = Subresources.ConnectResolver.IsGlobalUnicast;

    public string ClusterDomain { get; init; } = "cluster.local";

    /// <summary>"iss" of service-account tokens.</summary>
    public string Issuer => "https://kubernetes.default.svc." + ClusterDomain;

    /// <summary>The address of default/kubernetes: the first of the range.</summary>
    public string FirstServiceAddress => AddressAt(1);

    /// <summary>The nth address of the Service range.</summary>
    public string AddressAt(uint n)
    {
        var bytes = IPNetwork.Parse(ServiceCidr).BaseAddress.GetAddressBytes();
        var number = System.Buffers.Binary.BinaryPrimitives.ReadUInt32BigEndian(bytes) + n;
        System.Buffers.Binary.BinaryPrimitives.WriteUInt32BigEndian(bytes, number);
        return new IPAddress(bytes).ToString();
    }
}
