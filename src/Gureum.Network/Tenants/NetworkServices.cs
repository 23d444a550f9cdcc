using System.Collections.Immutable;
using System.Net;
using System.Net.NetworkInformation;
using Gureum.Network.Dhcp;
using Gureum.Network.Dns;
using Gureum.Network.Netlink;

namespace Gureum.Network.Tenants;

/// <summary>What a network's guests are told by this process: addresses by DHCP, names, metadata. It listens in the network's own namespace. Thread-safe.</summary>
internal sealed class NetworkServices : IAsyncDisposable
{
    /// <summary>The namespace's end of the cable to the bridge.</summary>
    internal const string Card = "eth0";

    private readonly DhcpServer dhcp;
    private readonly TenantZone zone = new();
    private readonly DnsServer dns;
    private readonly MetadataListener? metadata;
    private HashSet<PhysicalAddress> told = [];

    private NetworkServices(DhcpServer dhcp, TenantZone zone, DnsServer dns, MetadataListener? metadata) => (this.dhcp, this.zone, this.dns, this.metadata) = (dhcp, zone, dns, metadata);

    /// <exception cref="System.Net.Sockets.SocketException">Somebody listens there already, or an address is missing.</exception>
    internal static NetworkServices Start(string network, NetNamespace where, IEnumerable<IPAddress> addresses, TenantOptions options)
    {
        void Fault(Exception e) => options.OnFault?.Invoke($"network {network}", e);
        var zone = new TenantZone();
        var dhcp = DhcpServer.Start(Card, where, Fault);
        DnsServer? dns = null;
        try
        {
            dns = DnsServer.Start(zone, options.Forwarder, where, addresses.Select(a => new IPEndPoint(a, 53)), Fault);
            var metadata = options.Metadata is { } handler ? MetadataListener.Start(where, () => [network], handler, Fault) : null;
            return new NetworkServices(dhcp, zone, dns, metadata);
        }
        catch
        {
            // Sockets alone, which go at once: there is nobody to wait for.
            _ = dhcp.DisposeAsync().AsTask();
            if (dns is not null) _ = dns.DisposeAsync().AsTask();
            throw;
        }
    }

    /// <summary>From now on these are the network's ports.</summary>
    internal void Set(TenantNetwork network, TenantPort server, IReadOnlyCollection<TenantPort> ports, int mtu)
    {
        zone.Set(network.Domain, ports);
        var leases = ports.Where(p => p.Role == PortRole.Guest).Select(p => Lease(network, server, p, mtu)).OfType<DhcpLease>().ToList();
        foreach (var lease in leases) dhcp.Put(lease);
        var now = leases.Select(l => l.Mac).ToHashSet();
        foreach (var gone in told.Where(m => !now.Contains(m))) dhcp.Remove(gone);
        told = now;
    }

    /// <summary>What a port is told; null for one without an address of a subnet that tells. Pure.</summary>
    internal static DhcpLease? Lease(TenantNetwork network, TenantPort server, TenantPort port, int mtu)
    {
        foreach (var address in port.Addresses)
        {
            if (network.Subnets.FirstOrDefault(s => s.Name == address.Subnet && s.Dhcp) is not { } subnet) continue;
            if (server.Addresses.FirstOrDefault(a => a.Subnet == subnet.Name)?.Address is not { } own) continue;
            ImmutableArray<DhcpRoute> routes = [new DhcpRoute(new IPNetwork(MetadataListener.Address, 32), own), .. subnet.Routes.Select(r => new DhcpRoute(r.Destination, r.NextHop))];
            return new DhcpLease(port.Mac, address.Address, own, mtu, subnet.DnsServers.IsEmpty ? [own] : subnet.DnsServers, [], TenantZone.HostName(port, address.Address), network.Domain)
            {
                Subnet = new DhcpSubnet(subnet.Range.PrefixLength, subnet.Gateway, routes),
            };
        }
        return null;
    }

    public async ValueTask DisposeAsync()
    {
        await dhcp.DisposeAsync();
        await dns.DisposeAsync();
        if (metadata is not null) await metadata.DisposeAsync();
    }
}
