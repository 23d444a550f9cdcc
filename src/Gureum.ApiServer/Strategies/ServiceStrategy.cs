using System.Text.Json.Nodes;
using Gureum.ApiServer.Errors;
using Gureum.Objects;
using Gureum.Objects.Json;

namespace Gureum.ApiServer.Strategies;

internal sealed class ServiceStrategy : SimpleStrategy
{
    private static readonly IReadOnlyDictionary<string, string[]> Fields = new Dictionary<string, string[]> { ["spec.clusterIP"] = ["spec", "clusterIP"], ["spec.type"] = ["spec", "type"] };

    public override string? NameError(string name) => Names.Dns1035LabelError(name);
    public override IReadOnlyDictionary<string, string[]> SelectableFields => Fields;

    public override void PrepareForCreate(JsonObject value) => value["status"] = new JsonObject { ["loadBalancer"] = new JsonObject() };

    // What a client leaves out of an update stays allotted.
    public override void PrepareForUpdate(JsonObject value, JsonObject old)
    {
        base.PrepareForUpdate(value, old);
        var spec = value.Need("spec");
        ServiceTypeChange.Apply(spec, old.Need("spec"));
        if (ServiceTypeChange.Type(spec) != "LoadBalancer") value.Need("status")["loadBalancer"] = new JsonObject();
    }

    public override void Default(JsonObject value)
    {
        if (value.Child("spec") is not { } spec) return;
        var type = spec.Text("type") ?? "ClusterIP";
        foreach (var port in spec.Objects("ports"))
            if (port["targetPort"] is null || port.Number("targetPort") == 0 || port.Text("targetPort") == "") port["targetPort"] = port["port"]?.DeepClone();
        if (spec.Text("sessionAffinity") == "ClientIP" && spec.Child("sessionAffinityConfig")?.Child("clientIP")?.Number("timeoutSeconds") is null)
            spec.Need("sessionAffinityConfig").Need("clientIP")["timeoutSeconds"] = 10800L;
        if (ServiceTypeChange.IsReachedFromOutside(spec) && spec.Text("externalTrafficPolicy") is not { Length: > 0 }) spec["externalTrafficPolicy"] = "Cluster";
        if (type is not "ExternalName" && !spec.ContainsKey("internalTrafficPolicy")) spec["internalTrafficPolicy"] = "Cluster";
        if (type == "LoadBalancer" && !spec.ContainsKey("allocateLoadBalancerNodePorts")) spec["allocateLoadBalancerNodePorts"] = true;
    }

    public override void Validate(JsonObject value, FieldErrors errors)
    {
        if (value.Child("spec") is not { } spec) { errors.Required("spec"); return; }
        var type = spec.Text("type");
        var ports = spec.Objects("ports").ToList();
        var headless = spec.Text("clusterIP") == "None";
        if (ports.Count == 0 && !headless && type != "ExternalName") errors.Required("spec.ports");
        if (type == "ExternalName" && spec.Text("externalName") is not { Length: > 0 } ) errors.Required("spec.externalName");
        if (type is "NodePort" or "LoadBalancer" && headless) errors.Invalid("spec.clusterIPs[0]", "None", $"may not be set to 'None' for {type} services");
        Unused(spec, errors);
        var names = new HashSet<string>();
        var seen = new HashSet<(long, string)>();
        foreach (var (port, i) in ports.Select((p, i) => (p, i)))
        {
            var path = $"spec.ports[{i}]";
            var name = port.Text("name") ?? "";
            if (name.Length == 0 && ports.Count > 1) errors.Required(path + ".name");
            else if (name.Length > 0)
            {
                errors.InvalidIf(path + ".name", name, Names.DnsLabelError(name));
                if (!names.Add(name)) errors.Duplicate(path + ".name", name);
            }
            if (port.Number("port") is not { } number || number is < 1 or > 65535) { errors.Invalid(path + ".port", port["port"] ?? JsonValue.Create(0), "must be between 1 and 65535, inclusive"); continue; }
            if (!seen.Add((number, port.Text("protocol") ?? "TCP"))) errors.Duplicate(path, port);
            if (port.Number("targetPort") is < 1 or > 65535) errors.Invalid(path + ".targetPort", port["targetPort"], "must be between 1 and 65535, inclusive");
            if (port.Text("targetPort") is { } text && (text.Length > 15 || Names.DnsLabelError(text) is not null)) errors.Invalid(path + ".targetPort", text, "must be a port number or a port's name of at most 15 characters");
        }
        foreach (var (key, label) in spec.Map("selector"))
        {
            errors.InvalidIf("spec.selector", key, Names.QualifiedNameError(key));
            errors.InvalidIf("spec.selector", label, Names.LabelValueError(label));
        }
        if (spec.Text("clusterIP") is { Length: > 0 } ip && ip != "None" && !System.Net.IPAddress.TryParse(ip, out _)) errors.Invalid("spec.clusterIPs[0]", ip, "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)");
    }

    // What a type has no use for.
    private static void Unused(JsonObject spec, FieldErrors errors)
    {
        var type = ServiceTypeChange.Type(spec);
        if (type == "ExternalName")
        {
            if (spec.Text("clusterIP") is { Length: > 0 } || spec.Items("clusterIPs") is { Count: > 0 }) errors.Forbidden("spec.clusterIPs", "may not be set for ExternalName services");
            if (spec.Items("ipFamilies") is { Count: > 0 }) errors.Forbidden("spec.ipFamilies", "may not be set for ExternalName services");
            if (spec.ContainsKey("ipFamilyPolicy")) errors.Forbidden("spec.ipFamilyPolicy", "may not be set for ExternalName services");
        }
        if (type == "ClusterIP")
            foreach (var (port, i) in spec.Objects("ports").Select((p, i) => (p, i)))
                if (port.Number("nodePort") is not (null or 0)) errors.Forbidden($"spec.ports[{i}].nodePort", "may not be used when `type` is 'ClusterIP'");
        if (type != "LoadBalancer")
            foreach (var field in (ReadOnlySpan<string>)["allocateLoadBalancerNodePorts", "loadBalancerClass"])
                if (spec.ContainsKey(field)) errors.Forbidden("spec." + field, "may only be used when `type` is 'LoadBalancer'");
        if (!ServiceTypeChange.IsReachedFromOutside(spec) && spec.Text("externalTrafficPolicy") is { Length: > 0 } policy)
            errors.Invalid("spec.externalTrafficPolicy", policy, "may only be set for externally-accessible services");
        if (!ServiceTypeChange.HasHealthCheck(spec) && spec.Number("healthCheckNodePort") is not (null or 0))
            errors.Invalid("spec.healthCheckNodePort", spec["healthCheckNodePort"], "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'");
    }

    public override void ValidateUpdate(JsonObject value, JsonObject old, FieldErrors errors)
    {
        var (after, before) = (value.Child("spec")?.Text("clusterIP"), old.Child("spec")?.Text("clusterIP"));
        if (before is { Length: > 0 } && after != before && value.Child("spec")?.Text("type") != "ExternalName" && old.Child("spec")?.Text("type") != "ExternalName")
            errors.Invalid("spec.clusterIPs[0]", value.Child("spec")?["clusterIPs"] ?? new JsonArray(), "may not change once set");
        if (value.Child("spec") is { } now && old.Child("spec") is { } then && ServiceTypeChange.HasHealthCheck(now) && ServiceTypeChange.HasHealthCheck(then) && now.Number("healthCheckNodePort") != then.Number("healthCheckNodePort"))
            errors.Forbidden("spec.healthCheckNodePort", "field is immutable");
    }
}
