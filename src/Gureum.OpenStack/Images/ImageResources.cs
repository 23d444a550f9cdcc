using System.Globalization;
using System.Text.Json.Nodes;
using Gureum.Client;
using Gureum.Images.Disks;
using Gureum.Objects;
using Gureum.Objects.Image.V1;
using Gureum.Objects.Meta.V1;
using Gureum.OpenStack.Http;
using Gureum.OpenStack.Identity;
using Gureum.OpenStack.Objects;

namespace Gureum.OpenStack.Images;

/// <summary>Images and their data (https://docs.openstack.org/api-ref/image/v2/): each is an Image in its project's Namespace, its bytes lie in the blob store.</summary>
internal sealed class ImageResources(Cloud cloud, ImageDocument document, BlobStore blobs, ImageData data, ApiClient door, TimeProvider time)
{
    private const int MostListed = 1000, Listed = 25;

    /// <summary>Bytes of an image, at most.</summary>
    public const long Largest = 1L << 40;

    private static readonly string[] DiskFormats = ["ami", "ari", "aki", "vhd", "vhdx", "vmdk", "raw", "qcow2", "vdi", "iso", "ploop"], ContainerFormats = ["ami", "ari", "aki", "bare", "ovf", "ova", "docker", "compressed"], Visibilities = ["public", "private", "shared", "community"];

    internal void Map(Routes routes)
    {
        routes.Get("/v2/images", ListAsync);
        routes.Post("/v2/images", CreateAsync);
        routes.Get("/v2/images/{image}", ShowAsync);
        routes.Patch("/v2/images/{image}", ChangeAsync);
        routes.Delete("/v2/images/{image}", DeleteAsync);
        routes.Put("/v2/images/{image}/file", UploadAsync);
        routes.Get("/v2/images/{image}/file", DownloadAsync);
        routes.Post("/v2/images/{image}/actions/deactivate", call => ActivateAsync(call, false));
        routes.Post("/v2/images/{image}/actions/reactivate", call => ActivateAsync(call, true));
        routes.Put("/v2/images/{image}/tags/{tag}", AddTagAsync);
        routes.Delete("/v2/images/{image}/tags/{tag}", RemoveTagAsync);
    }

    /// <summary>An image that the caller sees.</summary>
    internal Image Find(Call call)
    {
        var id = call.Part("image");
        return cloud.Images.Find(id) is { Metadata.DeletionTimestamp: null } image && ImageVisibility.Sees(call.Caller, image) ? image : throw Fault.NotFound($"No image found with ID {id}");
    }

    /// <summary>An image that the caller may change; RBAC has the last word.</summary>
    internal Image Own(Call call)
    {
        var image = Find(call);
        return ImageVisibility.Owns(call.Caller, image) || call.Caller.IsAdmin ? image : throw Fault.Forbidden($"You are not permitted to change image {call.Part("image")}: it belongs to another project.");
    }

    private Answer One(Image image, int status = 200) => Answer.Json(json =>
    {
        json.WriteStartObject();
        document.Write(json, image);
        json.WriteEndObject();
    }, status);

    private Task<Answer> ListAsync(Call call)
    {
        var caller = call.Caller;
        var wanted = call.Query("visibility");
        if (wanted is not null and not "all" && !Visibilities.Contains(wanted)) throw Fault.BadRequest($"Invalid visibility value: {wanted}. One of public, private, shared, community and all is accepted.");
        var member = call.Query("member_status") ?? "accepted";
        if (member is not ("all" or "accepted" or "pending" or "rejected")) throw Fault.BadRequest($"Invalid value '{member}' for member_status; one of accepted, pending, rejected and all is accepted.");
        var found = cloud.Images.All.Where(i => i.Metadata.DeletionTimestamp is null && Shown(caller, i, wanted, member) && ImageFilter.Passes(call, i, cloud));
        var ordered = ImageFilter.Sort(call, found).ToList();
        var limit = Paging.Limit(call, Listed, MostListed);
        var page = Paging.After(ordered, call.Query("marker"), ImageNames.Id).Take(limit).ToList();
        var more = page.Count == limit && page.Count > 0 && !ReferenceEquals(page[^1], ordered[^1]);
        return Task.FromResult(Answer.Json(json =>
        {
            json.WriteStartObject();
            json.Objects("images", page, document.Write);
            json.WriteString("first", "/v2/images" + Paging.Query(call, null));
            if (more) json.WriteString("next", "/v2/images" + Paging.Query(call, ImageNames.Id(page[^1])));
            json.WriteString("schema", "/v2/schemas/images");
            json.WriteEndObject();
        }));
    }

    private static bool Shown(Caller caller, Image image, string? visibility, string member) => visibility switch
    {
        null => ImageVisibility.Lists(caller, image) || ImageVisibility.Member(caller, image) is { } m && (member == "all" || m.Status == member),
        "all" => ImageVisibility.Sees(caller, image),
        "shared" => image.Spec.Visibility == "shared" && (ImageVisibility.Owns(caller, image) || caller.IsAdmin || ImageVisibility.Member(caller, image) is { } m && (member == "all" || m.Status == member)),
        _ => image.Spec.Visibility == visibility && ImageVisibility.Sees(caller, image),
    };

    private async Task<Answer> CreateAsync(Call call)
    {
        var body = await call.BodyAsync();
        var id = body.Text("id");
        if (id is not null && (!Guid.TryParseExact(id, "D", out _) || id != id.ToLowerInvariant())) throw Fault.BadRequest($"Invalid image id format: '{id}' is no lower-case UUID.");
        if (id is not null && cloud.Images.Find(id) is not null) throw Fault.Conflict($"An image with identifier {id} already exists");
        var spec = new ImageSpec
        {
            Name = body.Text("name"), Visibility = await VisibilityAsync(call, body.Text("visibility") ?? "shared"), DiskFormat = OneOf("disk_format", body.Text("disk_format"), DiskFormats), ContainerFormat = OneOf("container_format", body.Text("container_format"), ContainerFormats),
            MinDisk = (int?)body.Number("min_disk", 0, int.MaxValue), MinRAM = (int?)body.Number("min_ram", 0, int.MaxValue), Protected = body.Flag("protected", strict: true), Hidden = body.Flag("os_hidden", strict: true),
            Tags = Tags(body.Texts("tags")), Properties = Properties(body),
        };
        var ns = Owner(call, body);
        var notes = id is null ? new Dictionary<string, string>() : new Dictionary<string, string> { [ImageNames.IdNote] = id };
        var made = await ObjectNames.MakeAsync(spec.Name ?? "image", n => cloud.Images.Get(ns, n) is not null, "image", name =>
            cloud.Images.CreateAsync(call.Caller.Api, new Image { Metadata = new ObjectMeta { Name = name, Namespace = ns, Annotations = notes }, Spec = spec }, call.Cancel));
        return One(made, 201).With("Location", $"{call.Service}/v2/images/{ImageNames.Id(made)}").With("OpenStack-image-import-methods", string.Join(',', ImageImports.Methods));
    }

    // Whoever administers may make images for others.
    private string Owner(Call call, Body body)
    {
        if (body.Text("owner") is not { } owner || owner == call.Caller.ProjectId) return call.Caller.Namespace;
        if (!call.Caller.IsAdmin) throw Fault.Forbidden("You are not permitted to create images owned by another project.");
        return cloud.Projects.Find(owner)?.Metadata.Name ?? throw Fault.BadRequest($"There is no project {owner} to own the image.");
    }

    private static string? OneOf(string name, string? value, string[] accepted) =>
        value is null || accepted.Contains(value) ? value : throw Fault.BadRequest($"Invalid value '{value}' for '{name}'; one of {string.Join(", ", accepted)} is accepted.");

    // What everybody sees needs somebody who answers for it.
    internal static async Task<string> VisibilityAsync(Call call, string value)
    {
        if (!Visibilities.Contains(value)) throw Fault.BadRequest($"Invalid value '{value}' for 'visibility'; one of {string.Join(", ", Visibilities)} is accepted.");
        if (value == "public") await Judge.RequireAsync(call.Caller, "publicize", Image.Resource, null, "publicize_image", call.Cancel);
        return value;
    }

    private static List<string> Tags(IReadOnlyList<string>? tags)
    {
        if (tags is null) return [];
        if (tags.Count > 128) throw new Fault(413, $"The limit has been exceeded on the number of allowed image tags. Attempted: {tags.Count}, Maximum: 128");
        if (tags.FirstOrDefault(t => t.Length is 0 or > 255) is { } wrong) throw Fault.BadRequest($"A tag has {wrong.Length} characters; 1 to 255 are accepted.");
        return [.. tags.Distinct(StringComparer.Ordinal)];
    }

    private static Dictionary<string, string> Properties(Body body)
    {
        var properties = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (key, value) in body.Value)
        {
            if (key is "name" or "visibility" or "disk_format" or "container_format" or "min_disk" or "min_ram" or "protected" or "os_hidden" or "tags" or "id" or "owner") continue;
            if (ImageDocument.IsOwn(key)) throw Fault.Forbidden($"Attribute '{key}' is read-only.");
            properties[key] = Property(key, value);
        }
        return properties;
    }

    private static string Property(string key, JsonNode? value)
    {
        if (key.Length > 255) throw Fault.BadRequest($"A property's name has {key.Length} characters; at most 255 are accepted.");
        return value?.GetValueKind() == System.Text.Json.JsonValueKind.String && value.GetValue<string>() is { Length: <= 65535 } text ? text : throw Fault.BadRequest($"Property '{key}' is no string of at most 65535 characters.");
    }

    private Task<Answer> ShowAsync(Call call) => Task.FromResult(One(Find(call)));

    private async Task<Answer> ChangeAsync(Call call)
    {
        var type = call.Context.Request.ContentType?.Split(';')[0].Trim();
        if (type is not ("application/openstack-images-v2.1-json-patch" or "application/openstack-images-v2.0-json-patch")) throw new Fault(415, $"The content type {type} is not accepted: application/openstack-images-v2.1-json-patch is.");
        var image = Own(call);
        var changes = ImagePatch.Read(await call.BytesAsync(Body.Longest));
        if (changes.Any(c => c is { Field: "visibility", Value: not null } && (string?)c.Value == "public") && image.Spec.Visibility != "public") await VisibilityAsync(call, "public");
        var made = await cloud.Images.ChangeAsync(call.Caller.Api, image, i => i with { Spec = changes.Aggregate(i.Spec, (spec, c) => ImagePatch.Apply(spec, c, DiskFormats, ContainerFormats, Visibilities, ImageNames.Status(i))) }, call.Cancel);
        return One(await cloud.Images.ChangeStatusAsync(door, made, i => i with { Status = (i.Status ?? ImageStatus.Empty) with { UpdateTime = time.GetUtcNow() } }, call.Cancel));
    }

    private async Task<Answer> DeleteAsync(Call call)
    {
        var image = Own(call);
        if (image.Spec.Protected == true) throw Fault.Forbidden($"Image {call.Part("image")} is protected and cannot be deleted.");
        await cloud.Images.DeleteAsync(call.Caller.Api, image, call.Cancel);
        return Answer.NoContent;
    }

    internal static void DemandBytes(Call call)
    {
        if (call.Context.Request.ContentType?.Split(';')[0] != "application/octet-stream") throw new Fault(415, "The data of an image has the content type application/octet-stream.");
    }

    private async Task<Answer> UploadAsync(Call call)
    {
        var image = Own(call);
        DemandBytes(call);
        if (image.Spec.DiskFormat is null || image.Spec.ContainerFormat is null) throw Fault.BadRequest("Properties disk_format, container_format must be set prior to saving data.");
        // Whoever may not change the image must not be able to fill the disk either.
        await Judge.RequireAsync(call.Caller, "update", Image.Resource, image.Metadata.Namespace, "upload_image", call.Cancel);
        image = await data.ChangeAsync(image, static (i, status) => ImageNames.Status(i) == ImageNames.Queued ? status with { Phase = ImageNames.Saving } : throw Fault.Conflict($"Image status transition from {ImageNames.Status(i)} to saving is not allowed"), call.Cancel);
        StoredBlob stored;
        try { stored = await blobs.StoreAsync(call.Context.Request.Body, Largest, image.Spec.DiskFormat, call.Cancel); }
        catch (Exception e)
        {
            await data.ToAsync(image, ImageNames.Queued, CancellationToken.None);
            if (e is DiskException) throw Fault.BadRequest(e.Message);
            throw;
        }
        await data.StoredAsync(image, stored, call.Cancel);
        return Answer.NoContent;
    }

    private Task<Answer> DownloadAsync(Call call)
    {
        var image = Find(call);
        if (ImageNames.Status(image) == ImageNames.Deactivated && !call.Caller.IsAdmin) throw Fault.Forbidden("The requested image has been deactivated. Image data download is forbidden.");
        if (image.Status is not { Blob: { } blob, Size: { } size } status) return Task.FromResult(Answer.NoContent);
        if (!blobs.Has(blob)) throw new Fault(410, $"The data of image {call.Part("image")} is not on this server.");
        var (from, to) = ByteRange.Read(call.Header("Range"), size);
        var whole = to - from == size;
        var answer = new Answer(whole ? 200 : 206, ContentType: "application/octet-stream") { Length = to - from, Send = (target, cancel) => SendAsync(blobs.Open(blob), target, from, to - from, cancel) }.With("Content-MD5", status.Checksum ?? "");
        return Task.FromResult(whole ? answer : answer.With("Content-Range", string.Create(CultureInfo.InvariantCulture, $"bytes {from}-{to - 1}/{size}")));
    }

    private static async Task SendAsync(FileStream file, Stream target, long from, long count, CancellationToken cancel)
    {
        await using (file)
        {
            file.Seek(from, SeekOrigin.Begin);
            var buffer = new byte[128 * 1024];
            while (count > 0 && await file.ReadAsync(buffer.AsMemory(0, (int)Math.Min(buffer.Length, count)), cancel) is var read and > 0)
            {
                await target.WriteAsync(buffer.AsMemory(0, read), cancel);
                count -= read;
            }
        }
    }

    private async Task<Answer> ActivateAsync(Call call, bool active)
    {
        var image = Own(call);
        if (image.Status?.Phase != ImageNames.Active) throw Fault.Forbidden($"Not allowed to {(active ? "reactivate" : "deactivate")} image in status '{ImageNames.Status(image)}'");
        await cloud.Images.ChangeAsync(call.Caller.Api, image, i => i with { Spec = i.Spec with { Deactivated = active ? null : true } }, call.Cancel);
        return Answer.NoContent;
    }

    private async Task<Answer> AddTagAsync(Call call)
    {
        await cloud.Images.ChangeAsync(call.Caller.Api, Own(call), i => i with { Spec = i.Spec with { Tags = Tags([.. i.Spec.Tags, call.Part("tag")]) } }, call.Cancel);
        return Answer.NoContent;
    }

    private async Task<Answer> RemoveTagAsync(Call call)
    {
        var (image, tag) = (Own(call), call.Part("tag"));
        if (!image.Spec.Tags.Contains(tag)) throw Fault.NotFound($"Image {call.Part("image")} has no tag {tag}");
        await cloud.Images.ChangeAsync(call.Caller.Api, image, i => i with { Spec = i.Spec with { Tags = [.. i.Spec.Tags.Where(t => t != tag)] } }, call.Cancel);
        return Answer.NoContent;
    }
}
