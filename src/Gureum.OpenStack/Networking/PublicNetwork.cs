using Gureum.Client;
using Gureum.Objects.Meta.V1;
using Gureum.Objects.Network.V1;
using Gureum.OpenStack.Identity;
using Gureum.OpenStack.Objects;

namespace Gureum.OpenStack.Networking;

/// <summary>The external network of a new cloud: floating IPs come from it, and the node is its way out. Made once; an administrator may change or delete it.</summary>
internal sealed class PublicNetwork(Cloud cloud, NetworkParts parts, ApiClient door, OpenStackOptions options)
{
    private const string Project = "admin", Made = "network.gureum.io/public-network-made";

    internal async Task EnsureAsync(CancellationToken cancel)
    {
        if (cloud.Projects.Get(null, Project) is not { } project || project.Metadata.Annotations.ContainsKey(Made)) return;
        if (cloud.Networks.Get(Project, NetworkNames.Public) is null)
        {
            var network = await cloud.Networks.CreateAsync(door, new Network { Metadata = new ObjectMeta { Name = NetworkNames.Public, Namespace = Project }, Spec = new NetworkSpec { External = true, AdminStateUp = true, PortSecurity = true, Segment = parts.Networks.Segment(null), Description = "The way outside" } }, cancel);
            var gateway = Addresses.Hosts(options.PublicRange).First;
            await cloud.Subnets.CreateAsync(door, new Subnet
            {
                Metadata = new ObjectMeta { Name = NetworkNames.Public, Namespace = Project, OwnerReferences = [Owners.Of(Network.Resource, network.Metadata)] },
                Spec = new SubnetSpec { Network = network.Metadata.Name!, Cidr = options.PublicRange.ToString(), Gateway = Addresses.Text(gateway), Dhcp = false, AllocationPools = Addresses.DefaultPools(options.PublicRange, gateway) },
            }, cancel);
        }
        await cloud.Projects.AnnotateAsync(door, project, static notes => notes[Made] = "true", cancel);
    }
}
