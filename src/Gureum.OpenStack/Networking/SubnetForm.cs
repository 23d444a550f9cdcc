using System.Net;
using Gureum.Objects.Network.V1;
using Gureum.OpenStack.Http;

namespace Gureum.OpenStack.Networking;

/// <summary>Reads and checks what a subnet is asked to be. Pure.</summary>
internal static class SubnetForm
{
    private const int MostServers = 5, MostRoutes = 20;

    internal static IPNetwork Cidr(Body body)
    {
        if (body.Number("ip_version", 4, 6) is { } version and not 4) throw Neutron.NotSupported("ip_version", version.ToString(System.Globalization.CultureInfo.InvariantCulture), "networks are IPv4");
        var text = body.Text("cidr") ?? throw Neutron.InvalidInput("a subnet needs a cidr, or a subnet pool to take it from");
        if (text.Contains(':')) throw Neutron.NotSupported("cidr", text, "networks are IPv4");
        var network = Addresses.ParseNetwork(text) ?? throw Neutron.Invalid("cidr", $"'{text}' is not a valid IP subnet");
        return network.PrefixLength is > 0 and <= 32 ? network : throw Neutron.InvalidInput($"{text} is not a valid CIDR for a subnet: prefixes of 1 to 32 bits are accepted");
    }

    /// <summary>The gateway's address: the first host's when none is given, none when null is.</summary>
    internal static uint? Gateway(Body body, IPNetwork network)
    {
        if (!body.Has("gateway_ip")) return Addresses.Hosts(network) is { Count: > 1 } hosts ? hosts.First : null;
        if (body.Text("gateway_ip") is not { } text) return null;
        var gateway = Addresses.Parse(text) ?? throw Neutron.Invalid("gateway_ip", $"'{text}' is not a valid IP address");
        if (!Addresses.Of(network).Holds(gateway)) throw Neutron.InvalidInput($"Gateway {text} is not valid on subnet {network}");
        return Addresses.Hosts(network).Holds(gateway) ? gateway : throw Neutron.InvalidInput($"Gateway IP address {text} is the network's own or the broadcast address of subnet {network}");
    }

    internal static IReadOnlyList<AddressRange>? Pools(Body body, IPNetwork network, uint? gateway)
    {
        if (body.Node("allocation_pools") is null) return null;
        var runs = new List<Run>();
        foreach (var pool in body.Objects("allocation_pools"))
        {
            pool.Only("start", "end");
            var run = new Run(Address(pool, "start"), Address(pool, "end"));
            if (run.First > run.Last) throw Neutron.Refusal(400, "InvalidAllocationPool", $"The allocation pool {Addresses.Text(run.First)}-{Addresses.Text(run.Last)} is not valid.");
            if (!Addresses.Hosts(network).Holds(run.First) || !Addresses.Hosts(network).Holds(run.Last)) throw Neutron.Refusal(400, "OutOfBoundsAllocationPool", $"The allocation pool {Addresses.Text(run.First)}-{Addresses.Text(run.Last)} spans beyond the subnet cidr {network}.");
            if (runs.FirstOrDefault(r => r.First <= run.Last && run.First <= r.Last) is { Last: > 0 } other) throw Neutron.Refusal(409, "OverlappingAllocationPools", $"Found overlapping allocation pools: {Addresses.Text(other.First)}-{Addresses.Text(other.Last)} {Addresses.Text(run.First)}-{Addresses.Text(run.Last)} for subnet {network}.");
            runs.Add(run);
        }
        Apart(runs, gateway);
        return [.. runs.Select(static r => new AddressRange { Start = Addresses.Text(r.First), End = Addresses.Text(r.Last) })];
    }

    /// <summary>No guest may be given the gateway's address.</summary>
    internal static void Apart(IEnumerable<Run> pools, uint? gateway)
    {
        if (gateway is { } g && pools.FirstOrDefault(p => p.Holds(g)) is { Last: > 0 } pool)
            throw Neutron.Refusal(409, "GatewayConflictWithAllocationPools", $"Gateway ip {Addresses.Text(g)} conflicts with allocation pool {Addresses.Text(pool.First)}-{Addresses.Text(pool.Last)}.");
    }

    private static uint Address(Body body, string name) => Addresses.Parse(body.Text(name)) ?? throw Neutron.Invalid("allocation_pools", $"'{body.Text(name)}' is not a valid IP address");

    internal static IReadOnlyList<string>? Servers(Body body)
    {
        if (body.Texts("dns_nameservers") is not { } servers) return body.Has("dns_nameservers") ? [] : null;
        if (servers.FirstOrDefault(static s => !IPAddress.TryParse(s, out _)) is { } wrong) throw Neutron.Invalid("dns_nameservers", $"'{wrong}' is not a valid nameserver");
        if (servers.Distinct().Count() < servers.Count) throw Neutron.Invalid("dns_nameservers", $"Duplicate nameserver '{servers.GroupBy(static s => s).First(static g => g.Count() > 1).Key}'");
        return servers.Count <= MostServers ? servers : throw Neutron.Refusal(400, "DNSNameServersExhausted", $"Unable to complete operation. The number of DNS nameservers exceeds the limit {MostServers}.");
    }

    internal static IReadOnlyList<HostRoute>? Routes(Body body, string name)
    {
        if (!body.Has(name)) return null;
        var routes = body.Objects(name).Select(r => r.Only("destination", "nexthop")).Select(r => new HostRoute
        {
            Destination = Addresses.ParseNetwork(r.Text("destination"))?.ToString() ?? throw Neutron.Invalid(name, $"'{r.Text("destination")}' is not a valid IPv4 destination"),
            NextHop = Addresses.Parse(r.Text("nexthop")) is { } hop ? Addresses.Text(hop) : throw Neutron.Invalid(name, $"'{r.Text("nexthop")}' is not a valid IPv4 next hop"),
        }).ToList();
        if (routes.GroupBy(static r => (r.Destination, r.NextHop)).Any(static g => g.Count() > 1)) throw Neutron.Invalid(name, "a route is given twice");
        return routes.Count <= MostRoutes ? routes : throw Neutron.Refusal(400, "HostRoutesExhausted", $"Unable to complete operation. The number of host routes exceeds the limit {MostRoutes}.");
    }
}
