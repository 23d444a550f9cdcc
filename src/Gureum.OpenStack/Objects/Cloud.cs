using Gureum.Client;
using Gureum.Identity;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Identity.V1;
using Gureum.Objects.Image.V1;
using Gureum.Objects.Instancetype.V1beta1;
using Gureum.Objects.Kubevirt.V1;
using Gureum.Objects.Rbac.V1;

namespace Gureum.OpenStack.Objects;

/// <summary>Everything that the door sees and writes: one collection for each kind, out of copies that this process shares (thread-safe state).</summary>
public sealed class Cloud
{
    /// <summary>Index of bindings by the name of a subject.</summary>
    public const string BySubject = "openstack-subject";

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
        Secrets = new(informers.Get<Secret>(), static s => s.Metadata.Uid!);
        Pods = new(informers.Get<Pod>(), static p => p.Metadata.Uid!);
        Nodes = new(informers.Get<Node>(), static n => n.Metadata.Uid!);
        Machines = new(informers.Get<VirtualMachine>(), static m => m.Metadata.Uid!);
        Instances = new(informers.Get<VirtualMachineInstance>(), static m => m.Metadata.Uid!);
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
    public Collection<Secret> Secrets { get; }
    public Collection<Pod> Pods { get; }
    public Collection<Node> Nodes { get; }
    public Collection<VirtualMachine> Machines { get; }
    public Collection<VirtualMachineInstance> Instances { get; }

    public Collection<VirtualMachineClusterInstancetype> Flavors { get; }
}
