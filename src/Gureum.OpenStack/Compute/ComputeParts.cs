using Gureum.Client;
using Gureum.OpenStack.Networking;
using Gureum.OpenStack.Objects;
using Gureum.OpenStack.Volumes;

namespace Gureum.OpenStack.Compute;

/// <summary>Nova's parts, put together out of Neutron's and Cinder's.</summary>
internal static class ComputeParts
{
    internal static ComputeService Service(Cloud cloud, VolumeParts volumes, NetworkParts network, PublishImage publish, ApiClient door, TimeProvider time)
    {
        var networks = new ServerNetworks(cloud, network);
        var (addresses, attached) = (new ServerAddresses(cloud, networks, network.Topology), new AttachedVolumes(cloud, volumes.Document, volumes.Maker));
        var (document, flavors, keys) = (new ServerDocument(cloud, addresses, attached), new Flavors(cloud), new KeyPairs(cloud, door));
        var (groups, quotas, blocks) = (new ServerGroups(cloud), new ComputeQuotas(cloud), new BlockDevices(cloud, volumes.Volumes, volumes.Document, volumes.Types, volumes.Maker));
        var log = new ServerLog(door, time);
        var servers = new Servers(cloud, document, flavors, keys, networks, blocks, groups, quotas, log, publish);
        var control = new ServerControl(document);
        IReadOnlyDictionary<string, ServerAction>[] more = [new ServerResize(cloud, flavors, control).Actions, new ServerShelf(cloud, control).Actions, new ServerRebuild(cloud, servers, document, control, publish).Actions];
        return new ComputeService(
        [
            flavors.Map, keys.Map, servers.Map, new ServerActions(cloud, servers, control, networks, log, more).Map, new ServerInterfaces(cloud, servers, networks, addresses, network).Map,
            new VolumeAttachments(cloud, servers, document, attached, volumes.Volumes, volumes.Document, volumes.Use, volumes.Maker).Map, new ComputeFacts(cloud, quotas).Map, groups.Map, quotas.Map, new ServerTags(servers).Map, new ServerUsage(cloud, document, time).Map,
            new InstanceActions(cloud, servers, log).Map,
        ]);
    }
}
