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

/// <summary>Trusts (https://docs.openstack.org/api-ref/identity/v3-ext/#os-trust-api): one user lets another act in a project with some of their roles.</summary>
public sealed class Trusts(Cloud cloud, ApiClient door, TimeProvider time)
{
    internal void Map(Routes routes)
    {
        routes.Get("/v3/OS-TRUST/trusts", ListAsync);
        routes.Post("/v3/OS-TRUST/trusts", CreateAsync);
        routes.Get("/v3/OS-TRUST/trusts/{trust}", async call => Keystone.One("trust", await FindAsync(call), (json, t) => Write(json, call, t, withRoles: true)));
        routes.Delete("/v3/OS-TRUST/trusts/{trust}", DeleteAsync);
        routes.Get("/v3/OS-TRUST/trusts/{trust}/roles", async call =>
        {
            var trust = await FindAsync(call);
            return Keystone.List(call, "roles", RolesOf(trust), (json, r) => RoleResources.Write(json, call, r));
        });
        routes.Get("/v3/OS-TRUST/trusts/{trust}/roles/{role}", async call =>
        {
            var trust = await FindAsync(call);
            return Keystone.One("role", RolesOf(trust).FirstOrDefault(r => KeystoneNames.Id(r.Metadata.Uid) == call.Part("role")) ?? throw Keystone.NotFound("role", call.Part("role")), (json, r) => RoleResources.Write(json, call, r));
        });
    }

    private IEnumerable<ClusterRole> RolesOf(Trust trust) => trust.Spec.Roles.Select(r => cloud.Roles.Get(null, r)).OfType<ClusterRole>();

    private static bool Concerns(Caller caller, Trust trust) => caller.User.Metadata.Name == trust.Spec.Trustor || caller.User.Metadata.Name == trust.Spec.Trustee;
    private bool Lives(Trust trust) => trust.Metadata.DeletionTimestamp is null && !(trust.Spec.ExpirationTime <= time.GetUtcNow());

    private async Task<Trust> FindAsync(Call call)
    {
        var id = call.Part("trust");
        if (cloud.Trusts.Find(id) is not { } trust || !Lives(trust)) throw Keystone.NotFound("trust", id);
        if (!Concerns(call.Caller, trust)) await Judge.RequireAsync(call.Caller, "get", Trust.Resource, null, "identity:get_trust", call.Cancel);
        return trust;
    }

    private async Task<Answer> ListAsync(Call call)
    {
        var (trustor, trustee) = (call.Query("trustor_user_id"), call.Query("trustee_user_id"));
        if (trustor != call.Caller.UserId && trustee != call.Caller.UserId) await Judge.RequireAsync(call.Caller, "list", Trust.Resource, null, "identity:list_trusts", call.Cancel);
        return Keystone.List(call, "trusts", cloud.Trusts.All.Where(t => Lives(t) && (trustor is null || UserId(t.Spec.Trustor) == trustor) && (trustee is null || UserId(t.Spec.Trustee) == trustee)), (json, t) => Write(json, call, t, withRoles: false));
    }

    private string UserId(string? name) => KeystoneNames.Id(cloud.Users.Get(null, name)?.Metadata.Uid);

    private async Task<Answer> CreateAsync(Call call)
    {
        var (caller, body) = (call.Caller, (await call.BodyAsync()).Object("trust"));
        var (trustor, trustee) = (body.Name("trustor_user_id"), body.Name("trustee_user_id"));
        var impersonation = body.Flag("impersonation") ?? throw Fault.BadRequest("Invalid input for field 'trust': 'impersonation' is a required property.");
        if (trustor != caller.UserId) throw Fault.Forbidden("Only the trustor makes a trust: the token is another user's.");
        if (caller.Token.ApplicationCredential is not null || caller.Token.Trust is not null) throw Fault.Forbidden("A token of an application credential or of a trust makes no trust.");
        if (cloud.Users.Find(trustee) is not { } other) throw Keystone.NotFound("user", trustee);
        var project = body.Text("project_id") is { } id ? cloud.Projects.Find(id) ?? throw Keystone.NotFound("project", id) : null;
        if (project is null || body.Objects("roles").Count == 0) throw Fault.Forbidden("At least one role should be specified, and the project that it is on.");
        if (project.Metadata.Uid != caller.Project?.Metadata.Uid) throw Fault.Forbidden("A trust is for the project of the token.");
        var roles = Delegation.Roles(caller, body, static r => Keystone.NotFound("role", r));
        var made = await cloud.Trusts.CreateAsync(door, new Trust
        {
            Metadata = new ObjectMeta { GenerateName = "trust-", OwnerReferences = [Owners.Of(User.Resource, caller.User.Metadata)] },
            Spec = new TrustSpec
            {
                Trustor = caller.User.Metadata.Name!, Trustee = other.Metadata.Name!, Project = project.Metadata.Name, Roles = [.. roles.Select(static r => r.Metadata.Name!)], Impersonation = impersonation, ExpirationTime = Delegation.Expiry(body, time),
                RemainingUses = (int?)body.Number("remaining_uses", 1, int.MaxValue),
            },
        }, call.Cancel);
        foreach (var role in roles) await Delegation.BindAsync(cloud, door, KeystoneNames.Trust(made.Metadata.Uid!), Owners.Of(Trust.Resource, made.Metadata), role.Metadata.Name!, project.Metadata.Name!, call.Cancel);
        return Keystone.One("trust", made, (json, t) => Write(json, call, t, withRoles: true), 201);
    }

    private async Task<Answer> DeleteAsync(Call call)
    {
        var trust = await FindAsync(call);
        if (call.Caller.User.Metadata.Name != trust.Spec.Trustor) await Judge.RequireAsync(call.Caller, "delete", Trust.Resource, null, "identity:delete_trust", call.Cancel);
        await cloud.Trusts.DeleteAsync(door, trust, call.Cancel);
        return Answer.NoContent;
    }

    private void Write(Utf8JsonWriter json, Call call, Trust trust, bool withRoles)
    {
        var id = KeystoneNames.Id(trust.Metadata.Uid);
        json.WriteString("id", id);
        json.WriteString("trustor_user_id", UserId(trust.Spec.Trustor));
        json.WriteString("trustee_user_id", UserId(trust.Spec.Trustee));
        json.Text("project_id", cloud.Projects.Get(null, trust.Spec.Project) is { } project ? KeystoneNames.Id(project.Metadata.Uid) : null);
        json.WriteBoolean("impersonation", trust.Spec.Impersonation == true);
        json.Text("expires_at", trust.Spec.ExpirationTime is { } end ? TokenDocument.ExactTime(end) + "Z" : null);
        if (trust.Spec.RemainingUses is { } uses) json.WriteNumber("remaining_uses", uses);
        else json.WriteNull("remaining_uses");
        json.WriteNull("deleted_at");
        json.WriteNumber("redelegation_count", 0);
        if (withRoles)
        {
            json.Objects("roles", RolesOf(trust), (_, r) => RoleResources.Write(json, call, r));
            json.Object("roles_links", _ =>
            {
                json.WriteNull("next");
                json.WriteNull("previous");
                json.WriteString("self", $"{call.Service}/v3/OS-TRUST/trusts/{id}/roles");
            });
        }
        json.Links(call, "OS-TRUST/trusts/" + id);
    }
}
