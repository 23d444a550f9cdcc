using System.Net;
using System.Net.Sockets;
using Gureum.ApiServer.Errors;

namespace Gureum.ApiServer.Strategies;

/// <summary>Addresses and ranges of addresses.</summary>
internal static class AddressRules
{
    internal static void Address(string text, string path, FieldErrors errors)
    {
        if (!IsAddress(text)) errors.Invalid(path, text, "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)");
    }

    /// <summary>An address that others than this machine can send to.</summary>
    /// <param name="local">Takes this machine's own too, unlike upstream: a server that listens on loopback is an endpoint of default/kubernetes.</param>
    internal static void Reachable(string text, string path, bool local, FieldErrors errors)
    {
        if (!IPAddress.TryParse(text, out var address)) return;
        var bytes = address.GetAddressBytes();
        if (address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any)) errors.Invalid(path, text, $"may not be unspecified ({text})");
        if (!local && IPAddress.IsLoopback(address)) errors.Invalid(path, text, "may not be in the loopback range (127.0.0.0/8, ::1/128)");
        if (address.IsIPv6LinkLocal || bytes is [169, 254, ..] and { Length: 4 }) errors.Invalid(path, text, "may not be in the link-local range (169.254.0.0/16, fe80::/10)");
        if (bytes is [224, 0, 0, _] || bytes is [0xff, 0x02, ..] and { Length: 16 }) errors.Invalid(path, text, "may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)");
    }

    internal static void Range(string text, string path, FieldErrors errors)
    {
        if (!TryRange(text, out _, out _)) errors.Invalid(path, text, "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)");
    }

    /// <summary>Four numbers, or an address of IPv6 without a zone. .NET would also take 1.2 and 0x7f.1.</summary>
    internal static bool IsAddress(string text) => IPAddress.TryParse(text, out var address)
        && (address.AddressFamily == AddressFamily.InterNetworkV6 ? !text.Contains('%') && !text.Contains('[') && text.Contains(':') : text.Split('.') is { Length: 4 } parts && parts.All(p => p.Length is > 0 and < 4 && p.All(char.IsAsciiDigit)));

    internal static bool TryRange(string text, out IPAddress address, out int bits)
    {
        (address, bits) = (IPAddress.None, 0);
        var slash = text.IndexOf('/');
        if (slash < 0 || !IsAddress(text[..slash]) || !IPAddress.TryParse(text.AsSpan(0, slash), out var parsed)) return false;
        if (text.AsSpan(slash + 1).IndexOfAnyExceptInRange('0', '9') >= 0 || !int.TryParse(text.AsSpan(slash + 1), out bits)) return false;
        address = parsed;
        return bits <= (address.AddressFamily == AddressFamily.InterNetworkV6 ? 128 : 32);
    }
}
