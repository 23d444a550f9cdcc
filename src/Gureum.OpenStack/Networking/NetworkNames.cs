namespace Gureum.OpenStack.Networking;

/// <summary>Annotations and fixed names of Neutron's things.</summary>
public static class NetworkNames
{
    private const string Group = "network.gureum.io";

    /// <summary>Annotation: the name by which OpenStack's clients know the object, when it is not metadata.name. Neutron's names may be empty, and the same.</summary>
    public const string Name = Group + "/name";

    /// <summary>Annotation: tags, separated by commas.</summary>
    public const string Tags = Group + "/tags";

    /// <summary>Annotation: when a client last changed the object.</summary>
    public const string Updated = Group + "/updated";

    /// <summary>The security group that every project has.</summary>
    public const string DefaultGroup = "default";

    /// <summary>The external network that there is from the start.</summary>
    public const string Public = "public";

    /// <summary>Whose a port is (Neutron's constants of device_owner).</summary>
    public const string RouterInterface = "network:router_interface", RouterGateway = "network:router_gateway", Dhcp = "network:dhcp", Server = "compute:nova";
}
