using System.Globalization;
using System.Security.Cryptography;
using Gureum.Objects.Network.V1;
using Gureum.OpenStack.Http;

namespace Gureum.OpenStack.Networking;

/// <summary>Reads and checks what a port is asked to be. Pure.</summary>
internal static class PortForm
{
    private const int MostPairs = 10;

    /// <summary>A hardware address in its canonical form: six pairs of lower-case digits.</summary>
    internal static string Mac(string text)
    {
        var parts = text.Replace('-', ':').Split(':');
        if (parts.Length != 6 || parts.Any(static p => p.Length != 2 || !byte.TryParse(p, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out _))) throw Neutron.Invalid("mac_address", $"'{text}' is not a valid MAC address");
        var mac = string.Join(':', parts).ToLowerInvariant();
        return (Convert.ToByte(parts[0], 16) & 1) == 0 && mac != "00:00:00:00:00:00" ? mac : throw Neutron.Invalid("mac_address", $"'{text}' is no address of one card (multicast, or all zeros)");
    }

    /// <summary>A new hardware address with the prefix that OpenStack's clients are used to.</summary>
    internal static string NewMac()
    {
        var bytes = RandomNumberGenerator.GetBytes(3);
        return $"fa:16:3e:{bytes[0]:x2}:{bytes[1]:x2}:{bytes[2]:x2}";
    }

    internal static IReadOnlyList<AllowedAddress>? Pairs(Body body)
    {
        if (!body.Has("allowed_address_pairs")) return null;
        var pairs = body.Objects("allowed_address_pairs").Select(p =>
        {
            p.Only("ip_address", "mac_address");
            var text = p.Text("ip_address") ?? throw Neutron.Refusal(400, "AllowedAddressPairsMissingIP", "AllowedAddressPair must contain ip_address");
            var address = text.Contains('/') ? Addresses.ParseNetwork(text)?.ToString() : Addresses.Parse(text) is { } number ? Addresses.Text(number) : null;
            return new AllowedAddress { Address = address ?? throw Neutron.Invalid("allowed_address_pairs", $"'{text}' is not a valid IPv4 address or subnet"), MacAddress = p.Text("mac_address") is { } mac ? Mac(mac) : null };
        }).ToList();
        if (pairs.Count > MostPairs) throw Neutron.Refusal(400, "AllowedAddressPairExhausted", $"The number of allowed address pair exceeds the maximum {MostPairs}.");
        if (pairs.GroupBy(static p => (p.Address, p.MacAddress)).FirstOrDefault(static g => g.Count() > 1) is { } twice) throw Neutron.Refusal(400, "DuplicateAddressPairInRequest", $"Request contains duplicate address pair: mac_address {twice.Key.MacAddress} ip_address {twice.Key.Address}.");
        return pairs;
    }

    internal static IReadOnlyList<DhcpOption>? DhcpOptions(Body body, IReadOnlyList<DhcpOption> known)
    {
        if (!body.Has("extra_dhcp_opts")) return null;
        var options = known.ToDictionary(static o => o.Name ?? "", static o => o.Value ?? "");
        foreach (var option in body.Objects("extra_dhcp_opts"))
        {
            option.Only("opt_name", "opt_value", "ip_version");
            var name = option.Text("opt_name") is { Length: > 0 } given ? given : throw Neutron.Invalid("extra_dhcp_opts", "an option needs an opt_name");
            if (option.Number("ip_version", 4, 6) == 6) throw Neutron.NotSupported("extra_dhcp_opts", "ip_version 6", "networks are IPv4");
            // None takes an option away.
            if (option.Text("opt_value") is { } value) options[name] = value.Length > 0 ? value : throw Neutron.Invalid("extra_dhcp_opts", $"the value of {name} is blank");
            else options.Remove(name);
        }
        return [.. options.Select(static o => new DhcpOption { Name = o.Key, Value = o.Value })];
    }
}
