using System.Text.Json;
using Gureum.Identity;
using Gureum.Images.Disks;
using Gureum.Objects.Image.V1;
using Gureum.OpenStack.Http;
using Gureum.OpenStack.Identity;
using Gureum.OpenStack.Objects;

namespace Gureum.OpenStack.Images;

/// <summary>
/// Interoperable import (https://docs.openstack.org/api-ref/image/v2/#interoperable-image-import): data is staged and then imported, or the server downloads it. What was asked for stands in the
/// image's status, where <see cref="ImageFiller"/> finds it.
/// </summary>
internal sealed class ImageImports(Cloud cloud, ImageResources images, ImageData data, BlobStore blobs, TimeProvider time)
{
    internal static readonly string[] Methods = [ImageNames.Direct, ImageNames.Download];
    private const int LongestUrl = 4096;

    internal void Map(Routes routes)
    {
        routes.Get("/v2/info/import", static _ => Task.FromResult(Answer.Json(static json =>
        {
            json.WriteStartObject();
            json.Object("import-methods", static j =>
            {
                j.WriteString("description", "Import methods available.");
                j.WriteString("type", "array");
                j.Texts("value", Methods);
            });
            json.WriteEndObject();
        })));
        routes.Put("/v2/images/{image}/stage", StageAsync);
        routes.Post("/v2/images/{image}/import", ImportAsync);
        routes.Get("/v2/images/{image}/tasks", call => Task.FromResult(Tasks(call)));
    }

    private async Task<Answer> StageAsync(Call call)
    {
        var image = images.Own(call);
        ImageResources.DemandBytes(call);
        await Judge.RequireAsync(call.Caller, "update", Image.Resource, image.Metadata.Namespace, "upload_image", call.Cancel);
        image = await data.ChangeAsync(image, static (i, status) => ImageNames.Status(i) == ImageNames.Queued ? status with { Phase = ImageNames.Uploading } : throw Fault.Conflict($"Image status transition from {ImageNames.Status(i)} to uploading is not allowed"), call.Cancel);
        try { await blobs.StageAsync(call.Context.Request.Body, image.Metadata.Uid!, ImageResources.Largest, call.Cancel); }
        catch (Exception e)
        {
            await data.ToAsync(image, ImageNames.Queued, CancellationToken.None);
            if (e is DiskException) throw Fault.BadRequest(e.Message);
            throw;
        }
        // Whoever deleted the image meanwhile found nothing to remove.
        if (cloud.Images.Get(image.Metadata.Namespace, image.Metadata.Name)?.Metadata.Uid != image.Metadata.Uid) blobs.RemoveStaged(image.Metadata.Uid!);
        return Answer.NoContent;
    }

    private async Task<Answer> ImportAsync(Call call)
    {
        var body = await call.BodyAsync();
        var method = body.Object("method").Name("name");
        if (!Methods.Contains(method)) throw Fault.BadRequest($"Unknown import method name '{method}': {string.Join(" and ", Methods)} are accepted.");
        var url = method == ImageNames.Download ? Url(body.Object("method").Name("uri", LongestUrl)) : null;
        CheckStores(call, body);
        var image = images.Own(call);
        await Judge.RequireAsync(call.Caller, "update", Image.Resource, image.Metadata.Namespace, "modify_image", call.Cancel);
        await data.ChangeAsync(image, (i, status) =>
        {
            Demand(i, method);
            var now = time.GetUtcNow();
            return status with
            {
                Phase = ImageNames.Importing, Message = null,
                Import = new ImageImport { Id = Guid.NewGuid().ToString(), Method = method, Uri = url, Request = call.RequestId, User = call.Caller.UserId, State = ImageNames.Pending, StartTime = now, UpdateTime = now },
            };
        }, call.Cancel);
        return Answer.Accepted;
    }

    /// <exception cref="Fault">400: the server does not ask there, whoever it is for.</exception>
    internal static string Url(string text)
    {
        if (!Uri.TryCreate(text, UriKind.Absolute, out var url) || url.Scheme is not ("http" or "https") || url.Host.Length == 0) throw Fault.BadRequest($"URI for web-download does not pass filtering: '{text}' is no address of a web server; http and https are accepted.");
        if (url.UserInfo.Length > 0) throw Fault.BadRequest("URI for web-download does not pass filtering: it has a user's name or password in it, which everybody would read who sees the image.");
        return url.AbsoluteUri;
    }

    private static void CheckStores(Call call, Body body)
    {
        var (stores, all) = (body.Texts("stores") ?? [], body.Flag("all_stores", strict: true));
        body.Flag("all_stores_must_succeed", strict: true);
        if (all == true && stores.Count > 0) throw Fault.BadRequest("The stores parameter and the all_stores parameter are mutually exclusive.");
        if (stores.Concat(call.Header("X-Image-Meta-Store") is { Length: > 0 } store ? [store] : []).FirstOrDefault(static s => s != ImageNames.Store) is { } wrong) throw Fault.BadRequest($"Unknown store '{wrong}': {ImageNames.Store} is the only one.");
    }

    private void Demand(Image image, string method)
    {
        var state = ImageNames.Status(image);
        if (state is ImageNames.Active or ImageNames.Deactivated) throw Fault.Conflict("Image with status active cannot be target for import");
        if (method == ImageNames.Download && state != ImageNames.Queued) throw Fault.Conflict($"Image needs to be in 'queued' state to use '{method}' method; it is {state}");
        if (method == ImageNames.Direct && state != ImageNames.Uploading) throw Fault.Conflict($"Image needs to be staged before '{method}' method can be used; it is {state}");
        if (method == ImageNames.Direct && !blobs.HasStaged(image.Metadata.Uid!)) throw Fault.Conflict("The image's data is being staged still: import it when that is done.");
        if (image.Spec.ContainerFormat is null) throw Fault.Conflict("'container_format' needs to be set before import");
        if (image.Spec.DiskFormat is null) throw Fault.Conflict("'disk_format' needs to be set before import");
    }

    // The last import of an image is the one that it keeps; where from is its owner's matter.
    private Answer Tasks(Call call)
    {
        var image = images.Own(call);
        return Answer.Json(json =>
        {
            json.WriteStartObject();
            json.Objects("tasks", image.Status?.Import is { } import ? [import] : (ImageImport[])[], (_, i) => Write(json, image, i));
            json.WriteEndObject();
        });
    }

    private void Write(Utf8JsonWriter json, Image image, ImageImport import)
    {
        var id = ImageNames.Id(image);
        json.WriteString("id", import.Id);
        json.WriteString("type", "api_image_import");
        json.WriteString("status", import.State);
        json.WriteString("owner", KeystoneNames.Id(cloud.Projects.Get(null, image.Metadata.Namespace)?.Metadata.Uid));
        json.WriteNull("expires_at");
        json.WriteString("created_at", ImageDocument.Time(import.StartTime ?? default));
        json.WriteString("updated_at", ImageDocument.Time(import.UpdateTime ?? default));
        json.WriteString("image_id", id);
        json.WriteString("request_id", import.Request ?? "");
        json.WriteString("user_id", import.User ?? "");
        json.WriteString("message", import.Message ?? "");
        json.Object("input", _ =>
        {
            json.WriteString("image_id", id);
            json.Object("import_req", _ => json.Object("method", _ =>
            {
                json.WriteString("name", import.Method);
                if (import.Uri is { } uri) json.WriteString("uri", uri);
            }));
        });
        if (import.State == ImageNames.Success) json.Object("result", _ => json.WriteString("image_id", id));
        else json.WriteNull("result");
        json.WriteString("self", "/v2/tasks/" + import.Id);
        json.WriteString("schema", "/v2/schemas/task");
    }
}
