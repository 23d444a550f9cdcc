using Gureum.Client;
using Gureum.OpenStack.Consoles;
using Gureum.OpenStack.Networking;
using Gureum.OpenStack.Objects;
using Gureum.OpenStack.Volumes;

namespace Gureum.OpenStack.Compute;

/// <summary>Nova's parts, put together out of Neutron's and Cinder's.</summary>
internal static class ComputeParts
{
    internal static ComputeService Service(Cloud cloud, VolumeParts volumes, NetworkParts network, PublishImage publish, ConsoleGrants grants, ConsoleEndpoint console, ApiClient door, TimeProvider time)
    {
        var (networks, zones) = (new ServerNetworks(cloud, network), new Zones(cloud));
        var (addresses, attached) = (new ServerAddresses(cloud, networks, network.Topology), new AttachedVolumes(cloud, volumes.Document, volumes.Maker));
        var (document, flavors, keys) = (new ServerDocument(cloud, addresses, attached, zones), new Flavors(cloud), new KeyPairs(cloud, door));
        var (groups, quotas, blocks) = (new ServerGroups(cloud), new ComputeQuotas(cloud), new BlockDevices(cloud, volumes.Volumes, volumes.Document, volumes.Types, volumes.Maker));
        var log = new ServerLog(door, time);
        var (servers, images) = (new Servers(cloud, document, log), new ServerImages(cloud));
        var made = new NewServers(cloud, zones, flavors, keys, images, networks, blocks, groups, new ServerMaker(cloud, networks, blocks, quotas), log, publish);
        var (control, consoles) = (new ServerControl(document), new RemoteConsoles(servers, document, grants, console));
        IReadOnlyDictionary<string, ServerAction>[] more = [new ServerResize(cloud, flavors, control).Actions, new ServerShelf(cloud, control).Actions, new ServerRebuild(cloud, images, document, control, publish).Actions, consoles.Actions, new ServerRescue(cloud, images, control, publish).Actions, new ServerSnapshots(cloud, document, control).Actions];
        return new ComputeService(
        [
            flavors.Map, keys.Map, servers.Map, made.Map, new ServerActions(cloud, servers, control, networks, log, more).Map, new ServerInterfaces(cloud, servers, networks, addresses, network).Map,
            new VolumeAttachments(cloud, servers, document, attached, volumes.Volumes, volumes.Document, volumes.Use, volumes.Maker).Map, zones.Map, new Hypervisors(cloud).Map, new NodeServices(cloud).Map, new ComputeLimits(cloud, quotas).Map, new Aggregates(cloud, time).Map, groups.Map, quotas.Map, new ServerTags(servers).Map, new ServerUsage(cloud, document, time).Map,
            new InstanceActions(cloud, servers, log).Map, consoles.Map, new ComputeImages(cloud).Map,
        ]);
    }
}
