using System.Text.Json;
using System.Text.Json.Nodes;
using Gureum.Client;
using Gureum.Identity;
using Gureum.Objects.Identity.V1;
using Gureum.Objects.Meta.V1;
using Gureum.OpenStack.Http;
using Gureum.OpenStack.Objects;

namespace Gureum.OpenStack.Identity;

/// <summary>Users (https://docs.openstack.org/api-ref/identity/v3/#users).</summary>
public sealed class Users(Cloud cloud, AssignmentBook assignments, AccountPasswords passwords, ApiClient door)
{
    // What the API gives a meaning; anything else that clients send is kept and given back.
    private static readonly string[] Known = ["id", "name", "domain_id", "description", "email", "enabled", "default_project_id", "password", "options", "links", "password_expires_at", "original_password", "federated", "tenantId"];

    internal void Map(Routes routes)
    {
        routes.Get("/v3/users", ListAsync);
        routes.Post("/v3/users", CreateAsync);
        routes.Get("/v3/users/{user}", ShowAsync);
        routes.Patch("/v3/users/{user}", ChangeAsync);
        routes.Delete("/v3/users/{user}", DeleteAsync);
        routes.Post("/v3/users/{user}/password", ChangePasswordAsync);
        routes.Get("/v3/users/{user}/groups", GroupsAsync);
    }

    /// <summary>A user by id that the caller may see: themselves, or anybody where RBAC lets them.</summary>
    internal async Task<User> FindAsync(Call call, string id, string verb, string action)
    {
        if (id != call.Caller.UserId) await Judge.RequireAsync(call.Caller, verb, User.Resource, null, action, call.Cancel);
        return cloud.Users.Find(id) ?? throw Keystone.NotFound("user", id);
    }

    private async Task<Answer> ListAsync(Call call)
    {
        await Judge.RequireAsync(call.Caller, "list", User.Resource, null, "identity:list_users", call.Cancel);
        var found = cloud.Users.All.Where(u => Keystone.Passes(call, "name", u.Spec.Name) && Keystone.Passes(call, "domain_id", cloud.DomainId(u.Spec.Domain)) && Keystone.PassesFlag(call, "enabled", u.Spec.Enabled != false));
        return Keystone.List(call, "users", found.OrderBy(static u => u.Spec.Name, StringComparer.Ordinal), (json, u) => Write(json, call, u));
    }

    private async Task<Answer> ShowAsync(Call call) => Keystone.One("user", await FindAsync(call, call.Part("user"), "get", "identity:get_user"), (json, u) => Write(json, call, u));

    private async Task<Answer> CreateAsync(Call call)
    {
        var body = (await call.BodyAsync()).Object("user");
        var name = body.Name("name");
        await Judge.RequireAsync(call.Caller, "create", User.Resource, null, "identity:create_user", call.Cancel);
        var domain = body.Text("domain_id") is { } id ? cloud.Domains.Find(id) ?? throw Keystone.NotFound("domain", id) : call.Caller.Domain ?? cloud.Domains.Get(null, call.Caller.User.Spec.Domain)!;
        RefuseTaken(name, domain.Metadata.Name!, null);
        var password = body.Text("password", AccountPasswords.Longest);
        var made = await cloud.Users.CreateAsync(call.Caller.Api, new User
        {
            Metadata = new ObjectMeta { Name = ObjectNames.For(name, n => cloud.Users.Get(null, n) is not null, "user") },
            Spec = new UserSpec
            {
                Name = name, Domain = domain.Metadata.Name!, Description = body.Text("description", 4096), Email = body.Text("email"), Enabled = body.Flag("enabled", strict: true) ?? true,
                DefaultProject = ProjectName(body.Text("default_project_id")), Options = Texts(body.Find("options")?.Value), Extra = Extra(body),
            },
        }, call.Cancel);
        if (password is not null) await passwords.SetAsync(made, password, call.Cancel);
        return Keystone.One("user", made, (json, u) => Write(json, call, u), 201);
    }

    private void RefuseTaken(string? name, string? domain, string? but)
    {
        if (cloud.Users.All.Any(u => u.Metadata.Name != but && u.Spec.Domain == domain && Keystone.SameName(u.Spec.Name, name))) throw Keystone.Taken("user", name);
    }

    // An id of a project that does not exist is kept nowhere: the default project is only a wish.
    private string? ProjectName(string? id) => id is null ? null : cloud.Projects.Find(id)?.Metadata.Name;

    private async Task<Answer> ChangeAsync(Call call)
    {
        var (id, body) = (call.Part("user"), (await call.BodyAsync()).Object("user"));
        await Judge.RequireAsync(call.Caller, "update", User.Resource, null, "identity:update_user", call.Cancel);
        var known = cloud.Users.Find(id) ?? throw Keystone.NotFound("user", id);
        if (body.Text("domain_id") is { } domain && domain != cloud.DomainId(known.Spec.Domain)) throw Fault.BadRequest("A user's domain does not change: make another one there.");
        var name = body.Has("name") ? body.Name("name") : known.Spec.Name;
        RefuseTaken(name, known.Spec.Domain, known.Metadata.Name);
        var made = await cloud.Users.ChangeAsync(call.Caller.Api, known, u => u with
        {
            Spec = u.Spec with
            {
                Name = name, Description = body.Has("description") ? body.Text("description", 4096) : u.Spec.Description, Email = body.Has("email") ? body.Text("email") : u.Spec.Email,
                Enabled = body.Flag("enabled", strict: true) ?? u.Spec.Enabled, DefaultProject = body.Has("default_project_id") ? ProjectName(body.Text("default_project_id")) : u.Spec.DefaultProject,
                Options = body.Find("options") is { } options ? Merge(u.Spec.Options, options.Value) : u.Spec.Options, Extra = Merge(u.Spec.Extra, Rest(body)),
            },
        }, call.Cancel);
        if (body.Text("password", AccountPasswords.Longest) is { } password) await passwords.SetAsync(made, password, call.Cancel);
        return Keystone.One("user", made, (json, u) => Write(json, call, u));
    }

    private async Task<Answer> DeleteAsync(Call call)
    {
        var id = call.Part("user");
        await Judge.RequireAsync(call.Caller, "delete", User.Resource, null, "identity:delete_user", call.Cancel);
        var user = cloud.Users.Find(id) ?? throw Keystone.NotFound("user", id);
        var given = assignments.Of(KeystoneNames.User(user.Metadata.Uid!)).ToList();
        await cloud.Users.DeleteAsync(call.Caller.Api, user, call.Cancel);
        foreach (var credential in cloud.ApplicationCredentials.All.Where(c => c.Spec.User == user.Metadata.Name).ToList()) await cloud.ApplicationCredentials.DeleteAsync(door, credential, call.Cancel);
        foreach (var assignment in given) await assignments.TakeAsync(door, assignment, call.Cancel);
        foreach (var group in cloud.Groups.All.Where(g => g.Spec.Users.Contains(user.Metadata.Name!)).ToList())
            await cloud.Groups.ChangeAsync(door, group, g => g with { Spec = g.Spec with { Users = [.. g.Spec.Users.Where(u => u != user.Metadata.Name)] } }, call.Cancel);
        return Answer.NoContent;
    }

    // Whoever knows the old password may set a new one: no token is asked for.
    private async Task<Answer> ChangePasswordAsync(Call call)
    {
        var body = (await call.BodyAsync()).Object("user");
        var (old, wanted) = (body.Name("original_password", AccountPasswords.Longest), body.Name("password", AccountPasswords.Longest));
        var user = cloud.Users.Find(call.Part("user"));
        if (!await passwords.CheckAsync(user, old, call.Cancel)) throw Fault.Unauthorized();
        if (old == wanted) throw Fault.BadRequest("The new password is the old one: choose another.");
        await passwords.SetAsync(user!, wanted, call.Cancel);
        return Answer.NoContent;
    }

    private async Task<Answer> GroupsAsync(Call call)
    {
        var user = await FindAsync(call, call.Part("user"), "list", "identity:list_groups_for_user");
        return Keystone.List(call, "groups", assignments.GroupsOf(user).Where(g => Keystone.Passes(call, "name", g.Spec.Name)), (json, g) => Groups.Write(json, call, g, cloud.DomainId(g.Spec.Domain)));
    }

    private static Dictionary<string, string> Texts(JsonObject? value) => value is null ? [] : value.Where(static p => p.Value is not null).ToDictionary(static p => p.Key, static p => p.Value!.ToJsonString());
    private static JsonObject Rest(Body body) => new(body.Value.Where(p => !Known.Contains(p.Key)).Select(static p => KeyValuePair.Create(p.Key, p.Value?.DeepClone())));
    private static Dictionary<string, string> Extra(Body body) => Texts(Rest(body));

    // null takes away.
    private static Dictionary<string, string> Merge(IReadOnlyDictionary<string, string> known, JsonObject change)
    {
        var merged = new Dictionary<string, string>(known);
        foreach (var (key, value) in change)
            if (value is null) merged.Remove(key);
            else merged[key] = value.ToJsonString();
        return merged;
    }

    private void Write(Utf8JsonWriter json, Call call, User user)
    {
        var id = KeystoneNames.Id(user.Metadata.Uid);
        json.WriteString("id", id);
        json.WriteString("name", user.Spec.Name);
        json.WriteString("domain_id", cloud.DomainId(user.Spec.Domain));
        json.WriteBoolean("enabled", user.Spec.Enabled != false);
        json.Text("password_expires_at", user.Status?.PasswordExpirationTime is { } end ? TokenDocument.Time(end) : null);
        if (user.Spec.DefaultProject is { } project && cloud.Projects.Get(null, project) is { } found) json.WriteString("default_project_id", KeystoneNames.Id(found.Metadata.Uid));
        if (user.Spec.Description is { } description) json.WriteString("description", description);
        if (user.Spec.Email is { } email) json.WriteString("email", email);
        json.Object("options", _ => { foreach (var (key, value) in user.Spec.Options) json.Node(key, JsonNode.Parse(value)); });
        foreach (var (key, value) in user.Spec.Extra) json.Node(key, JsonNode.Parse(value));
        json.Links(call, "users/" + id);
    }
}
