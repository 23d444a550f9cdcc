using Gureum.Client;
using Gureum.Identity;
using Gureum.Objects;
using Gureum.Objects.Meta.V1;
using Gureum.Objects.Rbac.V1;
using Gureum.OpenStack.Http;
using Gureum.OpenStack.Objects;

namespace Gureum.OpenStack.Identity;

/// <summary>Hands some of a token's roles on to an application credential or a trust, which is a user of its own in RBAC with bindings that go with it.</summary>
internal static class Delegation
{
    private const string RbacGroup = "rbac.authorization.k8s.io";

    /// <summary>The roles that a body names, by id or name, which the token must have; all of the token's when it names none.</summary>
    /// <exception cref="Fault">One is not among the token's.</exception>
    internal static List<ClusterRole> Roles(Caller caller, Body body, Func<string, Fault> refuse)
    {
        var asked = body.Objects("roles");
        return asked.Count == 0 ? [.. caller.Roles] : [.. asked.Select(r => caller.Roles.FirstOrDefault(has => r.Text("id") is { } id ? KeystoneNames.Id(has.Metadata.Uid) == id : IdentityIds.Name(has) == r.Name("name")) ?? throw refuse(r.Text("id") ?? r.Text("name") ?? ""))];
    }

    /// <summary>"expires_at", which must lie ahead; null for none.</summary>
    internal static DateTimeOffset? Expiry(Body body, TimeProvider time)
    {
        if (body.Text("expires_at") is not { } text) return null;
        if (!Times.TryParse(text.EndsWith('Z') ? text : text + "Z", out var end)) throw Fault.BadRequest($"Invalid input for field 'expires_at': '{text}' is not a time; 2026-11-24T18:00:00Z is one.");
        return end > time.GetUtcNow() ? end : throw Fault.BadRequest($"The expiration time '{text}' is in the past.");
    }

    /// <summary>Binds a role; one that is bound already is left.</summary>
    /// <param name="user">The RBAC user.</param>
    /// <param name="owner">What the binding goes with.</param>
    /// <param name="role">The ClusterRole's name.</param>
    internal static async Task BindAsync(Cloud cloud, ApiClient door, string user, OwnerReference owner, string role, string project, CancellationToken cancel)
    {
        var isAdmin = role == Identity.Roles.Admin;
        var metadata = new ObjectMeta { Name = $"{role}:{user["keystone:".Length..]}", Namespace = isAdmin ? null : project, OwnerReferences = [owner] };
        if (isAdmin ? cloud.CloudBindings.Get(null, metadata.Name) is not null : cloud.ProjectBindings.Get(project, metadata.Name) is not null) return;
        Subject[] subjects = [new Subject { ApiGroup = RbacGroup, Kind = "User", Name = user }];
        var reference = new RoleRef { ApiGroup = RbacGroup, Kind = "ClusterRole", Name = role };
        try
        {
            if (isAdmin) await cloud.CloudBindings.CreateAsync(door, new ClusterRoleBinding { Metadata = metadata, Subjects = subjects, RoleRef = reference }, cancel);
            else await cloud.ProjectBindings.CreateAsync(door, new RoleBinding { Metadata = metadata, Subjects = subjects, RoleRef = reference }, cancel);
        }
        catch (ApiException e) when (e.IsAlreadyExists) { /* the keeper and the request that made it meet */ }
    }
}
