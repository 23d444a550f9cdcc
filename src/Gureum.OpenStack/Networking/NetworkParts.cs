using Gureum.Client;
using Gureum.OpenStack.Objects;

namespace Gureum.OpenStack.Networking;

/// <summary>Neutron's parts, put together.</summary>
internal sealed record NetworkParts(NetworkService Service, Topology Topology, Networks Networks, Ports Ports, SecurityGroups Groups, NetworkLocks Locks)
{
    /// <summary>What follows changes by whichever door.</summary>
    internal IReadOnlyList<Func<CancellationToken, Task>> Keepers(Cloud cloud, ApiClient door, TimeProvider time) => [new NetworkKeeper(cloud, this, door, time).RunAsync, new PortKeeper(cloud, this, door, time).RunAsync];

    internal static NetworkParts Build(Cloud cloud, ApiClient door, TimeProvider time)
    {
        var (topology, locks, quotas) = (new Topology(cloud), new NetworkLocks(), new Quotas(cloud));
        var networks = new Networks(cloud, topology, locks, door, time);
        var groups = new SecurityGroups(cloud, door, time);
        var ports = new Ports(cloud, topology, networks, groups, new PortAddresses(topology), locks, time);
        var pools = new SubnetPools(cloud, time);
        return new NetworkParts(new NetworkService(
        [
            networks.Map, new Subnets(cloud, topology, networks, pools, locks, time).Map, pools.Map, ports.Map, new Routers(cloud, topology, networks, ports, door, time).Map, new FloatingIps(cloud, topology, networks, ports, locks, time).Map, groups.Map,
            new SecurityGroupRules(cloud, groups, quotas, time).Map, quotas.Map, new NetworkFacts(cloud, topology, networks).Map,
        ]), topology, networks, ports, groups, locks);
    }
}
