using System.Text.Json.Nodes;
using Gureum.ApiServer.Errors;
using Gureum.ApiServer.Strategies.Pods;
using Gureum.Objects;
using Gureum.Objects.Json;

namespace Gureum.ApiServer.Strategies;

internal sealed class IngressStrategy : Strategy
{
    private const string ClassAnnotation = "kubernetes.io/ingress.class";
    private static readonly string[] Sequences = ["//", "/./", "/../", "%2f", "%2F"];
    private static readonly string[] Suffixes = ["/..", "/."];

    public override bool DemandsSchema => false;

    public override void Validate(JsonObject value, FieldErrors errors)
    {
        var spec = value.Child("spec") ?? [];
        if (spec.IsEmptyList("rules") && spec.Child("defaultBackend") is null) errors.Invalid("spec", spec["rules"], "either `defaultBackend` or `rules` must be specified");
        if (spec.Child("defaultBackend") is { } fallback) Backend(fallback, "spec.defaultBackend", errors);
        foreach (var (i, rule) in spec.Objects("rules").Index()) Rule(rule, $"spec.rules[{i}]", errors);
        foreach (var (i, tls) in spec.Objects("tls").Index())
        {
            foreach (var (j, host) in tls.Texts("hosts").Index()) errors.InvalidEach($"spec.tls[{i}].hosts[{j}]", host, host.Contains('*') ? Names.WildcardErrors(host) : Names.DnsSubdomainErrors(host));
            if (tls.Text("secretName") is { Length: > 0 } secret) errors.InvalidEach($"spec.tls[{i}].secretName", secret, Names.DnsSubdomainErrors(secret));
        }
        if (spec.Text("ingressClassName") is { } name) errors.InvalidEach("spec.ingressClassName", name, Names.DnsSubdomainErrors(name));
    }

    public override void Validate(JsonObject value, JsonObject? old, FieldErrors errors)
    {
        Validate(value, errors);
        if (old is null && value.Child("metadata")?.Child("annotations")?.Text(ClassAnnotation) is { } annotated && value.Child("spec")?.Text("ingressClassName") is { } named && named != annotated)
            errors.Invalid("annotations." + ClassAnnotation, annotated, "must match `ingressClassName` when both are specified");
    }

    private static void Rule(JsonObject rule, string path, FieldErrors errors)
    {
        if (rule.Text("host") is { Length: > 0 } host)
        {
            if (AddressRules.IsAddress(host)) errors.Invalid(path + ".host", host, "must be a DNS name, not an IP address");
            errors.InvalidEach(path + ".host", host, host.Contains('*') ? Names.WildcardErrors(host) : Names.DnsSubdomainErrors(host));
        }
        if (rule.Child("http") is not { } http) return;
        if (http.IsEmptyList("paths")) errors.Required(path + ".http.paths");
        foreach (var (i, way) in http.Objects("paths").Index()) Way(way, $"{path}.http.paths[{i}]", errors);
    }

    private static void Way(JsonObject way, string path, FieldErrors errors)
    {
        if (way.Text("pathType") is not { } type) { errors.Required(path + ".pathType", "pathType must be specified"); return; }
        var at = way.Text("path") ?? "";
        switch (type)
        {
            case "Exact" or "Prefix":
                if (!at.StartsWith('/')) errors.Invalid(path + ".path", at, "must be an absolute path");
                foreach (var sequence in Sequences.Where(s => at.Contains(s, StringComparison.Ordinal))) errors.Invalid(path + ".path", at, $"must not contain '{sequence}'");
                foreach (var suffix in Suffixes.Where(s => at.EndsWith(s, StringComparison.Ordinal))) errors.Invalid(path + ".path", at, $"cannot end with '{suffix}'");
                break;
            case "ImplementationSpecific": if (at.Length > 0 && !at.StartsWith('/')) errors.Invalid(path + ".path", at, "must be an absolute path"); break;
            default: errors.Unsupported(path + ".pathType", type, ["Exact", "ImplementationSpecific", "Prefix"]); break;
        }
        Backend(way.Child("backend") ?? [], path + ".backend", errors);
    }

    private static void Backend(JsonObject backend, string path, FieldErrors errors)
    {
        var (resource, service) = (backend.Child("resource"), backend.Child("service"));
        if (resource is not null && service is not null) errors.Invalid(path, "", "cannot set both resource and service backends");
        else if (resource is not null) IngressClassStrategy.Reference(resource, path + ".resource", errors);
        else if (service is null) errors.Invalid(path, "", "resource or service backend is required");
        else
        {
            errors.RequiredText(path + ".service.name", service.Text("name"), Names.DnsLabelErrors);
            var (name, number) = (service.Child("port")?.Text("name") ?? "", service.Child("port")?.Number("number") ?? 0);
            if (name.Length > 0 && number != 0) errors.Invalid(path, "", "cannot set both port name & port number");
            else if (name.Length > 0) errors.InvalidEach(path + ".service.port.name", name, Names.PortNameErrors(name));
            else if (number == 0) errors.Required(path, "port name or number is required");
            else if (number is < 1 or > 65535) errors.Invalid(path + ".service.port.number", number, NumberRules.Port);
        }
    }
}

internal sealed class IngressClassStrategy : Strategy
{
    private const int MostBytes = 250;

    public override bool DemandsSchema => false;

    public override void Validate(JsonObject value, FieldErrors errors)
    {
        var spec = value.Child("spec") ?? [];
        var controller = spec.Text("controller") ?? "";
        if (controller.Length > MostBytes) errors.TooLong("spec.controller", MostBytes);
        JobRules.DomainPath(controller, "spec.controller", errors);
        if (spec.Child("parameters") is not { } parameters) return;
        Reference(parameters, "spec.parameters", errors);
        if (parameters.Text("scope") is not { } scope) { errors.Required("spec.parameters.scope"); return; }
        if (scope is not ("Cluster" or "Namespace")) errors.Unsupported("spec.parameters.scope", scope, ["Cluster", "Namespace"]);
        if (scope == "Namespace")
        {
            if (parameters.Text("namespace") is not { } ns) errors.Required("spec.parameters.namespace", "`parameters.scope` is set to 'Namespace'");
            else errors.InvalidEach("spec.parameters.namespace", ns, Names.DnsLabelErrors(ns));
        }
        if (scope == "Cluster" && parameters.ContainsKey("namespace")) errors.Forbidden("spec.parameters.namespace", "`parameters.scope` is set to 'Cluster'");
    }

    public override void ValidateUpdate(JsonObject value, JsonObject old, FieldErrors errors) => Immutable(value, old, errors, "spec", "controller");

    internal static void Reference(JsonObject reference, string path, FieldErrors errors)
    {
        if (reference.Text("apiGroup") is { } group) errors.InvalidEach(path + ".apiGroup", group, Names.DnsSubdomainErrors(group));
        errors.RequiredText(path + ".kind", reference.Text("kind"), Names.PathSegmentErrors);
        errors.RequiredText(path + ".name", reference.Text("name"), Names.PathSegmentErrors);
    }
}

internal sealed class NetworkPolicyStrategy : Strategy
{
    public override bool DemandsSchema => false;

    // Both directions are meant when there are rules for what goes out; else what comes in.
    public override void Default(JsonObject value)
    {
        if (value.Child("spec") is not { } spec || !spec.IsEmptyList("policyTypes")) return;
        spec["policyTypes"] = spec.IsEmptyList("egress") ? new JsonArray("Ingress") : new JsonArray("Ingress", "Egress");
    }

    public override void Validate(JsonObject value, FieldErrors errors)
    {
        var spec = value.Child("spec") ?? [];
        LabelRules.Selector(spec.Child("podSelector"), "spec.podSelector", errors);
        foreach (var (list, peers) in (ReadOnlySpan<(string, string)>)[("ingress", "from"), ("egress", "to")])
            foreach (var (i, rule) in spec.Objects(list).Index())
            {
                foreach (var (j, port) in rule.Objects("ports").Index()) Port(port, $"spec.{list}[{i}].ports[{j}]", errors);
                foreach (var (j, peer) in rule.Objects(peers).Index()) Peer(peer, $"spec.{list}[{i}].{peers}[{j}]", errors);
            }
        if (spec.Items("policyTypes") is { Count: > 2 } many) { errors.Invalid("spec.policyTypes", many, "may not specify more than two policyTypes"); return; }
        foreach (var (i, type) in spec.Texts("policyTypes").Index())
            if (type is not ("Ingress" or "Egress")) errors.Unsupported($"spec.policyTypes[{i}]", type, ["Ingress", "Egress"]);
    }

    private static void Port(JsonObject port, string path, FieldErrors errors)
    {
        SecurityRules.Choice(port, "protocol", ["TCP", "UDP", "SCTP"], path, errors);
        var last = port.Number("endPort");
        if (port["port"] is null) { if (last is not null) errors.Invalid(path + ".endPort", last, "may not be specified when `port` is not specified"); return; }
        if (port.Text("port") is not null && last is not null) errors.Invalid(path + ".endPort", last, "may not be specified when `port` is non-numeric");
        NumberRules.PortOrName(port, "port", path, errors);
        if (port.Number("port") is not { } first || last is null) return;
        if (last < first) errors.Invalid(path + ".endPort", first, "must be greater than or equal to `port`");
        if (last is < 1 or > 65535) errors.Invalid(path + ".endPort", last, NumberRules.Port);
    }

    private static void Peer(JsonObject peer, string path, FieldErrors errors)
    {
        LabelRules.Selector(peer.Child("podSelector"), path + ".podSelector", errors);
        LabelRules.Selector(peer.Child("namespaceSelector"), path + ".namespaceSelector", errors);
        var selects = peer.ContainsKey("podSelector") || peer.ContainsKey("namespaceSelector");
        if (peer.Child("ipBlock") is { } block)
        {
            Block(block, path + ".ipBlock", errors);
            if (selects) errors.Forbidden(path, "may not specify both ipBlock and another peer");
        }
        else if (!selects) errors.Required(path, "must specify a peer");
    }

    private static void Block(JsonObject block, string path, FieldErrors errors)
    {
        if (block.Text("cidr") is not { Length: > 0 } range) { errors.Required(path + ".cidr"); return; }
        AddressRules.Range(range, path + ".cidr", errors);
        if (!AddressRules.TryRange(range, out var network, out var bits)) return;
        foreach (var (i, except) in block.Texts("except").Index())
        {
            AddressRules.Range(except, $"{path}.except[{i}]", errors);
            if (AddressRules.TryRange(except, out var inner, out var more) && (more <= bits || inner.AddressFamily != network.AddressFamily || !Masked(network, bits).Contains(inner)))
                errors.Invalid($"{path}.except[{i}]", except, "must be a strict subset of `cidr`");
        }
    }

    // .NET takes no network whose address has bits of hosts.
    private static System.Net.IPNetwork Masked(System.Net.IPAddress address, int bits)
    {
        var bytes = address.GetAddressBytes();
        for (var i = 0; i < bytes.Length; i++) bytes[i] &= (byte)(bits >= (i + 1) * 8 ? 0xff : bits <= i * 8 ? 0 : 0xff << (8 - bits % 8));
        return new System.Net.IPNetwork(new System.Net.IPAddress(bytes), bits);
    }
}
