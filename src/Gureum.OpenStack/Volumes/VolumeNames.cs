namespace Gureum.OpenStack.Volumes;

/// <summary>Annotations that say what Cinder knows of a claim, a snapshot or a storage class and Kubernetes does not.</summary>
public static class VolumeNames
{
    private const string Group = "volume.gureum.io";

    /// <summary>Of a claim that came from another project: the id that it had there.</summary>
    public const string Id = Group + "/id";

    /// <summary>The name where it is not metadata.name; empty for none.</summary>
    public const string Name = Group + "/name";
    public const string Description = Group + "/description";

    /// <summary>Metadata that users gave, as a JSON object; and that of the image which is on it.</summary>
    public const string Metadata = Group + "/metadata", ImageMetadata = Group + "/image-metadata";

    /// <summary>Who made it: the user's id.</summary>
    public const string User = Group + "/user";

    /// <summary>Ids of what it was made from.</summary>
    public const string Snapshot = Group + "/snapshot", Source = Group + "/source-volume", Image = Group + "/image";

    /// <summary>"true" or "false".</summary>
    public const string Bootable = Group + "/bootable", ReadOnly = Group + "/readonly";

    /// <summary>The status that somebody has set by hand, or reserved.</summary>
    public const string Status = Group + "/status";

    /// <summary>Attachments that are no machine of ours, as a JSON array.</summary>
    public const string Attachments = Group + "/attachments";

    /// <summary>A transfer to another project that was offered, as a JSON object.</summary>
    public const string Transfer = Group + "/transfer";

    /// <summary>The StorageClass that a claim has been given since, where that is the same storage.</summary>
    public const string Type = Group + "/type";

    /// <summary>Of a snapshot: the id of its volume, and how far whoever makes it says that it is.</summary>
    public const string Volume = Group + "/volume", Progress = Group + "/progress";

    /// <summary>Of a storage class, "false": only for the projects of <see cref="Access"/>, which are Namespaces separated by commas.</summary>
    public const string Public = Group + "/is-public", Access = Group + "/access";

    /// <summary>Beginning of annotations that are extra specs.</summary>
    public const string ExtraSpec = "extra-spec." + Group + "/";
}
