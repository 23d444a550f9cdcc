using Gureum.Objects.Network.V1;
using Gureum.OpenStack.Http;

namespace Gureum.OpenStack.Networking;

/// <summary>An address that a port is asked to have; nothing of it, or one part alone, leaves the choice open.</summary>
internal sealed record WantedAddress(string? SubnetId, string? Address);

/// <summary>Chooses a port's addresses; the network's lock is held (stateless).</summary>
internal sealed class PortAddresses(Topology topology)
{
    private const int MostAddresses = 16;

    internal static IReadOnlyList<WantedAddress>? Read(Body body)
    {
        if (body.Node("fixed_ips") is null) return null;
        var wanted = body.Objects("fixed_ips").Select(f => f.Only("subnet_id", "ip_address", "subnet")).Select(f => new WantedAddress(f.Text("subnet_id"), f.Text("ip_address"))).ToList();
        if (wanted.Count > MostAddresses) throw Neutron.Invalid("fixed_ips", $"{wanted.Count} addresses are more than the {MostAddresses} that a port may have");
        return wanted.FirstOrDefault(static w => w is { SubnetId: null, Address: null }) is null ? wanted : throw Neutron.InvalidInput("IP allocation requires subnet_id or ip_address");
    }

    /// <param name="wanted">Null for one of the network's own choice.</param>
    /// <param name="known">What the port has already, and keeps where it is wanted again.</param>
    internal IReadOnlyList<FixedIP> Choose(Network network, IReadOnlyList<WantedAddress>? wanted, IReadOnlyList<FixedIP> known)
    {
        var subnets = topology.SubnetsOf(network);
        if (wanted is null) return subnets.Count == 0 ? [] : [Any(network, subnets)];
        var chosen = new List<FixedIP>();
        foreach (var one in wanted) chosen.Add(Choose(network, subnets, one, known, chosen));
        return chosen;
    }

    private FixedIP Any(Network network, IReadOnlyList<Subnet> subnets)
    {
        foreach (var subnet in subnets)
            if (Addresses.Pick(subnet, topology.Taken(network, subnet)) is { } free) return Of(subnet, free);
        throw Exhausted(network);
    }

    private FixedIP Choose(Network network, IReadOnlyList<Subnet> subnets, WantedAddress wanted, IReadOnlyList<FixedIP> known, List<FixedIP> chosen)
    {
        var subnet = wanted.SubnetId is { } id
            ? subnets.FirstOrDefault(s => s.Metadata.Uid == id) ?? throw Neutron.InvalidInput($"Failed to create port on network {network.Metadata.Uid}, because fixed_ips included invalid subnet {id}")
            : topology.SubnetWith(network, Parse(wanted.Address!)) ?? throw Neutron.Refusal(400, "InvalidIpForNetwork", $"IP address {wanted.Address} is not a valid IP for any of the subnets on the specified network.");
        var taken = topology.Taken(network, subnet);
        taken.ExceptWith(known.Where(k => k.Subnet == subnet.Metadata.Name).Select(static k => Addresses.Parse(k.Address)).OfType<uint>());
        taken.UnionWith(chosen.Where(k => k.Subnet == subnet.Metadata.Name).Select(static k => Addresses.Parse(k.Address)).OfType<uint>());
        if (wanted.Address is null)
        {
            if (known.FirstOrDefault(k => k.Subnet == subnet.Metadata.Name && !chosen.Contains(k)) is { } kept) return kept;
            return Of(subnet, Addresses.Pick(subnet, taken) ?? throw Exhausted(network));
        }
        var address = Parse(wanted.Address);
        var range = Addresses.ParseNetwork(subnet.Spec.Cidr) ?? throw Neutron.InvalidInput($"subnet {subnet.Metadata.Uid} has no valid cidr ({subnet.Spec.Cidr})");
        if (!Addresses.Of(range).Holds(address)) throw Neutron.Refusal(400, "InvalidIpForSubnet", $"IP address {wanted.Address} is not a valid IP for the specified subnet.");
        if (!Addresses.Hosts(range).Holds(address)) throw Neutron.Refusal(400, "InvalidIpForSubnet", $"IP address {wanted.Address} is the network's own or the broadcast address of the specified subnet.");
        return taken.Contains(address) ? throw Neutron.Refusal(409, "IpAddressAlreadyAllocated", $"IP address {wanted.Address} already allocated in subnet {subnet.Metadata.Uid}") : Of(subnet, address);
    }

    private static uint Parse(string text) => text.Contains(':') ? throw Neutron.NotSupported("fixed_ips", text, "networks are IPv4") : Addresses.Parse(text) ?? throw Neutron.Invalid("fixed_ips", $"'{text}' is not a valid IP address");
    private static FixedIP Of(Subnet subnet, uint address) => new() { Subnet = subnet.Metadata.Name, Address = Addresses.Text(address) };
    private static Fault Exhausted(Network network) => Neutron.Refusal(409, "IpAddressGenerationFailure", $"No more IP addresses available on network {network.Metadata.Uid}.");
}
