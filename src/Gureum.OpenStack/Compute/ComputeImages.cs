using System.Text.Json;
using Gureum.Objects;
using Gureum.Objects.Image.V1;
using Gureum.OpenStack.Http;
using Gureum.OpenStack.Images;
using Gureum.OpenStack.Objects;

namespace Gureum.OpenStack.Compute;

/// <summary>Nova's own view of images, for clients of before 2.36, and of their metadata, before 2.39 (https://docs.openstack.org/api-ref/compute/#images-deprecated).</summary>
internal sealed class ComputeImages(Cloud cloud)
{
    private const string Server = "instance_uuid", Type = "image_type";

    internal void Map(Routes routes)
    {
        routes.Get("/v2.1/images", call => List(call, Brief));
        routes.Get("/v2.1/images/detail", call => List(call, Write));
        routes.Get("/v2.1/images/{image}", call => Task.FromResult(Answer.Json(json =>
        {
            var image = Find(call, Nova.V2_36);
            json.WriteStartObject();
            json.Object("image", _ => Write(json, call, image));
            json.WriteEndObject();
        })));
        routes.Delete("/v2.1/images/{image}", DeleteAsync);
        routes.Get("/v2.1/images/{image}/metadata", call => Task.FromResult(Metadata(Find(call, Nova.V2_39))));
        routes.Post("/v2.1/images/{image}/metadata", call => SetAsync(call, replace: false));
        routes.Put("/v2.1/images/{image}/metadata", call => SetAsync(call, replace: true));
        routes.Get("/v2.1/images/{image}/metadata/{key}", call => Task.FromResult(Find(call, Nova.V2_39).Spec.Properties.TryGetValue(call.Part("key"), out var value) ? Item(call, value) : throw NoItem(call)));
        routes.Put("/v2.1/images/{image}/metadata/{key}", SetItemAsync);
        routes.Delete("/v2.1/images/{image}/metadata/{key}", RemoveItemAsync);
    }

    private static void Demand(Call call, Microversion gone)
    {
        if (call.Version >= gone) throw Fault.NotFound("The resource could not be found.");
    }

    private Image Find(Call call, Microversion gone)
    {
        Demand(call, gone);
        return cloud.Images.Find(call.Part("image")) is { Metadata.DeletionTimestamp: null } image && ImageVisibility.Sees(call.Caller, image) ? image : throw Fault.NotFound("Image not found.");
    }

    private Image Own(Call call, Microversion gone) =>
        Find(call, gone) is var image && (ImageVisibility.Owns(call.Caller, image) || call.Caller.IsAdmin) ? image : throw Fault.Forbidden($"You are not permitted to change image {call.Part("image")}: it belongs to another project.");

    private Task<Answer> List(Call call, Action<Utf8JsonWriter, Call, Image> write)
    {
        Demand(call, Nova.V2_36);
        DateTimeOffset? since = call.Query("changes-since") is not { } text ? null : Times.TryParse(text.EndsWith('Z') || text.Contains('+', StringComparison.Ordinal) ? text : text + "Z", out var time) ? time : throw Fault.BadRequest($"Invalid changes-since value: {text}");
        bool Is(string name, string? value) => call.Query(name) is not { } wanted || string.Equals(wanted, value, StringComparison.OrdinalIgnoreCase);
        var server = call.Query("server")?.Split('/')[^1];
        var found = cloud.Images.All.Where(i => i.Metadata.DeletionTimestamp is null && ImageVisibility.Lists(call.Caller, i) && Is("name", i.Spec.Name) && Is("status", State(i).Name) && Is("type", i.Spec.Properties.GetValueOrDefault(Type)) && (server is null || i.Spec.Properties.GetValueOrDefault(Server) == server)
            && Is("minDisk", Number(i.Spec.MinDisk)) && Is("minRam", Number(i.Spec.MinRAM)) && (since is null || Changed(i) >= since)).OrderByDescending(static i => i.Metadata.CreationTimestamp).ThenByDescending(static i => ImageNames.Id(i), StringComparer.Ordinal).ToList();
        return Task.FromResult(Nova.Page(call, "images", found, ImageNames.Id, call.Path.EndsWith("/detail", StringComparison.Ordinal) ? "images/detail" : "images", (json, image) => write(json, call, image)));
    }

    private static string Number(int? value) => (value ?? 0).ToString(System.Globalization.CultureInfo.InvariantCulture);

    private static DateTimeOffset Changed(Image image) => image.Status?.UpdateTime ?? image.Metadata.CreationTimestamp ?? DateTimeOffset.UnixEpoch;

    /// <summary>Nova's name of a state, and how far it is in percent. Pure.</summary>
    internal static (string Name, int Progress) State(Image image) => ImageNames.Status(image) switch
    {
        ImageNames.Active => ("ACTIVE", 100),
        ImageNames.Saving => ("SAVING", 50),
        ImageNames.Queued => ("SAVING", 25),
        _ => ("UNKNOWN", 0),
    };

    private static void Brief(Utf8JsonWriter json, Call call, Image image)
    {
        var id = ImageNames.Id(image);
        json.WriteString("id", id);
        json.Text("name", image.Spec.Name);
        json.Objects("links", [("self", $"{call.Service}/v2.1/images/{id}", (string?)null), ("bookmark", $"{call.Service}/images/{id}", null), ("alternate", $"{call.Origin}/image/images/{id}", "application/vnd.openstack.image")], static (j, link) =>
        {
            j.WriteString("rel", link.Item1);
            if (link.Item3 is { } type) j.WriteString("type", type);
            j.WriteString("href", link.Item2);
        });
    }

    private static void Write(Utf8JsonWriter json, Call call, Image image)
    {
        Brief(json, call, image);
        var (state, progress) = State(image);
        json.WriteString("status", state);
        json.WriteNumber("progress", progress);
        json.WriteNumber("minDisk", image.Spec.MinDisk ?? 0);
        json.WriteNumber("minRam", image.Spec.MinRAM ?? 0);
        json.WriteString("created", Nova.Time(image.Metadata.CreationTimestamp ?? DateTimeOffset.UnixEpoch));
        json.WriteString("updated", Nova.Time(Changed(image)));
        json.WriteNumber("OS-EXT-IMG-SIZE:size", image.Status?.Size ?? 0);
        json.Map("metadata", image.Spec.Properties);
        if (!image.Spec.Properties.TryGetValue(Server, out var server)) return;
        json.Object("server", _ =>
        {
            json.WriteString("id", server);
            Nova.Links(json, call, "servers/" + server);
        });
    }

    private async Task<Answer> DeleteAsync(Call call)
    {
        var image = Own(call, Nova.V2_36);
        if (image.Spec.Protected == true) throw Fault.Forbidden("You are not allowed to delete the image: it is protected.");
        await cloud.Images.DeleteAsync(call.Caller.Api, image, call.Cancel);
        return Answer.NoContent;
    }

    private static Answer Metadata(Image image) => Answer.Json(json =>
    {
        json.WriteStartObject();
        json.Map("metadata", image.Spec.Properties);
        json.WriteEndObject();
    });

    private static Answer Item(Call call, string value) => Answer.Json(json =>
    {
        json.WriteStartObject();
        json.Object("meta", _ => json.WriteString(call.Part("key"), value));
        json.WriteEndObject();
    });

    private static Fault NoItem(Call call) => Fault.NotFound($"Image {call.Part("image")} has no metadata with key {call.Part("key")}.");

    private async Task<Image> ChangeAsync(Call call, Func<IReadOnlyDictionary<string, string>, IEnumerable<KeyValuePair<string, string>>> change) =>
        await cloud.Images.ChangeAsync(call.Caller.Api, Own(call, Nova.V2_39), i => i with { Spec = i.Spec with { Properties = change(i.Spec.Properties).ToDictionary(static p => p.Key, static p => p.Value) } }, call.Cancel);

    private static IReadOnlyDictionary<string, string> Given(Body body, string field)
    {
        var given = body.Map(field) ?? throw Fault.BadRequest($"Invalid input for field/attribute {field}. '{field}' is a required property");
        return given.Keys.FirstOrDefault(ImageDocument.IsOwn) is { } own ? throw Fault.BadRequest($"Invalid input for field/attribute {field}: only glance writes an image's '{own}'.") : given;
    }

    private async Task<Answer> SetAsync(Call call, bool replace)
    {
        var given = Given(await call.BodyAsync(), "metadata");
        return Metadata(await ChangeAsync(call, known => replace ? given : known.Where(p => !given.ContainsKey(p.Key)).Concat(given)));
    }

    private async Task<Answer> SetItemAsync(Call call)
    {
        var (given, key) = (Given(await call.BodyAsync(), "meta"), call.Part("key"));
        if (given.Count != 1 || !given.TryGetValue(key, out var value)) throw Fault.BadRequest("Request body and URI mismatch");
        await ChangeAsync(call, known => known.Where(p => p.Key != key).Append(KeyValuePair.Create(key, value)));
        return Item(call, value);
    }

    private async Task<Answer> RemoveItemAsync(Call call)
    {
        var key = call.Part("key");
        await ChangeAsync(call, known => known.ContainsKey(key) ? known.Where(p => p.Key != key) : throw NoItem(call));
        return Answer.NoContent;
    }
}
