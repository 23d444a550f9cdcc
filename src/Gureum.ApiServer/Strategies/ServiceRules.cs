using System.Text.Json.Nodes;
using Gureum.ApiServer.Errors;
using Gureum.ApiServer.Strategies.Pods;
using Gureum.Objects;
using Gureum.Objects.Json;

namespace Gureum.ApiServer.Strategies;

/// <summary>What a Service must fulfil. Addresses and ports that it does not name are allotted after that.</summary>
internal static class ServiceRules
{
    private const string OnlyBalanced = "may only be used when `type` is 'LoadBalancer'";

    internal static void Validate(JsonObject spec, JsonObject metadata, FieldErrors errors)
    {
        var type = spec.Text("type") ?? "";
        var ports = spec.Objects("ports").ToList();
        var headless = IsHeadless(spec);
        if (Addresses(spec) is { Any: true } wrong) { errors.AddAll(wrong); return; }
        if (ports.Count == 0 && !headless && type != "ExternalName") errors.Required("spec.ports");
        if (type is "LoadBalancer" or "NodePort" && headless) errors.Invalid("spec.clusterIPs[0]", "None", $"may not be set to 'None' for {type} services");
        if (type == "ExternalName") External(spec, errors);
        Ports(ports, headless, errors);
        LabelRules.Labels(spec, "selector", "spec.selector", errors);
        Affinity(spec, errors);
        foreach (var (i, ip) in spec.Texts("externalIPs").Index())
            if (AddressRules.IsAddress(ip)) AddressRules.Reachable(ip, $"spec.externalIPs[{i}]", local: false, errors);
            else AddressRules.Address(ip, $"spec.externalIPs[{i}]", errors);
        ContainerRules.RequiredChoice(type, ["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"], "spec.type", errors);
        Once(ports, type, errors);
        Balanced(spec, metadata, type, errors);
        Traffic(spec, type, errors);
    }

    internal static bool IsHeadless(JsonObject spec) => spec.Items("clusterIPs") is { Count: 1 } list ? list[0]?.GetValue<string>() == "None" : spec.IsEmptyList("clusterIPs") && spec.Text("clusterIP") == "None";

    private static void External(JsonObject spec, FieldErrors errors)
    {
        foreach (var field in (ReadOnlySpan<string>)["clusterIPs", "ipFamilies", "ipFamilyPolicy"])
            if (spec.ContainsKey(field) || field == "clusterIPs" && spec.Text("clusterIP") is { Length: > 0 }) errors.Forbidden("spec." + field, "may not be set for ExternalName services");
        var name = spec.Text("externalName") ?? "";
        if (name.EndsWith('.')) name = name[..^1];
        errors.RequiredText("spec.externalName", name, Names.DnsSubdomainErrors);
    }

    private static void Ports(List<JsonObject> ports, bool headless, FieldErrors errors)
    {
        _ = headless;
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (i, port) in ports.Index())
        {
            var (path, name) = ($"spec.ports[{i}]", port.Text("name") ?? "");
            if (name.Length == 0) { if (ports.Count > 1) errors.Required(path + ".name"); }
            else
            {
                errors.InvalidEach(path + ".name", name, Names.DnsLabelErrors(name));
                if (!names.Add(name)) errors.Duplicate(path + ".name", name);
            }
            if (port.Number("port") is null or < 1 or > 65535) errors.Invalid(path + ".port", port.Number("port") ?? 0, NumberRules.Port);
            ContainerRules.RequiredChoice(port.Text("protocol"), ["SCTP", "TCP", "UDP"], path + ".protocol", errors);
            NumberRules.PortOrName(port, "targetPort", path, errors);
            if (port.Text("appProtocol") is { } application) errors.InvalidEach(path + ".appProtocol", application, Names.QualifiedNameErrors(application));
        }
    }

    private static void Affinity(JsonObject spec, FieldErrors errors)
    {
        const string path = "spec.sessionAffinityConfig", when = "when session affinity type is ClientIP";
        ContainerRules.RequiredChoice(spec.Text("sessionAffinity"), ["ClientIP", "None"], "spec.sessionAffinity", errors);
        var config = spec.Child("sessionAffinityConfig");
        if (spec.Text("sessionAffinity") == "None") { if (config is not null) errors.Forbidden(path, "must not be set when session affinity is None"); return; }
        if (spec.Text("sessionAffinity") != "ClientIP") return;
        if (config is null) errors.Required(path, when);
        else if (config.Child("clientIP") is not { } client) errors.Required(path + ".clientIP", when);
        else if (client.Number("timeoutSeconds") is not { } seconds) errors.Required(path + ".clientIP.timeoutSeconds", when);
        else if (seconds is <= 0 or > 86400) errors.Invalid(path + ".clientIP.timeoutSeconds", seconds, "must be greater than 0 and less than 86400");
    }

    /// <summary>What is wrong with the addresses that a Service names: nothing is allotted, and nothing else told, before that is well.</summary>
    internal static FieldErrors Addresses(JsonObject spec)
    {
        var errors = new FieldErrors();
        if (spec.Text("type") != "ExternalName") Addresses(spec, IsHeadless(spec), errors);
        return errors;
    }

    private static void Addresses(JsonObject spec, bool headless, FieldErrors errors)
    {
        const string path = "spec.clusterIPs";
        var (all, families, wrong) = (spec.Texts("clusterIPs").ToList(), spec.Texts("ipFamilies").ToList(), false);
        if (spec.Text("clusterIP") is { Length: > 0 } first) { if (all.Count > 0 && all[0] != first) errors.Invalid(path, spec["clusterIPs"], "first value must match `clusterIP`"); }
        else if (all.Count > 0) errors.Invalid(path, spec["clusterIPs"], "must be empty when `clusterIP` is not specified");
        foreach (var (i, family) in families.Index())
        {
            if (family is not ("IPv4" or "IPv6")) errors.Unsupported($"spec.ipFamilies[{i}]", family, ["IPv4", "IPv6"]);
            if (families.IndexOf(family) < i) errors.Duplicate($"spec.ipFamilies[{i}]", family);
        }
        SecurityRules.Choice(spec, "ipFamilyPolicy", ["PreferDualStack", "RequireDualStack", "SingleStack"], "spec", errors);
        if (all.Count == 0 && spec.Text("clusterIP") is { Length: > 0 } alone) all = [alone];
        foreach (var (i, ip) in all.Index())
        {
            if (i == 0 && ip == "None")
            {
                if (all.Count == 1) continue;
                wrong = true;
                errors.Invalid(path, spec["clusterIPs"], "'None' must be the first and only value");
                continue;
            }
            wrong |= !AddressRules.IsAddress(ip);
            AddressRules.Address(ip, $"{path}[{i}]", errors);
        }
        if (all.Count > 2) errors.Invalid(path, spec["clusterIPs"], "may only hold up to 2 values");
        if (wrong) return;
        if (all.Count > 1 && (all.Count > 2 || all[0].Contains(':') == all[1].Contains(':'))) errors.Invalid(path, spec["clusterIPs"], "may specify no more than one IP for each IP family");
        if (headless) return;
        foreach (var (i, (ip, family)) in all.Zip(families).Index())
            if (family is "IPv4" or "IPv6" && ip.Contains(':') != (family == "IPv6")) errors.Invalid($"{path}[{i}]", ip, $"expected an {family} value as indicated by `ipFamilies[{i}]`");
    }

    // A port is used once for each protocol, inside and on the nodes.
    private static void Once(List<JsonObject> ports, string type, FieldErrors errors)
    {
        if (type == "ClusterIP")
            foreach (var (i, port) in ports.Index())
                if (port.Number("nodePort") is not (null or 0)) errors.Forbidden($"spec.ports[{i}].nodePort", "may not be used when `type` is 'ClusterIP'");
        var (outside, inside) = (new HashSet<(string?, long)>(), new HashSet<(string?, long)>());
        foreach (var (i, port) in ports.Index())
            if (port.Number("nodePort") is not (null or 0) and var number && !outside.Add((port.Text("protocol"), number.Value))) errors.Duplicate($"spec.ports[{i}].nodePort", number);
        foreach (var (i, port) in ports.Index())
            if (!inside.Add((port.Text("protocol"), port.Number("port") ?? 0)))
                errors.Duplicate($"spec.ports[{i}]", GoText.Of(new JsonObject { ["protocol"] = port.Text("protocol"), ["port"] = port.Number("port") ?? 0 }, "core.v1.ServicePort"));
    }

    private static void Balanced(JsonObject spec, JsonObject metadata, string type, FieldErrors errors)
    {
        const string annotation = "service.beta.kubernetes.io/load-balancer-source-ranges";
        if (!spec.IsEmptyList("loadBalancerSourceRanges"))
        {
            if (type != "LoadBalancer") errors.Forbidden("spec.LoadBalancerSourceRanges", OnlyBalanced);
            foreach (var (i, range) in spec.Texts("loadBalancerSourceRanges").Index()) AddressRules.Range(range.Trim(), $"spec.LoadBalancerSourceRanges[{i}]", errors);
        }
        else if (metadata.Child("annotations")?.Text(annotation) is { } ranges)
        {
            if (type != "LoadBalancer") errors.Forbidden($"metadata.annotations[{annotation}]", OnlyBalanced);
            foreach (var range in ranges.Trim().Length == 0 ? [] : ranges.Trim().Split(',')) AddressRules.Range(range.Trim(), $"metadata.annotations[{annotation}]", errors);
        }
        if (type != "LoadBalancer" && spec.ContainsKey("allocateLoadBalancerNodePorts")) errors.Forbidden("spec.allocateLoadBalancerNodePorts", OnlyBalanced);
        if (spec.Text("loadBalancerClass") is not { } name) return;
        if (type == "LoadBalancer") errors.InvalidEach("spec.loadBalancerClass", name, Names.QualifiedNameErrors(name));
        else errors.Forbidden("spec.loadBalancerClass", OnlyBalanced);
    }

    private static void Traffic(JsonObject spec, string type, FieldErrors errors)
    {
        var policy = spec.Text("externalTrafficPolicy") ?? "";
        if (ServiceTypeChange.IsReachedFromOutside(spec)) ContainerRules.RequiredChoice(policy, ["Cluster", "Local"], "spec.externalTrafficPolicy", errors);
        else if (policy.Length > 0) errors.Invalid("spec.externalTrafficPolicy", policy, "may only be set for externally-accessible services");
        if (spec.Number("healthCheckNodePort") is not (null or 0) and var port)
        {
            if (!ServiceTypeChange.HasHealthCheck(spec)) errors.Invalid("spec.healthCheckNodePort", port, "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'");
            else if (port is < 1 or > 65535) errors.Invalid("spec.healthCheckNodePort", port, NumberRules.Port);
        }
        if (spec.Text("internalTrafficPolicy") is null && type is "NodePort" or "LoadBalancer" or "ClusterIP" && spec.Text("internalTrafficPolicy") is null) errors.Required("spec.internalTrafficPolicy");
        SecurityRules.Choice(spec, "internalTrafficPolicy", ["Cluster", "Local"], "spec", errors);
        SecurityRules.Choice(spec, "trafficDistribution", ["PreferClose", "PreferSameZone", "PreferSameNode"], "spec", errors);
    }

    internal static void ValidateUpdate(JsonObject spec, JsonObject before, FieldErrors errors)
    {
        if (Addresses(spec).Any) return;
        if (spec.Text("type") != "ExternalName" && before.Text("type") != "ExternalName")
        {
            var (headless, was) = (IsHeadless(spec), IsHeadless(before));
            if (!headless || !was) Kept(spec, before, "clusterIPs", "primary clusterIP can not be unset", "secondary clusterIP", errors);
            if (!headless && !was) Kept(spec, before, "ipFamilies", "primary ipFamily can not be unset", "secondary ipFamily", errors);
        }
        if (spec.Text("type") == "LoadBalancer" && before.Text("type") == "LoadBalancer" && spec.Text("loadBalancerClass") != before.Text("loadBalancerClass"))
            errors.Invalid("spec.loadBalancerClass", spec["loadBalancerClass"], "may not change once set");
        if (ServiceTypeChange.HasHealthCheck(before) && ServiceTypeChange.HasHealthCheck(spec) && (spec.Number("healthCheckNodePort") ?? 0) != (before.Number("healthCheckNodePort") ?? 0))
            errors.Forbidden("spec.healthCheckNodePort", "field is immutable");
    }

    // The first stays; a second may come, and go when one stack is asked for.
    private static void Kept(JsonObject spec, JsonObject before, string field, string unset, string second, FieldErrors errors)
    {
        var (now, then) = (spec.Texts(field).ToList(), before.Texts(field).ToList());
        if (now.Count == then.Count)
        {
            for (var i = 0; i < now.Count; i++)
                if (now[i] != then[i]) errors.Invalid($"spec.{field}[{(field == "clusterIPs" ? i : 0)}]", spec[field], "may not change once set");
            return;
        }
        if (now.Count == 0) errors.Invalid($"spec.{field}[0]", spec[field], unset);
        else if (then.Count > 0 && now[0] != then[0]) errors.Invalid($"spec.{field}[0]", spec["clusterIPs"], "may not change once set");
        if (then.Count > now.Count && now.Count == 1 && spec.Text("ipFamilyPolicy") != "SingleStack") errors.Invalid("spec.ipFamilyPolicy", spec["ipFamilyPolicy"], $"must be set to 'SingleStack' when releasing the {second}");
    }
}
