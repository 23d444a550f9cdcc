using System.Text.Json.Nodes;
using Gureum.ApiServer.Errors;
using Gureum.ApiServer.Strategies.Pods;
using Gureum.Objects;
using Gureum.Objects.Json;

namespace Gureum.ApiServer.Strategies;

internal sealed class EndpointSliceStrategy : Strategy
{
    private const int MostEndpoints = 1000;
    private const int MostAddresses = 100;
    private const int MostPorts = 20000;

    public override bool DemandsSchema => false;

    public override void Validate(JsonObject value, FieldErrors errors)
    {
        var type = value.Text("addressType") ?? "";
        ContainerRules.RequiredChoice(type, ["FQDN", "IPv4", "IPv6"], "addressType", errors);
        Ports(value, errors);
        if (value.Items("endpoints") is { Count: > MostEndpoints } many) { errors.TooMany("endpoints", many.Count, MostEndpoints); return; }
        foreach (var (i, endpoint) in value.Objects("endpoints").Index()) Endpoint(endpoint, type, $"endpoints[{i}]", errors);
    }

    private static void Ports(JsonObject value, FieldErrors errors)
    {
        if (value.Items("ports") is { Count: > MostPorts } many) { errors.TooMany("ports", many.Count, MostPorts); return; }
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (i, port) in value.Objects("ports").Index())
        {
            var name = port.Text("name") ?? "";
            if (name.Length > 0) errors.InvalidEach($"ports[{i}].name", name, Names.DnsLabelErrors(name));
            if (!names.Add(name)) errors.Duplicate($"ports[{i}].name", name);
            if (port.Text("protocol") is not { } protocol) errors.Required($"ports[{i}].protocol");
            else if (protocol is not ("TCP" or "UDP" or "SCTP")) errors.Unsupported($"ports[{i}].protocol", protocol, ["SCTP", "TCP", "UDP"]);
            if (port.Text("appProtocol") is { } application) errors.InvalidEach($"ports[{i}].appProtocol", application, Names.QualifiedNameErrors(application));
        }
    }

    private static void Endpoint(JsonObject endpoint, string type, string path, FieldErrors errors)
    {
        var addresses = endpoint.Texts("addresses").ToList();
        if (addresses.Count == 0) errors.Required(path + ".addresses", "must contain at least 1 address");
        if (addresses.Count > MostAddresses) errors.TooMany(path + ".addresses", addresses.Count, MostAddresses);
        foreach (var (i, address) in addresses.Index()) Address(address, type, path + ".addresses", i, errors);
        if (endpoint.Text("nodeName") is { } node) errors.InvalidEach(path + ".nodeName", node, Names.DnsSubdomainErrors(node));
        if (endpoint.Child("deprecatedTopology") is { Count: > 16 } many) errors.TooMany(path + ".deprecatedTopology", many.Count, 16);
        LabelRules.Labels(endpoint, "deprecatedTopology", path + ".deprecatedTopology", errors);
        if (endpoint.Text("hostname") is { } host) errors.InvalidEach(path + ".hostname", host, Names.DnsLabelErrors(host));
        if (endpoint.Child("hints") is not { } hints) return;
        foreach (var (field, rule) in (ReadOnlySpan<(string, Func<string, IReadOnlyList<string>>)>)[("forZones", Names.LabelValueErrors), ("forNodes", Names.DnsSubdomainErrors)])
        {
            if (hints.Items(field) is { Count: > 8 } all) { errors.TooMany($"{path}.hints.{field}", all.Count, 8); return; }
            var seen = new HashSet<string>(StringComparer.Ordinal);
            foreach (var (i, hint) in hints.Objects(field).Index())
            {
                var (place, name) = ($"{path}.hints.{field}[{i}].name", hint.Text("name") ?? "");
                if (!seen.Add(name)) errors.Duplicate(place, name);
                errors.InvalidEach(place, name, rule(name));
            }
        }
    }

    private static void Address(string address, string type, string path, int i, FieldErrors errors)
    {
        if (type == "FQDN") { Domain(address, $"{path}[{i}]", errors); return; }
        if (type is not ("IPv4" or "IPv6")) return;
        if (!AddressRules.IsAddress(address)) { AddressRules.Address(address, $"{path}[{i}]", errors); return; }
        if (address.Contains(':') != (type == "IPv6")) errors.Invalid(path, address, $"must be an {type} address");
        AddressRules.Reachable(address, $"{path}[{i}]", local: true, errors);
    }

    private static void Domain(string name, string path, FieldErrors errors)
    {
        if (name.Length == 0) { errors.Required(path); return; }
        if (name.EndsWith('.')) name = name[..^1];
        if (Names.DnsSubdomainErrors(name) is { Count: > 0 } wrong) errors.Invalid(path, name, string.Join(',', wrong));
        else if (!name.Contains('.')) errors.Invalid(path, name, "should be a domain with at least two segments separated by dots");
        else if (name.Split('.').FirstOrDefault(l => Names.DnsLabelErrors(l).Count > 0) is { } label) errors.Invalid(path, label, string.Join(',', Names.DnsLabelErrors(label)));
    }

    public override void ValidateUpdate(JsonObject value, JsonObject old, FieldErrors errors) => Immutable(value, old, errors, "addressType");
}

internal sealed class EndpointsStrategy : SimpleStrategy
{
    public override bool DemandsSchema => false;

    public override void Validate(JsonObject value, FieldErrors errors)
    {
        foreach (var (i, subset) in value.Objects("subsets").Index())
        {
            var path = $"subsets[{i}]";
            if (subset.IsEmptyList("addresses") && subset.IsEmptyList("notReadyAddresses")) errors.Required(path, "must specify `addresses` or `notReadyAddresses`");
            foreach (var list in (ReadOnlySpan<string>)["addresses", "notReadyAddresses"])
                foreach (var (j, address) in subset.Objects(list).Index()) Address(address, $"{path}.{list}[{j}]", errors);
            var ports = subset.Objects("ports").ToList();
            foreach (var (j, port) in ports.Index()) Port(port, ports.Count > 1, $"{path}.ports[{j}]", errors);
        }
    }

    private static void Address(JsonObject address, string path, FieldErrors errors)
    {
        var ip = address.Text("ip") ?? "";
        AddressRules.Address(ip, path + ".ip", errors);
        if (address.Text("hostname") is { Length: > 0 } host) errors.InvalidEach(path + ".hostname", host, Names.DnsLabelErrors(host));
        if (address.Text("nodeName") is { } node) errors.InvalidEach(path + ".nodeName", node, Names.DnsSubdomainErrors(node));
        if (!AddressRules.IsAddress(ip)) errors.Invalid(path + ".ip", ip, "must be a valid IP address");
        else AddressRules.Reachable(ip, path + ".ip", local: true, errors);
    }

    private static void Port(JsonObject port, bool named, string path, FieldErrors errors)
    {
        if (port.Text("name") is { Length: > 0 } name) errors.InvalidEach(path + ".name", name, Names.DnsLabelErrors(name));
        else if (named) errors.Required(path + ".name");
        if (port.Number("port") is null or < 1 or > 65535) errors.Invalid(path + ".port", port.Number("port") ?? 0, NumberRules.Port);
        ContainerRules.RequiredChoice(port.Text("protocol"), ["SCTP", "TCP", "UDP"], path + ".protocol", errors);
        if (port.Text("appProtocol") is { } application) errors.InvalidEach(path + ".appProtocol", application, Names.QualifiedNameErrors(application));
    }
}
