using System.Text.Json;
using Gureum.Client;
using Gureum.Identity;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Identity.V1;
using Gureum.Objects.Meta.V1;
using Gureum.Objects.Rbac.V1;
using Gureum.OpenStack.Http;
using Gureum.OpenStack.Objects;

namespace Gureum.OpenStack.Identity;

/// <summary>Who has which role on what (https://docs.openstack.org/api-ref/identity/v3/#roles, role assignments).</summary>
public sealed class RoleAssignments(Cloud cloud, AssignmentBook book, RoleResources roles, Projects projects)
{
    internal void Map(Routes routes)
    {
        foreach (var (path, target) in (ReadOnlySpan<(string, AssignmentTarget)>)[("/v3/projects/{target}", AssignmentTarget.Project), ("/v3/domains/{target}", AssignmentTarget.Domain), ("/v3/system", AssignmentTarget.System)])
            foreach (var (subjects, isGroup) in (ReadOnlySpan<(string, bool)>)[("/users/{subject}/roles", false), ("/groups/{subject}/roles", true)])
            {
                MapOne(routes, path + subjects, "", target, isGroup, inherited: false);
                if (target != AssignmentTarget.System) MapOne(routes, "/v3/OS-INHERIT" + path["/v3".Length..] + subjects, "/inherited_to_projects", target, isGroup, inherited: true);
            }
        routes.Get("/v3/role_assignments", ListAllAsync);
    }

    private void MapOne(Routes routes, string path, string end, AssignmentTarget target, bool isGroup, bool inherited)
    {
        routes.Get(path + end, call => ListAsync(call, target, isGroup, inherited));
        routes.Get(path + "/{role}" + end, call => CheckAsync(call, target, isGroup, inherited));
        routes.Put(path + "/{role}" + end, call => GiveAsync(call, target, isGroup, inherited));
        routes.Delete(path + "/{role}" + end, call => TakeAsync(call, target, isGroup, inherited));
    }

    private string Subject(Call call, bool isGroup)
    {
        var id = call.Part("subject");
        return isGroup ? KeystoneNames.GroupOf((cloud.Groups.Find(id) ?? throw Keystone.NotFound("group", id)).Metadata.Uid!) : KeystoneNames.User((cloud.Users.Find(id) ?? throw Keystone.NotFound("user", id)).Metadata.Uid!);
    }

    private string Target(Call call, AssignmentTarget target) => target switch
    {
        AssignmentTarget.Project => projects.Find(call.Part("target")).Metadata.Name!,
        AssignmentTarget.Domain => (cloud.Domains.Find(call.Part("target")) ?? throw Keystone.NotFound("domain", call.Part("target"))).Metadata.Name!,
        _ => "",
    };

    private Assignment Read(Call call, AssignmentTarget target, bool isGroup, bool inherited) =>
        new(roles.Find(call.Part("role")).Metadata.Name!, Subject(call, isGroup), target, Target(call, target), inherited);

    private async Task<Answer> ListAsync(Call call, AssignmentTarget target, bool isGroup, bool inherited)
    {
        await Judge.RequireAsync(call.Caller, "list", RoleBinding.Resource, null, "identity:list_grants", call.Cancel);
        var (subject, name) = (Subject(call, isGroup), Target(call, target));
        return Keystone.List(call, "roles", book.Of(subject).Where(a => a.Target == target && a.TargetName == name && a.Inherited == inherited).Select(a => cloud.Roles.Get(null, a.Role)!), (json, r) => RoleResources.Write(json, call, r));
    }

    private async Task<Answer> CheckAsync(Call call, AssignmentTarget target, bool isGroup, bool inherited)
    {
        await Judge.RequireAsync(call.Caller, "list", RoleBinding.Resource, null, "identity:check_grant", call.Cancel);
        return book.Has(Read(call, target, isGroup, inherited)) ? Answer.NoContent : throw NotGiven(call);
    }

    private static Fault NotGiven(Call call) => Fault.NotFound($"Could not find role assignment with role: {call.Part("role")}, user or group: {call.Part("subject")}.");

    private async Task<Answer> GiveAsync(Call call, AssignmentTarget target, bool isGroup, bool inherited)
    {
        var given = Read(call, target, isGroup, inherited);
        await book.GiveAsync(call.Caller.Api, given, [Owner(call, given, isGroup)], call.Cancel);
        return Answer.NoContent;
    }

    // What is in the project's Namespace goes with that; there the owner is who has the role. Elsewhere it is what the role is on.
    private OwnerReference Owner(Call call, Assignment given, bool isGroup)
    {
        if (given is { IsInNamespace: false, Target: AssignmentTarget.Project }) return Owners.Of(Namespace.Resource, cloud.Projects.Get(null, given.TargetName)!.Metadata);
        if (given.Target == AssignmentTarget.Domain) return Owners.Of(Domain.Resource, cloud.Domains.Get(null, given.TargetName)!.Metadata);
        return isGroup ? Owners.Of(Group.Resource, cloud.Groups.Find(call.Part("subject"))!.Metadata) : Owners.Of(User.Resource, cloud.Users.Find(call.Part("subject"))!.Metadata);
    }

    private async Task<Answer> TakeAsync(Call call, AssignmentTarget target, bool isGroup, bool inherited) =>
        await book.TakeAsync(call.Caller.Api, Read(call, target, isGroup, inherited), call.Cancel) ? Answer.NoContent : throw NotGiven(call);

    // An assignment as it is listed: with "effective", what follows from those that were given.
    private sealed record Listed(string Role, Assignment From, string? UserId, AssignmentTarget Target, string TargetName);

    private async Task<Answer> ListAllAsync(Call call)
    {
        var own = call.Query("user.id") == call.Caller.UserId;
        if (!own) await Judge.RequireAsync(call.Caller, "list", RoleBinding.Resource, null, "identity:list_role_assignments", call.Cancel);
        var effective = call.Query("effective") is { } flag && Flags.Parse(flag) is not false;
        var names = call.Query("include_names") is { } wanted && Flags.Parse(wanted) is not false;
        var listed = book.All.SelectMany(a => effective ? Effects(a) : [new Listed(a.Role, a, a.IsGroup ? null : a.SubjectId, a.Target, a.TargetName)]).Where(a => Passes(call, a, effective)).ToList();
        return Keystone.List(call, "role_assignments", listed, (json, a) => Write(json, call, a, names));
    }

    private IEnumerable<Listed> Effects(Assignment given)
    {
        var users = !given.IsGroup ? [given.SubjectId] : cloud.Groups.Find(given.SubjectId)?.Spec.Users.Select(u => KeystoneNames.Id(cloud.Users.Get(null, u)?.Metadata.Uid)).Where(static i => i.Length > 0) ?? [];
        IEnumerable<(AssignmentTarget, string)> targets = !given.Inherited ? [(given.Target, given.TargetName)]
            : cloud.Projects.All.Where(p => book.Inherits(given, p)).Select(p => (AssignmentTarget.Project, p.Metadata.Name!));
        return from user in users from role in book.WithImplied([given.Role]) from target in targets.ToList() select new Listed(role.Metadata.Name!, given, user, target.Item1, target.Item2);
    }

    private bool Passes(Call call, Listed a, bool effective)
    {
        bool Is(string name, Func<string?> value) => call.Query(name) is not { } wanted || value() == wanted;
        return Is("user.id", () => a.UserId) && Is("group.id", () => a.From.IsGroup && !effective ? a.From.SubjectId : null) && Is("role.id", () => KeystoneNames.Id(cloud.Roles.Get(null, a.Role)?.Metadata.Uid))
            && Is("scope.project.id", () => a.Target == AssignmentTarget.Project ? ProjectId(a.TargetName) : null) && Is("scope.domain.id", () => a.Target == AssignmentTarget.Domain ? cloud.DomainId(a.TargetName) : null)
            && (call.Query("scope.system") is null || a.Target == AssignmentTarget.System) && (call.Query("scope.OS-INHERIT:inherited_to") is null || a.From.Inherited);
    }

    private string ProjectId(string name) => KeystoneNames.Id(cloud.Projects.Get(null, name)?.Metadata.Uid);

    private void Write(Utf8JsonWriter json, Call call, Listed a, bool names)
    {
        var role = cloud.Roles.Get(null, a.Role);
        json.Object("role", _ => Named(json, KeystoneNames.Id(role?.Metadata.Uid), names ? role is null ? "" : IdentityIds.Name(role) : null));
        if (a.UserId is { } userId)
            json.Object("user", _ =>
            {
                var user = cloud.Users.Find(userId);
                Named(json, userId, names ? user?.Spec.Name ?? "" : null);
                if (names) json.Object("domain", _ => InDomain(json, user?.Spec.Domain ?? IdentityIds.DefaultDomain));
            });
        else
            json.Object("group", _ =>
            {
                var group = cloud.Groups.Find(a.From.SubjectId);
                Named(json, a.From.SubjectId, names ? group?.Spec.Name ?? "" : null);
                if (names) json.Object("domain", _ => InDomain(json, group?.Spec.Domain ?? IdentityIds.DefaultDomain));
            });
        json.Object("scope", _ =>
        {
            if (a.Target == AssignmentTarget.System) json.Object("system", _ => json.WriteBoolean("all", true));
            else if (a.Target == AssignmentTarget.Domain) json.Object("domain", _ => Named(json, cloud.DomainId(a.TargetName), names ? cloud.Domains.Get(null, a.TargetName)?.Spec.Name ?? "" : null));
            else
                json.Object("project", _ =>
                {
                    var project = cloud.Projects.Get(null, a.TargetName);
                    Named(json, ProjectId(a.TargetName), names ? project is null ? "" : IdentityIds.Name(project) : null);
                    if (names) json.Object("domain", _ => InDomain(json, project is null ? IdentityIds.DefaultDomain : IdentityIds.DomainOf(project)));
                });
            if (a.From.Inherited) json.WriteString("OS-INHERIT:inherited_to", "projects");
        });
        json.Object("links", _ => json.WriteString("assignment", Link(call, a.From)));
    }

    private string Link(Call call, Assignment a)
    {
        var target = a.Target switch { AssignmentTarget.Project => "projects/" + ProjectId(a.TargetName), AssignmentTarget.Domain => "domains/" + cloud.DomainId(a.TargetName), _ => "system" };
        return $"{call.Service}/v3/{(a.Inherited ? "OS-INHERIT/" : "")}{target}/{(a.IsGroup ? "groups" : "users")}/{a.SubjectId}/roles/{KeystoneNames.Id(cloud.Roles.Get(null, a.Role)?.Metadata.Uid)}{(a.Inherited ? "/inherited_to_projects" : "")}";
    }

    private void InDomain(Utf8JsonWriter json, string name) => Named(json, cloud.DomainId(name), cloud.Domains.Get(null, name)?.Spec.Name ?? name);

    private static void Named(Utf8JsonWriter json, string id, string? name)
    {
        json.WriteString("id", id);
        if (name is not null) json.WriteString("name", name);
    }
}
