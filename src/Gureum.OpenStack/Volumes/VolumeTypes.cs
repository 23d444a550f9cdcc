using System.Text.Json;
using System.Text.RegularExpressions;
using Gureum.Identity;
using Gureum.Objects.Meta.V1;
using Gureum.Objects.Storage.V1;
using Gureum.OpenStack.Http;
using Gureum.OpenStack.Identity;
using Gureum.OpenStack.Objects;

namespace Gureum.OpenStack.Volumes;

/// <summary>Volume types (https://docs.openstack.org/api-ref/block-storage/v3/#volume-types-types): each is a StorageClass, those that others have made too.</summary>
public sealed partial class VolumeTypes(Cloud cloud)
{
    private const string Default = "storageclass.kubernetes.io/is-default-class";

    [GeneratedRegex(@"^[a-zA-Z0-9.\-_: ]{1,255}$")] private static partial Regex KeyForm();

    internal void Map(VolumeRoutes routes)
    {
        routes.Get("types", ListAsync);
        routes.Post("types", CreateAsync);
        routes.Get("types/default", call => Task.FromResult(One(call, DefaultClass() ?? throw Fault.NotFound("Default volume type can not be found."))));
        routes.Get("types/{type}", call => Task.FromResult(One(call, Find(call))));
        routes.Put("types/{type}", ChangeAsync);
        routes.Delete("types/{type}", DeleteAsync);
        routes.Get("types/{type}/extra_specs", call => Task.FromResult(Specs(Find(call))));
        routes.Post("types/{type}/extra_specs", AddSpecsAsync);
        routes.Get("types/{type}/extra_specs/{key}", call => Task.FromResult(Spec(call.Part("key"), SpecOf(call))));
        routes.Put("types/{type}/extra_specs/{key}", SetSpecAsync);
        routes.Delete("types/{type}/extra_specs/{key}", RemoveSpecAsync);
        routes.Get("types/{type}/encryption", call =>
        {
            Find(call);
            return Task.FromResult(new Answer(200, "{}"u8.ToArray()));
        });
        routes.Post("types/{type}/encryption", call => throw Unencrypted(Find(call)));
        routes.Get("types/{type}/os-volume-type-access", AccessAsync);
        routes.Post("types/{type}/action", ActAsync);
    }

    private static Fault Unencrypted(StorageClass type) => new(501, $"Type {Name(type)} cannot be encrypted: a claim's data lies on its node as the guest has written it.");

    internal static string Name(StorageClass type) => Note(type, VolumeNames.Name) ?? type.Metadata.Name!;
    private static string? Note(StorageClass type, string key) => type.Metadata.Annotations.GetValueOrDefault(key);
    private static bool IsPublic(StorageClass type) => Note(type, VolumeNames.Public) != "false";
    private static string[] Access(StorageClass type) => (Note(type, VolumeNames.Access) ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries);
    private static bool Sees(Caller caller, StorageClass type) => IsPublic(type) || caller.IsAdmin || caller.Project is { } project && Access(type).Contains(project.Metadata.Name);

    private StorageClass? DefaultClass() => cloud.StorageClasses.All.Where(static c => Note(c, Default) == "true").MaxBy(static c => c.Metadata.CreationTimestamp);

    /// <summary>A type by id or name; the default one for null.</summary>
    /// <exception cref="Fault">404: there is none that the caller sees.</exception>
    internal StorageClass Find(Caller caller, string? wanted)
    {
        if (wanted is null) return DefaultClass() ?? throw Fault.BadRequest("No volume type was named, and no StorageClass is the default one.");
        return (cloud.StorageClasses.Find(wanted) ?? cloud.StorageClasses.All.FirstOrDefault(c => Name(c) == wanted)) is { } found && Sees(caller, found) ? found : throw Fault.NotFound($"Volume type {wanted} could not be found.");
    }

    private StorageClass Find(Call call) => cloud.StorageClasses.Find(call.Part("type")) is { } found && Sees(call.Caller, found) ? found : throw Fault.NotFound($"Volume type {call.Part("type")} could not be found.");

    private Task<Answer> ListAsync(Call call)
    {
        var wanted = call.Query("is_public") is { } text && call.Caller.IsAdmin ? text.Equals("none", StringComparison.OrdinalIgnoreCase) ? null : Flags.Parse(text) ?? throw Fault.BadRequest($"Invalid is_public filter [{text}]") : (bool?)true;
        var found = cloud.StorageClasses.All.Where(c => Sees(call.Caller, c) && (wanted is null || IsPublic(c) == wanted || wanted == true && !call.Caller.IsAdmin) && (call.Query("name") is not { } name || Name(c) == name));
        return Task.FromResult(Cinder.Page(call, "volume_types", [.. found.OrderByDescending(static c => c.Metadata.CreationTimestamp).ThenBy(static c => c.Metadata.Name, StringComparer.Ordinal)], static c => c.Metadata.Uid!, "types", (json, c) => Write(json, call, c)));
    }

    private static Answer One(Call call, StorageClass type) => Cinder.One("volume_type", json => Write(json, call, type));

    private static void Write(Utf8JsonWriter json, Call call, StorageClass type)
    {
        json.WriteString("id", type.Metadata.Uid);
        json.WriteString("name", Name(type));
        json.WriteBoolean("is_public", IsPublic(type));
        json.Text("description", Note(type, VolumeNames.Description));
        json.Map("extra_specs", ExtraSpecs(type));
        if (call.Context.Request.Method != "GET") { json.WriteBoolean("os-volume-type-access:is_public", IsPublic(type)); return; }
        json.WriteNull("qos_specs_id");
        json.WriteBoolean("os-volume-type-access:is_public", IsPublic(type));
    }

    private async Task<Answer> CreateAsync(Call call)
    {
        var body = (await call.BodyAsync()).Object("volume_type");
        await Judge.RequireAsync(call.Caller, "create", StorageClass.Resource, null, "volume_extension:type_create", call.Cancel);
        var name = Unused(body.Name("name").Trim(), null);
        var notes = new Dictionary<string, string>();
        notes.Set(VolumeNames.Description, body.Text("description"));
        if (body.Flag("os-volume-type-access:is_public") == false) notes[VolumeNames.Public] = "false";
        foreach (var (key, value) in Checked(body.Map("extra_specs") ?? new Dictionary<string, string>())) notes[SpecNote(key)] = key + "=" + value;
        var objectName = ObjectNames.For(name, n => cloud.StorageClasses.Get(null, n) is not null, "type");
        if (objectName != name) notes[VolumeNames.Name] = name;
        // Storage as the default type has it: what makes another kind of storage is a StorageClass that an administrator writes.
        var like = DefaultClass() ?? throw Fault.BadRequest("There is no default StorageClass that the type could take its storage from.");
        return One(call, await cloud.StorageClasses.CreateAsync(call.Caller.Api, like with { Metadata = new ObjectMeta { Name = objectName, Annotations = notes } }, call.Cancel));
    }

    private string Unused(string name, StorageClass? own) => cloud.StorageClasses.All.Any(c => Name(c) == name && c.Metadata.Uid != own?.Metadata.Uid) ? throw Fault.Conflict($"Volume Type {name} already exists.") : name;

    private async Task<Answer> ChangeAsync(Call call)
    {
        var (type, body) = (Find(call), (await call.BodyAsync()).Object("volume_type"));
        await Judge.RequireAsync(call.Caller, "update", StorageClass.Resource, null, "volume_extension:type_update", call.Cancel);
        if (!body.Has("name") && !body.Has("description") && !body.Has("is_public")) throw Fault.BadRequest("Specify volume type name, description, is_public or a combination thereof.");
        var name = body.Has("name") && body.Node("name") is not null ? Unused(body.Name("name").Trim(), type) : null;
        var changed = await AnnotateAsync(call, type, notes =>
        {
            if (name is not null) notes.Set(VolumeNames.Name, name == type.Metadata.Name ? null : name);
            if (body.Node("description") is not null) notes.Set(VolumeNames.Description, body.Text("description"));
            if (body.Flag("is_public") is { } isPublic) notes.Set(VolumeNames.Public, isPublic ? null : "false");
        });
        return Cinder.One("volume_type", json =>
        {
            json.WriteString("id", changed.Metadata.Uid);
            json.WriteString("name", Name(changed));
            json.WriteBoolean("is_public", IsPublic(changed));
            json.Text("description", Note(changed, VolumeNames.Description));
            json.Map("extra_specs", ExtraSpecs(changed));
        });
    }

    private Task<StorageClass> AnnotateAsync(Call call, StorageClass type, Action<Dictionary<string, string>> change) => cloud.StorageClasses.AnnotateAsync(call.Caller.Api, type, change, call.Cancel);

    private async Task<Answer> DeleteAsync(Call call)
    {
        var type = Find(call);
        await Judge.RequireAsync(call.Caller, "delete", StorageClass.Resource, null, "volume_extension:type_delete", call.Cancel);
        if (cloud.Claims.All.Any(c => VolumeDocument.Class(c) == type.Metadata.Name)) throw Fault.BadRequest($"Target volume type is still in use: {type.Metadata.Uid}");
        await cloud.StorageClasses.DeleteAsync(call.Caller.Api, type, call.Cancel);
        return Answer.Accepted;
    }

    internal static IEnumerable<KeyValuePair<string, string>> ExtraSpecs(StorageClass type) =>
        type.Metadata.Annotations.Where(static a => a.Key.StartsWith(VolumeNames.ExtraSpec, StringComparison.Ordinal)).Select(static a => a.Value.IndexOf('=') is var cut and >= 0 ? KeyValuePair.Create(a.Value[..cut], a.Value[(cut + 1)..]) : KeyValuePair.Create(a.Value, "")).OrderBy(static s => s.Key, StringComparer.Ordinal);

    // A key may hold what a name of an annotation may not: so the annotation only numbers it.
    private static string SpecNote(string key) => VolumeNames.ExtraSpec + Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(key)))[..16];

    private static IReadOnlyDictionary<string, string> Checked(IReadOnlyDictionary<string, string> specs) =>
        specs.Keys.FirstOrDefault(static k => !KeyForm().IsMatch(k)) is { } wrong ? throw Fault.BadRequest($"Key names can only contain alphanumeric characters, underscores, periods, colons and hyphens: {wrong}") : specs;

    private static Answer Specs(StorageClass type) => Answer.Json(json =>
    {
        json.WriteStartObject();
        json.Map("extra_specs", ExtraSpecs(type));
        json.WriteEndObject();
    });

    private static Answer Spec(string key, string value) => Answer.Json(json =>
    {
        json.WriteStartObject();
        json.WriteString(key, value);
        json.WriteEndObject();
    });

    private string SpecOf(Call call) => ExtraSpecs(Find(call)).Where(s => s.Key == call.Part("key")).Select(static s => s.Value).FirstOrDefault() ?? throw Fault.NotFound($"Volume Type {call.Part("type")} has no extra specs with key {call.Part("key")}.");

    private async Task<Answer> AddSpecsAsync(Call call)
    {
        var (type, body) = (Find(call), await call.BodyAsync());
        await Judge.RequireAsync(call.Caller, "update", StorageClass.Resource, null, "volume_extension:types_extra_specs:create", call.Cancel);
        var specs = Checked(body.Map("extra_specs") ?? throw Fault.BadRequest("Invalid input for field/attribute extra_specs. 'extra_specs' is a required property"));
        await AnnotateAsync(call, type, notes => { foreach (var (key, value) in specs) notes[SpecNote(key)] = key + "=" + value; });
        return Answer.Json(json =>
        {
            json.WriteStartObject();
            json.Map("extra_specs", specs);
            json.WriteEndObject();
        });
    }

    private async Task<Answer> SetSpecAsync(Call call)
    {
        var (type, key, body) = (Find(call), call.Part("key"), await call.BodyAsync());
        await Judge.RequireAsync(call.Caller, "update", StorageClass.Resource, null, "volume_extension:types_extra_specs:update", call.Cancel);
        if (body.Value.Count != 1 || body.Text(key) is not { } value) throw Fault.BadRequest($"Request body and URI mismatch: the body holds '{key}', and nothing else.");
        if (ExtraSpecs(type).All(s => s.Key != key)) throw Fault.NotFound($"Volume Type {call.Part("type")} has no extra specs with key {key}.");
        await AnnotateAsync(call, type, notes => notes[SpecNote(key)] = key + "=" + value);
        return Spec(key, value);
    }

    private async Task<Answer> RemoveSpecAsync(Call call)
    {
        var type = Find(call);
        await Judge.RequireAsync(call.Caller, "update", StorageClass.Resource, null, "volume_extension:types_extra_specs:delete", call.Cancel);
        SpecOf(call);
        await AnnotateAsync(call, type, notes => notes.Remove(SpecNote(call.Part("key"))));
        return Answer.Accepted;
    }

    private async Task<Answer> AccessAsync(Call call)
    {
        var type = Find(call);
        await Judge.RequireAsync(call.Caller, "update", StorageClass.Resource, null, "volume_extension:volume_type_access:get_all_for_type", call.Cancel);
        if (IsPublic(type)) throw Fault.NotFound("Access list not available for public volume types.");
        return Answer.Json(json =>
        {
            json.WriteStartObject();
            json.Objects("volume_type_access", Access(type).Select(ns => cloud.Projects.Get(null, ns)).OfType<Gureum.Objects.Core.V1.Namespace>(), (_, project) =>
            {
                json.WriteString("volume_type_id", type.Metadata.Uid);
                json.WriteString("project_id", KeystoneNames.Id(project.Metadata.Uid));
            });
            json.WriteEndObject();
        });
    }

    private async Task<Answer> ActAsync(Call call)
    {
        var (type, body) = (Find(call), await call.BodyAsync());
        await Judge.RequireAsync(call.Caller, "update", StorageClass.Resource, null, "volume_extension:volume_type_access:update", call.Cancel);
        var adds = body.Has("addProjectAccess");
        if (!adds && !body.Has("removeProjectAccess")) throw Fault.BadRequest($"There is no such action: {body.Value.FirstOrDefault().Key}. addProjectAccess and removeProjectAccess are accepted.");
        var id = body.Object(adds ? "addProjectAccess" : "removeProjectAccess").Name("project");
        var project = cloud.Projects.Find(id)?.Metadata.Name ?? throw Fault.BadRequest($"Project with id={id} could not be found.");
        if (IsPublic(type)) throw Fault.Conflict("Type access modification is not applicable to public volume type.");
        var has = Access(type).Contains(project);
        if (adds && has) throw Fault.Conflict($"Volume type access for {type.Metadata.Uid} / {id} combination already exists.");
        if (!adds && !has) throw Fault.NotFound($"Volume type access not found for {type.Metadata.Uid} / {id} combination.");
        await AnnotateAsync(call, type, notes =>
        {
            var list = notes.GetValueOrDefault(VolumeNames.Access, "").Split(',', StringSplitOptions.RemoveEmptyEntries).Where(p => p != project);
            notes.Set(VolumeNames.Access, string.Join(',', adds ? list.Append(project) : list));
        });
        return Answer.Accepted;
    }
}
