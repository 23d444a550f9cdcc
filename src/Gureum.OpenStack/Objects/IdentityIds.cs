using Gureum.Identity;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Identity.V1;
using Gureum.Objects.Rbac.V1;

namespace Gureum.OpenStack.Objects;

/// <summary>How Keystone's things are named and found: the id is the object's uid, in Keystone's form.</summary>
public static class IdentityIds
{
    /// <summary>The domain that there always is; clients know it by this id.</summary>
    public const string DefaultDomain = "default";

    /// <summary>Annotation of a role: the ClusterRoles that it implies, separated by commas.</summary>
    public const string Implies = KeystoneNames.Group + "/implies";

    /// <summary>Annotation of a role: the id of the domain that it is one of. It only implies others, and is in no token itself.</summary>
    public const string RoleDomain = KeystoneNames.Group + "/domain";

    /// <summary>Annotation of a project: the Namespace of the project that it is below.</summary>
    public const string Parent = KeystoneNames.Group + "/parent";

    public static string Domain(Domain domain) => domain.Metadata.Name == DefaultDomain ? DefaultDomain : KeystoneNames.Id(domain.Metadata.Uid);

    /// <summary>The name of the Domain object that a project is in.</summary>
    public static string DomainOf(Namespace project) => project.Metadata.Labels.GetValueOrDefault(KeystoneNames.Domain, DefaultDomain);

    public static string Name(Namespace project) => project.Metadata.Annotations.GetValueOrDefault(KeystoneNames.DisplayName, project.Metadata.Name!);
    public static string Name(ClusterRole role) => role.Metadata.Annotations.GetValueOrDefault(KeystoneNames.DisplayName, role.Metadata.Name!);
    public static bool IsRole(ClusterRole role) => role.Metadata.Labels.ContainsKey(KeystoneNames.Role);
    public static bool IsEnabled(Namespace project) => project.Metadata.Annotations.GetValueOrDefault(KeystoneNames.Enabled) != "false";
}
