using Gureum.Client;
using Gureum.Identity;
using Gureum.Objects.Cdi.V1beta1;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Identity.V1;
using Gureum.Objects.Image.V1;
using Gureum.Objects.Instancetype.V1beta1;
using Gureum.Objects.Kubevirt.V1;
using Gureum.Objects.Network.V1;
using Gureum.Objects.Rbac.V1;
using Gureum.Objects.Snapshot.V1;
using Gureum.Objects.Storage.V1;
using Network = Gureum.Objects.Network.V1.Network;
using Port = Gureum.Objects.Network.V1.Port;

namespace Gureum.OpenStack.Objects;

/// <summary>Everything that the door sees and writes: one collection for each kind, out of copies that this process shares (thread-safe state).</summary>
public sealed class Cloud
{
    /// <summary>Index of bindings by the name of a subject.</summary>
    public const string BySubject = "openstack-subject";

    /// <summary>Indexes of what hangs on a network, of ports by whose they are, and of floating IPs by their port.</summary>
    public const string ByNetwork = "openstack-network", ByDevice = "openstack-device", ByPort = "openstack-port";

    /// <summary>A network, or a port, as the indexes have it.</summary>
    public static string NetworkKey(string? ns, string? name) => $"{ns}/{name}";

    public Cloud(InformerFactory informers)
    {
        Informers = informers;
        Domains = new(informers.Get<Domain>(), static d => IdentityIds.Domain(d));
        Projects = new(informers.Get<Namespace>(), static n => KeystoneNames.Id(n.Metadata.Uid));
        Users = new(informers.Get<User>(), static u => KeystoneNames.Id(u.Metadata.Uid));
        Groups = new(informers.Get<Group>(), static g => KeystoneNames.Id(g.Metadata.Uid));
        Roles = new(informers.Get<ClusterRole>(), static r => KeystoneNames.Id(r.Metadata.Uid));
        ProjectBindings = new Collection<RoleBinding>(informers.Get<RoleBinding>(), static b => b.Metadata.Uid!).Index(BySubject, static b => b.Subjects.Select(s => s.Name ?? ""));
        CloudBindings = new Collection<ClusterRoleBinding>(informers.Get<ClusterRoleBinding>(), static b => b.Metadata.Uid!).Index(BySubject, static b => b.Subjects.Select(s => s.Name ?? ""));
        ApplicationCredentials = new(informers.Get<ApplicationCredential>(), static c => KeystoneNames.Id(c.Metadata.Uid));
        Trusts = new(informers.Get<Trust>(), static t => KeystoneNames.Id(t.Metadata.Uid));
        Credentials = new(informers.Get<Credential>(), static c => c.Metadata.Name!);
        Regions = new(informers.Get<Region>(), static r => r.Metadata.Annotations.GetValueOrDefault(KeystoneNames.DisplayName, r.Metadata.Name!));
        Services = new(informers.Get<CatalogService>(), static s => KeystoneNames.Id(s.Metadata.Uid));
        Endpoints = new(informers.Get<CatalogEndpoint>(), static e => KeystoneNames.Id(e.Metadata.Uid));
        Revocations = new(informers.Get<TokenRevocation>(), static r => r.Metadata.Name!);
        Images = new(informers.Get<Image>(), static i => OpenStack.Images.ImageNames.Id(i));
        ConfigMaps = new(informers.Get<ConfigMap>(), static c => c.Metadata.Uid!);
        Secrets = new(informers.Get<Secret>(), static s => s.Metadata.Uid!);
        Pods = new(informers.Get<Pod>(), static p => p.Metadata.Uid!);
        Nodes = new(informers.Get<Node>(), static n => n.Metadata.Uid!);
        Machines = new(informers.Get<VirtualMachine>(), static m => m.Metadata.Uid!);
        Instances = new(informers.Get<VirtualMachineInstance>(), static m => m.Metadata.Uid!);
        Quotas = new(informers.Get<ResourceQuota>(), static q => q.Metadata.Uid!);
        Networks = new(informers.Get<Network>(), static n => n.Metadata.Uid!);
        Subnets = new Collection<Subnet>(informers.Get<Subnet>(), static s => s.Metadata.Uid!).Index(ByNetwork, static s => [NetworkKey(s.Metadata.Namespace, s.Spec.Network)]);
        SubnetPools = new(informers.Get<SubnetPool>(), static p => p.Metadata.Uid!);
        Ports = new Collection<Port>(informers.Get<Port>(), static p => p.Metadata.Uid!).Index(ByNetwork, static p => [NetworkKey(p.Spec.Network?.Namespace ?? p.Metadata.Namespace, p.Spec.Network?.Name)]).Index(ByDevice, static p => [p.Spec.DeviceID ?? ""]);
        Routers = new(informers.Get<Router>(), static r => r.Metadata.Uid!);
        SecurityGroups = new(informers.Get<SecurityGroup>(), static g => g.Metadata.Uid!);
        FloatingIps = new Collection<FloatingIP>(informers.Get<FloatingIP>(), static f => f.Metadata.Uid!).Index(ByNetwork, static f => [NetworkKey(f.Spec.Network?.Namespace ?? f.Metadata.Namespace, f.Spec.Network?.Name)])
            .Index(ByPort, static f => f.Spec.Port is { } port ? [NetworkKey(port.Namespace ?? f.Metadata.Namespace, port.Name)] : []);
        Claims = new Collection<PersistentVolumeClaim>(informers.Get<PersistentVolumeClaim>(), static c => c.Metadata.Uid!).Index(Volumes.VolumeUse.ByOldId, static c => c.Metadata.Annotations.TryGetValue(Volumes.VolumeNames.Id, out var id) ? [id] : []);
        PersistentVolumes = new(informers.Get<PersistentVolume>(), static v => v.Metadata.Uid!);
        DataVolumes = new(informers.Get<DataVolume>(), static v => v.Metadata.Uid!);
        Snapshots = new Collection<VolumeSnapshot>(informers.Get<VolumeSnapshot>(), static s => s.Metadata.Uid!).Index(OpenStack.Images.ImageSources.ByClaim, OpenStack.Images.ImageSources.Claims);
        StorageClasses = new(informers.Get<StorageClass>(), static c => c.Metadata.Uid!);
        Machines.Index(Volumes.VolumeUse.ByClaim, Volumes.VolumeUse.Claims);
        Instances.Index(Volumes.VolumeUse.ByClaim, Volumes.VolumeUse.Claims);
        Pods.Index(Volumes.VolumeUse.ByClaim, Volumes.VolumeUse.Claims);
        Flavors = new(informers.Get<VirtualMachineClusterInstancetype>(), static f => f.Metadata.Annotations.GetValueOrDefault(Compute.FlavorNames.Id, f.Metadata.Name!));
    }

    /// <summary>The copies behind the collections, for who acts on what changes.</summary>
    public InformerFactory Informers { get; }

    public Collection<Domain> Domains { get; }

    /// <summary>The id of a domain by the name of its object; of one that is gone, the name.</summary>
    public string DomainId(string? name) => Domains.Get(null, name) is { } domain ? IdentityIds.Domain(domain) : name ?? "";
    public Collection<Namespace> Projects { get; }
    public Collection<User> Users { get; }
    public Collection<Group> Groups { get; }
    public Collection<ClusterRole> Roles { get; }
    public Collection<RoleBinding> ProjectBindings { get; }
    public Collection<ClusterRoleBinding> CloudBindings { get; }
    public Collection<ApplicationCredential> ApplicationCredentials { get; }
    public Collection<Trust> Trusts { get; }
    public Collection<Credential> Credentials { get; }
    public Collection<Region> Regions { get; }
    public Collection<CatalogService> Services { get; }
    public Collection<CatalogEndpoint> Endpoints { get; }
    public Collection<TokenRevocation> Revocations { get; }
    public Collection<Image> Images { get; }
    public Collection<ConfigMap> ConfigMaps { get; }
    public Collection<Secret> Secrets { get; }
    public Collection<Pod> Pods { get; }
    public Collection<Node> Nodes { get; }
    public Collection<VirtualMachine> Machines { get; }
    public Collection<VirtualMachineInstance> Instances { get; }
    public Collection<PersistentVolumeClaim> Claims { get; }
    public Collection<PersistentVolume> PersistentVolumes { get; }
    public Collection<DataVolume> DataVolumes { get; }
    public Collection<VolumeSnapshot> Snapshots { get; }
    public Collection<StorageClass> StorageClasses { get; }
    public Collection<ResourceQuota> Quotas { get; }

    public Collection<VirtualMachineClusterInstancetype> Flavors { get; }
    public Collection<Network> Networks { get; }
    public Collection<Subnet> Subnets { get; }
    public Collection<SubnetPool> SubnetPools { get; }
    public Collection<Port> Ports { get; }
    public Collection<Router> Routers { get; }
    public Collection<SecurityGroup> SecurityGroups { get; }
    public Collection<FloatingIP> FloatingIps { get; }
}
