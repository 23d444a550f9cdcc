using Gureum.Objects.Image.V1;

namespace Gureum.OpenStack.Images;

/// <summary>How images are named, and the states that glance gives them.</summary>
public static class ImageNames
{
    private const string Group = "image.gureum.io";

    /// <summary>Annotation: the id that a client chose; else it is metadata.uid.</summary>
    public const string IdNote = Group + "/id";

    public const string Queued = "queued", Saving = "saving", Active = "active", Deactivated = "deactivated", Uploading = "uploading";

    public static string Id(Image image) => image.Metadata.Annotations.GetValueOrDefault(IdNote, image.Metadata.Uid!);

    public static string Status(Image image) => image.Status?.Phase switch
    {
        Active when image.Spec.Deactivated == true => Deactivated,
        { Length: > 0 } phase => phase,
        _ => Queued,
    };

    /// <summary>The name under which nodes have the image as a container disk.</summary>
    public static string Reference(Image image) => $"glance.gureum.local/{Id(image)}:latest";
}
