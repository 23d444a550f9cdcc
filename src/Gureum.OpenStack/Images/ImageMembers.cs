using System.Text.Json;
using Gureum.Client;
using Gureum.Identity;
using Gureum.Objects.Image.V1;
using Gureum.OpenStack.Http;
using Gureum.OpenStack.Objects;

namespace Gureum.OpenStack.Images;

/// <summary>Projects that an image is shared with (https://docs.openstack.org/api-ref/image/v2/#sharing).</summary>
internal sealed class ImageMembers(Cloud cloud, ImageResources images, ApiClient door, TimeProvider time)
{
    internal void Map(Routes routes)
    {
        routes.Get("/v2/images/{image}/members", ListAsync);
        routes.Post("/v2/images/{image}/members", AddAsync);
        routes.Get("/v2/images/{image}/members/{member}", ShowAsync);
        routes.Put("/v2/images/{image}/members/{member}", AnswerAsync);
        routes.Delete("/v2/images/{image}/members/{member}", RemoveAsync);
    }

    // The owner sees all; each member only themselves.
    private static IEnumerable<ImageMember> Seen(Call call, Image image) =>
        ImageVisibility.Owns(call.Caller, image) || call.Caller.IsAdmin ? image.Spec.Members : image.Spec.Members.Where(m => m.Project == call.Caller.Project?.Metadata.Name);

    private Image Shared(Call call)
    {
        var image = images.Find(call);
        return image.Spec.Visibility == "shared" ? image : throw Fault.Forbidden($"Only images that are shared have members; {call.Part("image")} is {image.Spec.Visibility}.");
    }

    private ImageMember Find(Call call, Image image) =>
        Seen(call, image).FirstOrDefault(m => Id(m) == call.Part("member")) ?? throw Fault.NotFound($"{call.Part("member")} not found in the member list of the image {call.Part("image")}.");

    private string Id(ImageMember member) => KeystoneNames.Id(cloud.Projects.Get(null, member.Project)?.Metadata.Uid);

    private Task<Answer> ListAsync(Call call)
    {
        var image = Shared(call);
        return Task.FromResult(Answer.Json(json =>
        {
            json.WriteStartObject();
            json.Objects("members", Seen(call, image), (j, m) => Write(j, image, m));
            json.WriteString("schema", "/v2/schemas/members");
            json.WriteEndObject();
        }));
    }

    private Task<Answer> ShowAsync(Call call)
    {
        var image = Shared(call);
        return Task.FromResult(One(image, Find(call, image)));
    }

    private Answer One(Image image, ImageMember member) => Answer.Json(json =>
    {
        json.WriteStartObject();
        Write(json, image, member);
        json.WriteEndObject();
    });

    private async Task<Answer> AddAsync(Call call)
    {
        var id = (await call.BodyAsync()).Name("member");
        Shared(call);
        var image = images.Own(call);
        var project = cloud.Projects.Find(id)?.Metadata.Name ?? throw Fault.BadRequest($"There is no project {id} to share the image with.");
        if (image.Spec.Members.Any(m => m.Project == project)) throw Fault.Conflict($"Member {id} is duplicated for image {call.Part("image")}");
        if (image.Spec.Members.Count >= 128) throw new Fault(413, "The limit has been exceeded on the number of allowed image members for this image. Maximum: 128");
        var now = time.GetUtcNow();
        var made = await cloud.Images.ChangeAsync(call.Caller.Api, image, i => i with { Spec = i.Spec with { Members = [.. i.Spec.Members, new ImageMember { Project = project, Status = "pending", CreateTime = now, UpdateTime = now }] } }, call.Cancel);
        return One(made, made.Spec.Members.First(m => m.Project == project));
    }

    // Only the member says whether they take it: the image is another project's, so the door writes that down for them.
    private async Task<Answer> AnswerAsync(Call call)
    {
        var status = (await call.BodyAsync()).Name("status");
        var image = Shared(call);
        var member = Find(call, image);
        if (status is not ("accepted" or "pending" or "rejected")) throw Fault.BadRequest($"Invalid status '{status}': accepted, pending and rejected are accepted.");
        if (member.Project != call.Caller.Project?.Metadata.Name && !call.Caller.IsAdmin) throw Fault.Forbidden("Whether an image is accepted is said by the project that it is shared with.");
        var made = await cloud.Images.ChangeAsync(door, image, i => i with { Spec = i.Spec with { Members = [.. i.Spec.Members.Select(m => m.Project == member.Project ? m with { Status = status, UpdateTime = time.GetUtcNow() } : m)] } }, call.Cancel);
        return One(made, made.Spec.Members.First(m => m.Project == member.Project));
    }

    private async Task<Answer> RemoveAsync(Call call)
    {
        Shared(call);
        var image = images.Own(call);
        var member = Find(call, image);
        await cloud.Images.ChangeAsync(call.Caller.Api, image, i => i with { Spec = i.Spec with { Members = [.. i.Spec.Members.Where(m => m.Project != member.Project)] } }, call.Cancel);
        return Answer.NoContent;
    }

    private void Write(Utf8JsonWriter json, Image image, ImageMember member)
    {
        json.WriteString("member_id", Id(member));
        json.WriteString("image_id", ImageNames.Id(image));
        json.WriteString("status", member.Status ?? "pending");
        json.WriteString("created_at", ImageDocument.Time(member.CreateTime ?? DateTimeOffset.UnixEpoch));
        json.WriteString("updated_at", ImageDocument.Time(member.UpdateTime ?? DateTimeOffset.UnixEpoch));
        json.WriteString("schema", "/v2/schemas/member");
    }
}
