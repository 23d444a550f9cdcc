namespace Gureum.OpenStack.Compute;

/// <summary>Annotations of a VirtualMachineClusterInstancetype that is a flavor.</summary>
public static class FlavorNames
{
    private const string Group = "compute.gureum.io";

    /// <summary>The flavor's id where it is not metadata.name.</summary>
    public const string Id = Group + "/id";
    public const string Name = Group + "/name";
    public const string Description = Group + "/description";

    /// <summary>GiB of the root disk; 0 takes the image's size.</summary>
    public const string Disk = Group + "/disk";

    /// <summary>GiB of a second, empty disk.</summary>
    public const string Ephemeral = Group + "/ephemeral";

    /// <summary>MiB of swap.</summary>
    public const string Swap = Group + "/swap";
    public const string RxTxFactor = Group + "/rxtx-factor";

    /// <summary>"false": only for the projects of <see cref="Access"/>.</summary>
    public const string Public = Group + "/is-public";

    /// <summary>Namespaces, separated by commas.</summary>
    public const string Access = Group + "/access";

    /// <summary>Beginning of annotations that are extra specs; "%3A" stands for the colon.</summary>
    public const string ExtraSpec = "extra-spec." + Group + "/";
}
