using Gureum.Objects.Image.V1;

namespace Gureum.OpenStack.Images;

/// <summary>How images are named, and the states that glance gives them.</summary>
public static class ImageNames
{
    private const string Group = "image.gureum.io";

    /// <summary>Annotation: the id that a client chose; else it is metadata.uid.</summary>
    public const string IdNote = Group + "/id";

    public const string Queued = "queued", Saving = "saving", Active = "active", Deactivated = "deactivated", Uploading = "uploading", Importing = "importing";

    /// <summary>The only store that there is, as clients name it.</summary>
    public const string Store = "blobs";

    /// <summary>Ways by which data comes to images.</summary>
    public const string Direct = "glance-direct", Download = "web-download";

    /// <summary>States of an import.</summary>
    public const string Pending = "pending", Processing = "processing", Success = "success", Failure = "failure";

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
