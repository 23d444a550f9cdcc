using Gureum.Objects.Image.V1;
using Gureum.Objects.Kubevirt.V1;
using Gureum.OpenStack.Http;
using Gureum.OpenStack.Images;
using Gureum.OpenStack.Objects;

namespace Gureum.OpenStack.Compute;

/// <summary>createImage (https://docs.openstack.org/api-ref/compute/#create-image-createimage-action): a server's root disk, as it is now, becomes an image.</summary>
internal sealed class ServerSnapshots(Cloud cloud, ServerDocument document, ServerControl control)
{
    private const string Format = "qcow2";

    // What openstacksdk says of the file that the image was made of.
    private const string OfTheFile = "owner_specified.openstack.";

    private readonly ImageSources sources = new(cloud);

    internal IReadOnlyDictionary<string, ServerAction> Actions => new Dictionary<string, ServerAction> { ["createImage"] = CreateAsync };

    private async Task<Answer> CreateAsync(Call call, VirtualMachine machine, Body body)
    {
        var asked = body.Object("createImage");
        var (name, metadata) = (asked.Name("name"), asked.Map("metadata") ?? new Dictionary<string, string>());
        if (metadata.Keys.FirstOrDefault(ImageDocument.IsOwn) is { } own) throw Fault.BadRequest($"Invalid input for field 'createImage.metadata': only glance writes an image's '{own}'.");
        control.Demand(call, machine, "createImage", "active", "stopped", "paused", "suspended");
        if (ServerState.Root(machine) is not { } root || cloud.Claims.Get(machine.Metadata.Namespace, root) is not { } claim)
            throw new Fault(501, $"Server {machine.Metadata.Uid} has no disk of its own that an image was put on: of a server that boots from a volume no image is made; `openstack image create --volume` makes one of the volume.");
        var based = ServerDocument.Note(machine, ServerNames.Image) is { } id && cloud.Images.Find(id) is { } found && ImageVisibility.Sees(call.Caller, found) ? found : null;
        var made = await sources.MakeAsync(call, Spec(call, machine, name, metadata, based, (int?)document.FlavorOf(machine)["disk"] ?? 0), claim);
        var imageId = ImageNames.Id(made);
        return call.Version >= Nova.V2_45 ? Answer.Json(json =>
        {
            json.WriteStartObject();
            json.WriteString("image_id", imageId);
            json.WriteEndObject();
        }, 202) : Answer.Accepted.With("Location", $"{call.Origin}/image/v2/images/{imageId}");
    }

    /// <param name="based">The image that the server was made of; null when it is gone.</param>
    /// <param name="disk">GiB of the flavor's; 0 for as many as the image has.</param>
    private static ImageSpec Spec(Call call, VirtualMachine machine, string name, IReadOnlyDictionary<string, string> metadata, Image? based, int disk)
    {
        var properties = new Dictionary<string, string>((based?.Spec.Properties ?? new Dictionary<string, string>()).Where(static p => !p.Key.StartsWith(OfTheFile, StringComparison.Ordinal)), StringComparer.Ordinal)
        {
            ["image_type"] = "snapshot", ["instance_uuid"] = machine.Metadata.Uid!, ["user_id"] = call.Caller.UserId, ["base_image_ref"] = ServerDocument.Note(machine, ServerNames.Image) ?? "",
            ["boot_roles"] = string.Join(',', call.Caller.Roles.Select(IdentityIds.Name)),
        };
        if (call.Caller.ProjectId is { } project) properties["owner_id"] = project;
        foreach (var (key, value) in metadata) properties[key] = value;
        return new ImageSpec
        {
            Name = name, Visibility = "private", DiskFormat = Format, ContainerFormat = "bare", MinDisk = Math.Max(disk, based?.Spec.MinDisk ?? 0), MinRAM = based?.Spec.MinRAM, Properties = properties,
        };
    }
}
