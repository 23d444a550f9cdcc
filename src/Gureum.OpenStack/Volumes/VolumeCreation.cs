using Gureum.Objects;
using Gureum.Objects.Cdi.V1beta1;
using Gureum.Objects.Core.V1;
using Gureum.Objects.Image.V1;
using Gureum.Objects.Meta.V1;
using Gureum.Objects.Snapshot.V1;
using Gureum.OpenStack.Images;
using Gureum.OpenStack.Objects;

namespace Gureum.OpenStack.Volumes;

/// <summary>What a client asked for (immutable), checked.</summary>
internal sealed record VolumeRequest
{
    internal required string Namespace { get; init; }

    /// <summary>The name of the object, which is chosen when it is made.</summary>
    internal string ObjectName { get; init; } = "";
    internal string? Name { get; init; }
    internal string? Description { get; init; }

    /// <summary>GiB.</summary>
    internal required long Size { get; init; }

    /// <summary>The StorageClass.</summary>
    internal required string Class { get; init; }
    internal required string UserId { get; init; }
    internal IReadOnlyDictionary<string, string> Metadata { get; init; } = new Dictionary<string, string>();

    /// <summary>What it is made from: one of these, or none for an empty one.</summary>
    internal Image? Image { get; init; }
    internal VolumeSnapshot? Snapshot { get; init; }
    internal PersistentVolumeClaim? Source { get; init; }

    /// <summary>Whether it may be booted from because its source may.</summary>
    internal bool Bootable { get; init; }

    /// <summary>Of the image that the source was made from.</summary>
    internal string? ImageMetadata { get; init; }
}

/// <summary>
/// Translates a new volume into a claim. An empty one is only that: it comes about where a guest first has it. One of a claim or of a snapshot names that as its
/// data source; one of an image is the claim of a DataVolume that brings the image. Pure.
/// </summary>
internal static class VolumeCreation
{
    internal static PersistentVolumeClaim Claim(VolumeRequest request) => new()
    {
        Metadata = Meta(request),
        Spec = new PersistentVolumeClaimSpec
        {
            AccessModes = ["ReadWriteOnce"], StorageClassName = request.Class, Resources = Size(request),
            DataSource = request.Snapshot is { } snapshot ? new TypedLocalObjectReference { ApiGroup = VolumeSnapshot.Resource.Group, Kind = VolumeSnapshot.Resource.Kind, Name = snapshot.Metadata.Name }
                : request.Source is { } source ? new TypedLocalObjectReference { Kind = PersistentVolumeClaim.Resource.Kind, Name = source.Metadata.Name } : null,
        },
    };

    /// <summary>For a volume of an image; its claim has the same name, and its annotations.</summary>
    internal static DataVolume Data(VolumeRequest request) => new()
    {
        Metadata = Meta(request),
        Spec = new DataVolumeSpec
        {
            Source = new DataVolumeSource { Registry = new DataVolumeSourceRegistry { Url = "docker://" + ImageNames.Reference(request.Image!), PullMethod = "node" } },
            Storage = new StorageSpec { AccessModes = ["ReadWriteOnce"], StorageClassName = request.Class, Resources = Size(request) },
        },
    };

    private static VolumeResourceRequirements Size(VolumeRequest request) => new() { Requests = new Dictionary<string, Quantity> { ["storage"] = Cinder.Size(request.Size) } };

    private static ObjectMeta Meta(VolumeRequest request)
    {
        var notes = new Dictionary<string, string> { [VolumeNames.User] = request.UserId };
        if (request.Name != request.ObjectName) notes[VolumeNames.Name] = request.Name ?? "";
        notes.Set(VolumeNames.Description, request.Description);
        notes.Set(VolumeNames.Metadata, Cinder.Note(request.Metadata));
        if (request.Snapshot is { } snapshot) notes[VolumeNames.Snapshot] = snapshot.Metadata.Uid!;
        if (request.Source is { } source) notes[VolumeNames.Source] = VolumeDocument.Id(source);
        if (request.Bootable) notes[VolumeNames.Bootable] = "true";
        notes.Set(VolumeNames.ImageMetadata, request.ImageMetadata);
        if (request.Image is { } image)
        {
            notes[VolumeNames.Image] = ImageNames.Id(image);
            notes[VolumeNames.ImageMetadata] = Cinder.Note(Facts(image))!;
        }
        return new ObjectMeta { Name = request.ObjectName, Namespace = request.Namespace, Annotations = notes };
    }

    /// <summary>What a volume keeps of its image, which may be deleted.</summary>
    private static Dictionary<string, string> Facts(Image image)
    {
        var facts = new Dictionary<string, string>(image.Spec.Properties, StringComparer.Ordinal) { ["image_id"] = ImageNames.Id(image), ["image_name"] = image.Spec.Name ?? image.Metadata.Name! };
        if (image.Spec.DiskFormat is { } disk) facts["disk_format"] = disk;
        if (image.Spec.ContainerFormat is { } container) facts["container_format"] = container;
        if (image.Status?.Checksum is { } checksum) facts["checksum"] = checksum;
        facts["min_disk"] = Text(image.Spec.MinDisk ?? 0);
        facts["min_ram"] = Text(image.Spec.MinRAM ?? 0);
        facts["size"] = Text(image.Status?.Size ?? 0);
        return facts;
    }

    private static string Text(long number) => number.ToString(System.Globalization.CultureInfo.InvariantCulture);
}
