using Gureum.Objects.Image.V1;
using Gureum.OpenStack.Identity;

namespace Gureum.OpenStack.Images;

/// <summary>Who sees which image (https://docs.openstack.org/api-ref/image/v2/#image-visibility). Pure.</summary>
public static class ImageVisibility
{
    /// <summary>Whether the caller may know that the image exists.</summary>
    public static bool Sees(Caller caller, Image image) =>
        caller.IsAdmin || Owns(caller, image) || image.Spec.Visibility is "public" or "community" || Member(caller, image) is not null;

    /// <summary>Whether it is in the caller's list when no visibility is asked for.</summary>
    public static bool Lists(Caller caller, Image image) => Owns(caller, image) || image.Spec.Visibility == "public" || caller.IsAdmin && image.Spec.Visibility != "community" || Member(caller, image) is { Status: "accepted" };

    public static bool Owns(Caller caller, Image image) => caller.Project?.Metadata.Name == image.Metadata.Namespace;

    /// <summary>The caller's project as one that the image is shared with.</summary>
    public static ImageMember? Member(Caller caller, Image image) =>
        image.Spec.Visibility == "shared" && caller.Project is { } project ? image.Spec.Members.FirstOrDefault(m => m.Project == project.Metadata.Name) : null;
}
