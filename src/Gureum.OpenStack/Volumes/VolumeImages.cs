using Gureum.Objects.Core.V1;
using Gureum.Objects.Image.V1;
using Gureum.OpenStack.Http;
using Gureum.OpenStack.Images;
using Gureum.OpenStack.Objects;

namespace Gureum.OpenStack.Volumes;

/// <summary>Images out of volumes (https://docs.openstack.org/api-ref/block-storage/v3/#upload-volume-to-image).</summary>
public sealed class VolumeImages(Cloud cloud, VolumeDocument document)
{
    private static readonly string[] Formats = ["raw", "qcow2"];

    // What is said of the volume's own image, and not of the new one.
    private static readonly string[] NotKept = ["image_id", "image_name"];

    private readonly ImageSources sources = new(cloud);

    internal async Task<Answer> UploadAsync(Call call, PersistentVolumeClaim claim, Body body)
    {
        var (name, force, newer) = (body.Name("image_name"), body.Flag("force") == true, call.Version >= new Microversion(3, 1));
        var (disk, container) = (OneOf(body, "disk_format", "raw", Formats), OneOf(body, "container_format", "bare", "bare"));
        var visibility = await ImageResources.VisibilityAsync(call, (newer ? body.Text("visibility") : null) ?? "private");
        var protects = newer && body.Flag("protected") == true;
        if (document.State(claim) is var state && state != VolumeState.Available && !(force && state == VolumeState.InUse))
            throw Fault.BadRequest($"Invalid volume: Volume {VolumeDocument.Id(claim)} status must be available{(force ? " or in-use" : "")} to be uploaded, but current status is: {state}.{(state == VolumeState.InUse ? " With force it may be in use." : "")}");
        var metadata = Cinder.Map(VolumeDocument.Note(claim, VolumeNames.ImageMetadata));
        var image = await sources.MakeAsync(call, new ImageSpec
        {
            Name = name, DiskFormat = disk, ContainerFormat = container, Visibility = visibility, Protected = protects ? true : null, MinDisk = Least(metadata, "min_disk"), MinRAM = Least(metadata, "min_ram"),
            Properties = metadata.Where(static p => !ImageDocument.IsOwn(p.Key) && !NotKept.Contains(p.Key)).ToDictionary(static p => p.Key, static p => p.Value),
        }, claim);
        return Cinder.One("os-volume_upload_image", json =>
        {
            json.WriteString("id", VolumeDocument.Id(claim));
            json.Text("updated_at", Cinder.Time(image.Metadata.CreationTimestamp));
            json.WriteString("status", VolumeState.Uploading);
            json.Text("display_description", VolumeDocument.Note(claim, VolumeNames.Description));
            json.WriteNumber("size", VolumeDocument.Size(claim));
            if (cloud.StorageClasses.Get(null, VolumeDocument.Class(claim)) is { } type)
                json.Object("volume_type", _ =>
                {
                    json.WriteString("id", type.Metadata.Uid);
                    json.WriteString("name", VolumeTypes.Name(type));
                });
            else json.WriteNull("volume_type");
            json.WriteString("image_id", ImageNames.Id(image));
            json.WriteString("container_format", container);
            json.WriteString("disk_format", disk);
            json.WriteString("image_name", name);
            if (!newer) return;
            json.WriteString("visibility", visibility);
            json.WriteBoolean("protected", protects);
        }, 202);
    }

    private static string OneOf(Body body, string field, string usual, params string[] accepted) =>
        (body.Text(field) ?? usual) is var value && accepted.Contains(value) ? value : throw Fault.BadRequest($"Invalid input for field/attribute {field}. Value: {value}. Images are made of volumes as {string.Join(" and ", accepted)}.");

    private static int? Least(IReadOnlyDictionary<string, string> metadata, string key) => metadata.TryGetValue(key, out var text) && int.TryParse(text, System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out var value) ? value : null;
}
