using System.Globalization;
using System.Text;
using Gureum.Client;
using Gureum.Objects;
using Gureum.Objects.Core.V1;

namespace Gureum.Node.Pods;

/// <summary>A pod needs something that is not there (yet); the message names it. The reason is what the pod's status shows.</summary>
internal sealed class PodNotReadyException(string reason, string message) : Exception(message)
{
    internal string Reason { get; } = reason;
}

/// <summary>Where a container's variables come from: literals, fields, config maps, secrets and the Services of its namespace.</summary>
internal sealed class PodEnvironment(ApiClient client, Informer<Service> services)
{
    internal const string ConfigError = "CreateContainerConfigError";

    internal async Task<IReadOnlyList<KeyValuePair<string, string>>> OfAsync(Pod pod, Container container, string podIp, string hostIp, CancellationToken cancel)
    {
        var values = ServiceVariables(pod);
        foreach (var source in container.EnvFrom)
        {
            var data = source.ConfigMapRef is { } map ? await ConfigMapAsync(pod, map.Name, map.Optional, cancel)
                : source.SecretRef is { } secret ? await SecretAsync(pod, secret.Name, secret.Optional, cancel) : null;
            foreach (var (key, value) in data ?? new Dictionary<string, string>()) values[source.Prefix + key] = value;
        }
        var order = new List<string>(values.Keys);
        foreach (var variable in container.Env)
        {
            var value = variable.ValueFrom is { } from ? await FromAsync(pod, container, from, podIp, hostIp, cancel) : Expand(variable.Value ?? "", values);
            if (value is null) continue;
            if (!values.ContainsKey(variable.Name!)) order.Add(variable.Name!);
            values[variable.Name!] = value;
        }
        return [.. values.Select(p => p)];
    }

    private async Task<string?> FromAsync(Pod pod, Container container, EnvVarSource from, string podIp, string hostIp, CancellationToken cancel)
    {
        if (from.FieldRef?.FieldPath is { } field) return Field(pod, field, podIp, hostIp);
        if (from.ResourceFieldRef is { } resource) return Resource(pod, container, resource);
        if (from.ConfigMapKeyRef is { } map)
        {
            var data = await ConfigMapAsync(pod, map.Name, map.Optional, cancel);
            if (data?.TryGetValue(map.Key!, out var value) == true) return value;
            return map.Optional == true ? null : throw new PodNotReadyException(ConfigError, $"couldn't find key {map.Key} in ConfigMap {pod.Metadata.Namespace}/{map.Name}");
        }
        if (from.SecretKeyRef is { } secret)
        {
            var data = await SecretAsync(pod, secret.Name, secret.Optional, cancel);
            if (data?.TryGetValue(secret.Key!, out var value) == true) return value;
            return secret.Optional == true ? null : throw new PodNotReadyException(ConfigError, $"couldn't find key {secret.Key} in Secret {pod.Metadata.Namespace}/{secret.Name}");
        }
        return null;
    }

    private async Task<IReadOnlyDictionary<string, string>?> ConfigMapAsync(Pod pod, string? name, bool? optional, CancellationToken cancel)
    {
        var map = await client.FindAsync<ConfigMap>(pod.Metadata.Namespace, name ?? "", cancel);
        if (map is not null) return map.Data;
        return optional == true ? null : throw new PodNotReadyException(ConfigError, $"configmap \"{name}\" not found");
    }

    private async Task<IReadOnlyDictionary<string, string>?> SecretAsync(Pod pod, string? name, bool? optional, CancellationToken cancel)
    {
        var secret = await client.FindAsync<Secret>(pod.Metadata.Namespace, name ?? "", cancel);
        if (secret is not null) return secret.Data.ToDictionary(p => p.Key, p => Encoding.UTF8.GetString(p.Value));
        return optional == true ? null : throw new PodNotReadyException(ConfigError, $"secret \"{name}\" not found");
    }

    /// <summary>A field of the downward API as text.</summary>
    internal static string Field(Pod pod, string path, string podIp, string hostIp)
    {
        if (Subscript(path) is var (map, key) && key.Length > 0)
            return (map == "metadata.labels" ? pod.Metadata.Labels : pod.Metadata.Annotations).GetValueOrDefault(key) ?? "";
        return path switch
        {
            "metadata.name" => pod.Metadata.Name ?? "",
            "metadata.namespace" => pod.Metadata.Namespace ?? "",
            "metadata.uid" => pod.Metadata.Uid ?? "",
            "metadata.labels" => Lines(pod.Metadata.Labels),
            "metadata.annotations" => Lines(pod.Metadata.Annotations),
            "spec.nodeName" => pod.Spec.NodeName ?? "",
            "spec.serviceAccountName" => pod.Spec.ServiceAccountName ?? "",
            "status.podIP" or "status.podIPs" => podIp,
            "status.hostIP" or "status.hostIPs" => hostIp,
            _ => throw new PodNotReadyException(ConfigError, $"unsupported fieldPath: {path}"),
        };
    }

    private static (string Map, string Key) Subscript(string path)
    {
        var open = path.IndexOf("['", StringComparison.Ordinal);
        return open > 0 && path.EndsWith("']", StringComparison.Ordinal) ? (path[..open], path[(open + 2)..^2]) : ("", "");
    }

    private static string Lines(IReadOnlyDictionary<string, string> map) =>
        string.Join("\n", map.OrderBy(p => p.Key, StringComparer.Ordinal).Select(p => $"{p.Key}=\"{p.Value.Replace("\\", "\\\\").Replace("\"", "\\\"").Replace("\n", "\\n")}\""));

    /// <summary>A container's request or limit in units of the divisor, rounded up; without a limit, what the node has.</summary>
    internal static string Resource(Pod pod, Container container, ResourceFieldSelector selector)
    {
        var target = selector.ContainerName is { Length: > 0 } name ? pod.Spec.Containers.Concat(pod.Spec.InitContainers).FirstOrDefault(c => c.Name == name) ?? container : container;
        var parts = (selector.Resource ?? "").Split('.', 2);
        var amounts = parts[0] == "limits" ? target.Resources?.Limits : target.Resources?.Requests;
        var resource = parts.Length > 1 ? parts[1] : "";
        var amount = amounts is not null && amounts.TryGetValue(resource, out var found) ? found.Value
            : parts[0] == "requests" ? 0 : resource == "cpu" ? Environment.ProcessorCount : resource == "memory" ? Registration.MachineFacts.MemoryBytes() : 0;
        var divisor = selector.Divisor is { Value: > 0 } given ? given.Value : 1m;
        return Math.Ceiling(amount / divisor).ToString("0", CultureInfo.InvariantCulture);
    }

    // {NAME}_SERVICE_HOST and its kin for every Service of the namespace, and always for the API.
    private Dictionary<string, string> ServiceVariables(Pod pod)
    {
        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        var wanted = services.List().Where(s => s.Spec.ClusterIP is { Length: > 0 } ip && ip != "None"
            && ((s.Metadata.Namespace == "default" && s.Metadata.Name == "kubernetes") || (pod.Spec.EnableServiceLinks != false && s.Metadata.Namespace == pod.Metadata.Namespace)));
        foreach (var service in wanted.OrderBy(s => s.Metadata.Name, StringComparer.Ordinal))
        {
            if (service.Spec.Ports.Count == 0) continue;
            var (prefix, ip, first) = (service.Metadata.Name!.ToUpperInvariant().Replace('-', '_'), service.Spec.ClusterIP!, service.Spec.Ports[0]);
            values[prefix + "_SERVICE_HOST"] = ip;
            values[prefix + "_SERVICE_PORT"] = $"{first.Port}";
            foreach (var port in service.Spec.Ports.Where(p => p.Name is { Length: > 0 })) values[$"{prefix}_SERVICE_PORT_{port.Name!.ToUpperInvariant().Replace('-', '_')}"] = $"{port.Port}";
            values[prefix + "_PORT"] = $"{(first.Protocol ?? "TCP").ToLowerInvariant()}://{ip}:{first.Port}";
            foreach (var port in service.Spec.Ports)
            {
                var (protocol, key) = ((port.Protocol ?? "TCP").ToLowerInvariant(), $"{prefix}_PORT_{port.Port}_{port.Protocol ?? "TCP"}");
                values[key] = $"{protocol}://{ip}:{port.Port}";
                values[key + "_PROTO"] = protocol;
                values[key + "_PORT"] = $"{port.Port}";
                values[key + "_ADDR"] = ip;
            }
        }
        return values;
    }

    /// <summary>As <see cref="Expand"/>, where an unknown name is no way to go on.</summary>
    /// <exception cref="PodNotReadyException">A name is unknown.</exception>
    internal static string ExpandAll(string text, IReadOnlyDictionary<string, string> values) =>
        Expand(text, values, static name => throw new PodNotReadyException(ConfigError, $"missing value for \"{name}\""));

    /// <summary>$(NAME) becomes the variable's value, $$(NAME) stays as $(NAME); unknown names are left as they are.</summary>
    internal static string Expand(string text, IReadOnlyDictionary<string, string> values) => Expand(text, values, static name => $"$({name})");

    private static string Expand(string text, IReadOnlyDictionary<string, string> values, Func<string, string> unknown)
    {
        if (!text.Contains('$')) return text;
        var result = new StringBuilder();
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] != '$' || i + 1 == text.Length) { result.Append(text[i]); continue; }
            if (text[i + 1] == '$') { result.Append('$'); i++; continue; }
            var end = text[i + 1] == '(' ? text.IndexOf(')', i) : -1;
            if (end < 0) { result.Append('$'); continue; }
            var name = text[(i + 2)..end];
            result.Append(values.TryGetValue(name, out var value) ? value : unknown(name));
            i = end;
        }
        return result.ToString();
    }
}
