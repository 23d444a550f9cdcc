using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using Gureum.ApiServer.Errors;
using Gureum.Objects;
using Gureum.Objects.Json;

namespace Gureum.ApiServer.Strategies;

/// <summary>Addresses that something holds: each is named by the address itself, in its canonical form, and belongs to one parent for ever.</summary>
internal sealed class IpAddressStrategy : SimpleStrategy
{
    public override IReadOnlyList<string> NameErrors(string name) => AddressError(name) is { } wrong ? [wrong] : [];

    public override void Validate(JsonObject value, FieldErrors errors)
    {
        if (value.Child("spec")?.Child("parentRef") is not { } parent) { errors.Required("spec.parentRef"); return; }
        if (parent.Text("group") is { Length: > 0 } group) errors.InvalidIf("spec.parentRef.group", group, Names.DnsSubdomainError(group));
        foreach (var field in (ReadOnlySpan<string>)["resource", "name"])
        {
            if (parent.Text(field) is not { Length: > 0 } text) errors.Required("spec.parentRef." + field);
            else errors.InvalidIf("spec.parentRef." + field, text, Names.PathSegmentError(text));
        }
        if (parent.Text("namespace") is { Length: > 0 } ns) errors.InvalidIf("spec.parentRef.namespace", ns, Names.PathSegmentError(ns));
    }

    public override void ValidateUpdate(JsonObject value, JsonObject old, FieldErrors errors) => Immutable(value, old, errors, "spec", "parentRef");

    private static string? AddressError(string text)
    {
        // What .NET reads beyond four decimal numbers (hexadecimal, fewer parts) is no address to anybody else.
        var parts = text.Split('.');
        var four = parts.Length == 4 && parts.All(p => p.Length is > 0 and <= 3 && p.All(char.IsAsciiDigit) && byte.TryParse(p, NumberStyles.None, CultureInfo.InvariantCulture, out _));
        if (!four && (!text.Contains(':') || text.Contains('%') || text.Contains('[') || text.Contains('/')) || !IPAddress.TryParse(four ? string.Join('.', parts.Select(p => p.TrimStart('0') is { Length: > 0 } rest ? rest : "0")) : text, out var address))
            return "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)";
        if (four && parts.Any(p => p.Length > 1 && p[0] == '0')) return "must not have leading 0s";
        if (address.AddressFamily == AddressFamily.InterNetworkV6 && address.IsIPv4MappedToIPv6) return "must not be an IPv4-mapped IPv6 address";
        return address.ToString() == text ? null : $"must be in canonical form (\"{address}\")";
    }
}
