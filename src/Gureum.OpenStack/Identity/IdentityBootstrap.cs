using System.Security.Cryptography;
using Gureum.Client;
using Gureum.Identity;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Identity.V1;
using Gureum.Objects.Meta.V1;
using Gureum.Objects.Models;
using Gureum.Objects.Rbac.V1;
using Gureum.OpenStack.Objects;
using Microsoft.IdentityModel.Tokens;

namespace Gureum.OpenStack.Identity;

/// <summary>What every cloud has: the default domain, the roles, the administrator with a project, and the catalog. Made where it is missing; the catalog follows the address.</summary>
internal sealed class IdentityBootstrap(Cloud cloud, AssignmentBook assignments, AccountPasswords passwords, ApiClient door, OpenStackOptions options)
{
    private const string AggregateToEdit = "rbac.authorization.k8s.io/aggregate-to-edit", AggregateToView = "rbac.authorization.k8s.io/aggregate-to-view", AggregateToAdmin = "rbac.authorization.k8s.io/aggregate-to-admin";

    // Each service's type in the catalog and the path of its endpoints: clients add the version themselves where there is none
    // (docs.openstack.org/keystone, and what Tempest and gophercloud do).
    private static readonly Dictionary<string, (string Type, string Path)> Paths = new()
    {
        ["keystone"] = ("identity", "/identity/v3"), ["glance"] = ("image", "/image"), ["nova"] = ("compute", "/compute/v2.1"), ["neutron"] = ("network", "/network"), ["cinder"] = ("volumev3", "/volume/v3/%(project_id)s"), ["placement"] = ("placement", "/placement"),
    };

    internal async Task RunAsync(IReadOnlyList<string> services, CancellationToken cancel)
    {
        await EnsureAsync(cloud.Domains, new Domain { Metadata = new ObjectMeta { Name = IdentityIds.DefaultDomain }, Spec = new DomainSpec { Name = "Default", Description = "The default domain", Enabled = true } }, cancel);
        foreach (var role in DefaultRoles()) await EnsureAsync(cloud.Roles, role, cancel);
        await EnsureUserBindingAsync(cancel);
        await EnsureAsync(cloud.Projects, new Namespace { Metadata = new ObjectMeta { Name = KeystoneNames.SecretsNamespace } }, cancel);
        await EnsureAdministratorAsync(cancel);
        await EnsureAsync(cloud.Regions, new Region { Metadata = Named(options.Region.ToLowerInvariant(), options.Region), Spec = new RegionSpec { Description = "" } }, cancel);
        foreach (var flavor in cloud.Flavors.All.Any() ? [] : Compute.Flavors.Defaults()) await EnsureAsync(cloud.Flavors, flavor, cancel);
        foreach (var service in services) await EnsureServiceAsync(service, cancel);
    }

    private static ObjectMeta Named(string name, string shown) => new() { Name = name, Annotations = new Dictionary<string, string> { [KeystoneNames.DisplayName] = shown } };

    private static IEnumerable<ClusterRole> DefaultRoles()
    {
        PolicyRule everything = new() { ApiGroups = ["*"], Resources = ["*"], Verbs = ["*"] };
        yield return Role(Roles.Admin, Roles.Manager) with { Rules = [everything, new PolicyRule { NonResourceURLs = ["*"], Verbs = ["*"] }] };
        yield return Aggregated(Role(Roles.Manager, Roles.Member), AggregateToEdit, AggregateToView);
        yield return Aggregated(Role(Roles.Member, Roles.Reader), AggregateToEdit, AggregateToView);
        yield return Aggregated(Role(Roles.Reader), AggregateToView);
        yield return Role(Roles.Service);
        yield return new ClusterRole { Metadata = new ObjectMeta { Name = Roles.Recorded } };
        yield return new ClusterRole
        {
            Metadata = new ObjectMeta { Name = KeystoneNames.AllUsers },
            Rules = [new PolicyRule { ApiGroups = ["instancetype.kubevirt.io"], Resources = ["virtualmachineclusterinstancetypes", "virtualmachineclusterpreferences"], Verbs = ["get", "list", "watch"] }, new PolicyRule { ApiGroups = ["storage.k8s.io"], Resources = ["storageclasses"], Verbs = ["get", "list", "watch"] }],
        };
    }

    private static ClusterRole Role(string name, string? implies = null)
    {
        var notes = new Dictionary<string, string> { [KeystoneNames.DisplayName] = name[Roles.Prefix.Length..] };
        if (implies is not null) notes[IdentityIds.Implies] = implies;
        return new ClusterRole { Metadata = new ObjectMeta { Name = name, Annotations = notes, Labels = new Dictionary<string, string> { [KeystoneNames.Role] = "true" } } };
    }

    private static ClusterRole Aggregated(ClusterRole role, params string[] labels) => role with
    {
        AggregationRule = new AggregationRule { ClusterRoleSelectors = [.. labels.Select(static l => new LabelSelector { MatchLabels = new Dictionary<string, string> { [l] = "true" } })] },
    };

    // What every user of the cloud may see: flavors and volume types.
    private async Task EnsureUserBindingAsync(CancellationToken cancel) => await EnsureAsync(cloud.CloudBindings, new ClusterRoleBinding
    {
        Metadata = new ObjectMeta { Name = KeystoneNames.AllUsers }, RoleRef = new RoleRef { ApiGroup = "rbac.authorization.k8s.io", Kind = "ClusterRole", Name = KeystoneNames.AllUsers },
        Subjects = [new Subject { ApiGroup = "rbac.authorization.k8s.io", Kind = "Group", Name = KeystoneNames.AllUsers }],
    }, cancel);

    private async Task EnsureAdministratorAsync(CancellationToken cancel)
    {
        const string name = "admin";
        var project = await EnsureAsync(cloud.Projects, new Namespace { Metadata = new ObjectMeta { Name = name, Annotations = new Dictionary<string, string> { [KeystoneNames.Description] = "The administrators' project" } } }, cancel);
        // One that was deleted on purpose is not made again: only who has never had a password gets one.
        if (File.Exists(options.AdminPasswordFile) && cloud.Users.Get(null, name) is null) return;
        var user = await EnsureAsync(cloud.Users, new User { Metadata = new ObjectMeta { Name = name }, Spec = new UserSpec { Name = name, Domain = IdentityIds.DefaultDomain, Enabled = true, DefaultProject = name } }, cancel);
        if (!File.Exists(options.AdminPasswordFile))
        {
            var password = Base64UrlEncoder.Encode(RandomNumberGenerator.GetBytes(18));
            await passwords.SetAsync(user, password, cancel);
            WritePrivate(options.AdminPasswordFile, password);
        }
        foreach (var given in (Assignment[])[new(Roles.Admin, KeystoneNames.User(user.Metadata.Uid!), AssignmentTarget.Project, name, false), new(Roles.Admin, KeystoneNames.User(user.Metadata.Uid!), AssignmentTarget.System, "", false)])
            if (!assignments.Has(given)) await assignments.GiveAsync(door, given, given.Target == AssignmentTarget.Project ? [Owners.Of(Namespace.Resource, project.Metadata)] : [Owners.Of(User.Resource, user.Metadata)], cancel);
    }

    private static void WritePrivate(string path, string text)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        using var file = new FileStream(path, new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write, UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite });
        file.Write(System.Text.Encoding.UTF8.GetBytes(text + "\n"));
    }

    private async Task EnsureServiceAsync(string name, CancellationToken cancel)
    {
        var (type, path) = Paths[name];
        await EnsureAsync(cloud.Services, new CatalogService { Metadata = new ObjectMeta { Name = name }, Spec = new CatalogServiceSpec { Type = type, Name = name, Enabled = true } }, cancel);
        foreach (var kind in (string[])["public", "internal", "admin"])
        {
            var url = options.PublicUrl + path;
            var endpoint = await EnsureAsync(cloud.Endpoints, new CatalogEndpoint { Metadata = new ObjectMeta { Name = $"{name}-{kind}" }, Spec = new CatalogEndpointSpec { Service = name, Interface = kind, Url = url, Region = options.Region, Enabled = true } }, cancel);
            if (endpoint.Spec.Url != url) await cloud.Endpoints.ChangeAsync(door, endpoint, e => e with { Spec = e.Spec with { Url = url } }, cancel);
        }
    }

    private async Task<T> EnsureAsync<T>(Collection<T> collection, T wanted, CancellationToken cancel) where T : class, IKubeObject<T> =>
        collection.Get(wanted.Metadata.Namespace, wanted.Metadata.Name!) ?? await collection.CreateAsync(door, wanted, cancel);
}
