namespace Gureum.OpenStack.Compute;

/// <summary>Annotations and labels of a VirtualMachine that say what Nova knows of it and KubeVirt does not.</summary>
public static class ServerNames
{
    private const string Group = "compute.gureum.io";

    /// <summary>The server's name where it is not metadata.name.</summary>
    public const string Name = Group + "/name";
    public const string Description = Group + "/description";

    /// <summary>The image's id.</summary>
    public const string Image = Group + "/image";

    /// <summary>The flavor's id, and what it was when the server was made or resized (vcpus, ram, disk, …) as JSON.</summary>
    public const string FlavorId = Group + "/flavor-id", Flavor = Group + "/flavor";

    /// <summary>Metadata that users gave, as a JSON object.</summary>
    public const string Metadata = Group + "/metadata";
    public const string Tags = Group + "/tags";
    public const string KeyName = Group + "/key-name";

    /// <summary>Who made it: the user's id.</summary>
    public const string User = Group + "/user";

    /// <summary>"admin" or "owner", and why.</summary>
    public const string Locked = Group + "/locked", LockedReason = Group + "/locked-reason";
    public const string Zone = Group + "/availability-zone";

    /// <summary>When it first ran.</summary>
    public const string Launched = Group + "/launched-at";

    /// <summary>"SUSPENDED": paused by the action suspend.</summary>
    public const string Suspended = Group + "/suspended";

    /// <summary>What a resized server was before, as JSON, until that is confirmed or reverted.</summary>
    public const string Resized = Group + "/resized-from";

    /// <summary>The disk that it starts from, of one that is being rescued and starts from another one meanwhile.</summary>
    public const string Rescued = Group + "/rescued-root";

    /// <summary>"true": off, and shown as put away.</summary>
    public const string Shelved = Group + "/shelved";
    public const string AccessIPv4 = Group + "/access-ipv4", AccessIPv6 = Group + "/access-ipv6", ConfigDrive = Group + "/config-drive";
}
