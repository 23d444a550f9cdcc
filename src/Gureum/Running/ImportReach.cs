using System.Net;
using System.Net.NetworkInformation;
using Gureum.Node.Imports;

namespace Gureum.Running;

/// <summary>
/// Which addresses the server downloads images from. It asks on behalf of users who may reach less than it does: this machine's own addresses and what only its link reaches, other nodes, pods and
/// Services are not theirs to read, unless the operator allows a range of them.
/// </summary>
/// <param name="isNodes">Whether it is an address of a node.</param>
internal sealed class ImportReach(ClusterOptions options, Func<IPAddress, bool> isNodes)
{
    private readonly IPNetwork[] allowed = Ranges(options.OpenStackImportFrom), inside = Ranges($"{options.PodCidr},{options.ServiceCidr}");

    /// <summary>Ranges that are separated by commas.</summary>
    /// <exception cref="FormatException">One is none.</exception>
    internal static IPNetwork[] Ranges(string text) => [.. text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Select(static r => IPNetwork.Parse(r))];

    internal bool MayReach(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6) return MayReach(address.MapToIPv4());
        if (allowed.Any(r => r.Contains(address))) return true;
        return ImportAddress.IsAllowed(address) && !inside.Any(r => r.Contains(address)) && !IsOwn(address) && !isNodes(address);
    }

    private static bool IsOwn(IPAddress address) => NetworkInterface.GetAllNetworkInterfaces().Any(i => i.GetIPProperties().UnicastAddresses.Any(a => a.Address.Equals(address)));
}
