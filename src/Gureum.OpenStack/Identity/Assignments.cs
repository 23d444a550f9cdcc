using Gureum.Identity;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Identity.V1;
using Gureum.Objects.Meta.V1;
using Gureum.Objects.Rbac.V1;
using Gureum.OpenStack.Objects;

namespace Gureum.OpenStack.Identity;

public enum AssignmentTarget { Project, Domain, System }

/// <summary>Somebody has a role on something (immutable). Each is an RBAC binding.</summary>
/// <param name="Role">The ClusterRole's name.</param>
/// <param name="Subject">The RBAC name of the user or group.</param>
/// <param name="TargetName">The Namespace's or Domain's name; empty for the system.</param>
/// <param name="Inherited">It holds for the projects below the target, not for the target.</param>
public sealed record Assignment(string Role, string Subject, AssignmentTarget Target, string TargetName, bool Inherited)
{
    public bool IsGroup => Subject.StartsWith("keystone:group:", StringComparison.Ordinal);

    /// <summary>The user's or group's id.</summary>
    public string SubjectId => Subject[(Subject.LastIndexOf(':') + 1)..];

    /// <summary>The binding's name: one for each assignment, so that giving twice is giving once.</summary>
    public string BindingName => $"{Role}:{(IsGroup ? "group" : "user")}:{SubjectId}" + Target switch
    {
        AssignmentTarget.Project when IsInNamespace => "",
        AssignmentTarget.Project => ":project:" + TargetName,
        AssignmentTarget.Domain => ":domain:" + TargetName,
        _ => ":system",
    } + (Inherited ? ":inherited" : "");

    /// <summary>
    /// An administrator of any project administers the cloud, as OpenStack's policies have it (they ask for the role, not for the project): such
    /// a binding is one for the whole cloud. So are records that say nothing about one namespace.
    /// </summary>
    public bool IsInNamespace => Target == AssignmentTarget.Project && !Inherited && Role != Roles.Admin;
}

/// <summary>The names of the roles that there always are, and of what bindings carry.</summary>
public static class Roles
{
    public const string Prefix = "keystone:";
    public const string Admin = Prefix + "admin", Manager = Prefix + "manager", Member = Prefix + "member", Reader = Prefix + "reader", Service = Prefix + "service";

    /// <summary>A ClusterRole without rules: of assignments that only Keystone reads.</summary>
    public const string Recorded = Prefix + "recorded";

    public const string RoleAnnotation = KeystoneNames.Group + "/assigned-role", TargetAnnotation = KeystoneNames.Group + "/assigned-target", InheritedAnnotation = KeystoneNames.Group + "/inherited";
}

/// <summary>Reads role assignments out of bindings, and makes and deletes bindings for them (stateless over the cloud's copies).</summary>
public sealed class AssignmentBook(Cloud cloud)
{
    private const string RbacGroup = "rbac.authorization.k8s.io";

    public IEnumerable<Assignment> All => cloud.ProjectBindings.All.SelectMany(Read).Concat(cloud.CloudBindings.All.SelectMany(Read));

    /// <summary>Those of a user or group itself.</summary>
    public IEnumerable<Assignment> Of(string subject) =>
        cloud.ProjectBindings.By(Cloud.BySubject, subject).SelectMany(Read).Concat(cloud.CloudBindings.By(Cloud.BySubject, subject).SelectMany(Read)).Where(a => a.Subject == subject);

    /// <summary>Those of a user and of the groups that they are in.</summary>
    public IEnumerable<Assignment> OfUser(User user) =>
        new[] { KeystoneNames.User(user.Metadata.Uid!) }.Concat(GroupsOf(user).Select(g => KeystoneNames.GroupOf(g.Metadata.Uid!))).SelectMany(Of);

    public IEnumerable<Group> GroupsOf(User user) => cloud.Groups.All.Where(g => g.Spec.Users.Contains(user.Metadata.Name!));

    /// <summary>The roles that a user has on a scope, with those that they imply, by name.</summary>
    public IReadOnlyList<ClusterRole> RolesOf(User user, TokenScope scope)
    {
        if (scope.Kind == ScopeKind.None) return [];
        var project = scope.Kind == ScopeKind.Project ? cloud.Projects.Get(null, scope.Target!.Name) : null;
        return WithImplied(OfUser(user).Where(a => Holds(a, scope, project)).Select(a => a.Role));
    }

    private bool Holds(Assignment given, TokenScope scope, Namespace? project) => scope.Kind switch
    {
        ScopeKind.System => given.Target == AssignmentTarget.System,
        ScopeKind.Domain => given.Target == AssignmentTarget.Domain && !given.Inherited && given.TargetName == scope.Target!.Name,
        _ => project is not null && (given.Inherited ? Inherits(given, project) : given.Target == AssignmentTarget.Project && given.TargetName == project.Metadata.Name),
    };

    /// <summary>Whether an inherited assignment holds for a project: it is in the domain, or below the project, that it was given on.</summary>
    public bool Inherits(Assignment given, Namespace project) =>
        given.Target == AssignmentTarget.Domain ? IdentityIds.DomainOf(project) == given.TargetName : given.Target == AssignmentTarget.Project && Ancestors(project).Contains(given.TargetName);

    // A loop, which somebody may make with kubectl, ends at its second turn.
    private HashSet<string> Ancestors(Namespace project)
    {
        var found = new HashSet<string>(StringComparer.Ordinal);
        for (var at = project; at?.Metadata.Annotations.GetValueOrDefault(IdentityIds.Parent) is { } parent && found.Add(parent); at = cloud.Projects.Get(null, parent)) { }
        return found;
    }

    public IReadOnlyList<ClusterRole> WithImplied(IEnumerable<string> names)
    {
        var found = new Dictionary<string, ClusterRole>(StringComparer.Ordinal);
        var open = new Stack<string>(names);
        while (open.Count > 0)
        {
            var name = open.Pop();
            if (found.ContainsKey(name) || cloud.Roles.Get(null, name) is not { } role || !IdentityIds.IsRole(role)) continue;
            found[name] = role;
            foreach (var implied in Implied(role)) open.Push(implied);
        }
        return [.. found.Values.Where(static r => !r.Metadata.Annotations.ContainsKey(IdentityIds.RoleDomain)).OrderBy(IdentityIds.Name, StringComparer.Ordinal)];
    }

    public static IReadOnlyList<string> Implied(ClusterRole role) => role.Metadata.Annotations.GetValueOrDefault(IdentityIds.Implies, "").Split(',', StringSplitOptions.RemoveEmptyEntries);

    /// <summary>Gives a role. As the caller: RBAC lets nobody give more than they have.</summary>
    public async Task GiveAsync(Gureum.Client.ApiClient client, Assignment given, IReadOnlyList<OwnerReference> owners, CancellationToken cancel)
    {
        try
        {
            if (given.IsInNamespace) await cloud.ProjectBindings.CreateAsync(client, new RoleBinding { Metadata = Metadata(given, owners) with { Namespace = given.TargetName }, RoleRef = Reference(given.Role), Subjects = [SubjectOf(given)] }, cancel);
            else await cloud.CloudBindings.CreateAsync(client, new ClusterRoleBinding { Metadata = Metadata(given, owners), RoleRef = Reference(Granted(given)), Subjects = [SubjectOf(given)] }, cancel);
        }
        catch (Gureum.Client.ApiException e) when (e.IsAlreadyExists) { /* it was given before */ }
    }

    /// <returns>False when it was never given.</returns>
    public async Task<bool> TakeAsync(Gureum.Client.ApiClient client, Assignment given, CancellationToken cancel)
    {
        if (given.IsInNamespace)
        {
            // One made by hand, under whatever name, is as good as ours.
            var found = cloud.ProjectBindings.By(Cloud.BySubject, given.Subject).Where(b => Read(b).Contains(given)).ToList();
            foreach (var binding in found) await cloud.ProjectBindings.DeleteAsync(client, binding, cancel);
            return found.Count > 0;
        }
        var others = cloud.CloudBindings.By(Cloud.BySubject, given.Subject).Where(b => Read(b).Contains(given)).ToList();
        foreach (var binding in others) await cloud.CloudBindings.DeleteAsync(client, binding, cancel);
        return others.Count > 0;
    }

    public bool Has(Assignment given) => Of(given.Subject).Contains(given);

    private IEnumerable<Assignment> Read(RoleBinding binding) => binding.RoleRef is { Kind: "ClusterRole" } reference && IsRole(reference.Name)
        ? KeystoneSubjects(binding.Subjects).Select(s => new Assignment(reference.Name, s, AssignmentTarget.Project, binding.Metadata.Namespace!, false)) : [];

    private IEnumerable<Assignment> Read(ClusterRoleBinding binding)
    {
        var notes = binding.Metadata.Annotations;
        var role = notes.GetValueOrDefault(Roles.RoleAnnotation) ?? binding.RoleRef?.Name ?? "";
        if (!IsRole(role)) return [];
        var target = notes.GetValueOrDefault(Roles.TargetAnnotation, "system").Split('/', 2);
        var kind = target[0] switch { "project" => AssignmentTarget.Project, "domain" => AssignmentTarget.Domain, _ => AssignmentTarget.System };
        return KeystoneSubjects(binding.Subjects).Select(s => new Assignment(role, s, kind, kind == AssignmentTarget.System ? "" : target[^1], notes.GetValueOrDefault(Roles.InheritedAnnotation) == "true"));
    }

    private bool IsRole([System.Diagnostics.CodeAnalysis.NotNullWhen(true)] string? name) => cloud.Roles.Get(null, name) is { } role && IdentityIds.IsRole(role);

    /// <summary>Whether users or groups of Keystone's are among the subjects of a binding.</summary>
    public static bool ConcernsKeystone(IEnumerable<Subject> subjects) => KeystoneSubjects(subjects).Any();

    private static IEnumerable<string> KeystoneSubjects(IEnumerable<Subject> subjects) =>
        subjects.Select(s => s.Name ?? "").Where(n => n.StartsWith("keystone:user:", StringComparison.Ordinal) || n.StartsWith("keystone:group:", StringComparison.Ordinal));

    // What the binding grants by RBAC: an administrator everything, a reader of the system everything to read; others of these are records.
    private static string Granted(Assignment given) =>
        given.Role == Roles.Admin && !given.Inherited ? Roles.Admin : given.Target == AssignmentTarget.System && given.Role is Roles.Manager or Roles.Member or Roles.Reader ? Roles.Reader : Roles.Recorded;

    private static ObjectMeta Metadata(Assignment given, IReadOnlyList<OwnerReference> owners)
    {
        var notes = new Dictionary<string, string> { [Roles.RoleAnnotation] = given.Role };
        if (!given.IsInNamespace) notes[Roles.TargetAnnotation] = given.Target switch { AssignmentTarget.Project => "project/", AssignmentTarget.Domain => "domain/", _ => "system" } + given.TargetName;
        if (given.Inherited) notes[Roles.InheritedAnnotation] = "true";
        return new ObjectMeta { Name = given.BindingName, Annotations = notes, OwnerReferences = owners };
    }

    private static RoleRef Reference(string role) => new() { ApiGroup = RbacGroup, Kind = "ClusterRole", Name = role };
    private static Subject SubjectOf(Assignment given) => new() { ApiGroup = RbacGroup, Kind = given.IsGroup ? "Group" : "User", Name = given.Subject };
}
