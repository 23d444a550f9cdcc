using System.Collections.Immutable;
using System.Net;
using Gureum.Network.Dns;
using Gureum.Network.Services;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Discovery.V1;
using ServiceSpec = Gureum.Network.Services.ServiceSpec;

namespace Gureum.Node.Networking;

/// <summary>From a Service and its EndpointSlices to what the proxy and the DNS server need. Pure.</summary>
internal static class ServiceTranslation
{
    internal static ServiceKey Key(Service service) => new(service.Metadata.Namespace!, service.Metadata.Name!);

    internal static ServiceSpec Proxy(Service service, IReadOnlyCollection<EndpointSlice> slices) => new()
    {
        Key = Key(service), ClusterAddresses = Addresses(service.Spec.ClusterIPs), ExternalAddresses = Addresses(service.Spec.ExternalIPs),
        Ports = [.. service.Spec.Ports.Select(p => new Network.Services.ServicePort(p.Name ?? "", (p.Protocol ?? "TCP").ToLowerInvariant(), (ushort)(p.Port ?? 0), Endpoints(p.Name ?? "", slices), (ushort)(p.NodePort ?? 0)))],
        LoadBalancerAddresses = Addresses((service.Status.LoadBalancer?.Ingress ?? []).Where(i => i.IpMode is null or "VIP").Select(i => i.Ip ?? "")),
        LoadBalancerSources = [.. service.Spec.LoadBalancerSourceRanges.Where(r => IPNetwork.TryParse(r, out _)).Select(IPNetwork.Parse)],
        Affinity = service.Spec.SessionAffinity == "ClientIP" ? TimeSpan.FromSeconds(service.Spec.SessionAffinityConfig?.ClientIP?.TimeoutSeconds ?? 10_800) : null,
        InternalLocal = service.Spec.InternalTrafficPolicy == "Local", ExternalLocal = service.Spec.ExternalTrafficPolicy == "Local",
    };

    private static ImmutableArray<ServiceEndpoint> Endpoints(string port, IReadOnlyCollection<EndpointSlice> slices) =>
    [
        .. from slice in slices
           where slice.AddressType == "IPv4"
           from slicePort in slice.Ports
           where (slicePort.Name ?? "") == port && slicePort.Port is > 0
           from endpoint in slice.Endpoints
           from address in endpoint.Addresses
           where IPAddress.TryParse(address, out _)
           let conditions = endpoint.Conditions
           select new ServiceEndpoint(IPAddress.Parse(address), (ushort)slicePort.Port!.Value, conditions?.Ready != false, conditions?.Serving ?? conditions?.Ready != false, conditions?.Terminating == true, endpoint.NodeName),
    ];

    internal static DnsService Dns(Service service, IReadOnlyCollection<EndpointSlice> slices)
    {
        var headless = service.Spec.ClusterIP == "None";
        var ports = service.Spec.Ports.Where(p => p.Name is { Length: > 0 }).Select(p => new DnsPort(p.Name!, (p.Protocol ?? "TCP").ToLowerInvariant(), (ushort)(p.Port ?? 0)));
        return new DnsService(service.Metadata.Namespace!, service.Metadata.Name!, headless ? [] : Addresses(service.Spec.ClusterIPs), [.. ports],
            headless ? [.. slices.SelectMany(HeadlessEndpoints)] : [], service.Spec.Type == "ExternalName" ? service.Spec.ExternalName : null);
    }

    private static IEnumerable<DnsEndpoint> HeadlessEndpoints(EndpointSlice slice)
    {
        var ports = slice.Ports.Where(p => p.Name is { Length: > 0 } && p.Port is > 0).Select(p => new DnsPort(p.Name!, (p.Protocol ?? "TCP").ToLowerInvariant(), (ushort)p.Port!.Value)).ToImmutableArray();
        return slice.Endpoints.Where(e => e.Conditions?.Ready != false)
            .SelectMany(e => e.Addresses.Where(a => IPAddress.TryParse(a, out _)).Select(a => new DnsEndpoint(IPAddress.Parse(a), ports, e.Hostname)));
    }

    private static ImmutableArray<IPAddress> Addresses(IEnumerable<string> texts) => [.. texts.Where(t => IPAddress.TryParse(t, out _)).Select(IPAddress.Parse)];
}
