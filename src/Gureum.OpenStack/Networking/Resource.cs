using System.Globalization;
using System.Text.Json.Nodes;
using Gureum.Client;
using Gureum.Identity;
using Gureum.Objects.Meta.V1;
using Gureum.Objects.Models;
using Gureum.OpenStack.Http;
using Gureum.OpenStack.Identity;
using Gureum.OpenStack.Objects;

namespace Gureum.OpenStack.Networking;

/// <summary>When a client may give an attribute.</summary>
[Flags]
internal enum Given { Never = 0, Create = 1, Update = 2, Always = 3 }

/// <summary>
/// One of Neutron's resources: all have the same verbs, filters, tags and common attributes. What it translates into is <typeparamref name="T"/>; RBAC is
/// asked before anything is read, and writes as the caller.
/// </summary>
/// <param name="name">"network".</param>
/// <param name="plural">"networks"; its path has dashes where this has underscores.</param>
/// <param name="type">Its name in refusals, "Network".</param>
internal abstract class Resource<T>(Cloud cloud, Collection<T> objects, TimeProvider time, string name, string plural, string type) where T : class, IKubeObject<T>
{
    private static readonly Dictionary<string, Given> Common = new()
    {
        ["id"] = Given.Never, ["name"] = Given.Always, ["tenant_id"] = Given.Create, ["project_id"] = Given.Create, ["description"] = Given.Always, ["tags"] = Given.Never, ["created_at"] = Given.Never, ["updated_at"] = Given.Never, ["revision_number"] = Given.Never,
    };

    private Dictionary<string, Given>? attributes;

    protected Cloud Cloud => cloud;
    protected Collection<T> Objects => objects;
    protected TimeProvider Clock => time;
    protected string Type => type;

    /// <summary>The attributes that are the resource's own.</summary>
    protected abstract IReadOnlyDictionary<string, Given> Attributes { get; }

    private Dictionary<string, Given> All => attributes ??= Common.Concat(Attributes).GroupBy(static a => a.Key).ToDictionary(static g => g.Key, static g => g.Last().Value);

    /// <summary>Fills in the resource's own attributes.</summary>
    protected abstract void Describe(JsonObject document, Caller caller, T value);

    protected abstract string? Description(T value);

    /// <summary>Those of others that the caller may see.</summary>
    protected virtual bool IsShared(Caller caller, T value) => false;

    protected virtual bool Sees(Caller caller, T value) => caller.IsAdmin || value.Metadata.Namespace == caller.Project?.Metadata.Name || IsShared(caller, value);

    protected abstract Task<T> CreateAsync(Call call, Body body);
    protected abstract Task<T> UpdateAsync(Call call, T known, Body body);
    protected abstract Task DeleteAsync(Call call, T known);

    /// <summary>Before a list is answered: what there must be.</summary>
    protected virtual Task PrepareAsync(Call call) => Task.CompletedTask;

    private string Path => "/v2.0/" + plural.Replace('_', '-');

    internal virtual void Map(Routes routes)
    {
        routes.Get(Path, ListAsync);
        routes.Post(Path, CreateAsync);
        routes.Get(Path + "/{id}", async call => Show(call, await FindAsync(call)));
        routes.Put(Path + "/{id}", ChangeAsync);
        routes.Delete(Path + "/{id}", async call =>
        {
            await DeleteAsync(call, await OwnAsync(call));
            return Answer.NoContent;
        });
        routes.Get(Path + "/{id}/tags", async call => TagsAnswer(Tags(await FindAsync(call))));
        routes.Put(Path + "/{id}/tags", async call => TagsAnswer(await SetTagsAsync(call, CheckTags((await call.BodyAsync()).Texts("tags") ?? throw Neutron.InvalidInput("tags is a required list")))));
        routes.Delete(Path + "/{id}/tags", async call =>
        {
            await SetTagsAsync(call, []);
            return Answer.NoContent;
        });
        routes.Get(Path + "/{id}/tags/{tag}", async call => Tags(await FindAsync(call)).Contains(call.Part("tag")) ? Answer.NoContent : throw Neutron.NotFound("Tag", "Tag", call.Part("tag")));
        routes.Put(Path + "/{id}/tags/{tag}", async call =>
        {
            await SetTagsAsync(call, CheckTags([.. Tags(await FindAsync(call)), call.Part("tag")]));
            return new Answer(201);
        });
        routes.Delete(Path + "/{id}/tags/{tag}", async call =>
        {
            var tags = Tags(await FindAsync(call));
            if (!tags.Contains(call.Part("tag"))) throw Neutron.NotFound("Tag", "Tag", call.Part("tag"));
            await SetTagsAsync(call, [.. tags.Where(t => t != call.Part("tag"))]);
            return Answer.NoContent;
        });
    }

    // ---- reading

    private async Task<Answer> ListAsync(Call call)
    {
        await Judge.RequireAsync(call.Caller, "list", T.Resource, call.Caller.IsAdmin ? null : call.Caller.Namespace, $"get_{plural}", call.Cancel);
        await PrepareAsync(call);
        var query = new ListQuery(call, All.Keys);
        return query.Answer(plural, query.Filter(Candidates(call).Where(v => v.Metadata.DeletionTimestamp is null && Sees(call.Caller, v)).Select(v => Document(call.Caller, v))));
    }

    // What an index answers is not looked through.
    private IEnumerable<T> Candidates(Call call)
    {
        if (call.Queries("id") is [var id]) return objects.Find(id) is { } one ? [one] : [];
        if ((call.Query("project_id") ?? call.Query("tenant_id")) is { Length: > 0 } project) return cloud.Projects.Find(project)?.Metadata.Name is { } ns ? objects.In(ns) : [];
        return Indexed(call) ?? objects.All;
    }

    /// <summary>Those that a filter of the query can pass, when an index knows them.</summary>
    protected virtual IEnumerable<T>? Indexed(Call call) => null;

    /// <summary>The one that the path names.</summary>
    /// <exception cref="Fault">404: there is none that the caller sees.</exception>
    protected async Task<T> FindAsync(Call call)
    {
        var found = Find(call.Caller, call.Part("id"));
        await Judge.RequireAsync(call.Caller, "get", T.Resource, found.Metadata.Namespace == call.Caller.Project?.Metadata.Name || call.Caller.IsAdmin ? found.Metadata.Namespace : call.Caller.Namespace, $"get_{name}", call.Cancel);
        return found;
    }

    /// <summary>One that the caller sees.</summary>
    internal T Find(Caller caller, string id) => objects.Find(id) is { Metadata.DeletionTimestamp: null } found && Sees(caller, found) ? found : throw NotFound(id);

    internal Fault NotFound(string id) => Neutron.NotFound(type, type, id);

    /// <summary>One that is the caller's own, to change it.</summary>
    protected async Task<T> OwnAsync(Call call)
    {
        var found = await FindAsync(call);
        return Owns(call.Caller, found) ? found : throw Neutron.Forbidden($"(rule:update_{name} or rule:delete_{name}) of {name} {call.Part("id")}, which belongs to another project,");
    }

    protected virtual bool Owns(Caller caller, T value) => caller.IsAdmin || value.Metadata.Namespace == caller.Project?.Metadata.Name;

    private Answer Show(Call call, T value) => Answer.Json(json =>
    {
        json.WriteStartObject();
        json.WritePropertyName(name);
        ListQuery.Write(json, Document(call.Caller, value), new ListQuery(call, All.Keys).Fields());
        json.WriteEndObject();
    });

    /// <summary>The object as Neutron's clients know it.</summary>
    internal JsonObject Document(Caller caller, T value)
    {
        var metadata = value.Metadata;
        var project = ProjectOf(value);
        var created = Time(metadata.CreationTimestamp ?? default);
        var document = new JsonObject { ["id"] = metadata.Uid, ["name"] = NameOf(value), ["tenant_id"] = project };
        Describe(document, caller, value);
        document["description"] = Description(value) ?? "";
        document["tags"] = new JsonArray([.. Tags(value).Select(static t => (JsonNode)t)]);
        document["created_at"] = created;
        document["updated_at"] = metadata.Annotations.GetValueOrDefault(NetworkNames.Updated, created);
        document["revision_number"] = Math.Max(0, (metadata.Generation ?? 1) - 1);
        document["project_id"] = project;
        return document;
    }

    protected string ProjectOf(T value) => KeystoneNames.Id(cloud.Projects.Get(null, value.Metadata.Namespace)?.Metadata.Uid);

    internal static string NameOf(T value) => value.Metadata.Annotations.GetValueOrDefault(NetworkNames.Name, value.Metadata.Name!);

    internal static string Time(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    // ---- writing

    private async Task<Answer> CreateAsync(Call call)
    {
        var body = await call.BodyAsync();
        if (!body.Has(plural))
        {
            if (!body.Has(name)) throw Neutron.Refusal(400, "HTTPBadRequest", $"Unable to find '{name}' in request body");
            return Show(call, await CreateCheckedAsync(call, body.Object(name))) with { Status = 201 };
        }
        var made = new List<T>();
        try
        {
            foreach (var one in body.Objects(plural)) made.Add(await CreateCheckedAsync(call, one));
        }
        catch
        {
            // All or none.
            foreach (var undo in made) await DeleteAsync(call, undo);
            throw;
        }
        return Answer.Json(json =>
        {
            json.WriteStartObject();
            json.WriteStartArray(plural);
            foreach (var value in made) ListQuery.Write(json, Document(call.Caller, value), null);
            json.WriteEndArray();
            json.WriteEndObject();
        }, 201);
    }

    private async Task<T> CreateCheckedAsync(Call call, Body body)
    {
        Check(body, Given.Create, "POST");
        return await CreateAsync(call, body);
    }

    private void Check(Body body, Given when, string method)
    {
        var unknown = body.Value.Where(f => !All.ContainsKey(f.Key)).Select(static f => f.Key).ToList();
        if (unknown.Count > 0) throw Neutron.Refusal(400, "HTTPBadRequest", $"Unrecognized attribute(s) '{string.Join(", ", unknown)}'");
        if (body.Value.FirstOrDefault(f => (All[f.Key] & when) == 0) is { Key: { } key }) throw Neutron.Refusal(400, "HTTPBadRequest", $"Attribute '{key}' not allowed in {method}");
    }

    private async Task<Answer> ChangeAsync(Call call)
    {
        var body = await call.BodyAsync();
        if (!body.Has(name)) throw Neutron.Refusal(400, "HTTPBadRequest", $"Unable to find '{name}' in request body");
        var known = await OwnAsync(call);
        var wanted = body.Object(name);
        Check(wanted, Given.Update, "PUT");
        return Show(call, await UpdateAsync(call, known, wanted));
    }

    /// <summary>The namespace of the project that a new one is for.</summary>
    /// <exception cref="Fault">403: only an administrator makes things for others.</exception>
    protected string NamespaceFor(Call call, Body body)
    {
        var id = body.Text("project_id") ?? body.Text("tenant_id");
        if (string.IsNullOrEmpty(id) || id == call.Caller.ProjectId) return call.Caller.Namespace;
        if (!call.Caller.IsAdmin) throw Neutron.Forbidden($"rule:create_{name}:tenant_id");
        return cloud.Projects.Find(id)?.Metadata.Name ?? throw Neutron.Invalid("tenant_id", $"There is no project {id}");
    }

    /// <summary>Makes the object under a name of its own, and keeps the client's name beside it: Neutron's need not be unique.</summary>
    protected Task<T> MakeAsync(ApiClient client, string ns, string? shown, Func<ObjectMeta, T> make, CancellationToken cancel) => ObjectNames.MakeAsync(shown ?? "", n => objects.Get(ns, n) is not null, name.Replace('_', '-'), label =>
    {
        var notes = label == shown ? [] : new Dictionary<string, string> { [NetworkNames.Name] = shown ?? "" };
        return objects.CreateAsync(client, make(new ObjectMeta { Name = label, Namespace = ns, Annotations = notes }), cancel);
    });

    /// <summary>Changes the object, its shown name with it when the body has one.</summary>
    protected Task<T> PutAsync(Call call, T known, Body body, Func<T, T> change) => objects.ChangeAsync(call.Caller.Api, known, value =>
    {
        var notes = new Dictionary<string, string>(value.Metadata.Annotations) { [NetworkNames.Updated] = Time(time.GetUtcNow()) };
        if (body.Text("name") is { } shown) SetName(notes, shown, value.Metadata.Name!);
        return change(value.WithMetadata(value.Metadata with { Annotations = notes }));
    }, call.Cancel);

    private static void SetName(Dictionary<string, string> notes, string shown, string name)
    {
        if (shown == name) notes.Remove(NetworkNames.Name);
        else notes[NetworkNames.Name] = shown;
    }

    /// <summary>An attribute that only administrators may give.</summary>
    protected void RequireAdmin(Call call, Body body, params ReadOnlySpan<string> names)
    {
        if (call.Caller.IsAdmin) return;
        foreach (var attribute in names)
            if (body.Has(attribute) && body.Node(attribute)?.ToString() is not (null or "false")) throw Neutron.Forbidden($"rule:create_{name}:{attribute}");
    }

    // ---- tags

    private static List<string> Tags(T value) => [.. value.Metadata.Annotations.GetValueOrDefault(NetworkNames.Tags, "").Split(',', StringSplitOptions.RemoveEmptyEntries)];

    private static List<string> CheckTags(IReadOnlyList<string> tags)
    {
        if (tags.FirstOrDefault(static t => t.Length is 0 or > 255 || t.Contains(',')) is { } wrong) throw Neutron.Invalid("tags", $"'{wrong}' is no tag: 1 to 255 characters without a comma are accepted");
        if (tags.Count > 50) throw Neutron.Invalid("tags", $"{tags.Count} tags are more than the 50 that are accepted");
        return [.. tags.Distinct(StringComparer.Ordinal)];
    }

    private async Task<List<string>> SetTagsAsync(Call call, List<string> tags)
    {
        await objects.AnnotateAsync(call.Caller.Api, await OwnAsync(call), notes => notes.Set(NetworkNames.Tags, string.Join(',', tags)), call.Cancel);
        return tags;
    }

    private static Answer TagsAnswer(List<string> tags) => Answer.Json(json =>
    {
        json.WriteStartObject();
        json.Texts("tags", tags);
        json.WriteEndObject();
    });
}
