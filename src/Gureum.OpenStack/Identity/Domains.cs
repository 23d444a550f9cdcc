using System.Text.Json;
using Gureum.Identity;
using Gureum.Objects.Identity.V1;
using Gureum.Objects.Meta.V1;
using Gureum.OpenStack.Http;
using Gureum.OpenStack.Objects;

namespace Gureum.OpenStack.Identity;

/// <summary>Domains (https://docs.openstack.org/api-ref/identity/v3/#domains).</summary>
public sealed class Domains(Cloud cloud, AssignmentBook assignments)
{
    internal void Map(Routes routes)
    {
        routes.Get("/v3/domains", ListAsync);
        routes.Post("/v3/domains", CreateAsync);
        routes.Get("/v3/domains/{domain}", ShowAsync);
        routes.Patch("/v3/domains/{domain}", ChangeAsync);
        routes.Delete("/v3/domains/{domain}", DeleteAsync);
        routes.Get("/v3/auth/domains", call => Task.FromResult(Keystone.List(call, "domains", Of(call.Caller.User), (json, d) => Write(json, call, d))));
    }

    // Those that the user has a role on.
    private IEnumerable<Domain> Of(User user) => assignments.OfUser(user).Where(static a => a is { Target: AssignmentTarget.Domain, Inherited: false }).Select(static a => a.TargetName).Distinct().Select(n => cloud.Domains.Get(null, n)).OfType<Domain>();

    private Domain Find(string id) => cloud.Domains.Find(id) ?? throw Keystone.NotFound("domain", id);

    private async Task<Answer> ListAsync(Call call)
    {
        await Judge.RequireAsync(call.Caller, "list", Domain.Resource, null, "identity:list_domains", call.Cancel);
        return Keystone.List(call, "domains", cloud.Domains.All.Where(d => Keystone.Passes(call, "name", d.Spec.Name) && Keystone.PassesFlag(call, "enabled", d.Spec.Enabled != false)).OrderBy(static d => d.Spec.Name, StringComparer.Ordinal), (json, d) => Write(json, call, d));
    }

    private async Task<Answer> ShowAsync(Call call)
    {
        // Everybody may see the domain that they are in.
        if (Find(call.Part("domain")).Metadata.Name != call.Caller.User.Spec.Domain) await Judge.RequireAsync(call.Caller, "get", Domain.Resource, null, "identity:get_domain", call.Cancel);
        return Keystone.One("domain", Find(call.Part("domain")), (json, d) => Write(json, call, d));
    }

    private async Task<Answer> CreateAsync(Call call)
    {
        var body = (await call.BodyAsync()).Object("domain");
        var name = body.Name("name", 64);
        await Judge.RequireAsync(call.Caller, "create", Domain.Resource, null, "identity:create_domain", call.Cancel);
        RefuseTaken(name, null);
        var made = await cloud.Domains.CreateAsync(call.Caller.Api, new Domain
        {
            Metadata = new ObjectMeta { Name = ObjectNames.For(name, n => cloud.Domains.Get(null, n) is not null, "domain") },
            Spec = new DomainSpec { Name = name, Description = body.Text("description", 4096), Enabled = body.Flag("enabled", strict: true) ?? true, Tags = body.Texts("tags") ?? [] },
        }, call.Cancel);
        return Keystone.One("domain", made, (json, d) => Write(json, call, d), 201);
    }

    private void RefuseTaken(string? name, string? but)
    {
        if (cloud.Domains.All.Any(d => d.Metadata.Name != but && Keystone.SameName(d.Spec.Name, name))) throw Keystone.Taken("domain", name);
    }

    private async Task<Answer> ChangeAsync(Call call)
    {
        var (known, body) = (Find(call.Part("domain")), (await call.BodyAsync()).Object("domain"));
        var name = body.Has("name") ? body.Name("name", 64) : known.Spec.Name;
        RefuseTaken(name, known.Metadata.Name);
        var made = await cloud.Domains.ChangeAsync(call.Caller.Api, known, d => d with
        {
            Spec = d.Spec with { Name = name, Description = body.Has("description") ? body.Text("description", 4096) : d.Spec.Description, Enabled = body.Flag("enabled", strict: true) ?? d.Spec.Enabled, Tags = body.Texts("tags") ?? d.Spec.Tags },
        }, call.Cancel);
        return Keystone.One("domain", made, (json, d) => Write(json, call, d));
    }

    private async Task<Answer> DeleteAsync(Call call)
    {
        var domain = Find(call.Part("domain"));
        await Judge.RequireAsync(call.Caller, "delete", Domain.Resource, null, "identity:delete_domain", call.Cancel);
        if (domain.Metadata.Name == IdentityIds.DefaultDomain) throw Fault.Forbidden("The default domain is not deleted: projects without another one are in it.");
        if (domain.Spec.Enabled != false) throw Fault.Forbidden("Cannot delete a domain that is enabled, please disable it first.");
        var name = domain.Metadata.Name!;
        // As in Keystone: what is in a domain goes with it.
        foreach (var group in cloud.Groups.All.Where(g => g.Spec.Domain == name).ToList()) await cloud.Groups.DeleteAsync(call.Caller.Api, group, call.Cancel);
        foreach (var user in cloud.Users.All.Where(u => u.Spec.Domain == name).ToList()) await cloud.Users.DeleteAsync(call.Caller.Api, user, call.Cancel);
        foreach (var project in cloud.Projects.All.Where(p => IdentityIds.DomainOf(p) == name && p.Metadata.DeletionTimestamp is null).ToList()) await cloud.Projects.DeleteAsync(call.Caller.Api, project, call.Cancel);
        await cloud.Domains.DeleteAsync(call.Caller.Api, domain, call.Cancel);
        return Answer.NoContent;
    }

    private static void Write(Utf8JsonWriter json, Call call, Domain domain)
    {
        var id = IdentityIds.Domain(domain);
        json.WriteString("id", id);
        json.WriteString("name", domain.Spec.Name);
        json.WriteString("description", domain.Spec.Description ?? "");
        json.WriteBoolean("enabled", domain.Spec.Enabled != false);
        json.Texts("tags", domain.Spec.Tags);
        json.Object("options", static _ => { });
        json.Links(call, "domains/" + id);
    }
}
