using System.Text.Json.Nodes;
using Gureum.ApiServer.Errors;
using Gureum.Objects;
using Gureum.Objects.Json;

namespace Gureum.ApiServer.Strategies.Pods;

/// <summary>Containers of each of the three lists of a pod.</summary>
internal static class ContainerRules
{
    private static readonly string[] Policies = ["Always", "Never", "OnFailure"];
    private static readonly HashSet<string> Ephemeral = new(StringComparer.Ordinal)
    {
        "name", "image", "command", "args", "workingDir", "envFrom", "env", "volumeMounts", "volumeDevices", "terminationMessagePath", "terminationMessagePolicy", "imagePullPolicy", "securityContext", "stdin", "stdinOnce", "tty",
        "targetContainerName",
    };

    internal static void Validate(JsonObject spec, PodScope scope, string path, FieldErrors errors)
    {
        Main(spec, scope, path + ".containers", errors);
        Init(spec, scope, path + ".initContainers", errors);
        Added(spec, scope, path + ".ephemeralContainers", errors);
    }

    private static void Main(JsonObject spec, PodScope scope, string path, FieldErrors errors)
    {
        var containers = spec.Objects("containers").ToList();
        if (containers.Count == 0) { errors.Required(path); return; }
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (i, container) in containers.Index())
        {
            var place = $"{path}[{i}]";
            Common(container, scope, place, errors);
            if (!names.Add(container.Text("name") ?? "")) errors.Duplicate(place + ".name", container.Text("name") ?? "");
            ProbeRules.Lifecycle(container, scope, place, errors);
            ProbeRules.Probes(container, scope, place, errors);
            Restarts(container, place, errors);
        }
        HostPorts(containers, path, errors);
    }

    private static void Init(JsonObject spec, PodScope scope, string path, FieldErrors errors)
    {
        var names = spec.Objects("containers").Select(c => c.Text("name") ?? "").ToHashSet(StringComparer.Ordinal);
        foreach (var (i, container) in spec.Objects("initContainers").Index())
        {
            var (place, name) = ($"{path}[{i}]", container.Text("name") ?? "");
            Common(container, scope, place, errors);
            Restarts(container, place, errors);
            if (names.Contains(name)) errors.Duplicate(place + ".name", name);
            else if (name.Length > 0) names.Add(name);
            HostPorts([container], path, errors);
            var stays = container.Text("restartPolicy") == "Always";
            if (stays)
            {
                ProbeRules.Lifecycle(container, scope, place, errors);
                ProbeRules.Probes(container, scope, place, errors);
                continue;
            }
            foreach (var field in (ReadOnlySpan<string>)["lifecycle", "livenessProbe", "readinessProbe", "startupProbe"])
                if (container.ContainsKey(field)) errors.Forbidden($"{place}.{field}", "may not be set for init containers without restartPolicy=Always");
            foreach (var (j, policy) in container.Objects("resizePolicy").Index())
                if (policy.Text("restartPolicy") == "RestartContainer") errors.Invalid($"{place}.resizePolicy[{j}].restartPolicy", "RestartContainer", "must not be set to 'RestartContainer' for non-sidecar initContainers");
        }
    }

    private static void Added(JsonObject spec, PodScope scope, string path, FieldErrors errors)
    {
        var others = spec.Objects("containers").Concat(spec.Objects("initContainers")).Select(c => c.Text("name") ?? "").ToHashSet(StringComparer.Ordinal);
        var names = others.ToHashSet(StringComparer.Ordinal);
        foreach (var (i, container) in spec.Objects("ephemeralContainers").Index())
        {
            var place = $"{path}[{i}]";
            Common(container, scope, place, errors);
            Trimmed(container, place, errors);
            if (!names.Add(container.Text("name") ?? "")) errors.Duplicate(place + ".name", container.Text("name") ?? "");
            if (container.Text("targetContainerName") is { Length: > 0 } target && !others.Contains(target)) errors.NotFound(place + ".targetContainerName", target);
            foreach (var (field, value) in container.Where(p => !Ephemeral.Contains(p.Key)).ToList())
                if (value is not (JsonObject { Count: 0 } or JsonArray { Count: 0 })) errors.Forbidden($"{place}.{field}", "cannot be set for an Ephemeral Container");
            foreach (var (j, mount) in container.Objects("volumeMounts").Index())
                foreach (var field in (ReadOnlySpan<string>)["subPath", "subPathExpr"])
                    if (mount.Text(field) is { Length: > 0 }) errors.Forbidden($"{place}.volumeMounts[{j}].{field}", "cannot be set for an Ephemeral Container");
        }
    }

    private static void Common(JsonObject container, PodScope scope, string path, FieldErrors errors)
    {
        errors.RequiredText(path + ".name", container.Text("name"), Names.DnsLabelErrors);
        PodVolumes.Need(container, path, errors, "image");
        RequiredChoice(container.Text("terminationMessagePolicy"), ["File", "FallbackToLogsOnError"], path + ".terminationMessagePolicy", errors);
        Ports(container, path + ".ports", errors);
        EnvironmentRules.Validate(container, path, errors);
        MountRules.Validate(container, scope, path, errors);
        PullPolicy(container.Text("imagePullPolicy"), path + ".imagePullPolicy", errors);
        ResourceRules.Validate(container.Child("resources"), scope.Claims, path + ".resources", pod: false, errors);
        Resizes(container, scope, path + ".resizePolicy", errors);
        SecurityRules.Container(container, scope, path, errors);
    }

    /// <summary>What holds for the images of pods, not of templates.</summary>
    internal static void Trimmed(JsonObject container, string path, FieldErrors errors)
    {
        if (container.Text("image") is { } image && image.Trim() != image) errors.Invalid(path + ".image", image, "must not have leading or trailing whitespace");
    }

    internal static void PullPolicy(string? policy, string path, FieldErrors errors) => RequiredChoice(policy, ["Always", "IfNotPresent", "Never"], path, errors);

    internal static void RequiredChoice(string? chosen, string[] known, string path, FieldErrors errors)
    {
        if (chosen is not { Length: > 0 }) errors.Required(path);
        else if (!known.Contains(chosen)) errors.Unsupported(path, chosen, known);
    }

    private static void Ports(JsonObject container, string path, FieldErrors errors)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (i, port) in container.Objects("ports").Index())
        {
            var place = $"{path}[{i}]";
            if (port.Text("name") is { Length: > 0 } name)
            {
                var wrong = Names.PortNameErrors(name);
                errors.InvalidEach(place + ".name", name, wrong);
                if (wrong.Count == 0 && !names.Add(name)) errors.Duplicate(place + ".name", name);
            }
            if (port.Number("containerPort") is not (not 0 and { } number)) errors.Required(place + ".containerPort");
            else if (number is < 1 or > 65535) errors.Invalid(place + ".containerPort", number, NumberRules.Port);
            if (port.Number("hostPort") is not 0 and (< 1 or > 65535) and var host) errors.Invalid(place + ".hostPort", host, NumberRules.Port);
            RequiredChoice(port.Text("protocol"), ["SCTP", "TCP", "UDP"], place + ".protocol", errors);
        }
    }

    private static void HostPorts(IReadOnlyList<JsonObject> containers, string path, FieldErrors errors)
    {
        var taken = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (i, container) in containers.Index())
            foreach (var (j, port) in container.Objects("ports").Index())
                if (port.Number("hostPort") is not (null or 0) and var number && $"{port.Text("protocol")}/{port.Text("hostIP")}/{number}" is var key && !taken.Add(key)) errors.Duplicate($"{path}[{i}].ports[{j}].hostPort", key);
    }

    private static void Resizes(JsonObject container, PodScope scope, string path, FieldErrors errors)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (i, policy) in container.Objects("resizePolicy").Index())
        {
            var (resource, restart) = (policy.Text("resourceName") ?? "", policy.Text("restartPolicy") ?? "");
            if (!seen.Add(resource)) errors.Duplicate($"{path}[{i}]", resource);
            RequiredChoice(resource, ["cpu", "memory"], path, errors);
            RequiredChoice(restart, ["NotRequired", "RestartContainer"], path, errors);
            if (scope.RestartPolicy == "Never" && restart != "NotRequired") errors.Invalid(path, restart, "must be 'NotRequired' when pod `restartPolicy` is 'Never'");
        }
    }

    private static void Restarts(JsonObject container, string path, FieldErrors errors)
    {
        var rules = container.Objects("restartPolicyRules").ToList();
        if (container.Text("restartPolicy") is not { } policy)
        {
            if (rules.Count == 0) return;
            errors.Required(path + ".restartPolicy", "must specify restartPolicy when restart rules are used");
        }
        else if (!Policies.Contains(policy)) errors.Unsupported(path + ".restartPolicy", policy, Policies);
        if (rules.Count > 20) errors.TooMany(path + ".restartPolicyRules", rules.Count, 20);
        foreach (var (i, rule) in rules.Index())
        {
            var place = $"{path}.restartPolicyRules[{i}]";
            if (rule.Text("action") is not ("Restart" or "RestartAllContainers")) errors.Unsupported(place + ".action", rule.Text("action") ?? "", ["Restart", "RestartAllContainers"]);
            if (rule.Child("exitCodes") is not { } codes) { errors.Required(place + ".exitCodes", "must be specified"); continue; }
            if (codes.Text("operator") is not ("In" or "NotIn")) errors.Unsupported(place + ".exitCodes.operator", codes.Text("operator") ?? "", ["In", "NotIn"]);
            if (codes.Items("values") is { Count: > 255 } many) errors.TooMany(place + ".exitCodes.values", many.Count, 255);
        }
    }
}
