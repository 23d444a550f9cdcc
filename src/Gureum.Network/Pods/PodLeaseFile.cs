using System.Net;
using System.Net.NetworkInformation;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Gureum.Network.Pods;

/// <summary>A lease as it stands in its file.</summary>
internal sealed record PodLeaseFile(
    string ContainerId, string Interface, string Address, string Mac, string HostInterface, string? NetworkNamespace,
    string PodNamespace, string PodName, string PodUid, PodLeaseFile.Port[] Ports)
{
    internal sealed record Port(ushort HostPort, ushort ContainerPort, string Protocol, string? HostAddress);

    internal static byte[] Write(PodLease lease) => JsonSerializer.SerializeToUtf8Bytes(
        new PodLeaseFile(
            lease.ContainerId, lease.Interface, lease.Address.ToString(), lease.Mac.ToString(), lease.HostInterface,
            lease.NetworkNamespace, lease.PodNamespace, lease.PodName, lease.PodUid,
            [.. lease.Ports.Select(p => new Port(p.HostPort, p.ContainerPort, p.Protocol, p.HostAddress?.ToString()))]),
        PodLeaseJson.Default.PodLeaseFile);

    /// <exception cref="JsonException">The content is no lease.</exception>
    /// <exception cref="FormatException">An address in it is none.</exception>
    internal static PodLease Read(ReadOnlySpan<byte> content)
    {
        var file = JsonSerializer.Deserialize(content, PodLeaseJson.Default.PodLeaseFile) ?? throw new JsonException("the file holds null");
        return new PodLease(
            file.ContainerId, file.Interface, IPAddress.Parse(file.Address), PhysicalAddress.Parse(file.Mac), file.HostInterface,
            file.NetworkNamespace, file.PodNamespace, file.PodName, file.PodUid,
            [.. file.Ports.Select(p => new PortMapping(p.HostPort, p.ContainerPort, p.Protocol,
                p.HostAddress is null ? null : IPAddress.Parse(p.HostAddress)))]);
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true, RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(PodLeaseFile))]
internal sealed partial class PodLeaseJson : JsonSerializerContext;
