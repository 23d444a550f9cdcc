using System.Collections.Immutable;
using System.Net;
using Gureum.Network.Services;

namespace Gureum.Network.Tests.Support;

/// <summary>Services as tests like to write them.</summary>
public static class ServiceSamples
{
    public static ServiceProxyOptions Options { get; } = new()
    {
        NodeName = "here",
        PodCidr = IPNetwork.Parse("10.244.0.0/24"),
        ClusterCidr = IPNetwork.Parse("10.244.0.0/16"),
        ServiceCidr = IPNetwork.Parse("10.96.0.0/12"),
        LocallyServed = [IPAddress.Parse("10.96.0.10")],
    };

    public static ServiceSpec Web(params ServiceEndpoint[] endpoints) => Service("web", "10.96.1.1", Port(80, endpoints));

    public static ServiceSpec Service(string name, string address, params ServicePort[] ports) => new()
    {
        Key = new ServiceKey("shop", name), ClusterAddresses = [IPAddress.Parse(address)], Ports = [.. ports],
    };

    public static ServicePort Port(ushort port, params ServiceEndpoint[] endpoints) => new("", "tcp", port, [.. endpoints]);

    public static ServiceEndpoint End(string address, ushort port = 80, string? node = "here") => new(IPAddress.Parse(address), port, NodeName: node);

    public static ServiceEndpoint End(TestPod pod, ushort port = 80) => new(pod.Address, port, NodeName: "here");

    public static ImmutableArray<IPAddress> Addresses(params string[] texts) => [.. texts.Select(IPAddress.Parse)];

    public static ServiceSpec OnNodePort(this ServiceSpec service, ushort port) =>
        service with { Ports = [.. service.Ports.Select(p => p with { NodePort = port })] };

    public static ServiceSpec OverUdp(this ServiceSpec service) =>
        service with { Ports = [.. service.Ports.Select(p => p with { Protocol = "udp" })] };
}
