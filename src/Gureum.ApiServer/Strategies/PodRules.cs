using System.Text.Json.Nodes;
using Gureum.ApiServer.Errors;
using Gureum.ApiServer.Strategies.Pods;
using Gureum.Objects;
using Gureum.Objects.Json;

namespace Gureum.ApiServer.Strategies;

/// <summary>What a pod's spec must fulfil, in a Pod or in a template.</summary>
internal static class PodRules
{
    private const int MostSearchCharacters = 2048;

    /// <param name="pod">The pod's metadata, null in a template.</param>
    /// <param name="given">Volumes that come from elsewhere: a StatefulSet's claims.</param>
    internal static void Validate(JsonObject spec, string path, FieldErrors errors, JsonObject? pod = null)
    {
        var system = spec.Child("os")?.Text("name");
        if (!spec.ContainsKey("terminationGracePeriodSeconds")) errors.Required(path + ".terminationGracePeriodSeconds");
        var volumes = PodVolumes.Validate(spec, pod?.Text("name"), path + ".volumes", errors);
        var claims = Claims(spec, path + ".resourceClaims", errors);
        var scope = new PodScope(volumes, claims, spec.Number("terminationGracePeriodSeconds"), spec.Text("restartPolicy") ?? "", spec.Flag("hostUsers") != false, system);
        ContainerRules.Validate(spec, scope, path, errors);
        if (spec.Child("resources") is { } resources) ResourceRules.Validate(resources, claims, path + ".resources", pod: true, errors);
        HostNetwork(spec, path, pod is not null, errors);
        ContainerRules.RequiredChoice(spec.Text("restartPolicy"), ["Always", "OnFailure", "Never"], path + ".restartPolicy", errors);
        ContainerRules.RequiredChoice(spec.Text("dnsPolicy"), ["ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"], path + ".dnsPolicy", errors);
        LabelRules.Labels(spec, "nodeSelector", path + ".nodeSelector", errors);
        SecurityRules.Pod(spec, path, errors);
        PlacementRules.Validate(spec, path, errors);
        Dns(spec, path + ".dnsConfig", errors);
        foreach (var (i, gate) in spec.Objects("readinessGates").Index()) errors.InvalidEach($"{path}.readinessGates[{i}].conditionType", gate.Text("conditionType") ?? "", Names.QualifiedNameErrors(gate.Text("conditionType") ?? ""));
        Gates(spec, path + ".schedulingGates", errors);
        PlacementRules.Spreading(spec, path, errors);
        HostUsers(spec, path, errors);
        Named(spec, path, errors);
        PlacementRules.Tolerations(spec, path, errors);
        Aliases(spec, path + ".hostAliases", errors);
        Text(spec, "priorityClassName", Names.DnsSubdomainErrors, path, errors);
        Text(spec, "runtimeClassName", Names.DnsSubdomainErrors, path, errors, evenEmpty: true);
        if (spec.Text("preemptionPolicy") is { } preemption) ContainerRules.RequiredChoice(preemption, ["PreemptLowerPriority", "Never"], path + ".preemptionPolicy", errors);
        if (spec.Child("overhead") is { } overhead) ResourceRules.Validate(new JsonObject { ["limits"] = overhead.DeepClone() }, claims, path + ".overhead", pod: false, errors);
        if (spec.ContainsKey("os"))
        {
            if (system is not { Length: > 0 }) errors.Required(path + ".os.name");
            else if (system is not ("linux" or "windows")) errors.Unsupported(path + ".os.name", system, ["linux", "windows"]);
            else SystemRules.Validate(spec, system, path, errors);
        }
    }

    // Names, each of them a text that may be missing.
    private static void Named(JsonObject spec, string path, FieldErrors errors)
    {
        if (spec.Text("hostnameOverride") is { } host)
        {
            if (spec.Flag("setHostnameAsFQDN") == true) errors.Forbidden(path + ".hostnameOverride", "may not be specified when setHostnameAsFQDN is true");
            if (spec.Flag("hostNetwork") == true) errors.Forbidden(path + ".hostnameOverride", "may not be specified when hostNetwork is true");
            if (host.Length > 64) errors.TooLong(path + ".hostnameOverride", 64);
            errors.InvalidEach(path + ".hostnameOverride", host, Names.DnsSubdomainErrors(host));
        }
        Text(spec, "serviceAccountName", Names.DnsSubdomainErrors, path, errors);
        Text(spec, "nodeName", Names.DnsSubdomainErrors, path, errors);
        if (spec.Number("activeDeadlineSeconds") is (< 1 or > int.MaxValue) and var seconds) errors.Invalid(path + ".activeDeadlineSeconds", seconds, "must be between 1 and 2147483647, inclusive");
        Text(spec, "hostname", Names.DnsLabelErrors, path, errors);
        Text(spec, "subdomain", Names.DnsLabelErrors, path, errors);
    }

    private static void Text(JsonObject holder, string field, Func<string, IReadOnlyList<string>> rule, string path, FieldErrors errors, bool evenEmpty = false)
    {
        if (holder.Text(field) is { } text && (evenEmpty || text.Length > 0)) errors.InvalidEach($"{path}.{field}", text, rule(text));
    }

    private static HashSet<string> Claims(JsonObject spec, string path, FieldErrors errors)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (i, claim) in spec.Objects("resourceClaims").Index())
        {
            var (place, name) = ($"{path}[{i}]", claim.Text("name") ?? "");
            if (name.Length == 0) errors.Required(place + ".name");
            else if (!names.Add(name)) errors.Duplicate(place + ".name", name);
            else errors.InvalidEach(place + ".name", name, Names.DnsLabelErrors(name));
            var (own, template) = (claim.Text("resourceClaimName"), claim.Text("resourceClaimTemplateName"));
            if (own is not null && template is not null) errors.Invalid(place, GoText.Of(claim, "core.v1.PodResourceClaim"), "at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified");
            if (own is null && template is null) errors.Invalid(place, GoText.Of(claim, "core.v1.PodResourceClaim"), "must specify one of: `resourceClaimName`, `resourceClaimTemplateName`");
            Text(claim, "resourceClaimName", Names.DnsSubdomainErrors, place, errors, evenEmpty: true);
            Text(claim, "resourceClaimTemplateName", Names.DnsSubdomainErrors, place, errors, evenEmpty: true);
        }
        return names;
    }

    private static void HostNetwork(JsonObject spec, string path, bool isPod, FieldErrors errors)
    {
        if (spec.Flag("hostNetwork") != true) return;
        foreach (var (i, container) in spec.Objects("containers").Index())
            foreach (var (j, port) in container.Objects("ports").Index())
                if ((port.Number("hostPort") ?? 0) is var host && (isPod || host != 0) && host != (port.Number("containerPort") ?? 0))
                    errors.Invalid($"{path}.containers[{i}].ports[{j}].hostPort", host, "must match `containerPort` when `hostNetwork` is true");
    }

    private static void HostUsers(JsonObject spec, string path, FieldErrors errors)
    {
        if (spec.Flag("hostUsers") != false) return;
        if (spec.Flag("hostNetwork") == true) errors.Forbidden(path + ".hostNetwork", "when `hostUsers` is false");
        if (spec.Flag("hostPID") == true) errors.Forbidden(path + ".HostPID", "when `hostUsers` is false");
        if (spec.Flag("hostIPC") == true) errors.Forbidden(path + ".HostIPC", "when `hostUsers` is false");
    }

    private static void Dns(JsonObject spec, string path, FieldErrors errors)
    {
        var config = spec.Child("dnsConfig");
        if (spec.Text("dnsPolicy") == "None")
        {
            if (config is null) { errors.Required(path, "must provide `dnsConfig` when `dnsPolicy` is None"); return; }
            if (config.IsEmptyList("nameservers")) { errors.Required(path + ".nameservers", "must provide at least one DNS nameserver when `dnsPolicy` is None"); return; }
        }
        if (config is null) return;
        if (config.Items("nameservers") is { Count: > 3 } servers) errors.Invalid(path + ".nameservers", servers, "must not have more than 3 nameservers");
        foreach (var (i, server) in config.Texts("nameservers").Index()) AddressRules.Address(server, $"{path}.nameservers[{i}]", errors);
        if (config.Items("searches") is { Count: > 32 } searches) errors.Invalid(path + ".searches", searches, "must not have more than 32 search paths");
        if (string.Join(' ', config.Texts("searches")).Length > MostSearchCharacters) errors.Invalid(path + ".searches", config["searches"], $"must not have more than {MostSearchCharacters} characters (including spaces) in the search list");
        foreach (var (i, search) in config.Texts("searches").Index())
            if (search != "." && (search.EndsWith('.') ? search[..^1] : search) is var domain) errors.InvalidEach($"{path}.searches[{i}]", domain, Names.UnderscoredSubdomainErrors(domain));
        foreach (var (i, option) in config.Objects("options").Index())
            if (option.Text("name") is not { Length: > 0 }) errors.Required($"{path}.options[{i}]", "must not be empty");
    }

    private static void Gates(JsonObject spec, string path, FieldErrors errors)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (i, gate) in spec.Objects("schedulingGates").Index())
        {
            var name = gate.Text("name") ?? "";
            errors.InvalidEach($"{path}[{i}]", name, Names.QualifiedNameErrors(name));
            if (!seen.Add(name)) errors.Duplicate($"{path}[{i}]", name);
        }
    }

    private static void Aliases(JsonObject spec, string path, FieldErrors errors)
    {
        foreach (var (i, alias) in spec.Objects("hostAliases").Index())
        {
            AddressRules.Address(alias.Text("ip") ?? "", $"{path}[{i}].ip", errors);
            foreach (var (j, name) in alias.Texts("hostnames").Index()) errors.InvalidEach($"{path}[{i}].hostnames[{j}]", name, Names.DnsSubdomainErrors(name));
        }
    }
}
