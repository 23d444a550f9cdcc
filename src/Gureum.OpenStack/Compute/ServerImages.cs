using Gureum.Objects.Image.V1;
using Gureum.Objects.Instancetype.V1beta1;
using Gureum.OpenStack.Http;
using Gureum.OpenStack.Images;
using Gureum.OpenStack.Objects;

namespace Gureum.OpenStack.Compute;

/// <summary>The images that servers start from.</summary>
internal sealed class ServerImages(Cloud cloud)
{
    /// <summary>The image that a body names.</summary>
    /// <exception cref="Fault">400: it names none, none that the caller sees, or one without data.</exception>
    internal Image Find(Call call, Body body)
    {
        if ((body.Has("imageRef") && body.Node("imageRef") is not null && Reference(body, "imageRef") is { Length: > 0 } named ? named : BlockDevices.Image(body)) is not { Length: > 0 } id) throw Fault.BadRequest("Invalid imageRef provided.");
        return Find(call, id);
    }

    /// <summary>An image by its id.</summary>
    /// <exception cref="Fault">400: there is none that the caller sees, or it has no data.</exception>
    internal Image Find(Call call, string id)
    {
        if (cloud.Images.Find(id) is not { Metadata.DeletionTimestamp: null } image || !ImageVisibility.Sees(call.Caller, image)) throw Fault.BadRequest($"Can not find requested image: {id}");
        return ImageNames.Status(image) == ImageNames.Active ? image : throw Fault.BadRequest($"Image {id} is not active: it is {ImageNames.Status(image)}.");
    }

    /// <summary>A reference may be an id, or an address that ends with one.</summary>
    internal static string Reference(Body body, string name) => body.Node(name) is { } node ? node.ToString().Split('/')[^1] : throw Fault.BadRequest($"Invalid input for field/attribute server. '{name}' is a required property");

    /// <exception cref="Fault">400: a server of this flavor does not start from this image.</exception>
    internal static void Fits(Image image, VirtualMachineClusterInstancetype flavor)
    {
        if (image.Spec.DiskFormat is not ("raw" or "qcow2" or "iso")) throw Fault.BadRequest($"Image {ImageNames.Id(image)} is unacceptable: servers start from raw, qcow2 and iso images, and not from {image.Spec.DiskFormat}.");
        if (image.Spec.MinRAM > Flavors.Ram(flavor)) throw Fault.BadRequest("Flavor's memory is too small for requested image.");
        var disk = Flavors.Disk(flavor);
        if (disk > 0 && (image.Status?.VirtualSize > (long)disk << 30 || image.Spec.MinDisk > disk)) throw Fault.BadRequest($"Flavor's disk is too small for requested image. Flavor disk is {(long)disk << 30} bytes, image is {Math.Max(image.Status?.VirtualSize ?? 0, (long)(image.Spec.MinDisk ?? 0) << 30)} bytes.");
    }
}
