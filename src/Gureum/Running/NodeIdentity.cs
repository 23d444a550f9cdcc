using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using Gureum.ApiServer.Authentication;
using Gureum.Node;

namespace Gureum.Running;

/// <summary>Where this machine's node is, and how its agent is set up.</summary>
internal static class NodeIdentity
{
    /// <summary>
    /// The address under which others reach this machine: the one that its default route would use; without an uplink, the
    /// gateway of its own range of pod addresses, which every pod of this node can reach.
    /// </summary>
    internal static IPAddress Address(ClusterOptions options, IPNetwork range)
    {
        if (IPAddress.TryParse(options.Listen, out var listen) && !listen.Equals(IPAddress.Any) && !listen.Equals(IPAddress.IPv6Any) && !IPAddress.IsLoopback(listen)) return listen;
        foreach (var nic in NetworkInterface.GetAllNetworkInterfaces().Where(n => n.OperationalStatus == OperationalStatus.Up))
        {
            var properties = nic.GetIPProperties();
            if (!properties.GatewayAddresses.Any(g => g.Address.AddressFamily == AddressFamily.InterNetwork && !g.Address.Equals(IPAddress.Any))) continue;
            if (properties.UnicastAddresses.FirstOrDefault(a => a.Address.AddressFamily == AddressFamily.InterNetwork) is { } found) return found.Address;
        }
        return At(range.ToString(), 1);
    }

    /// <summary>The nth address of a range.</summary>
    internal static IPAddress At(string cidr, uint n)
    {
        var bytes = IPNetwork.Parse(cidr).BaseAddress.GetAddressBytes();
        System.Buffers.Binary.BinaryPrimitives.WriteUInt32BigEndian(bytes, System.Buffers.Binary.BinaryPrimitives.ReadUInt32BigEndian(bytes) + n);
        return new IPAddress(bytes);
    }

    /// <param name="range">The range that the node has or asks for.</param>
    internal static NodeAgentOptions Options(ClusterOptions options, IPNetwork range, ClusterAuthority authority)
    {
        var address = Address(options, range);
        var (pem, key) = authority.IssueServer("system:node:" + options.NodeName, [options.NodeName], [address, IPAddress.Loopback]);
        var certificate = Loaded((pem, key));
        var client = new Lazy<X509Certificate2>(() => Loaded(authority.IssueClient("system:node:" + options.NodeName, ApiServer.UserInfo.Nodes)));
        return new NodeAgentOptions
        {
            Name = options.NodeName, Address = address, DataDirectory = Path.Combine(options.DataDirectory, "node"), RunDirectory = options.RunDirectory,
            PodCidr = range, ClusterCidr = IPNetwork.Parse(options.PodCidr), ServiceCidr = IPNetwork.Parse(options.ServiceCidr), ClusterDns = At(options.ServiceCidr, 10), ClusterDomain = options.ClusterDomain,
            Port = options.AgentPort, Certificate = () => certificate, ClientCertificate = () => client.Value, ClientAuthority = authority.Certificate,
            ApiServerName = NodeDialer.ClientName, Version = ApiServer.PathHandlers.KubernetesVersion, AirGapped = options.AirGapped, ProbeKernel = ExampleImport.GuestImageLoader.Kernel,
        };
    }

    private static X509Certificate2 Loaded((string Certificate, string Key) pair)
    {
        using var ephemeral = X509Certificate2.CreateFromPem(pair.Certificate, pair.Key);
        return X509CertificateLoader.LoadPkcs12(ephemeral.Export(X509ContentType.Pkcs12), null);
    }
}
