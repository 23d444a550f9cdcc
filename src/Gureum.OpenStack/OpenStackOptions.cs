using System.Net;
using System.Security.Cryptography.X509Certificates;

namespace Gureum.OpenStack;

/// <summary>How the OpenStack door is set up (immutable configuration).</summary>
public sealed record OpenStackOptions
{
    public required IReadOnlyList<IPAddress> Listen { get; init; }

    /// <summary>Keystone's own by default; 0 takes any free port.</summary>
    public int Port { get; init; } = 5000;

    public required X509Certificate2 Certificate { get; init; }

    /// <summary>How clients reach the door, "https://10.0.0.1:5000": what the catalog says.</summary>
    public required string PublicUrl { get; init; }

    /// <summary>Where the data of images lies.</summary>
    public required string BlobDirectory { get; init; }

    /// <summary>Brings images that users name by an address; it judges whether the server may be asked.</summary>
    public required Images.DownloadImage Download { get; init; }

    /// <summary>Reads disks from nodes, for images that are made of them.</summary>
    public required Images.ReadDisk ReadDisk { get; init; }

    /// <summary>The range of the external network that every cloud has from the start; its first address is the node's.</summary>
    public IPNetwork PublicRange { get; init; } = IPNetwork.Parse("172.24.4.0/24");

    public string Region { get; init; } = "RegionOne";

    /// <summary>Where the first administrator's password is kept, readable by its owner only; made when it is missing.</summary>
    public required string AdminPasswordFile { get; init; }
}
