using System.Text.Json;
using System.Text.RegularExpressions;
using Gureum.Client;
using Gureum.Identity;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Meta.V1;
using Gureum.OpenStack.Http;
using Gureum.OpenStack.Objects;

namespace Gureum.OpenStack.Identity;

/// <summary>Projects (https://docs.openstack.org/api-ref/identity/v3/#projects): each is a Namespace.</summary>
public sealed partial class Projects(Cloud cloud, AssignmentBook assignments, ApiClient door)
{
    private const string Tags = KeystoneNames.Group + "/tags";

    [GeneratedRegex("^[^,/]{1,255}$")] private static partial Regex TagForm();

    internal void Map(Routes routes)
    {
        routes.Get("/v3/projects", ListAsync);
        routes.Post("/v3/projects", CreateAsync);
        routes.Get("/v3/projects/{project}", ShowAsync);
        routes.Patch("/v3/projects/{project}", ChangeAsync);
        routes.Delete("/v3/projects/{project}", DeleteAsync);
        routes.Get("/v3/auth/projects", OwnAsync);
        routes.Get("/v3/users/{user}/projects", OfUserAsync);
        routes.Get("/v3/projects/{project}/tags", TagsAsync);
        routes.Put("/v3/projects/{project}/tags", SetTagsAsync);
        routes.Delete("/v3/projects/{project}/tags", ClearTagsAsync);
        routes.Get("/v3/projects/{project}/tags/{tag}", HasTagAsync);
        routes.Put("/v3/projects/{project}/tags/{tag}", AddTagAsync);
        routes.Delete("/v3/projects/{project}/tags/{tag}", RemoveTagAsync);
    }

    /// <summary>A project by id; what is being deleted is gone.</summary>
    internal Namespace Find(string id) => cloud.Projects.Find(id) is { Metadata.DeletionTimestamp: null } found ? found : throw Keystone.NotFound("project", id);

    private async Task<Answer> ListAsync(Call call)
    {
        await Judge.RequireAsync(call.Caller, "list", Namespace.Resource, null, "identity:list_projects", call.Cancel);
        var domains = call.Query("is_domain") is { } text && Flags.Parse(text) == true;
        return Keystone.List(call, "projects", domains ? Enumerable.Empty<Namespace>() : cloud.Projects.All.Where(p => p.Metadata.DeletionTimestamp is null && Passes(call, p)).OrderBy(IdentityIds.Name, StringComparer.Ordinal), (json, p) => Write(json, call, p));
    }

    private bool Passes(Call call, Namespace project) => Keystone.Passes(call, "name", IdentityIds.Name(project)) && Keystone.Passes(call, "domain_id", DomainId(project)) && Keystone.PassesFlag(call, "enabled", IdentityIds.IsEnabled(project))
        && (call.Query("parent_id") is not { } parent || parent == ParentId(project)) && PassesTags(call, TagsOf(project));

    private static bool PassesTags(Call call, IReadOnlyList<string> tags)
    {
        string[] List(string name) => call.Query(name)?.Split(',') ?? [];
        return List("tags").All(tags.Contains) && (call.Query("tags-any") is null || List("tags-any").Any(tags.Contains))
            && (call.Query("not-tags") is null || !List("not-tags").All(tags.Contains)) && (call.Query("not-tags-any") is null || !List("not-tags-any").Any(tags.Contains));
    }

    // Of the token's user, whatever it is scoped to.
    private Task<Answer> OwnAsync(Call call) => Task.FromResult(Keystone.List(call, "projects", Of(call.Caller.User), (json, p) => Write(json, call, p)));

    private async Task<Answer> OfUserAsync(Call call)
    {
        var id = call.Part("user");
        if (id != call.Caller.UserId) await Judge.RequireAsync(call.Caller, "list", Namespace.Resource, null, "identity:list_user_projects", call.Cancel);
        var user = cloud.Users.Find(id) ?? throw Keystone.NotFound("user", id);
        return Keystone.List(call, "projects", Of(user).Where(p => Passes(call, p)), (json, p) => Write(json, call, p));
    }

    private IEnumerable<Namespace> Of(Gureum.Objects.Identity.V1.User user)
    {
        var given = assignments.OfUser(user).ToList();
        var names = given.Where(a => a.Target == AssignmentTarget.Project && !a.Inherited).Select(a => a.TargetName).ToHashSet(StringComparer.Ordinal);
        var inherited = given.Where(static a => a.Inherited).ToList();
        return cloud.Projects.All.Where(p => p.Metadata.DeletionTimestamp is null && IdentityIds.IsEnabled(p) && (names.Contains(p.Metadata.Name!) || inherited.Any(a => assignments.Inherits(a, p)))).OrderBy(IdentityIds.Name, StringComparer.Ordinal);
    }

    private async Task<Answer> ShowAsync(Call call)
    {
        var id = call.Part("project");
        if (id != call.Caller.ProjectId) await Judge.RequireAsync(call.Caller, "get", Namespace.Resource, null, "identity:get_project", call.Cancel);
        return Keystone.One("project", Find(id), (json, p) => Write(json, call, p));
    }

    private async Task<Answer> CreateAsync(Call call)
    {
        var body = (await call.BodyAsync()).Object("project");
        await Judge.RequireAsync(call.Caller, "create", Namespace.Resource, null, "identity:create_project", call.Cancel);
        var name = body.Name("name", 64);
        if (body.Flag("is_domain") == true) throw Fault.BadRequest("'is_domain' is true: a project that acts as a domain is made with POST /v3/domains.");
        var domain = body.Text("domain_id") is { } id ? cloud.Domains.Find(id) ?? throw Keystone.NotFound("domain", id)
            : call.Caller.Domain ?? cloud.Domains.Get(null, call.Caller.Project is { } own ? IdentityIds.DomainOf(own) : IdentityIds.DefaultDomain)!;
        var parent = body.Text("parent_id") is { } parentId && parentId != IdentityIds.Domain(domain) ? Find(parentId) : null;
        if (parent is not null && IdentityIds.DomainOf(parent) != domain.Metadata.Name) throw Fault.BadRequest($"The parent project {parent.Metadata.Name} is in another domain than {domain.Spec.Name}.");
        RefuseTaken(name, domain.Metadata.Name!, null);
        var notes = new Dictionary<string, string>();
        var objectName = ObjectNames.For(name, n => cloud.Projects.Get(null, n) is not null, "project");
        if (objectName != name) notes[KeystoneNames.DisplayName] = name;
        if (body.Text("description", 4096) is { Length: > 0 } text) notes[KeystoneNames.Description] = text;
        if (body.Flag("enabled") == false) notes[KeystoneNames.Enabled] = "false";
        if (parent is not null) notes[IdentityIds.Parent] = parent.Metadata.Name!;
        if (body.Texts("tags") is { Count: > 0 } tags) notes[Tags] = JoinTags(tags);
        var made = await cloud.Projects.CreateAsync(call.Caller.Api, new Namespace
        {
            Metadata = new ObjectMeta { Name = objectName, Annotations = notes, Labels = new Dictionary<string, string> { [KeystoneNames.Domain] = domain.Metadata.Name! } },
        }, call.Cancel);
        return Keystone.One("project", made, (json, p) => Write(json, call, p), 201);
    }

    private void RefuseTaken(string name, string domain, string? but)
    {
        if (cloud.Projects.All.FirstOrDefault(p => p.Metadata.DeletionTimestamp is null && p.Metadata.Name != but && IdentityIds.DomainOf(p) == domain && Keystone.SameName(IdentityIds.Name(p), name)) is { } other)
            throw Fault.Conflict($"Conflict occurred attempting to store project - it is not permitted to have two projects with either the same name or same id in the same domain: name is {name}, project id {KeystoneNames.Id(other.Metadata.Uid)}.");
    }

    private async Task<Answer> ChangeAsync(Call call)
    {
        var (known, body) = (Find(call.Part("project")), (await call.BodyAsync()).Object("project"));
        await Judge.RequireAsync(call.Caller, "update", Namespace.Resource, null, "identity:update_project", call.Cancel);
        if (body.Text("domain_id") is { } domain && domain != DomainId(known)) throw Fault.BadRequest("A project's domain does not change: make another one there.");
        var name = body.Has("name") ? body.Name("name", 64) : null;
        if (name is not null) RefuseTaken(name, IdentityIds.DomainOf(known), known.Metadata.Name);
        var tags = body.Texts("tags");
        var made = await cloud.Projects.AnnotateAsync(call.Caller.Api, known, notes =>
        {
            if (name is not null) notes.Set(KeystoneNames.DisplayName, name == known.Metadata.Name ? null : name);
            if (body.Has("description")) notes.Set(KeystoneNames.Description, body.Text("description", 4096));
            if (body.Flag("enabled") is { } enabled) notes.Set(KeystoneNames.Enabled, enabled ? null : "false");
            if (tags is not null) notes.Set(Tags, JoinTags(tags));
        }, call.Cancel);
        return Keystone.One("project", made, (json, p) => Write(json, call, p));
    }

    private async Task<Answer> DeleteAsync(Call call)
    {
        var project = Find(call.Part("project"));
        if (cloud.Projects.All.FirstOrDefault(p => p.Metadata.DeletionTimestamp is null && p.Metadata.Annotations.GetValueOrDefault(IdentityIds.Parent) == project.Metadata.Name) is { } child) throw Fault.Forbidden($"The project {IdentityIds.Name(project)} is not deleted while others are below it: {IdentityIds.Name(child)} is.");
        // What administers the cloud from this project ends with it; other bindings lie in the Namespace.
        var given = assignments.All.Where(a => a.Target == AssignmentTarget.Project && a.TargetName == project.Metadata.Name && !a.IsInNamespace).ToList();
        await cloud.Projects.DeleteAsync(call.Caller.Api, project, call.Cancel);
        foreach (var assignment in given) await assignments.TakeAsync(door, assignment, call.Cancel);
        return Answer.NoContent;
    }

    private static IReadOnlyList<string> TagsOf(Namespace project) => TagsOf(project.Metadata.Annotations);
    private static IReadOnlyList<string> TagsOf(IReadOnlyDictionary<string, string> notes) => notes.GetValueOrDefault(Tags, "").Split(',', StringSplitOptions.RemoveEmptyEntries);

    private static string JoinTags(IReadOnlyList<string> tags)
    {
        if (tags.Count > 80) throw Fault.BadRequest($"{tags.Count} tags were given, at most 80 are accepted.");
        if (tags.FirstOrDefault(t => !TagForm().IsMatch(t)) is { } wrong) throw Fault.BadRequest($"The tag '{wrong}' is refused: 1 to 255 characters without comma and slash are accepted.");
        return string.Join(',', tags.Distinct(StringComparer.Ordinal));
    }

    private async Task<Answer> TagsAsync(Call call)
    {
        await Judge.RequireAsync(call.Caller, "get", Namespace.Resource, null, "identity:list_project_tags", call.Cancel);
        return TagList(Find(call.Part("project")));
    }

    private static Answer TagList(Namespace project) => Answer.Json(json =>
    {
        json.WriteStartObject();
        json.Texts("tags", TagsOf(project));
        json.WriteEndObject();
    });

    private async Task<Answer> SetTagsAsync(Call call)
    {
        var tags = JoinTags((await call.BodyAsync()).Texts("tags") ?? throw Fault.BadRequest("'tags' is a required property."));
        return TagList(await cloud.Projects.AnnotateAsync(call.Caller.Api, Find(call.Part("project")), n => n.Set(Tags, tags), call.Cancel));
    }

    private async Task<Answer> ClearTagsAsync(Call call)
    {
        await cloud.Projects.AnnotateAsync(call.Caller.Api, Find(call.Part("project")), static n => n.Remove(Tags), call.Cancel);
        return Answer.NoContent;
    }

    private async Task<Answer> HasTagAsync(Call call)
    {
        await Judge.RequireAsync(call.Caller, "get", Namespace.Resource, null, "identity:get_project_tag", call.Cancel);
        return TagsOf(Find(call.Part("project"))).Contains(call.Part("tag")) ? Answer.NoContent : throw Keystone.NotFound("project tag", call.Part("tag"));
    }

    private async Task<Answer> AddTagAsync(Call call)
    {
        await cloud.Projects.AnnotateAsync(call.Caller.Api, Find(call.Part("project")), n => n.Set(Tags, JoinTags([.. TagsOf(n), call.Part("tag")])), call.Cancel);
        return new Answer(201);
    }

    private async Task<Answer> RemoveTagAsync(Call call)
    {
        var (project, tag) = (Find(call.Part("project")), call.Part("tag"));
        if (!TagsOf(project).Contains(tag)) throw Keystone.NotFound("project tag", tag);
        await cloud.Projects.AnnotateAsync(call.Caller.Api, project, n => n.Set(Tags, string.Join(',', TagsOf(n).Where(t => t != tag))), call.Cancel);
        return Answer.NoContent;
    }

    private string DomainId(Namespace project) => cloud.DomainId(IdentityIds.DomainOf(project));

    private string ParentId(Namespace project) =>
        project.Metadata.Annotations.GetValueOrDefault(IdentityIds.Parent) is { } name && cloud.Projects.Get(null, name) is { } parent ? KeystoneNames.Id(parent.Metadata.Uid) : DomainId(project);

    private void Write(Utf8JsonWriter json, Call call, Namespace project)
    {
        var id = KeystoneNames.Id(project.Metadata.Uid);
        json.WriteString("id", id);
        json.WriteString("name", IdentityIds.Name(project));
        json.WriteString("domain_id", DomainId(project));
        json.WriteString("description", project.Metadata.Annotations.GetValueOrDefault(KeystoneNames.Description, ""));
        json.WriteBoolean("enabled", IdentityIds.IsEnabled(project));
        json.WriteString("parent_id", ParentId(project));
        json.WriteBoolean("is_domain", false);
        json.Texts("tags", TagsOf(project));
        json.Object("options", static _ => { });
        json.Links(call, "projects/" + id);
    }
}
