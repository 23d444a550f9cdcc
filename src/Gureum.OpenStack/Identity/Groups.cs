using System.Text.Json;
using Gureum.Client;
using Gureum.Identity;
using Gureum.Objects.Identity.V1;
using Gureum.Objects.Meta.V1;
using Gureum.OpenStack.Http;
using Gureum.OpenStack.Objects;

namespace Gureum.OpenStack.Identity;

/// <summary>Groups of users (https://docs.openstack.org/api-ref/identity/v3/#groups).</summary>
public sealed class Groups(Cloud cloud, AssignmentBook assignments, ApiClient door)
{
    internal void Map(Routes routes)
    {
        routes.Get("/v3/groups", ListAsync);
        routes.Post("/v3/groups", CreateAsync);
        routes.Get("/v3/groups/{group}", ShowAsync);
        routes.Patch("/v3/groups/{group}", ChangeAsync);
        routes.Delete("/v3/groups/{group}", DeleteAsync);
        routes.Get("/v3/groups/{group}/users", MembersAsync);
        routes.Get("/v3/groups/{group}/users/{user}", HasAsync);
        routes.Put("/v3/groups/{group}/users/{user}", AddAsync);
        routes.Delete("/v3/groups/{group}/users/{user}", RemoveAsync);
    }

    private async Task<Group> FindAsync(Call call, string verb, string action)
    {
        await Judge.RequireAsync(call.Caller, verb, Group.Resource, null, action, call.Cancel);
        return cloud.Groups.Find(call.Part("group")) ?? throw Keystone.NotFound("group", call.Part("group"));
    }

    private async Task<Answer> ListAsync(Call call)
    {
        await Judge.RequireAsync(call.Caller, "list", Group.Resource, null, "identity:list_groups", call.Cancel);
        return Keystone.List(call, "groups", cloud.Groups.All.Where(g => Keystone.Passes(call, "name", g.Spec.Name) && Keystone.Passes(call, "domain_id", DomainId(g))).OrderBy(static g => g.Spec.Name, StringComparer.Ordinal), (json, g) => Write(json, call, g, DomainId(g)));
    }

    private async Task<Answer> ShowAsync(Call call) => One(call, await FindAsync(call, "get", "identity:get_group"));

    private Answer One(Call call, Group group, int status = 200) => Keystone.One("group", group, (json, g) => Write(json, call, g, DomainId(g)), status);

    private async Task<Answer> CreateAsync(Call call)
    {
        var body = (await call.BodyAsync()).Object("group");
        var name = body.Name("name", 64);
        await Judge.RequireAsync(call.Caller, "create", Group.Resource, null, "identity:create_group", call.Cancel);
        var domain = body.Text("domain_id") is { } id ? cloud.Domains.Find(id) ?? throw Keystone.NotFound("domain", id) : call.Caller.Domain ?? cloud.Domains.Get(null, call.Caller.User.Spec.Domain)!;
        RefuseTaken(name, domain.Metadata.Name!, null);
        return One(call, await cloud.Groups.CreateAsync(call.Caller.Api, new Group
        {
            Metadata = new ObjectMeta { Name = ObjectNames.For(name, n => cloud.Groups.Get(null, n) is not null, "group") },
            Spec = new GroupSpec { Name = name, Domain = domain.Metadata.Name!, Description = body.Text("description", 4096) },
        }, call.Cancel), 201);
    }

    private void RefuseTaken(string? name, string? domain, string? but)
    {
        if (cloud.Groups.All.Any(g => g.Metadata.Name != but && g.Spec.Domain == domain && Keystone.SameName(g.Spec.Name, name))) throw Keystone.Taken("group", name);
    }

    private async Task<Answer> ChangeAsync(Call call)
    {
        var (known, body) = (await FindAsync(call, "update", "identity:update_group"), (await call.BodyAsync()).Object("group"));
        var name = body.Has("name") ? body.Name("name", 64) : known.Spec.Name;
        RefuseTaken(name, known.Spec.Domain, known.Metadata.Name);
        return One(call, await cloud.Groups.ChangeAsync(call.Caller.Api, known, g => g with { Spec = g.Spec with { Name = name, Description = body.Has("description") ? body.Text("description", 4096) : g.Spec.Description } }, call.Cancel));
    }

    private async Task<Answer> DeleteAsync(Call call)
    {
        var group = await FindAsync(call, "delete", "identity:delete_group");
        var given = assignments.Of(KeystoneNames.GroupOf(group.Metadata.Uid!)).ToList();
        await cloud.Groups.DeleteAsync(call.Caller.Api, group, call.Cancel);
        foreach (var assignment in given) await assignments.TakeAsync(door, assignment, call.Cancel);
        return Answer.NoContent;
    }

    private async Task<Answer> MembersAsync(Call call)
    {
        var group = await FindAsync(call, "get", "identity:list_users_in_group");
        return Keystone.List(call, "users", group.Spec.Users.Select(u => cloud.Users.Get(null, u)).OfType<User>(), (json, u) =>
        {
            json.WriteString("id", KeystoneNames.Id(u.Metadata.Uid));
            json.WriteString("name", u.Spec.Name);
            json.WriteString("domain_id", cloud.DomainId(u.Spec.Domain));
            json.WriteBoolean("enabled", u.Spec.Enabled != false);
            json.WriteNull("password_expires_at");
            if (u.Spec.Description is { } description) json.WriteString("description", description);
            if (u.Spec.Email is { } email) json.WriteString("email", email);
            json.Object("options", static _ => { });
            json.Links(call, "users/" + KeystoneNames.Id(u.Metadata.Uid));
        });
    }

    private User Member(Call call) => cloud.Users.Find(call.Part("user")) ?? throw Keystone.NotFound("user", call.Part("user"));

    private async Task<Answer> HasAsync(Call call)
    {
        var (group, user) = (await FindAsync(call, "get", "identity:check_user_in_group"), Member(call));
        return group.Spec.Users.Contains(user.Metadata.Name!) ? Answer.NoContent : throw Fault.NotFound($"User '{call.Part("user")}' not found in group '{call.Part("group")}'.");
    }

    private async Task<Answer> AddAsync(Call call)
    {
        var (group, user) = (await FindAsync(call, "update", "identity:add_user_to_group"), Member(call));
        await cloud.Groups.ChangeAsync(call.Caller.Api, group, g => g.Spec.Users.Contains(user.Metadata.Name!) ? g : g with { Spec = g.Spec with { Users = [.. g.Spec.Users, user.Metadata.Name!] } }, call.Cancel);
        return Answer.NoContent;
    }

    private async Task<Answer> RemoveAsync(Call call)
    {
        var (group, user) = (await FindAsync(call, "update", "identity:remove_user_from_group"), Member(call));
        if (!group.Spec.Users.Contains(user.Metadata.Name!)) throw Fault.NotFound($"User '{call.Part("user")}' not found in group '{call.Part("group")}'.");
        await cloud.Groups.ChangeAsync(call.Caller.Api, group, g => g with { Spec = g.Spec with { Users = [.. g.Spec.Users.Where(u => u != user.Metadata.Name)] } }, call.Cancel);
        return Answer.NoContent;
    }

    private string DomainId(Group group) => cloud.DomainId(group.Spec.Domain);

    internal static void Write(Utf8JsonWriter json, Call call, Group group, string domainId)
    {
        var id = KeystoneNames.Id(group.Metadata.Uid);
        json.WriteString("id", id);
        json.WriteString("name", group.Spec.Name);
        json.WriteString("domain_id", domainId);
        json.WriteString("description", group.Spec.Description ?? "");
        json.Links(call, "groups/" + id);
    }
}
