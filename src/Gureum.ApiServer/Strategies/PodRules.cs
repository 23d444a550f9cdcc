using System.Text.Json.Nodes;
using Gureum.ApiServer.Errors;
using Gureum.Objects;
using Gureum.Objects.Json;

namespace Gureum.ApiServer.Strategies;

/// <summary>What a pod's spec must fulfil, in a Pod or in a template.</summary>
internal static class PodRules
{
    /// <param name="given">Volumes that come from elsewhere: a StatefulSet's claims.</param>
    internal static void Validate(JsonObject spec, string path, FieldErrors errors, IEnumerable<string>? given = null)
    {
        var volumes = new HashSet<string>(given ?? []);
        foreach (var (volume, i) in spec.Objects("volumes").Select((v, i) => (v, i)))
        {
            var name = volume.Text("name") ?? "";
            if (name.Length == 0) errors.Required($"{path}.volumes[{i}].name");
            else errors.InvalidIf($"{path}.volumes[{i}].name", name, Names.DnsLabelError(name));
            volumes.Add(name);
            if (volume.Count > 2) errors.Forbidden($"{path}.volumes[{i}]", "may not specify more than 1 volume type");
        }
        if (spec.Items("containers") is null or { Count: 0 }) errors.Required(path + ".containers");
        var names = new HashSet<string>();
        foreach (var list in (ReadOnlySpan<string>)["initContainers", "containers", "ephemeralContainers"])
            foreach (var (container, i) in spec.Objects(list).Select((c, i) => (c, i)).ToList())
                Container(container, $"{path}.{list}[{i}]", list, names, volumes, errors);
        if (spec.Number("activeDeadlineSeconds") is < 1) errors.Invalid(path + ".activeDeadlineSeconds", spec["activeDeadlineSeconds"], "must be between 1 and 2147483647, inclusive");
        if (spec.Number("terminationGracePeriodSeconds") is < 0) errors.Invalid(path + ".terminationGracePeriodSeconds", spec["terminationGracePeriodSeconds"], "must be greater than or equal to 0");
        foreach (var field in (ReadOnlySpan<string>)["hostname", "subdomain"])
            if (spec.Text(field) is { Length: > 0 } name) errors.InvalidIf($"{path}.{field}", name, Names.DnsLabelError(name));
        if (spec.Text("nodeName") is { Length: > 0 } node) errors.InvalidIf(path + ".nodeName", node, Names.DnsSubdomainError(node));
        foreach (var (toleration, i) in spec.Objects("tolerations").Select((t, i) => (t, i)))
        {
            if (toleration.Text("key") is not { Length: > 0 } && toleration.Text("operator") != "Exists")
                errors.Invalid($"{path}.tolerations[{i}].operator", toleration.Text("operator") ?? "", "operator must be Exists when `key` is empty, which means \"match all values and all keys\"");
            if (toleration.ContainsKey("tolerationSeconds") && toleration.Text("effect") != "NoExecute")
                errors.Invalid($"{path}.tolerations[{i}].effect", toleration.Text("effect") ?? "", "effect must be 'NoExecute' when `tolerationSeconds` is set");
            if (toleration.Text("operator") == "Exists" && toleration.Text("value") is { Length: > 0 }) errors.Invalid($"{path}.tolerations[{i}].operator", toleration["value"], "value must be empty when `operator` is 'Exists'");
        }
        if (spec.Text("dnsPolicy") == "None" && spec.Child("dnsConfig")?.Items("nameservers") is null or { Count: 0 } && spec.Text("dnsPolicy") == "None")
            errors.Required(path + ".dnsConfig.nameservers", "must provide at least one DNS nameserver when `dnsPolicy` is None");
        Sysctls.Validate(spec, path + ".securityContext.sysctls", errors);
        if (spec.Flag("shareProcessNamespace") == true && spec.Flag("hostPID") == true) errors.Invalid(path + ".shareProcessNamespace", true, "ShareProcessNamespace and HostPID cannot both be enabled");
    }

    private static void Container(JsonObject container, string path, string list, HashSet<string> names, HashSet<string> volumes, FieldErrors errors)
    {
        var name = container.Text("name") ?? "";
        if (name.Length == 0) errors.Required(path + ".name");
        else
        {
            errors.InvalidIf(path + ".name", name, Names.DnsLabelError(name));
            if (!names.Add(name)) errors.Duplicate(path + ".name", name);
        }
        var image = container.Text("image") ?? "";
        if (image.Length == 0) errors.Required(path + ".image");
        else if (image.Trim() != image) errors.Invalid(path + ".image", image, "must not have leading or trailing whitespace");
        if (list != "initContainers" && container.Text("restartPolicy") is { } policy && list == "containers" && policy.Length > 0 && policy is not ("Always" or "OnFailure" or "Never"))
            errors.Unsupported(path + ".restartPolicy", policy, ["Always", "OnFailure", "Never"]);
        Ports(container, path, errors);
        Resources(container, path, errors);
        foreach (var (env, i) in container.Objects("env").Select((e, i) => (e, i)))
            if (env.Text("name") is not { Length: > 0 }) errors.Required($"{path}.env[{i}].name");
            else if (env.Text("value") is { Length: > 0 } && env.ContainsKey("valueFrom")) errors.Invalid($"{path}.env[{i}].valueFrom", "", "may not be specified when `value` is not empty");
        var mounts = new HashSet<string>();
        foreach (var (mount, i) in container.Objects("volumeMounts").Select((m, i) => (m, i)))
        {
            if (mount.Text("name") is { } volume && !volumes.Contains(volume)) errors.NotFound($"{path}.volumeMounts[{i}].name", volume);
            if (mount.Text("mountPath") is not { Length: > 0 } at) errors.Required($"{path}.volumeMounts[{i}].mountPath");
            else if (!mounts.Add(at)) errors.Invalid($"{path}.volumeMounts[{i}].mountPath", at, "must be unique");
            if (mount.Text("subPath") is { } sub && (sub.StartsWith('/') || sub.Split('/').Contains(".."))) errors.Invalid($"{path}.volumeMounts[{i}].subPath", sub, "must be a relative path that does not contain '..'");
        }
        foreach (var probe in (ReadOnlySpan<string>)["livenessProbe", "readinessProbe", "startupProbe"])
            if (container.Child(probe) is { } found) Probe(found, path + "." + probe, probe, errors);
    }

    private static void Ports(JsonObject container, string path, FieldErrors errors)
    {
        var names = new HashSet<string>();
        foreach (var (port, i) in container.Objects("ports").Select((p, i) => (p, i)))
        {
            if (port.Number("containerPort") is not { } number) errors.Required($"{path}.ports[{i}].containerPort");
            else if (number is < 1 or > 65535) errors.Invalid($"{path}.ports[{i}].containerPort", number, "must be between 1 and 65535, inclusive");
            if (port.Number("hostPort") is < 1 or > 65535) errors.Invalid($"{path}.ports[{i}].hostPort", port["hostPort"], "must be between 1 and 65535, inclusive");
            if (port.Text("name") is not { Length: > 0 } name) continue;
            if (name.Length > 15 || Names.DnsLabelError(name) is not null || !name.Any(char.IsAsciiLetter)) errors.Invalid($"{path}.ports[{i}].name", name, "must be no more than 15 characters, lower case letters, digits and '-', with at least one letter");
            else if (!names.Add(name)) errors.Duplicate($"{path}.ports[{i}].name", name);
        }
    }

    private static void Resources(JsonObject container, string path, FieldErrors errors)
    {
        var resources = container.Child("resources");
        foreach (var list in (ReadOnlySpan<string>)["limits", "requests"])
            foreach (var (name, amount) in (resources?.Map(list) ?? []).ToList())
            {
                if (Quantity.TryParse(amount, out var quantity) && quantity < Quantity.Zero) errors.Invalid($"{path}.resources.{list}[{name}]", amount, "must be greater than or equal to 0");
                errors.InvalidIf($"{path}.resources.{list}", name, Names.QualifiedNameError(name));
                if (list == "requests" && resources?.Child("limits")?.Text(name) is { } limit && Quantity.TryParse(limit, out var most) && quantity > most)
                    errors.Invalid($"{path}.resources.requests", amount, $"must be less than or equal to {name} limit of {limit}");
            }
    }

    private static void Probe(JsonObject probe, string path, string kind, FieldErrors errors)
    {
        var handlers = ((ReadOnlySpan<string>)["exec", "httpGet", "tcpSocket", "grpc"]).ToArray().Count(probe.ContainsKey);
        if (handlers == 0) errors.Required(path, "must specify a handler type");
        if (handlers > 1) errors.Forbidden(path, "may not specify more than 1 handler type");
        foreach (var field in (ReadOnlySpan<string>)["initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold"])
            if (probe.Number(field) is < 0) errors.Invalid(path + "." + field, probe[field], "must be greater than or equal to 0");
        if (kind != "readinessProbe" && probe.Number("successThreshold") is not (null or 1)) errors.Invalid(path + ".successThreshold", probe["successThreshold"], "must be 1");
    }
}
