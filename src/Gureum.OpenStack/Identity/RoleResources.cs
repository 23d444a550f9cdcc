using System.Text.Json;
using Gureum.Identity;
using Gureum.Objects.Meta.V1;
using Gureum.Objects.Rbac.V1;
using Gureum.OpenStack.Http;
using Gureum.OpenStack.Objects;

namespace Gureum.OpenStack.Identity;

/// <summary>
/// Roles and which of them imply which (https://docs.openstack.org/api-ref/identity/v3/#roles). Each is a ClusterRole: one made here has no rules
/// of its own, and an administrator gives it some with kubectl.
/// </summary>
public sealed class RoleResources(Cloud cloud)
{
    internal void Map(Routes routes)
    {
        routes.Get("/v3/roles", ListAsync);
        routes.Post("/v3/roles", CreateAsync);
        routes.Get("/v3/roles/{role}", ShowAsync);
        routes.Patch("/v3/roles/{role}", ChangeAsync);
        routes.Delete("/v3/roles/{role}", DeleteAsync);
        routes.Get("/v3/roles/{role}/implies", ImpliedAsync);
        routes.Get("/v3/roles/{role}/implies/{implied}", ImpliesAsync);
        routes.Put("/v3/roles/{role}/implies/{implied}", ImplyAsync);
        routes.Delete("/v3/roles/{role}/implies/{implied}", ImplyNoMoreAsync);
        routes.Get("/v3/role_inferences", InferencesAsync);
    }

    internal ClusterRole Find(string id) => cloud.Roles.Find(id) is { } role && IdentityIds.IsRole(role) ? role : throw Keystone.NotFound("role", id);

    private IEnumerable<ClusterRole> All => cloud.Roles.All.Where(IdentityIds.IsRole).OrderBy(IdentityIds.Name, StringComparer.Ordinal);

    private Task<Answer> ListAsync(Call call)
    {
        // Without a domain in the query, those of none: roles of domains are other ones.
        var domain = call.Query("domain_id");
        return Task.FromResult(Keystone.List(call, "roles", All.Where(r => Keystone.Passes(call, "name", IdentityIds.Name(r)) && DomainOf(r) == domain), (json, r) => Write(json, call, r)));
    }

    private static string? DomainOf(ClusterRole role) => role.Metadata.Annotations.GetValueOrDefault(IdentityIds.RoleDomain);

    private Task<Answer> ShowAsync(Call call)
    {
        return Task.FromResult(Keystone.One("role", Find(call.Part("role")), (json, r) => Write(json, call, r)));
    }

    private async Task<Answer> CreateAsync(Call call)
    {
        var body = (await call.BodyAsync()).Object("role");
        var name = body.Name("name");
        await Judge.RequireAsync(call.Caller, "create", ClusterRole.Resource, null, "identity:create_role", call.Cancel);
        var domain = body.Text("domain_id");
        if (domain is not null && cloud.Domains.Find(domain) is null) throw Keystone.NotFound("domain", domain);
        RefuseTaken(name, domain, null);
        var notes = new Dictionary<string, string> { [KeystoneNames.DisplayName] = name };
        if (body.Text("description", 4096) is { Length: > 0 } text) notes[KeystoneNames.Description] = text;
        if (domain is not null) notes[IdentityIds.RoleDomain] = domain;
        return Keystone.One("role", await cloud.Roles.CreateAsync(call.Caller.Api, new ClusterRole
        {
            Metadata = new ObjectMeta
            {
                Name = Roles.Prefix + ObjectNames.For(name, n => cloud.Roles.Get(null, Roles.Prefix + n) is not null, "role"), Annotations = notes, Labels = new Dictionary<string, string> { [KeystoneNames.Role] = "true" },
            },
        }, call.Cancel), (json, r) => Write(json, call, r), 201);
    }

    private void RefuseTaken(string name, string? domain, string? but)
    {
        if (All.Any(r => r.Metadata.Name != but && DomainOf(r) == domain && Keystone.SameName(IdentityIds.Name(r), name))) throw Keystone.Taken("role", name);
    }

    private async Task<Answer> ChangeAsync(Call call)
    {
        var (known, body) = (Find(call.Part("role")), (await call.BodyAsync()).Object("role"));
        RefuseForUse(known, "renamed");
        var name = body.Has("name") ? body.Name("name") : IdentityIds.Name(known);
        RefuseTaken(name, DomainOf(known), known.Metadata.Name);
        return Keystone.One("role", await Annotate(call, known, notes =>
        {
            notes[KeystoneNames.DisplayName] = name;
            if (body.Has("description")) notes[KeystoneNames.Description] = body.Text("description", 4096) ?? "";
        }), (json, r) => Write(json, call, r));
    }

    // The cloud's own roles have a meaning in this program.
    private static void RefuseForUse(ClusterRole role, string what)
    {
        if (role.Metadata.Name is Roles.Admin or Roles.Manager or Roles.Member or Roles.Reader or Roles.Service) throw Fault.Forbidden($"The role {IdentityIds.Name(role)} is the cloud's own and is not {what}.");
    }

    private Task<ClusterRole> Annotate(Call call, ClusterRole role, Action<Dictionary<string, string>> change) => cloud.Roles.AnnotateAsync(call.Caller.Api, role, change, call.Cancel);

    private async Task<Answer> DeleteAsync(Call call)
    {
        var role = Find(call.Part("role"));
        RefuseForUse(role, "deleted");
        await cloud.Roles.DeleteAsync(call.Caller.Api, role, call.Cancel);
        foreach (var binding in cloud.ProjectBindings.All.Where(b => b.RoleRef?.Name == role.Metadata.Name).ToList()) await cloud.ProjectBindings.DeleteAsync(call.Caller.Api, binding, call.Cancel);
        foreach (var binding in cloud.CloudBindings.All.Where(b => b.Metadata.Annotations.GetValueOrDefault(Roles.RoleAnnotation) == role.Metadata.Name).ToList()) await cloud.CloudBindings.DeleteAsync(call.Caller.Api, binding, call.Cancel);
        return Answer.NoContent;
    }

    private IEnumerable<ClusterRole> ImpliedOf(ClusterRole role) => AssignmentBook.Implied(role).Select(n => cloud.Roles.Get(null, n)).OfType<ClusterRole>();

    private async Task<Answer> ImpliedAsync(Call call)
    {
        await Judge.RequireAsync(call.Caller, "get", ClusterRole.Resource, null, "identity:list_implied_roles", call.Cancel);
        var prior = Find(call.Part("role"));
        return Answer.Json(json =>
        {
            json.WriteStartObject();
            json.Object("role_inference", _ =>
            {
                json.Object("prior_role", _ => WriteBrief(json, call, prior));
                json.Objects("implies", ImpliedOf(prior), (_, r) => WriteBrief(json, call, r));
            });
            json.Links(call, $"roles/{call.Part("role")}/implies");
            json.WriteEndObject();
        });
    }

    private async Task<Answer> InferencesAsync(Call call)
    {
        await Judge.RequireAsync(call.Caller, "list", ClusterRole.Resource, null, "identity:list_role_inference_rules", call.Cancel);
        return Answer.Json(json =>
        {
            json.WriteStartObject();
            json.Objects("role_inferences", All.Where(r => ImpliedOf(r).Any()), (_, prior) =>
            {
                json.Object("prior_role", _ => WriteBrief(json, call, prior));
                json.Objects("implies", ImpliedOf(prior), (_, r) => WriteBrief(json, call, r));
            });
            json.Links(call, "role_inferences");
            json.WriteEndObject();
        });
    }

    private static Answer Inference(Call call, ClusterRole prior, ClusterRole implied, int status) => Answer.Json(json =>
    {
        json.WriteStartObject();
        json.Object("role_inference", _ =>
        {
            json.Object("prior_role", _ => WriteBrief(json, call, prior));
            json.Object("implies", _ => WriteBrief(json, call, implied));
        });
        json.Links(call, $"roles/{KeystoneNames.Id(prior.Metadata.Uid)}/implies/{KeystoneNames.Id(implied.Metadata.Uid)}");
        json.WriteEndObject();
    }, status);

    private async Task<Answer> ImpliesAsync(Call call)
    {
        await Judge.RequireAsync(call.Caller, "get", ClusterRole.Resource, null, "identity:check_implied_role", call.Cancel);
        var (prior, implied) = (Find(call.Part("role")), Find(call.Part("implied")));
        if (!AssignmentBook.Implied(prior).Contains(implied.Metadata.Name!)) throw Keystone.NotFound("role inference", $"{call.Part("role")} implies {call.Part("implied")}");
        return call.Context.Request.Method == "HEAD" ? Answer.NoContent : Inference(call, prior, implied, 200);
    }

    private async Task<Answer> ImplyAsync(Call call)
    {
        var (prior, implied) = (Find(call.Part("role")), Find(call.Part("implied")));
        await Judge.RequireAsync(call.Caller, "update", ClusterRole.Resource, null, "identity:create_implied_role", call.Cancel);
        // Whatever implied the administrator would be one.
        if (implied.Metadata.Name == Roles.Admin) throw Fault.Forbidden("Role admin is prohibited from being implied.");
        if (DomainOf(prior) is null && DomainOf(implied) is not null) throw Fault.Forbidden("A role of no domain does not imply one of a domain.");
        await Annotate(call, prior, notes => notes[IdentityIds.Implies] = string.Join(',', AssignmentBook.Implied(prior).Append(implied.Metadata.Name!).Distinct(StringComparer.Ordinal)));
        return Inference(call, prior, implied, 201);
    }

    private async Task<Answer> ImplyNoMoreAsync(Call call)
    {
        var (prior, implied) = (Find(call.Part("role")), Find(call.Part("implied")));
        if (!AssignmentBook.Implied(prior).Contains(implied.Metadata.Name!)) throw Keystone.NotFound("role inference", $"{call.Part("role")} implies {call.Part("implied")}");
        await Annotate(call, prior, notes => notes[IdentityIds.Implies] = string.Join(',', AssignmentBook.Implied(prior).Where(n => n != implied.Metadata.Name)));
        return Answer.NoContent;
    }

    private static void WriteBrief(Utf8JsonWriter json, Call call, ClusterRole role)
    {
        var id = KeystoneNames.Id(role.Metadata.Uid);
        json.WriteString("id", id);
        json.WriteString("name", IdentityIds.Name(role));
        json.Text("domain_id", DomainOf(role));
        json.Text("description", role.Metadata.Annotations.GetValueOrDefault(KeystoneNames.Description));
        json.Object("options", static _ => { });
        json.Links(call, "roles/" + id);
    }

    internal static void Write(Utf8JsonWriter json, Call call, ClusterRole role) => WriteBrief(json, call, role);
}
